"""Exported generators give the images of the generator, where nothing but torch (or onnxruntime) can be imported."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.export.generator_folder import write_generator_folder
from ganbal.export.program import ONNX_TOLERANCE, PROGRAMS, ValueProgram
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.image_generator import ImageGenerator
from ganbal.gan.sampling import latent_rows
from ganbal.gan.state import new_state

GAN = {"image_size_px": 32, "base_channels": 4, "latent_dim": 8}


def generator_of(class_names: tuple[str, ...] = ("NORMAL",), channels: int = 1, **settings: Any) -> ImageGenerator:
    config = load_config(None, base={"gan": GAN | settings | {"conditional": len(class_names) > 1}}).gan
    is_conditional = len(class_names) > 1
    fingerprint = TrainingFingerprint.of(
        config, seed=0, class_names=class_names, data_digest="d", is_conditional=is_conditional, channels=channels
    )
    state = new_state(config, 0, torch.device("cpu"), len(class_names) if is_conditional else None, channels)
    if config.generator == "dcgan":
        for parameter in state.generator_ema.parameters():
            parameter.mul_(8)  # the images of initial weights are all but gray
    return ImageGenerator(state.generator_ema, fingerprint, step=7, sha256="ab" * 32)


@pytest.fixture(scope="module")
def plain() -> ImageGenerator:
    return generator_of()


@pytest.fixture(scope="module")
def conditional() -> ImageGenerator:
    return generator_of(("NORMAL", "PNEUMONIA"))


@pytest.fixture(scope="module")
def residual() -> ImageGenerator:
    return generator_of(generator="residual", output_skips=True, noise_inputs=True)


@pytest.fixture(scope="module")
def full_size() -> ImageGenerator:
    return generator_of(full_size_channels=3)


@pytest.fixture(scope="module")
def color() -> ImageGenerator:
    return generator_of(channels=3)


def run_card(folder: Path, *, without: tuple[str, ...]) -> np.ndarray:
    """The images that the Python of the card gives, in a process that cannot import the packages named."""
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.S)
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in without)
    program = f"import sys\n{blocked}{code[1]}\nimport numpy\nnumpy.save('images.npy', numpy.asarray(images))\n"
    done = subprocess.run([sys.executable, "-P", "-c", program], cwd=folder, capture_output=True, text=True, env={})
    assert done.returncode == 0, done.stderr
    return np.load(folder / "images.npy")


WITHOUT = ("ganbal", "classifiers", "pandas", "sklearn", "safetensors", "PIL", "pydantic", "torchvision")


@pytest.mark.parametrize("form", ["torch-export", "onnx"])
@pytest.mark.parametrize("kind", ["plain", "conditional", "residual", "full_size", "color"])
def test_the_card_gives_identical_images_without_ganbal(form, kind, request, tmp_path):
    generator = request.getfixturevalue(kind)
    if form == "onnx":
        pytest.importorskip("onnxruntime", reason='needs `pip install "ganbal[export]"`')
        pytest.importorskip("onnxscript", reason='needs `pip install "ganbal[export]"`')
    write_generator_folder(tmp_path, [generator], form)
    images = run_card(tmp_path, without=WITHOUT)
    names = generator.class_names
    expected = np.stack([generator.sample(4, seed=0, class_name=names[row % len(names)])[row] for row in range(4)])
    assert images.dtype == np.uint8 and images.shape == (4, *generator.image_shape)
    if form == "onnx":  # other kernels: a value next to the middle of two gray levels may fall on the other side
        assert np.abs(images.astype(int) - expected).max() <= 1 and (images == expected).mean() > 0.99
    else:
        assert np.array_equal(images, expected)
    assert expected.std() > 10


def test_the_card_of_the_safetensors_file(plain, tmp_path):
    write_generator_folder(tmp_path, [plain], "safetensors")
    code = re.search(r"```python\n(.*?)```", (tmp_path / "README.md").read_text(encoding="utf-8"), re.S)[1]
    names: dict = {}
    exec(code.replace('"generator.safetensors"', repr(str(tmp_path / "generator.safetensors"))), names)
    assert np.array_equal(names["images"], plain.sample(4, seed=0))


@pytest.mark.parametrize("form", PROGRAMS)
def test_equal_generators_give_equal_bytes_without_paths_of_this_machine(form, plain):
    if form == "onnx":
        pytest.importorskip("onnxscript", reason='needs `pip install "ganbal[export]"`')
    first, second = (PROGRAMS[form][1](plain) for _ in range(2))
    assert first == second
    assert b"site-packages" not in first and str(Path(__file__).parents[2]).encode() not in first


def test_any_number_of_images(plain, tmp_path):
    (tmp_path / "generator.pt2").write_bytes(PROGRAMS["torch-export"][1](plain))
    program = torch.export.load(tmp_path / "generator.pt2").module()
    for count in (1, 3, 9):
        assert np.array_equal(program(latent_rows(5, count, 8)).numpy(), plain.sample(count, seed=5))


def test_values_of_the_onnx_model_are_within_the_tolerance(conditional):
    onnxruntime = pytest.importorskip("onnxruntime", reason='needs `pip install "ganbal[export]"`')
    pytest.importorskip("onnxscript", reason='needs `pip install "ganbal[export]"`')
    session = onnxruntime.InferenceSession(PROGRAMS["onnx"][1](conditional))
    latents, labels = latent_rows(3, 6, 8), torch.tensor([0, 1, 1, 0, 1, 0])
    values = session.run(["values"], {"latents": latents.numpy(), "labels": labels.numpy()})[0]
    expected = ValueProgram(conditional.network)(latents, labels)[1].numpy()
    assert values.shape == (6, 1, 32, 32) and np.abs(values - expected).max() <= ONNX_TOLERANCE


def test_class_names_are_no_markup_in_the_card(tmp_path):
    write_generator_folder(tmp_path, [generator_of(("<b>A|`",))], "safetensors", "### Scores of it")
    lines = (tmp_path / "README.md").read_text().splitlines()
    assert r"# Generator of &lt;b&gt;A\|\` images" in lines and "### Scores of it" in lines
    assert any(line.startswith(r"- `generator.safetensors`: &lt;b&gt;A\|\`; ") for line in lines)


def test_several_generators_have_files_of_their_own(plain, tmp_path):
    files = write_generator_folder(tmp_path, [plain, generator_of(("PNEUMONIA",))], "safetensors")
    assert [file.name for file in files[:2]] == ["generator_NORMAL.safetensors", "generator_PNEUMONIA.safetensors"]
    assert ImageGenerator.load(files[1], "cpu").class_names == ("PNEUMONIA",)
