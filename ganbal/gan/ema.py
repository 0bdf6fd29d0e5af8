"""Moving average of the generator's weights, which generates better images than any single step's weights."""

import torch
from torch import Tensor, nn

RAMP_UP = 0.05
"""The half-life never exceeds this share of the images seen, so that early weights do not linger."""


def decay_for_step(images_seen: int, batch_size: int, half_life_images: float) -> float:
    """The factor by which old weights shrink in one step.

    With a half-life of H images and B images per step it is 0.5^(B/H); H is first limited to RAMP_UP · images_seen
    (Karras et al. 2020, arXiv:2006.06676, ramp-up of the published code).
    """
    half_life = min(half_life_images, RAMP_UP * images_seen)
    return 0.5 ** (batch_size / half_life) if half_life > 0 else 0.0


class MovingAverage:
    """Updates `average` from `current`: average ← decay · average + (1 - decay) · current.

    Parameters and running statistics are averaged alike. The lists of tensors are built once, so both networks must
    keep their tensors. On CUDA the decay is a tensor, so that a recorded step reads its present value.
    """

    def __init__(self, average: nn.Module, current: nn.Module) -> None:
        self._targets, self._sources = _averaged_tensors(average), _averaged_tensors(current)
        device = self._targets[0].device
        self._weight: Tensor | float = torch.ones((), device=device) if device.type == "cuda" else 1.0

    def set_decay(self, decay: float) -> None:
        """Set the decay of the updates to come; does not wait for the device."""
        if isinstance(self._weight, Tensor):
            self._weight.fill_(1.0 - decay)
        else:
            self._weight = 1.0 - decay

    @torch.no_grad()
    def update(self) -> None:
        if isinstance(self._weight, Tensor):
            differences = torch._foreach_sub(self._sources, self._targets)
            torch._foreach_mul_(differences, self._weight)
            torch._foreach_add_(self._targets, differences)
        else:
            torch._foreach_lerp_(self._targets, self._sources, self._weight)


def _averaged_tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *(b for b in network.buffers() if b.is_floating_point())]
