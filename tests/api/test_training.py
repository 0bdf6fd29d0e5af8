import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from click.testing import CliRunner
from PIL import Image

import ganbal
from ganbal.cli import main
from ganbal.errors import InputError


def test_the_generator_is_that_of_the_run_and_samples_what_the_command_generates(trained, tmp_path):
    _, generator = trained
    assert generator.class_names == ("NORMAL",) and generator.image_size_px == 32 and generator.step == 4
    assert repr(generator) == "<Generator of NORMAL: 32 px, 4 steps>"
    images = generator.sample(5, seed=3)
    assert images.shape == (5, 32, 32) and images.dtype == np.uint8
    assert np.array_equal(generator.sample(2, seed=3, batch_size=1), images[:2])
    assert not np.array_equal(generator.sample(5, seed=4), images)

    run = shutil.copytree(generator.run, tmp_path / "run")
    done = CliRunner().invoke(main, ["synthesize", "--run", str(run), "--n", "5", "--seed", "3"])
    assert done.exit_code == 0, done.output
    files = sorted((run / "synthetic" / "NORMAL").glob("*.png"))
    assert np.array_equal([np.asarray(Image.open(file)) for file in files], images)


def test_the_largest_class_is_trained_and_the_next_command_has_a_number(phantom_folder, tmp_path):
    command = ["train-gan", "--data", str(phantom_folder), "--run", str(tmp_path / "run"), "--device", "cpu"]
    tiny = ["image_size_px=32", "base_channels=4", "batch_size=8", "score_images=16", "latent_dim=8", "steps=2"]
    given = [word for setting in (*tiny, "class_name=PNEUMONIA") for word in ("--set", f"gan.{setting}")]
    done = CliRunner().invoke(main, [*command, *given])
    assert done.exit_code == 0, done.output
    # No image of it is missing, so the command names as many as there are to train on.
    assert f"Next: ganbal synthesize --run {tmp_path / 'run'} --n 55" in " ".join(done.output.split())


def test_the_same_call_again_trains_nothing(trained):
    data, generator = trained
    before = {file: file.stat().st_mtime_ns for file in (generator.run / "gan").rglob("*.pt")}
    again = ganbal.train_gan(data, "NORMAL", steps=4, run=generator.run, quiet=True)
    assert again.sha256 == generator.sha256
    assert {file: file.stat().st_mtime_ns for file in (generator.run / "gan").rglob("*.pt")} == before


def test_saving_and_loading_gives_the_same_generator_and_the_same_bytes(trained, tmp_path):
    _, generator = trained
    file = generator.save(tmp_path / "normal.safetensors")
    loaded = ganbal.Generator.load(file, device="cpu")
    assert np.array_equal(loaded.sample(4, seed=1), generator.sample(4, seed=1))
    assert (loaded.class_names, loaded.step, loaded.sha256) == (generator.class_names, 4, generator.sha256)
    assert loaded.run is None and generator.run is not None
    assert loaded.save(tmp_path / "again.safetensors").read_bytes() == file.read_bytes()
    from_checkpoint = ganbal.Generator.load(generator.run / "gan/checkpoints/best.pt", device="cpu")
    assert np.array_equal(from_checkpoint.sample(4, seed=1), generator.sample(4, seed=1))


def test_damaged_and_foreign_files_are_refused(trained, tmp_path):

    _, generator = trained
    file = generator.save(tmp_path / "normal.safetensors")
    damaged = bytearray(file.read_bytes())
    damaged[-5] ^= 1
    (tmp_path / "damaged.safetensors").write_bytes(damaged)
    safetensors.torch.save_file({"x": torch.zeros(2)}, tmp_path / "foreign.safetensors")
    for name, message in (
        ("damaged.safetensors", "damaged: its SHA-256"),
        ("foreign.safetensors", "safetensors file of something else"),
        ("missing.safetensors", "There is no generator at"),
    ):
        with pytest.raises(InputError, match=message):
            ganbal.Generator.load(tmp_path / name)
    with pytest.raises(InputError, match=r"normal.pkl does not end in .safetensors.*Name the file normal.safetensors"):
        generator.save(tmp_path / "normal.pkl")


def test_wrong_requests(trained):
    data, generator = trained
    for call, message in (
        (lambda: generator.sample(0), "n is 0"),
        (lambda: generator.sample(2.5), "n is 2.5"),
        (lambda: generator.sample(1, seed=-1), "seed is -1"),
        (lambda: generator.sample(1, class_name="PNEUMONIA"), "not trained on 'PNEUMONIA'"),
        (lambda: ganbal.train_gan(data, "OTHER", quiet=True), "no class 'OTHER'"),
        (lambda: ganbal.train_gan(data, stepz=3, quiet=True), "did you mean gan.steps"),
        (lambda: ganbal.train_gan(data, run=5), "run is 5. It must be the path of a run folder"),
        (
            lambda: ganbal.train_gan(data, callbacks=ganbal.Callback()),
            "callbacks is <.* It must be a list of ganbal.Cal",
        ),
        (
            lambda: ganbal.train_gan(data, callbacks=[ganbal.Callback]),
            "callbacks is .* It must be a list of ganbal.Cal",
        ),
        (lambda: ganbal.train_gan(data, class_names=["NORMAL", "PNEUMONIA"]), "a call trains one generator"),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_a_conditional_generator_samples_each_class_by_name(trained, tmp_path):
    data, _ = trained
    visible = {"learning_rate": 0.02, "ema_half_life_images": 0}
    generator = ganbal.train_gan(data, conditional=True, steps=8, run=tmp_path / "run", quiet=True, **visible)
    assert generator.class_names == ("NORMAL", "PNEUMONIA")
    loaded = ganbal.Generator.load(generator.save(tmp_path / "both.safetensors"), device="cpu")
    one, other = (loaded.sample(3, seed=0, class_name=name) for name in loaded.class_names)
    assert not np.array_equal(one, other)
    assert np.array_equal(generator.sample(3, seed=0, class_name="PNEUMONIA"), other)
    with pytest.raises(InputError, match="knows several classes, and none was named"):
        loaded.sample(3)


def test_without_a_run_folder_a_new_one_is_made_and_the_same_call_finds_it_again(workplace):
    first = ganbal.train_gan("chest_xray", steps=2, quiet=True)
    assert first.run.parent == Path("outputs")
    assert ganbal.train_gan("chest_xray", steps=2, quiet=True).run == first.run
    assert ganbal.train_gan("chest_xray", steps=3, quiet=True).run != first.run


def test_callbacks_follow_the_training(trained, tmp_path):
    class Following(ganbal.Callback):
        def __init__(self) -> None:
            self.told: list[tuple] = []

        def on_start(self, folder, settings):
            self.told.append(("start", folder.name, settings["gan.steps"], "data.root" in settings))

        def on_metrics(self, step, values):
            self.told.append(("metrics", step, "gan/generator_loss" in values))

        def on_image(self, step, name, image):
            self.told.append(("image", step, name, image.dtype))

        def on_end(self):
            self.told.append(("end",))

    data, _ = trained
    callback = Following()
    settings = {"gan.log_every_steps": 2, "gan.sample_every_steps": 4}
    ganbal.train_gan(data, "NORMAL", steps=4, run=tmp_path / "run", settings=settings, callbacks=[callback], quiet=True)
    assert callback.told == [
        ("start", "run", 4, False),
        ("metrics", 2, True),
        ("metrics", 4, True),
        ("image", 4, "gan/samples", np.uint8),
        ("end",),
    ]


def test_provenance_names_the_script_without_its_arguments(trained, monkeypatch, tmp_path):
    data, _ = trained
    monkeypatch.setattr("sys.argv", ["/somewhere/ipykernel_launcher.py", "-f", "/home/me/kernel.json"])
    generator = ganbal.train_gan(data, "NORMAL", steps=2, run=tmp_path / "run", quiet=True)
    provenance = (generator.run / "provenance.json").read_text(encoding="utf-8")
    assert '"command": "Python: ipykernel_launcher.py"' in provenance and "/home/me" not in provenance
