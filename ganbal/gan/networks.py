"""Generator and discriminator of DCGAN (Radford et al. 2016, arXiv:1511.06434), plain or class-conditional."""

import itertools
import math
from typing import Literal

import torch
from torch import Tensor, nn

from ganbal.gan.class_batch_norm import apply_layer, batch_norm
from ganbal.gan.full_size_layer import FullSizeLayer

LEAKY_SLOPE = 0.2
GROUP_SIZE = 4
"""Images that minibatch standard deviation compares with one another."""


class Generator(nn.Module):
    """Latent vectors to images: what all generators have in common. `generators` lists them.

    Args:
        num_classes: classes of a class-conditional generator; None makes a plain one.
        image_channels: C of the images, 1 for gray and 3 for RGB.
    """

    def __init__(self, latent_dim: int, num_classes: int | None = None, image_channels: int = 1) -> None:
        super().__init__()
        self.latent_dim, self.num_classes, self.image_channels = latent_dim, num_classes, image_channels

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate images (B, C, S, S) float in [-1, 1], a function of the arguments and the weights alone.

        Args:
            latents: (B, latent_dim) float, standard normal.
            labels: (B,) int64, for a class-conditional generator only.
        """
        raise NotImplementedError


class DcganGenerator(Generator):
    """Transposed convolutions with batch normalization, which is where a class-conditional generator gets its class.

    Args:
        image_size_px: S, the side of the images.
        base_channels: channels of the layer next to the image.
        num_classes: classes of a class-conditional generator; None makes a plain one.
        full_size_channels: channels of an additional layer at the images' size; 0 leaves it out, as in the paper.
        image_channels: C of the images, 1 for gray and 3 for RGB.
    """

    def __init__(
        self,
        image_size_px: int,
        base_channels: int,
        latent_dim: int,
        num_classes: int | None = None,
        *,
        full_size_channels: int = 0,
        image_channels: int = 1,
    ) -> None:
        super().__init__(latent_dim, num_classes, image_channels)
        start_px, channels = channel_plan(image_size_px, base_channels)
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(latent_dim, channels[0], start_px, bias=False),
            batch_norm(channels[0], num_classes),
            nn.ReLU(inplace=True),
        ]
        for inputs, outputs in itertools.pairwise(channels):
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False),
                batch_norm(outputs, num_classes),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ConvTranspose2d(channels[-1], image_channels, 4, stride=2, padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.full_size: FullSizeLayer | None = None
        if full_size_channels:
            self.full_size = FullSizeLayer(
                channels[-1], full_size_channels, latent_dim, image_size_px, image_channels, num_classes
            )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        *layers, to_image, tangent = self.layers
        features = latents[:, :, None, None]
        for layer in layers:
            features = apply_layer(layer, features, labels)
        output = to_image(features)
        if self.full_size is not None:
            output = output + self.full_size(features, latents, labels)
        return tangent(output)


class Discriminator(nn.Module):
    """Images to one logit each: large for real, small for synthetic.

    The class-conditional logit is ψ·φ(x) + v_y·φ(x) (projection, Miyato & Koyama 2018, arXiv:1802.05637): φ is the last
    feature map, ψ a vector shared by all classes and v_y one vector per class, all of them filters of the last layer.

    Args:
        norm: `batch` normalizes every layer except the first and the last, as in the paper; `spectral` and `none` have
            biases instead (`initialization` adds spectral normalization).
        minibatch_stddev: lets the last layer see how much the images of a group differ.
        num_classes: classes of a class-conditional discriminator; None makes a plain one.
        image_channels: C of the images.
    """

    def __init__(
        self,
        image_size_px: int,
        base_channels: int,
        norm: Literal["batch", "spectral", "none"] = "batch",
        *,
        minibatch_stddev: bool = False,
        num_classes: int | None = None,
        image_channels: int = 1,
    ) -> None:
        super().__init__()
        start_px, channels = channel_plan(image_size_px, base_channels)
        channels = channels[::-1]
        layers: list[nn.Module] = [nn.Conv2d(image_channels, channels[0], 4, stride=2, padding=1), _leaky_relu()]
        for before, after in itertools.pairwise(channels):
            layers.append(nn.Conv2d(before, after, 4, stride=2, padding=1, bias=norm != "batch"))
            if norm == "batch":
                layers.append(nn.BatchNorm2d(after))
            layers.append(_leaky_relu())
        if minibatch_stddev:
            layers.append(MinibatchStddev())
        layers.append(nn.Conv2d(channels[-1] + minibatch_stddev, 1 + (num_classes or 0), start_px))
        self.layers = nn.Sequential(*layers)
        self.num_classes = num_classes

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score images.

        Args:
            images: (B, C, S, S) float in [-1, 1].
            labels: (B,) int64, for a class-conditional discriminator only.

        Returns:
            Logits (B,) float.
        """
        outputs = self.layers(images).flatten(1)  # (B, 1 + classes)
        if labels is None:
            return outputs[:, 0]
        return outputs[:, 0] + outputs.gather(1, labels[:, None] + 1)[:, 0]


class MinibatchStddev(nn.Module):
    """Adds a channel that states how much neighboring images differ, one number for the whole map.

    The number is the mean of the features' standard deviations over the group (Karras et al. 2018, arXiv:1710.10196,
    section 3): it exposes a generator whose images are all alike. Groups are `GROUP_SIZE` neighbors, or as many as
    divide the batch. Processes whose slices of a batch are multiples of it compute what a single process would.

    Input (B, C, H, W); output (B, C + 1, H, W).
    """

    def forward(self, features: Tensor) -> Tensor:
        batch, _, height, width = features.shape
        size = math.gcd(batch, GROUP_SIZE)
        groups = features.float().unflatten(0, (batch // size, size))  # (G, size, C, H, W)
        # Written out: torch's `var` over so few images takes a fifth of a whole training step on a CPU.
        variance = (groups - groups.mean(dim=1, keepdim=True)).square().mean(dim=1)
        # A small number under the root: its slope at 0 is infinite.
        deviation = (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))  # (G,)
        channel = deviation.repeat_interleave(size)[:, None, None, None].expand(batch, 1, height, width)
        return torch.cat([features, channel.to(features.dtype)], dim=1)


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
