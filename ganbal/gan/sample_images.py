"""Pictures of a generator: images of the same latent vectors over time, and of the path between two of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from classifiers.pixels import num_channels
from ganbal.gan.augmentation import augment, augmentations_for, draws_needed
from ganbal.gan.batches import to_network_range
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import as_pixels, generate_images, latent_rows
from ganbal.runtime.atomic_files import atomic_path
from ganbal.synthesis.synthetic_png import MARK, tile, write_synthetic_png

GRID_IMAGES, GRID_COLUMNS = 64, 8
AUGMENTATION_ROWS = 5
INTERPOLATION_ROWS, INTERPOLATION_STEPS = 6, 10
FRAME_MILLISECONDS = 400
MOST_FRAMES = 40


def write_grid(path: Path, generator: Generator, seed: int, details: dict[str, str]) -> np.ndarray:
    """Write images of the first latent vectors of `seed`: the same in every grid of a training, one class per row.

    Returns:
        The grid, uint8 (H, W) or (H, W, 3).
    """
    num_rows = max(GRID_IMAGES // GRID_COLUMNS, generator.num_classes or 1)
    latents = latent_rows(seed, num_rows * GRID_COLUMNS, generator.latent_dim)
    return _write_sheet(path, generator, latents, GRID_COLUMNS, details)


def write_interpolation(path: Path, generator: Generator, seed: int, details: dict[str, str]) -> None:
    """Rows of images on the path between two latent vectors; jumps instead of gradual change indicate memorization."""
    ends = latent_rows(seed, 2 * INTERPOLATION_ROWS, generator.latent_dim)
    latents = torch.cat([spherical_path(a, b, INTERPOLATION_STEPS) for a, b in zip(ends[::2], ends[1::2], strict=True)])
    _write_sheet(path, generator, latents, INTERPOLATION_STEPS, details)


def _write_sheet(
    path: Path, generator: Generator, latents: Tensor, columns: int, details: dict[str, str]
) -> np.ndarray:
    """Images of the latent vectors in rows of `columns`; a class-conditional generator makes one class per row."""
    labels = class_per_row(len(latents), columns, generator.num_classes) if generator.num_classes else None
    images = np.concatenate(list(generate_images(generator, latents, GRID_IMAGES, labels)))
    sheet = tile(images, columns)
    write_synthetic_png(path, sheet, details)
    return sheet


def class_per_row(count: int, columns: int, num_classes: int) -> Tensor:
    """Labels (count,) of images in rows of `columns`: a row of the first class, one of the second, and so on."""
    return torch.arange(count) // columns % num_classes


def spherical_path(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Points from `start` to `end` along the great circle (Shoemake 1985), both ends included: (steps, latent_dim).

    A straight line would pass near the origin, where hardly any vector of a normal distribution lies.
    """
    angle = torch.acos((start @ end / (start.norm() * end.norm())).clamp(-1, 1))
    share = torch.linspace(0, 1, steps)[:, None]
    return (torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end) / torch.sin(angle)


def write_augmentation(path: Path, images: np.ndarray, names: Sequence[str]) -> None:
    """What the discriminator sees: real images unchanged, under each augmentation alone, and three times under all.

    Args:
        images: (N, S, S) or (N, S, S, 3) uint8 training images, of which the first few are used.
        names: any of `augmentation.AUGMENTATIONS`; without any that fits the images, nothing is written.
    """
    names = augmentations_for(names, num_channels(images))
    if not names:
        return
    random = torch.Generator().manual_seed(0)
    real = to_network_range(torch.from_numpy(np.array(images[:AUGMENTATION_ROWS])))
    columns = [real]
    for chosen in [*([name] for name in names), *[names] * 3]:
        draws = torch.rand((len(real), draws_needed(chosen)), generator=random)
        columns.append(augment(real, chosen, draws))
    pixels = as_pixels(torch.stack(columns, dim=1).flatten(0, 1)).numpy()  # (rows · columns, S, S) or (…, 3)
    with atomic_path(path) as temporary:
        Image.fromarray(tile(pixels, len(columns))).save(temporary, format="PNG")


def write_animation(path: Path, grids: Sequence[Path]) -> None:
    """An animated GIF of at most MOST_FRAMES sample grids, oldest first; nothing if there are fewer than two."""
    if len(grids) < 2:
        return
    chosen = sorted({round(i) for i in np.linspace(0, len(grids) - 1, min(len(grids), MOST_FRAMES))})
    frames = [_frame(grids[i]) for i in chosen]
    with atomic_path(path) as temporary:
        durations = [FRAME_MILLISECONDS] * (len(frames) - 1) + [5 * FRAME_MILLISECONDS]
        frames[0].save(
            temporary, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, comment=MARK
        )


def _frame(grid: Path) -> Image.Image:
    with Image.open(grid) as image:
        return image.copy()
