"""A discriminator of the features of a frozen, pretrained network (Projected GAN, Sauer et al. 2021, arXiv:2111.01007).

The backbone is any classification network of torchvision. Its feature maps at up to four resolutions are mixed by fixed
random convolutions, across channels and from coarse to fine, so that no head can rely on a few features; a small head
per resolution scores every position of its map. Only the heads are trained.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from classifiers.errors import ClassifierInputError
from classifiers.names import TRANSFER
from classifiers.registry import build_model, check_model
from ganbal.config import GanConfig
from ganbal.errors import InputError
from ganbal.gan.initialization import add_spectral_norm, initialize_unnormalized
from ganbal.gan.losses import Head
from ganbal.gan.networks import LEAKY_SLOPE

MOST_RESOLUTIONS = 4
SMALLEST_SIDE_PX = 2
MIXED_CHANNELS = 64


class FrozenFeatures(nn.Module):
    """Feature maps of a frozen network, the last one at each resolution, from fine to coarse.

    Args:
        backbone: (B, 3, S, S) to anything; always in evaluation mode.
        mean, std: (1, 3, 1, 1): what it expects of images whose values are in [0, 1].
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.backbone = backbone.requires_grad_(False).eval()
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)
        self._maps: dict[int, Tensor] = {}
        for module in backbone.modules():
            module.register_forward_hook(self._keep)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Up to four maps (B, C, h, h) of images (B, 1 or 3, S, S) float in [-1, 1]."""
        self._maps.clear()
        self.backbone(((images + 1) / 2 - self.mean) / self.std)
        maps = [self._maps[side] for side in sorted(self._maps, reverse=True)[-MOST_RESOLUTIONS:]]
        self._maps.clear()
        return maps

    def train(self, mode: bool = True) -> "FrozenFeatures":
        super().train(mode)
        self.backbone.eval()  # its normalization must not follow the batches
        return self

    def _keep(self, module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        # Side branches pool to one pixel, and some networks enlarge the last map to a fixed size.
        if not isinstance(output, Tensor) or output.ndim != 4:
            return
        side = output.shape[-1]
        if SMALLEST_SIDE_PX <= side <= min(self._maps, default=side):
            self._maps[side] = output


class RandomMixing(nn.Module):
    """Fixed random mixing across channels (1×1) and, from coarse to fine, across resolutions (3×3).

    Args:
        channels: of the feature maps, from fine to coarse.
    """

    def __init__(self, channels: list[int], random: torch.Generator) -> None:
        super().__init__()
        self.across_channels = nn.ModuleList(nn.Conv2d(count, MIXED_CHANNELS, 1, bias=False) for count in channels)
        self.across_resolutions = nn.ModuleList(
            nn.Conv2d(MIXED_CHANNELS, MIXED_CHANNELS, 3, padding=1, bias=False) for _ in channels[1:]
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear", generator=random)
        self.requires_grad_(False)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Maps (B, C, h, h), from fine to coarse, to (B, 64, h, h) each."""
        mixed = [mix(features) for mix, features in zip(self.across_channels, maps, strict=True)]
        for fine in reversed(range(len(mixed) - 1)):
            # Nearest neighbors: the gradient of linear interpolation is not reproducible on CUDA.
            enlarged = interpolate(mixed[fine + 1], size=mixed[fine].shape[-2:], mode="nearest")
            mixed[fine] = mixed[fine] + self.across_resolutions[fine](enlarged)
        return mixed


class ProjectedDiscriminator(nn.Module):
    """A spectrally normalized head per resolution; its loss is the mean over the heads.

    Args:
        features: the frozen feature maps.
        image_size_px: side of the images.
        random: of the mixing and of the heads' initial weights.
        seed: of the spectral norms' first estimates.
    """

    def __init__(self, features: FrozenFeatures, image_size_px: int, random: torch.Generator, seed: int) -> None:
        super().__init__()
        self.features = features
        with torch.no_grad():
            maps = features(torch.zeros(1, 1, image_size_px, image_size_px))
        self.mixing = RandomMixing([features.shape[1] for features in maps], random)
        self.scorers = nn.ModuleList(_head() for _ in maps)
        for head in self.scorers:
            initialize_unnormalized(head, random)
        add_spectral_norm(self.scorers, seed)
        self.heads = tuple(Head(features.shape[-2] * features.shape[-1], 1 / len(maps)) for features in maps)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Logits (B, P) of images (B, 1 or 3, S, S) in [-1, 1]: one per place of every map, from fine to coarse."""
        assert labels is None, "class-conditional trainings need another discriminator"
        mixed = self.mixing(self.features(images))
        logits = [head(features).flatten(1) for head, features in zip(self.scorers, mixed, strict=True)]
        return torch.cat(logits, dim=1)


def _head() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(MIXED_CHANNELS, MIXED_CHANNELS, 3, padding=1),
        nn.LeakyReLU(LEAKY_SLOPE),
        nn.Conv2d(MIXED_CHANNELS, 1, 1),
    )


def projected_discriminator(
    config: GanConfig, num_classes: int | None, random: torch.Generator, seed: int, image_channels: int
) -> ProjectedDiscriminator:
    """For gray images as for RGB; raises InputError where the backbone or its weights are not available."""
    try:
        network = build_model(TRANSFER + config.projection_backbone, 2, config.image_size_px, config.projection_weights)
    except ClassifierInputError as error:
        raise _as_input_error(error) from error
    features = FrozenFeatures(network.backbone, network.mean, network.std)
    return ProjectedDiscriminator(features, config.image_size_px, random, seed)


def check_projection(config: GanConfig) -> None:
    """Check in seconds that the backbone of a projected discriminator can be built.

    Raises:
        InputError: there is no such network, or its weights are not available.
    """
    if "projected" in config.discriminators:
        try:
            check_model(TRANSFER + config.projection_backbone, config.projection_weights, config.image_size_px, 2)
        except ClassifierInputError as error:
            raise _as_input_error(error) from error


def _as_input_error(error: ClassifierInputError) -> InputError:
    return InputError(
        found=f"The projected discriminator cannot be made. {error.found}",
        expected=error.expected,
        action=f"{error.action} The settings are gan.projection_backbone and gan.projection_weights.",
    )
