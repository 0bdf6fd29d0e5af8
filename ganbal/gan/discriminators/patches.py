"""A discriminator of places of the image (PatchGAN, Isola et al. 2017, arXiv:1611.07004) at several scales (pix2pixHD,
Wang et al. 2018, arXiv:1711.11585).

Texture is scored everywhere and on its own, as no logit sees the whole image.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganbal.config import GanConfig
from ganbal.gan.initialization import add_spectral_norm, initialize_unnormalized
from ganbal.gan.losses import Head
from ganbal.gan.networks import LEAKY_SLOPE

MOST_SCALES = 3
SMALLEST_SIDE_PX = 16
HALVINGS = 2
"""Each logit sees 18 × 18 px of its scale: 4 px, 4 + 3·2 = 10 after the second halving, 10 + 2·4 after a 3×3 layer."""


class PatchDiscriminator(nn.Module):
    """Logits of overlapping places of the image, at its full side, half and a quarter of it (down to 16 px).

    Each scale has a small network of its own and a head; the loss is the mean over the heads. Class-conditional logits
    are those of `networks.Discriminator`, at every place.
    """

    def __init__(
        self, image_size_px: int, base_channels: int, num_classes: int | None = None, image_channels: int = 1
    ) -> None:
        super().__init__()
        sides = [image_size_px // 2**scale for scale in range(MOST_SCALES)]
        sides = [side for side in sides if side >= SMALLEST_SIDE_PX]
        self.scales = nn.ModuleList(_places(image_channels, base_channels, 1 + (num_classes or 0)) for _ in sides)
        self.heads = tuple(Head((side // 2**HALVINGS) ** 2, 1 / len(sides)) for side in sides)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits (B, P) of images (B, C, S, S) float in [-1, 1], one per place of every scale, from fine to coarse."""
        logits = []
        for level, network in enumerate(self.scales):
            outputs = network(avg_pool2d(images, 2**level) if level else images).flatten(2)  # (B, 1 + classes, places)
            own = outputs[:, 0]
            if labels is not None:
                index = (labels + 1)[:, None, None].expand(-1, 1, outputs.shape[2])
                own = own + outputs.gather(1, index)[:, 0]
            logits.append(own)
        return torch.cat(logits, dim=1)


def _places(image_channels: int, base_channels: int, num_outputs: int) -> nn.Sequential:
    """(B, C, h, h) to (B, num_outputs, h/4, h/4)."""
    channels = [image_channels, *(base_channels * 2**level for level in range(HALVINGS))]
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(channels):
        layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(LEAKY_SLOPE)]
    layers += [nn.Conv2d(channels[-1], channels[-1], 3, padding=1), nn.LeakyReLU(LEAKY_SLOPE)]
    return nn.Sequential(*layers, nn.Conv2d(channels[-1], num_outputs, 1))


def patch_discriminator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, seed: int, image_channels: int
) -> PatchDiscriminator:
    """Spectrally normalized where `gan.discriminator_norm` says so, else without normalization."""
    network = PatchDiscriminator(config.image_size_px, config.base_channels, num_classes, image_channels)
    for scale in network.scales:
        initialize_unnormalized(scale, random)
    if config.discriminator_norm == "spectral":
        add_spectral_norm(network, seed)
    return network
