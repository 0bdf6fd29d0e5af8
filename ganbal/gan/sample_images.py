"""Pictures of a generator: the same latents over time, and the way from one latent to the next."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganbal.gan.augmentation import augment, draws_needed
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import draw_images, latent_rows
from ganbal.runtime.atomic_files import atomic_path
from ganbal.synthesis.synthetic_png import MARK, tile, write_synthetic_png

GRID_IMAGES, GRID_COLUMNS = 64, 8
AUGMENTATION_ROWS = 5
INTERPOLATION_ROWS, INTERPOLATION_STEPS = 6, 10
FRAME_MILLISECONDS = 400
MOST_FRAMES = 40


def write_grid(path: Path, generator: Generator, seed: int, details: dict[str, str]) -> None:
    """The images of the first latents of `seed`: the same ones in every grid of a training, one class a row."""
    latents = latent_rows(seed, GRID_IMAGES, generator.latent_dim)
    images = np.concatenate(list(draw_images(generator.in_rows(GRID_COLUMNS), latents, GRID_IMAGES)))
    write_synthetic_png(path, tile(images, GRID_COLUMNS), details)


def write_interpolation(path: Path, generator: Generator, seed: int, details: dict[str, str]) -> None:
    """Rows of images on the way between two latents; jumps instead of gradual change speak of memorised images."""
    ends = latent_rows(seed, 2 * INTERPOLATION_ROWS, generator.latent_dim)
    latents = torch.cat([spherical_path(a, b, INTERPOLATION_STEPS) for a, b in zip(ends[::2], ends[1::2], strict=True)])
    images = np.concatenate(list(draw_images(generator.in_rows(INTERPOLATION_STEPS), latents, GRID_IMAGES)))
    write_synthetic_png(path, tile(images, INTERPOLATION_STEPS), details)


def spherical_path(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Points from `start` to `end` along the great circle (Shoemake 1985), both ends included: (steps, latent_dim).

    A straight line would pass near the origin, where hardly any latent of a normal distribution lies.
    """
    angle = torch.acos((start @ end / (start.norm() * end.norm())).clamp(-1, 1))
    share = torch.linspace(0, 1, steps)[:, None]
    return (torch.sin((1 - share) * angle) * start + torch.sin(share * angle) * end) / torch.sin(angle)


def write_augmentation(path: Path, images: np.ndarray, names: Sequence[str]) -> None:
    """What the discriminator is shown: real images, each as it is, under every augmentation alone, and under all.

    Args:
        images: (N, S, S) uint8 training images, of which the first few are taken.
        names: any of `augmentation.AUGMENTATIONS`; nothing is written if there are none.
    """
    if not names:
        return
    random = torch.Generator().manual_seed(0)
    real = torch.from_numpy(np.array(images[:AUGMENTATION_ROWS]))[:, None].float() / 127.5 - 1.0
    columns = [real]
    for chosen in [*([name] for name in names), *[names] * 3]:
        draws = torch.rand((len(real), draws_needed(chosen)), generator=random)
        columns.append(augment(real, chosen, draws))
    sheet = torch.cat(columns, dim=1).flatten(0, 1)  # (rows · columns, S, S)
    pixels = ((sheet + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()
    with atomic_path(path) as temporary:
        Image.fromarray(tile(pixels, len(columns))).save(temporary, format="PNG")


def write_animation(path: Path, grids: Sequence[Path]) -> None:
    """One animated GIF of sample grids, oldest first, thinned to MOST_FRAMES; nothing if there are fewer than two."""
    if len(grids) < 2:
        return
    chosen = sorted({round(i) for i in np.linspace(0, len(grids) - 1, min(len(grids), MOST_FRAMES))})
    frames = [Image.open(grids[i]).convert("L") for i in chosen]
    with atomic_path(path) as temporary:
        durations = [FRAME_MILLISECONDS] * (len(frames) - 1) + [5 * FRAME_MILLISECONDS]
        frames[0].save(
            temporary, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, comment=MARK
        )
