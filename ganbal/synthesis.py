"""From a trained generator to PNG files with a manifest."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganbal.atomic_files import write_text
from ganbal.console import Console
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.sampling import draw_images, latent_rows
from ganbal.interrupt import stop_on_signal
from ganbal.marked_png import write_synthetic_png

COLUMNS = ("file_name", "label", "seed", "index", "checkpoint_sha256", "checkpoint_step", "synthetic")


@dataclass(frozen=True)
class SyntheticFolder:
    """Where synthetic images lie: `<class>/*.png` and `manifest.csv`, readable as a Hugging Face imagefolder."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.csv"


def synthesise(
    checkpoint: Path,
    folder: SyntheticFolder,
    *,
    num_images: int,
    seed: int,
    batch_size: int,
    device: torch.device,
    console: Console,
) -> int:
    """Draw `num_images` images into `folder`; the manifest is written last and names exactly the files that count.

    The same checkpoint, seed and device give the same files. Earlier images of the folder are removed first, so that
    images of two generators never mix.

    Returns:
        The number of images.

    Raises:
        InputError: the checkpoint is missing or damaged.
        InterruptedBySignal: a signal came; there is no manifest then, so the half-made folder counts as nothing.
    """
    generator, facts = load_generator(checkpoint, device)
    class_name = facts["identity"]["gan.class_name"]
    place = class_folder(class_name)
    clear(folder)
    latents = latent_rows(seed, num_images, generator.latent_dim)
    details = {"class": class_name, "seed": str(seed), "checkpoint_sha256": facts["sha256"]}
    rows = []
    with (
        stop_on_signal() as stop,
        console.progress(num_images, "drawing synthetic images", "image") as bar,
    ):
        for batch in draw_images(generator, latents, batch_size):
            for pixels in batch:
                index = len(rows)
                name = f"{place}/synthetic_{seed}_{index:06d}.png"
                write_synthetic_png(folder.root / name, pixels, details | {"index": str(index)})
                rows.append([name, class_name, seed, index, facts["sha256"], facts["step"], "yes"])
            bar.update(len(batch))
            stop.raise_if_requested("Half-drawn images do not count; the trained generator is safe.")
    write_text(folder.manifest, _csv(rows))
    return len(rows)


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
