"""A generator as a folder: its file, its settings, and a card that says what it is and how to use it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganbal import __version__
from ganbal.export.program import PROGRAMS
from ganbal.gan.generator_file import SUFFIX
from ganbal.gan.image_generator import ImageGenerator
from ganbal.runtime import number_text
from ganbal.runtime.atomic_files import write_bytes, write_json, write_text
from ganbal.runtime.markdown_text import as_line
from ganbal.synthesis.manifest import class_folders
from ganbal.synthesis.synthetic_png import MARK

CARD, SETTINGS = "README.md", "config.json"

_LATENTS = """\
import torch


def latents(seed, count, length={latent_dim}):
    random = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(length, generator=random) for _ in range(count)])

"""
_USE = {
    "safetensors": """\
import ganbal

generator = ganbal.Generator.load("{file}")
images = generator.sample(4, seed=0{named})
""",
    "torch-export": _LATENTS
    + """
generator = torch.export.load("{file}").module()
images = generator(latents(seed=0, count=4){labels})
""",
    "onnx": _LATENTS
    + """
import onnxruntime

session = onnxruntime.InferenceSession("{file}")
images = session.run(["pixels"], {{"latents": latents(seed=0, count=4).numpy(){onnx_labels}}})[0]
""",
}
"""Python that generates the first four images of seed 0, the same as `ganbal synthesize` does."""


def write_generator_folder(
    folder: Path, generators: Sequence[ImageGenerator], form: str, scores: str = ""
) -> list[Path]:
    """Write the files of the generators, their settings and the card into `folder`.

    Args:
        folder: exists, or is made.
        generators: of different classes.
        form: one of `formats.GENERATOR_FORMATS`.
        scores: what the card says about the scores of these generators, in Markdown.

    Returns:
        The files, the card last.

    Raises:
        InputError: a package that the format needs is missing.
        GanbalError: a file cannot be written, or an ONNX model differs from its generator.
    """
    places = class_folders(["+".join(generator.class_names) for generator in generators])
    names = ["generator"] if len(generators) == 1 else [f"generator_{place}" for place in places.values()]
    files, entries = [], []
    for name, generator in zip(names, generators, strict=True):
        if form == "safetensors":
            file = generator.save(folder / f"{name}{SUFFIX}")
        else:
            suffix, program = PROGRAMS[form]
            file = folder / f"{name}{suffix}"
            write_bytes(file, program(generator))
        files.append(file)
        entries.append({"file": file.name, **_description(generator)})
    write_json(folder / SETTINGS, {"ganbal_version": __version__, "format": form, "generators": entries})
    write_text(folder / CARD, _card(generators, files, form, scores))
    return [*files, folder / SETTINGS, folder / CARD]


def _description(generator: ImageGenerator) -> dict[str, Any]:
    network = generator.network
    return {
        "class_names": list(generator.class_names),
        "is_conditional": generator.fingerprint.is_conditional,
        "image_shape": list(generator.image_shape),
        "latent_dim": network.latent_dim,
        "steps": generator.step,
        "checkpoint_sha256": generator.sha256,
        "training_images_digest": generator.fingerprint.data_digest,
        "seed": generator.fingerprint.seed,
        "settings": dict(generator.fingerprint.settings),
    }


def _card(generators: Sequence[ImageGenerator], files: Sequence[Path], form: str, scores: str) -> str:
    classes = _listing([name for generator in generators for name in generator.class_names])
    lines = [
        *("---", "tags: [synthetic, gan, medical-imaging]", "library_name: ganbal", "---", ""),
        *(f"# Generator of {classes} images", ""),
        *(MARK, ""),
        *("For research on augmentation of training sets. Not for diagnosis, and not for teaching.", ""),
    ]
    for generator, file in zip(generators, files, strict=True):
        shape = " × ".join(map(str, generator.image_shape))
        lines += [
            f"- `{file.name}`: {_listing(generator.class_names)}; {shape} px, uint8; trained for "
            f"{generator.step} steps; checkpoint SHA-256 `{generator.sha256[:16]}…`"
        ]
    lines += ["", "## Use", "", "```python", _use(generators[0], files[0].name, form).rstrip(), "```", ""]
    lines += [f"`images` is uint8 {_sampled_shape(generators[0])}, 0 black. `{SETTINGS}` holds all settings.", ""]
    lines += ["## Scores", "", scores, ""] if scores else []
    lines += [
        *("## Limits", ""),
        "A generator can reproduce its training images. Check for copies, and for the consent of the patients and the",
        "license of the images that it was trained on, before you pass it on.",
        "",
    ]
    return "\n".join(lines)


def _use(generator: ImageGenerator, file: str, form: str) -> str:
    is_conditional = generator.fingerprint.is_conditional
    count = len(generator.class_names)
    labels = f"torch.arange(4) % {count}"
    return _USE[form].format(
        file=file,
        latent_dim=generator.network.latent_dim,
        named=f", class_name={generator.class_names[0]!r}" if is_conditional else "",
        labels=f", {labels}" if is_conditional else "",
        onnx_labels=f', "labels": ({labels}).numpy()' if is_conditional else "",
    )


def _sampled_shape(generator: ImageGenerator) -> str:
    return f"(4, {', '.join(map(str, generator.image_shape))})"


def _listing(class_names: Sequence[str]) -> str:
    return number_text.listing([as_line(name) for name in class_names])
