"""Differentiable augmentation for small sets (Zhao et al. 2020, arXiv:2006.10738), made for grey images.

The discriminator sees only augmented images, real and synthetic alike, and the gradient flows through to the
generator; so the discriminator cannot learn 1,000 images by heart and the generator does not learn the augmentation.
The paper's saturation is left out, as it does nothing on one channel. Chests are not mirrored.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

MAX_BRIGHTNESS_SHIFT = 0.5
MAX_CONTRAST_CHANGE = 0.5
MAX_TRANSLATION = 1 / 8
CUTOUT_SIDE = 1 / 2
MAX_ROTATION = math.radians(10)
MAX_SCALE = 0.15


def augment(images: Tensor, names: Sequence[str], random: torch.Generator) -> Tensor:
    """Apply the named augmentations in order, each drawn anew for every image.

    Args:
        images: (B, 1, S, S) float in [-1, 1]; the result has the same shape, may leave that range a little and is
            differentiable with respect to it.
        names: any of `AUGMENTATIONS`.
        random: on the images' device.
    """
    for name in names:
        images = AUGMENTATIONS[name](images, random)
    return images


def brightness(images: Tensor, random: torch.Generator) -> Tensor:
    """Add one number from ±MAX_BRIGHTNESS_SHIFT to each image."""
    return images + MAX_BRIGHTNESS_SHIFT * _symmetric(images, random)


def contrast(images: Tensor, random: torch.Generator) -> Tensor:
    """Stretch each image about its own mean by a factor from 1 ± MAX_CONTRAST_CHANGE."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (images - mean) * (1.0 + MAX_CONTRAST_CHANGE * _symmetric(images, random))


def translation(images: Tensor, random: torch.Generator) -> Tensor:
    """Shift each image by whole pixels, up to MAX_TRANSLATION of its side; edges are repeated outwards.

    The paper fills with 0, which is black in its pictures and mid-grey here: a frame that no radiograph has.
    """
    size = images.shape[-1]
    reach = round(MAX_TRANSLATION * size)
    shifts = torch.randint(-reach, reach + 1, (2, len(images), 1), generator=random, device=images.device)
    positions = torch.arange(size, device=images.device)
    # One-hot matrices instead of indexing: the gradient is then a product too, fast and in a fixed order of sums.
    sources = (positions + shifts).clamp(0, size - 1)[..., None] == positions  # (2, B, S, S)
    rows, columns = sources.to(images.dtype)
    return (rows @ images[:, 0] @ columns.transpose(1, 2))[:, None]


def cutout(images: Tensor, random: torch.Generator) -> Tensor:
    """Replace a square of CUTOUT_SIDE of the side, anywhere (over the edge too), by the image's own mean grey."""
    size = images.shape[-1]
    half = size * CUTOUT_SIDE / 2
    centres = torch.rand((2, len(images), 1), generator=random, device=images.device) * size
    inside = (torch.arange(size, device=images.device) + 0.5 - centres).abs() < half  # (2, B, S)
    hole = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]  # (B, 1, S, S)
    return torch.where(hole, images.mean(dim=(1, 2, 3), keepdim=True), images)


def affine(images: Tensor, random: torch.Generator) -> Tensor:
    """Turn each image by up to ±MAX_ROTATION and scale it by up to 1 ± MAX_SCALE; edges are repeated outwards."""
    turn, scale = _symmetric(images, random).flatten(), _symmetric(images, random).flatten()
    angle, factor = MAX_ROTATION * turn.float(), 1.0 + MAX_SCALE * scale.float()
    cosine, sine, zero = angle.cos() * factor, angle.sin() * factor, torch.zeros_like(angle)
    matrices = torch.stack([torch.stack([cosine, -sine, zero], 1), torch.stack([sine, cosine, zero], 1)], 1)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)


AUGMENTATIONS: dict[str, Callable[[Tensor, torch.Generator], Tensor]] = {
    "brightness": brightness,
    "contrast": contrast,
    "translation": translation,
    "cutout": cutout,
    "affine": affine,
}


def _symmetric(images: Tensor, random: torch.Generator) -> Tensor:
    draws = torch.rand((len(images), 1, 1, 1), generator=random, device=images.device, dtype=torch.float32)
    return (2.0 * draws - 1.0).to(images.dtype)
