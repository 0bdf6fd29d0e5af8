"""How strongly to augment: as strongly as the discriminator overfits (Karras et al. 2020, arXiv:2006.06676).

A share of the training images is held out from the discriminator's updates. A discriminator that has learned its images
by heart rates those it trains on higher than those it does not; then the probability of augmentation rises.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ganbal.config import GanConfig
from ganbal.runtime.distributed import World

CHECK_EVERY_STEPS = 4
_MEMORY = 0.9
"""Share of the earlier ratings that a check keeps: single batches are too noisy to steer by."""


def split_off_held_out(data: Tensor, fraction: float) -> tuple[Tensor, Tensor]:
    """Divide training images, always the same way, into those to train on and those to hold out, one image at least.

    Args:
        data: (N, S, S), N ≥ 2.
    """
    count = min(max(round(len(data) * fraction), 1), len(data) - 1)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0)).to(data.device)
    return data[order[count:]], data[order[:count]]


class AdaptiveStrength:
    """Raises the probability while the discriminator overfits, lowers it while it does not.

    Overfitting is (D(train) - D(held out)) / (D(train) - D(synthetic)), of mean logits: 0 where held-out images are
    rated like training images, 1 where they are rated like synthetic ones.

    Args:
        probability: () float32 on the device, changed in place.
        ratings: (3,) float32, running means of the logits of training, synthetic and held-out images, in place too.
    """

    def __init__(self, probability: Tensor, ratings: Tensor, config: GanConfig, world: World) -> None:
        self.probability, self._ratings, self._world = probability, ratings, world
        self._target = config.adaptive_target
        self._change = CHECK_EVERY_STEPS * config.batch_size / config.adaptive_images

    def is_due(self, step: int) -> bool:
        return step % CHECK_EVERY_STEPS == 0

    @torch.no_grad()
    def watch(self, real: Tensor, synthetic: Tensor, held_out: Tensor) -> None:
        """Take in logits (B,) of three kinds of images and move the probability a little; the host does not wait."""
        now = self._world.mean(torch.stack([real.mean(), synthetic.mean(), held_out.mean()]).float())
        self._ratings.lerp_(now, 1.0 - _MEMORY)
        train, generated, unseen = self._ratings
        # Compared as a product: the quotient blows up where the discriminator tells nothing apart.
        overfits = (train - unseen) > self._target * (train - generated).clamp(min=0)
        self.probability.add_(torch.where(overfits, self._change, -self._change)).clamp_(0.0, 1.0)


def rate(discriminator: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Logits (B,) float32, without gradient."""
    with torch.no_grad():
        return discriminator(images).float()
