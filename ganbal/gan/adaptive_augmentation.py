"""Augments as often as the discriminator overfits (Karras et al. 2020, arXiv:2006.06676).

A share of the training images is held out from the discriminator's updates. A discriminator that memorizes its images
scores them higher than held-out ones; then the probability of augmentation rises.
"""

import torch
from torch import Tensor

from ganbal.config import GanConfig
from ganbal.runtime.distributed import World

CHECK_EVERY_STEPS = 4
_MEMORY = 0.9
"""Weight of earlier logits in the running means: single batches are too noisy to steer by."""


def split_off_held_out(images: Tensor, fraction: float) -> tuple[Tensor, Tensor]:
    """Split training images, always in the same way, into a part to train on and a part to hold out (at least one).

    Args:
        images: (N, S, S) or (N, S, S, 3), N ≥ 2.
    """
    count = min(max(round(len(images) * fraction), 1), len(images) - 1)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).to(images.device)
    return images[order[count:]], images[order[:count]]


class AdaptiveStrength:
    """Raises the probability of augmentation while the discriminator overfits and lowers it otherwise.

    Overfitting is (D(train) - D(held out)) / (D(train) - D(synthetic)), of mean logits: 0 where held-out images are
    scored like training images, 1 where they are scored like synthetic ones.

    Args:
        probability: () float32 on the device, changed in place.
        logit_ema: (3,) float32, running means of the logits of training, synthetic and held-out images, changed in
            place as well.
    """

    def __init__(self, probability: Tensor, logit_ema: Tensor, config: GanConfig, world: World) -> None:
        self.probability, self._logit_ema, self._world = probability, logit_ema, world
        self._target = config.adaptive_target
        self._change = CHECK_EVERY_STEPS * config.batch_size / config.adaptive_images

    @staticmethod
    def is_due(step: int) -> bool:
        """Whether the step that follows `step` finished steps includes a check."""
        return (step + 1) % CHECK_EVERY_STEPS == 0

    @torch.no_grad()
    def update(self, real: Tensor, synthetic: Tensor, held_out: Tensor) -> None:
        """Adjust the probability by the logits (B,) of three kinds of images; does not wait for the device."""
        means = self._world.mean(torch.stack([real.mean(), synthetic.mean(), held_out.mean()]).float())
        self._logit_ema.lerp_(means, 1.0 - _MEMORY)
        train, generated, unseen = self._logit_ema
        # Compared as a product: the quotient has no bound where the discriminator separates nothing.
        overfits = (train - unseen) > self._target * (train - generated).clamp(min=0)
        self.probability.add_(torch.where(overfits, self._change, -self._change)).clamp_(0.0, 1.0)
