"""Moving average of the generator's weights, which draws better images than any single step's weights."""

import torch
from torch import nn

RAMP_UP = 0.05
"""The half-life never exceeds this share of the images seen, so that early weights do not linger."""


def decay_for_step(images_seen: int, batch_size: int, half_life_images: float) -> float:
    """The factor that old weights keep in one step.

    With half-life H images and B images a step it is 0.5^(B/H); H is first cut to RAMP_UP · images_seen
    (Karras et al. 2020, arXiv:2006.06676, code of the ramp-up).
    """
    half_life = min(half_life_images, RAMP_UP * images_seen)
    return 0.5 ** (batch_size / half_life) if half_life > 0 else 0.0


@torch.no_grad()
def update_average(average: nn.Module, current: nn.Module, decay: float) -> None:
    """average ← decay · average + (1 - decay) · current, for parameters and running statistics alike."""
    targets = list(average.parameters()) + [b for b in average.buffers() if b.is_floating_point()]
    sources = list(current.parameters()) + [b for b in current.buffers() if b.is_floating_point()]
    torch._foreach_lerp_(targets, sources, 1.0 - decay)
