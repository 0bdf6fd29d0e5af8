"""Differentiable augmentation for small image sets (Zhao et al. 2020, arXiv:2006.10738).

The discriminator sees only augmented images, real and synthetic alike, and the gradient flows through to the
generator. So the discriminator cannot memorize 1,000 images, and the generator does not learn the augmentation.
Saturation applies to color images only, as it does nothing on one channel. Chests are not mirrored.

Images are always (B, C, S, S) float, C of 1 or 3, nominally in [-1, 1]. Results have the same shape, may leave that
range a little and are differentiable with respect to the images. Randomness is an argument: `draws`, uniform in [0, 1),
one row per image, so that the same draws give the same images on any device and for any slice of a batch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

# A quarter of the paper's shifts and of its brightness, half of its contrast and saturation. The discriminator cannot
# see a property that the augmentation varies much more than the images do: generators then made every image equally
# bright, with all ribs in one place (docs/generator.md).
MAX_BRIGHTNESS_SHIFT = 0.125
MAX_CONTRAST_CHANGE = 0.25
MAX_SATURATION_CHANGE = 0.5
MAX_TRANSLATION = 1 / 32
CUTOUT_SIDE = 1 / 2
MAX_ROTATION = math.radians(10)
MAX_SCALE = 0.15


def brightness(images: Tensor, draws: Tensor) -> Tensor:
    """Add one number within ±MAX_BRIGHTNESS_SHIFT to each image; draws (B, 1)."""
    return images + MAX_BRIGHTNESS_SHIFT * _symmetric(draws[:, 0, None, None, None])


def contrast(images: Tensor, draws: Tensor) -> Tensor:
    """Scale each image about its own mean by a factor within 1 ± MAX_CONTRAST_CHANGE; draws (B, 1)."""
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (images - mean) * (1.0 + MAX_CONTRAST_CHANGE * _symmetric(draws[:, 0, None, None, None]))


def saturation(images: Tensor, draws: Tensor) -> Tensor:
    """Scale each pixel's colors about their mean by a factor within 1 ± MAX_SATURATION_CHANGE; draws (B, 1)."""
    mean = images.mean(dim=1, keepdim=True)
    return mean + (images - mean) * (1.0 + MAX_SATURATION_CHANGE * _symmetric(draws[:, 0, None, None, None]))


def translation(images: Tensor, draws: Tensor) -> Tensor:
    """Shift each image by whole pixels, up to MAX_TRANSLATION of its side; edges are repeated outwards; draws (B, 2).

    The paper fills with 0, which is black in its pictures and mid-gray here: a frame that no radiograph has.
    """
    size = images.shape[-1]
    reach = round(MAX_TRANSLATION * size)
    shifts = (draws.T[..., None] * (2 * reach + 1)).floor().long() - reach  # (2, B, 1)
    positions = torch.arange(size, device=images.device)
    # One-hot matrices instead of indexing: the gradient is then a product too, fast and in a fixed order of sums.
    sources = (positions + shifts).clamp(0, size - 1)[..., None] == positions  # (2, B, S, S)
    rows, columns = sources.to(images.dtype)
    return rows[:, None] @ images @ columns.transpose(1, 2)[:, None]


def cutout(images: Tensor, draws: Tensor) -> Tensor:
    """Replace a square, CUTOUT_SIDE of the side, anywhere (also across an edge) by the channel's mean; draws (B, 2)."""
    size = images.shape[-1]
    half = size * CUTOUT_SIDE / 2
    centers = draws.T[..., None] * size  # (2, B, 1)
    inside = (torch.arange(size, device=images.device) + 0.5 - centers).abs() < half  # (2, B, S)
    hole = (inside[0][:, :, None] & inside[1][:, None, :])[:, None]  # (B, 1, S, S)
    return torch.where(hole, images.mean(dim=(2, 3), keepdim=True), images)


def affine(images: Tensor, draws: Tensor) -> Tensor:
    """Rotate each image by up to ±MAX_ROTATION and scale it by 1 ± MAX_SCALE; edges are repeated; draws (B, 2)."""
    rotation, scale = _symmetric(draws).unbind(dim=1)
    angle, factor = MAX_ROTATION * rotation, 1.0 + MAX_SCALE * scale
    cosine, sine, zero = angle.cos() * factor, angle.sin() * factor, torch.zeros_like(angle)
    matrices = torch.stack([torch.stack([cosine, -sine, zero], 1), torch.stack([sine, cosine, zero], 1)], 1)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)


@dataclass(frozen=True)
class Augmentation:
    """`apply(images, draws)` and the number of draws per image."""

    apply: Callable[[Tensor, Tensor], Tensor]
    num_draws: int


AUGMENTATIONS: dict[str, Augmentation] = {
    "brightness": Augmentation(brightness, 1),
    "contrast": Augmentation(contrast, 1),
    "saturation": Augmentation(saturation, 1),
    "translation": Augmentation(translation, 2),
    "cutout": Augmentation(cutout, 2),
    "affine": Augmentation(affine, 2),
}


def augmentations_for(names: Sequence[str], channels: int) -> list[str]:
    """Those of the named augmentations that apply to images of so many channels, in order."""
    return [name for name in names if channels > 1 or name != "saturation"]


def draws_needed(names: Sequence[str]) -> int:
    """Draws per image that `augment` takes: those of each augmentation, and one that decides whether it is applied."""
    return sum(AUGMENTATIONS[name].num_draws + 1 for name in names)


def augment(images: Tensor, names: Sequence[str], draws: Tensor, probability: Tensor | None = None) -> Tensor:
    """Apply the named augmentations in order.

    Args:
        names: any of `AUGMENTATIONS`.
        draws: (B, draws_needed(names)) float32 in [0, 1).
        probability: () with which each augmentation is applied to each image; None means always.
    """
    first = 0
    for name in names:
        chosen = AUGMENTATIONS[name]
        decision, own = draws[:, first], draws[:, first + 1 : first + 1 + chosen.num_draws]
        changed = chosen.apply(images, own)
        if probability is not None:
            changed = torch.where((decision < probability)[:, None, None, None], changed, images)
        images = changed
        first += 1 + chosen.num_draws
    return images


def _symmetric(draws: Tensor) -> Tensor:
    """[0, 1) to [-1, 1)."""
    return 2.0 * draws - 1.0
