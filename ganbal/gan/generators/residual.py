"""A generator of residual blocks (as in R3GAN, Huang et al. 2024, arXiv:2501.05441, and BigGAN), by choice with parts
for texture: an image per resolution, all of them summed, and noise inputs (StyleGAN2, Karras et al. 2020,
arXiv:1912.04958).

Initial weights are those of fix-up initialization (Zhang et al. 2019, arXiv:1901.09321), with batch normalization or
without: every block starts as the identity.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from ganbal.config import GanConfig
from ganbal.gan.class_batch_norm import apply_layer, batch_norm
from ganbal.gan.networks import LEAKY_SLOPE, Generator, channel_plan
from ganbal.gan.noise_input import NOISE_SEED, NoiseInput


class GeneratorBlock(nn.Module):
    """x + second(f(norm(first(f(norm(x))) + noise))) with 3×3 convolutions and the leaky rectifier f.

    Args:
        normalized: whether there is batch normalization before each rectifier.
        num_classes: classes of a class-conditional generator; None for a plain one.
        noise: added after the first convolution, or None.
    """

    def __init__(
        self, channels: int, *, normalized: bool, num_classes: int | None = None, noise: NoiseInput | None = None
    ) -> None:
        super().__init__()
        self.first_norm, self.second_norm = (
            batch_norm(channels, num_classes) if normalized else nn.Identity() for _ in range(2)
        )
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.noise = noise

    def forward(self, features: Tensor, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Features (B, C, h, h), latent vectors (B, L) and labels (B,) to features of the same shape."""
        inside = self.first(leaky_relu(apply_layer(self.first_norm, features, labels), LEAKY_SLOPE))
        if self.noise is not None:
            inside = self.noise(inside, latents)
        return features + self.second(leaky_relu(apply_layer(self.second_norm, inside, labels), LEAKY_SLOPE))


class ResidualGenerator(Generator):
    """One residual block per resolution, from 4 or 5 px up to half the side; channels as in the DCGAN.

    Between blocks, nearest neighbors double the side and a 1×1 convolution changes the channels. The last layer doubles
    the side once more.

    A class-conditional generator gets its class from batch normalization. Without normalization, a learned vector per
    class is concatenated to the latent vector, of the same length and initially of the same size (Mirza & Osindero
    2014, arXiv:1411.1784, with an embedding instead of a one-hot label).

    Args:
        image_size_px: S, the side of the images.
        base_channels: channels of the last block.
        normalized: whether there is batch normalization in the blocks.
        output_skips: whether every block also makes an image of its resolution, which is enlarged and added to the
            output before the hyperbolic tangent.
        noise_inputs: whether blocks get noise.
        num_classes: classes of a class-conditional generator; None makes a plain one.
        image_channels: C of the images, 1 for gray and 3 for RGB.
    """

    def __init__(
        self,
        image_size_px: int,
        base_channels: int,
        latent_dim: int,
        num_classes: int | None = None,
        *,
        normalized: bool = False,
        output_skips: bool = False,
        noise_inputs: bool = False,
        image_channels: int = 1,
    ) -> None:
        super().__init__(latent_dim, num_classes, image_channels)
        self.start_px, channels = channel_plan(image_size_px, base_channels)
        random = torch.Generator().manual_seed(NOISE_SEED)
        sides = [self.start_px * 2**level for level in range(len(channels))]
        self.has_class_vectors = num_classes is not None and not normalized
        self.start = nn.Linear(latent_dim * (1 + self.has_class_vectors), channels[0] * self.start_px**2)
        self.blocks = nn.ModuleList(
            GeneratorBlock(
                count,
                normalized=normalized,
                num_classes=num_classes,
                noise=NoiseInput(count, latent_dim, side, random) if noise_inputs else None,
            )
            for count, side in zip(channels, sides, strict=True)
        )
        self.changes = nn.ModuleList(nn.Conv2d(before, after, 1) for before, after in itertools.pairwise(channels))
        self.to_image = nn.Conv2d(channels[-1], image_channels, 3, padding=1)
        self.to_small_images = nn.ModuleList(nn.Conv2d(count, image_channels, 1) for count in channels if output_skips)
        if self.has_class_vectors:
            assert num_classes is not None
            self.class_vectors = nn.Embedding(num_classes, latent_dim)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        inputs = torch.cat([latents, self.class_vectors(labels)], dim=1) if self.has_class_vectors else latents
        features = self.start(inputs).unflatten(1, (-1, self.start_px, self.start_px))
        images: Tensor | None = None
        for level, block in enumerate(self.blocks):
            features = block(features, latents, labels)
            if self.to_small_images:
                own = self.to_small_images[level](features)
                images = doubled(own if images is None else images + own)
            if level < len(self.changes):
                # Channels change first, where there are fewer places; nearest neighbors commute with a 1×1 convolution.
                features = doubled(self.changes[level](features))
        output = self.to_image(leaky_relu(doubled(features), LEAKY_SLOPE))
        return (output if images is None else images + output).tanh()


def doubled(maps: Tensor) -> Tensor:
    """(B, C, h, h) to (B, C, 2h, 2h). Nearest neighbors: the gradient of interpolation is not reproducible on CUDA."""
    return interpolate(maps, scale_factor=2, mode="nearest")


def initialize_residual(network: ResidualGenerator, random: torch.Generator) -> None:
    """Set initial weights with which activations and outputs before the tangent have a mean square of about 1.

    Blocks start as the identity, and their first convolution is divided by √(number of blocks) (fix-up).
    """
    num_images = 1 + len(network.to_small_images)
    _normal(network.start, 1.0, random)
    for block in network.blocks:
        assert isinstance(block, GeneratorBlock)
        _normal(block.first, _RECTIFIER_GAIN / math.sqrt(len(network.blocks)), random)
        _normal(block.second, 0.0, random)
    for change in network.changes:
        _normal(change, 1.0, random)
    _normal(network.to_image, _RECTIFIER_GAIN / math.sqrt(num_images), random)
    for layer in network.to_small_images:
        _normal(layer, 1 / math.sqrt(num_images), random)
    if network.has_class_vectors:
        nn.init.normal_(network.class_vectors.weight, generator=random)


_RECTIFIER_GAIN = nn.init.calculate_gain("leaky_relu", LEAKY_SLOPE)


def _normal(layer: nn.Module, gain: float, random: torch.Generator) -> None:
    """Weights N(0, gain²/fan_in), biases 0."""
    assert isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()), generator=random)
    nn.init.zeros_(layer.bias)


def residual_generator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, image_channels: int
) -> ResidualGenerator:
    network = ResidualGenerator(
        config.image_size_px,
        config.base_channels,
        config.latent_dim,
        num_classes,
        normalized=config.generator_norm == "batch",
        output_skips=config.output_skips,
        noise_inputs=config.noise_inputs,
        image_channels=image_channels,
    )
    initialize_residual(network, random)
    return network
