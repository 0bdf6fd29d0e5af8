"""From a trained generator to PNG files with a manifest."""

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganbal.atomic_files import write_text
from ganbal.console import Console
from ganbal.errors import GanbalError
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import draw_images, latent_stream
from ganbal.interrupt import stop_on_signal
from ganbal.marked_png import write_synthetic_png

COLUMNS = ("file_name", "label", "seed", "index", "checkpoint_sha256", "checkpoint_step", "synthetic")
LEAST_YIELD = 0.05


@dataclass(frozen=True)
class SyntheticFolder:
    """Where synthetic images lie: `<class>/*.png` and `manifest.csv`, readable as a Hugging Face imagefolder."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.csv"


@dataclass(frozen=True)
class Drawn:
    """What a synthesis did: images kept, and images thrown away as copies of training images."""

    num_images: int
    num_rejected: int
    class_name: str


def synthesise(
    checkpoint: Path,
    folder: SyntheticFolder,
    *,
    num_images: int,
    seed: int,
    batch_size: int,
    device: torch.device,
    console: Console,
    is_rejected: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Drawn:
    """Draw `num_images` images into `folder`; the manifest is written last and names exactly the files that count.

    The same checkpoint, seed and device give the same files. Earlier images of the folder are removed first, so that
    images of two generators never mix.

    Args:
        is_rejected: tells of (B, S, S) uint8 which images are not to be kept, (B,) bool; others are drawn for them.

    Raises:
        InputError: the checkpoint is missing or damaged.
        GanbalError: nearly every image was rejected.
        InterruptedBySignal: a signal came; there is no manifest then, so the half-made folder counts as nothing.
    """
    generator, facts = load_generator(checkpoint, device)
    class_name = facts["identity"]["gan.class_name"]
    place = class_folder(class_name)
    clear(folder)
    details = {"class": class_name, "seed": str(seed), "checkpoint_sha256": facts["sha256"]}
    rows: list[list[object]] = []
    num_drawn = 0
    with (
        stop_on_signal() as stop,
        console.progress(num_images, "drawing synthetic images", "image") as bar,
    ):
        for batch in _endless_batches(generator, seed, batch_size):
            kept = np.ones(len(batch), bool) if is_rejected is None else ~is_rejected(batch)
            for offset in np.flatnonzero(kept)[: num_images - len(rows)]:
                index = num_drawn + int(offset)
                name = f"{place}/synthetic_{seed}_{index:06d}.png"
                write_synthetic_png(folder.root / name, batch[offset], details | {"index": str(index)})
                rows.append([name, class_name, seed, index, facts["sha256"], facts["step"], "yes"])
            num_drawn += len(batch)
            bar.update(len(rows) - bar.n)
            stop.raise_if_requested("Half-drawn images do not count; the trained generator is safe.")
            if len(rows) == num_images:
                break
            _check_yield(len(rows), num_drawn)
    write_text(folder.manifest, _csv(rows))
    return Drawn(len(rows), int(rows[-1][3]) + 1 - len(rows), class_name)  # type: ignore[call-overload]


def _endless_batches(generator: Generator, seed: int, batch_size: int) -> Iterator[np.ndarray]:
    latents = latent_stream(seed, generator.latent_dim)
    while True:
        yield from draw_images(generator, torch.stack(list(itertools.islice(latents, batch_size))), batch_size)


def _check_yield(num_kept: int, num_drawn: int) -> None:
    if num_drawn >= 1000 and num_kept < LEAST_YIELD * num_drawn:
        raise GanbalError(
            f"Of {num_drawn} images drawn, {num_drawn - num_kept} were copies of training images: the generator has "
            "learned its images by heart. Train it with more augmentation or fewer steps."
        )


def read_synthetic(folder: SyntheticFolder) -> tuple[np.ndarray, list[str], list[str]]:
    """The images the manifest names.

    Returns:
        Pixels (N, S, S) uint8, file names and class names, in the manifest's order.
    """
    with folder.manifest.open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    pixels = []
    for entry in entries:
        with Image.open(folder.root / entry["file_name"]) as image:
            pixels.append(np.asarray(image, dtype=np.uint8))
    return np.stack(pixels), [e["file_name"] for e in entries], [e["label"] for e in entries]


def clear(folder: SyntheticFolder) -> None:
    """Remove what an earlier synthesis left: the manifest first, so that no half-empty folder looks complete."""
    folder.manifest.unlink(missing_ok=True)
    for image in folder.root.glob("*/synthetic_*.png"):
        image.unlink()


def class_folder(class_name: str) -> str:
    """A folder name for the class: class names from a CSV may hold slashes or be dots only."""
    name = re.sub(r"[^\w .-]", "_", class_name).strip()
    return name if name.strip(".") else "class"


def _csv(rows: list[list[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return buffer.getvalue()
