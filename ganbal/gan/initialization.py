"""Initial weights of both networks, and spectral normalization, which starts from them."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ganbal.gan.class_batch_norm import ClassBatchNorm2d
from ganbal.gan.networks import LEAKY_SLOPE

INITIAL_STD = 0.02


def initialize_as_dcgan(network: nn.Module, random: torch.Generator) -> None:
    """Set the paper's initial weights: N(0, 0.02) for convolutions, N(1, 0.02) for batch-norm scales, 0 for biases.

    Gains per class are batch-norm scales.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, INITIAL_STD, generator=random)
        elif isinstance(module, ClassBatchNorm2d) or (isinstance(module, nn.BatchNorm2d) and module.affine):
            nn.init.normal_(module.weight, 1.0, INITIAL_STD, generator=random)
        _zero_bias(module)


def initialize_unnormalized(network: nn.Module, random: torch.Generator) -> None:
    """Set initial weights that keep the size of activations without normalization layers (He et al. 2015).

    Weights are N(0, g²/fan_in), g being the gain of the leaky rectifier; biases are 0. The last layer's gain is 1, as
    nothing rectifies its output.
    """
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    for module in convolutions:
        slope = LEAKY_SLOPE if module is not convolutions[-1] else 1.0
        nn.init.kaiming_normal_(module.weight, a=slope, nonlinearity="leaky_relu", generator=random)
        _zero_bias(module)


DISCRIMINATOR_INITIALIZERS: dict[str, Callable[[nn.Module, torch.Generator], None]] = {
    "batch": initialize_as_dcgan,
    "spectral": initialize_as_dcgan,
    "none": initialize_unnormalized,
}
"""By the discriminator's normalization."""


def add_spectral_norm(network: nn.Module, seed: int) -> None:
    """Divide every convolution's weights by their largest singular value (Miyato et al. 2018, arXiv:1802.05957).

    Call it after initialization. The first estimates of singular vectors come from torch's global random state, which
    is seeded for the duration of the call.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in list(network.modules()):
            if isinstance(module, nn.Conv2d):
                spectral_norm(module)


def _zero_bias(module: nn.Module) -> None:
    bias = getattr(module, "bias", None)
    if isinstance(bias, nn.Parameter):
        nn.init.zeros_(bias)
