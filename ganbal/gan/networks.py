"""The generator and discriminator of DCGAN (Radford, Metz & Chintala 2016, arXiv:1511.06434)."""

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

INITIAL_STD = 0.02
LEAKY_SLOPE = 0.2
GROUP_SIZE = 4
"""Images that minibatch standard deviation compares with one another."""


class Generator(nn.Module):
    """Latent vectors to grey images.

    Input (B, latent_dim) float, standard normal; output (B, 1, S, S) float in [-1, 1], S = `image_size_px`.

    Args:
        input_dim: how many numbers the first layer takes, where those are more than the latent vector.
    """

    def __init__(
        self, image_size_px: int, base_channels: int, latent_dim: int, *, input_dim: int | None = None
    ) -> None:
        super().__init__()
        start_px, channels = channel_plan(image_size_px, base_channels)
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(input_dim or latent_dim, channels[0], start_px, bias=False),
            nn.BatchNorm2d(channels[0]),
            nn.ReLU(inplace=True),
        ]
        for inputs, outputs in itertools.pairwise(channels):
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ConvTranspose2d(channels[-1], 1, 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.latent_dim = latent_dim

    def forward(self, latents: Tensor) -> Tensor:
        return self.layers(latents[:, :, None, None])

    def by_class(self) -> Sequence["Generator"]:
        """One generator for each class it knows, in the order of the labels."""
        return [self]

    def in_rows(self, columns: int) -> "Generator":
        """A generator whose images, laid out in `columns`, have one class a row."""
        return self


class Discriminator(nn.Module):
    """Grey images to one logit each: large for real, small for synthetic.

    Input (B, 1, S, S) float in [-1, 1]; output (B,) float logits.

    Args:
        norm: `batch` normalises every layer but the first and last, as the paper does; `spectral` divides each layer's
            weights by their largest singular value instead (Miyato et al. 2018, arXiv:1802.05957).
        minibatch_stddev: lets the last layer see how much the images of a group differ.
        outputs: filters of the last layer.
    """

    def __init__(
        self,
        image_size_px: int,
        base_channels: int,
        norm: Literal["batch", "spectral"] = "batch",
        *,
        minibatch_stddev: bool = False,
        outputs: int = 1,
    ) -> None:
        super().__init__()
        start_px, channels = channel_plan(image_size_px, base_channels)
        channels = channels[::-1]
        layers: list[nn.Module] = [nn.Conv2d(1, channels[0], 4, stride=2, padding=1), _leaky_relu()]
        for before, after in itertools.pairwise(channels):
            layers.append(nn.Conv2d(before, after, 4, stride=2, padding=1, bias=norm == "spectral"))
            if norm == "batch":
                layers.append(nn.BatchNorm2d(after))
            layers.append(_leaky_relu())
        if minibatch_stddev:
            layers.append(MinibatchStddev())
        layers.append(nn.Conv2d(channels[-1] + minibatch_stddev, outputs, start_px))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).flatten()


class MinibatchStddev(nn.Module):
    """Adds a channel that says how much neighbouring images differ, the same number all over the map.

    That number is the mean of the features' standard deviations over the group (Karras et al. 2018, arXiv:1710.10196,
    section 3): it finds out a generator whose images are all alike. Groups are `GROUP_SIZE` neighbours, or as many
    as divide the batch; processes whose parts are multiples of it see what one alone would.

    Input (B, C, H, W); output (B, C + 1, H, W).
    """

    def forward(self, features: Tensor) -> Tensor:
        batch, _, height, width = features.shape
        size = math.gcd(batch, GROUP_SIZE)
        groups = features.float().unflatten(0, (batch // size, size))  # (G, size, C, H, W)
        # By hand, as torch's `var` over so few images takes a fifth of a whole training step on a CPU.
        variance = (groups - groups.mean(dim=1, keepdim=True)).square().mean(dim=1)
        # A small number under the root: its slope at 0 is infinite.
        deviation = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (G,)
        channel = deviation.repeat_interleave(size)[:, None, None, None].expand(batch, 1, height, width)
        return torch.cat([features, channel.to(features.dtype)], dim=1)


def normalise_spectrally(discriminator: Discriminator, seed: int) -> None:
    """Put spectral normalisation on every convolution; call it after the initial weights are drawn.

    Its first guesses of singular vectors are drawn from torch's global random state, which is seeded for the moment.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in discriminator.layers:
            if isinstance(module, nn.Conv2d):
                spectral_norm(module)


def _leaky_relu() -> nn.Module:
    return nn.LeakyReLU(LEAKY_SLOPE, inplace=True)


def channel_plan(image_size_px: int, base_channels: int) -> tuple[int, list[int]]:
    """Side of the smallest feature map and the channels from there to the layer next to the image.

    64 px with 32 base channels gives (4, [256, 128, 64, 32]): 4, 8, 16 and 32 px maps, then the image.
    Channels double at every halving of the side, up to 8 times the base as in the paper.

    Raises:
        ValueError: the side is not 4·2^k or 5·2^k with k ≥ 2.
    """
    side, doublings = image_size_px, 0
    while side % 2 == 0 and side > 5:
        side, doublings = side // 2, doublings + 1
    if side not in (4, 5) or doublings < 2:
        raise ValueError(f"image_size_px must be 4·2^k or 5·2^k with k ≥ 2, found {image_size_px}")
    return side, [base_channels * min(8, 2**level) for level in reversed(range(doublings))]


def initialise(network: nn.Module, random: torch.Generator) -> None:
    """Draw the paper's initial weights: N(0, 0.02) for convolutions, N(1, 0.02) for batch-norm scales, 0 for biases.

    Vectors of classes are drawn as latent vectors are: N(0, 1).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INITIAL_STD, generator=random)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, INITIAL_STD, generator=random)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, generator=random)
            continue
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
