"""From a trained generator to PNG files with a manifest."""

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ganbal.errors import GanbalError
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import draw_images, latent_stream
from ganbal.runtime.atomic_files import write_text
from ganbal.runtime.console import Console
from ganbal.runtime.signals import stop_on_signal
from ganbal.synthesis.synthetic_png import write_synthetic_png

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
class Order:
    """What is to be drawn of one class.

    Attributes:
        checkpoint: of the generator.
        num_images: how many.
        class_name: needed where the generator draws several classes.
        is_rejected: tells of (B, S, S) uint8 which images are not to be kept, (B,) bool; others are drawn for them.
    """

    checkpoint: Path
    num_images: int
    class_name: str | None = None
    is_rejected: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class Drawn:
    """What came of one order: images kept, and images thrown away as copies of training images."""

    num_images: int
    num_rejected: int
    class_name: str


def synthesise(
    orders: Sequence[Order],
    folder: SyntheticFolder,
    *,
    seed: int,
    batch_size: int,
    device: torch.device,
    console: Console,
) -> list[Drawn]:
    """Draw what is ordered into `folder`; the manifest is written last and names exactly the files that count.

    The same checkpoint, seed and device give the same files. Every class is drawn from the same latent vectors, so that
    its images do not depend on what else is drawn. Earlier images of the folder are removed first, so that images of
    two syntheses never mix.

    Args:
        orders: at least one, of different classes.

    Raises:
        InputError: a checkpoint is missing or damaged, or draws no such class.
        GanbalError: nearly every image was rejected.
        InterruptedBySignal: a signal came; there is no manifest then, so the half-made folder counts as nothing.
    """
    generators = [load_generator(order.checkpoint, device, order.class_name) for order in orders]
    places = class_folders([facts["class_name"] for _, facts in generators])
    clear(folder)
    rows: list[list[object]] = []
    drawn: list[Drawn] = []
    with (
        stop_on_signal() as stop,
        console.progress(sum(order.num_images for order in orders), "drawing synthetic images", "image") as bar,
    ):
        for order, (generator, facts) in zip(orders, generators, strict=True):
            name, sha256, num_before, last = facts["class_name"], facts["sha256"], len(rows), 0
            details = {"class": name, "seed": str(seed), "checkpoint_sha256": sha256}
            for index, image in _kept_images(generator, order, seed, batch_size):
                file_name = f"{places[name]}/synthetic_{seed}_{index:06d}.png"
                write_synthetic_png(folder.root / file_name, image, details | {"index": str(index)})
                rows.append([file_name, name, seed, index, sha256, facts["step"], "yes"])
                last = index
                bar.update()
                stop.raise_if_requested("Half-drawn images do not count; the trained generator is safe.")
            num_kept = len(rows) - num_before
            drawn.append(Drawn(num_kept, last + 1 - num_kept, name))
    write_text(folder.manifest, _csv(rows))
    return drawn


def _kept_images(generator: Generator, order: Order, seed: int, batch_size: int) -> Iterator[tuple[int, np.ndarray]]:
    """As many images as ordered, each (S, S) uint8, with their places in the latent stream."""
    num_kept = num_drawn = 0
    for batch in _endless_batches(generator, seed, batch_size):
        kept = np.ones(len(batch), bool) if order.is_rejected is None else ~order.is_rejected(batch)
        for offset in np.flatnonzero(kept)[: order.num_images - num_kept]:
            num_kept += 1
            yield num_drawn + int(offset), batch[offset]
        num_drawn += len(batch)
        if num_kept == order.num_images:
            return
        _check_yield(num_kept, num_drawn)


def synthesis_facts(drawn: Sequence[Drawn], *, with_rejected: bool) -> dict[str, Any]:
    """What synthesis.json tells: the sums, and each class; `num_rejected` is None where no image was judged."""

    def rejected(parts: Sequence[Drawn]) -> int | None:
        return sum(part.num_rejected for part in parts) if with_rejected else None

    return {
        "num_images": sum(part.num_images for part in drawn),
        "class_name": ", ".join(part.class_name for part in drawn),
        "num_rejected": rejected(drawn),
        "classes": {
            part.class_name: {"num_images": part.num_images, "num_rejected": rejected([part])} for part in drawn
        },
    }


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


def class_folders(class_names: Sequence[str]) -> dict[str, str]:
    """A folder name for each class, all different even where upper and lower case are the same."""
    folders: dict[str, str] = {}
    for name in class_names:
        plain = class_folder(name)
        taken = {folder.casefold() for folder in folders.values()}
        candidates = (plain if number == 1 else f"{plain}_{number}" for number in itertools.count(1))
        folders[name] = next(candidate for candidate in candidates if candidate.casefold() not in taken)
    return folders


def _csv(rows: list[list[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return buffer.getvalue()
