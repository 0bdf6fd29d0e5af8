"""Penultimate features: the input of a classifier's last layer, for any torch module."""

import threading
from collections.abc import Callable

import torch
from torch import nn

from classifiers.training.precision import true_float32
from ganbal.metrics.features.extractor import NetworkExtractor, digest_of_weights
from ganbal.metrics.features.resizing import ResizeRule, resize
from ganbal.metrics.identity import ExtractorIdentity


class HeadInput(nn.Module):
    """Runs a network and returns the input of one of its layers, averaged over the image where it is a feature map."""

    def __init__(self, network: nn.Module, head: str) -> None:
        """Record the input of the layer named `head` in `network.named_modules()`."""
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        # One value per thread, since several threads run the network at once.
        self._recorded = threading.local()
        network.get_submodule(head).register_forward_pre_hook(self._record)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """To (B, number of inputs of the head)."""
        self._recorded.inputs = None
        self.network(images)
        features: torch.Tensor | None = self._recorded.inputs
        self._recorded.inputs = None
        assert features is not None, "the forward pass does not reach the head"
        return features.mean(dim=(2, 3)) if features.ndim == 4 else features.flatten(1)

    def _record(self, _module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._recorded.inputs = inputs[0]


def head_of(network: nn.Module) -> str:
    """The name of a classifier's last layer: the last linear layer, otherwise the last convolution."""
    for kind in (nn.Linear, nn.Conv2d):
        names = [name for name, module in network.named_modules() if isinstance(module, kind)]
        if names:
            return names[-1]
    raise AssertionError("a classifier has a linear layer or a convolution")


def classifier_extractor(
    network: nn.Module,
    *,
    name: str,
    input_size_px: int,
    normalize: Callable[[torch.Tensor], torch.Tensor],
    device: torch.device,
    head: str | None = None,
    rule: ResizeRule = "antialiased",
    weights_sha256: str | None = None,
) -> NetworkExtractor:
    """Features of a trained classifier, for example one of the study.

    Args:
        network: any module that maps (B, C, S, S) to class scores; put into evaluation mode.
        name: for the identity, such as `classifier:baseline_cnn`.
        input_size_px: S.
        normalize: (B, 1 or 3, S, S) in [0, 1] to the values that the network was trained on.
        device: where it runs.
        head: name of the layer whose input is taken; None: the last linear layer.
        rule: how images are resized.
        weights_sha256: digest of the weights file; None: of the weights themselves.
    """
    digest = weights_sha256 or digest_of_weights(network.state_dict())
    features = HeadInput(network, head or head_of(network)).to(device)

    def run(images: torch.Tensor) -> torch.Tensor:
        return features(normalize(images))

    with torch.inference_mode(), true_float32():
        dims = run(torch.zeros(1, 1, input_size_px, input_size_px, device=device)).shape[1]
    identity = ExtractorIdentity(name, dims, digest, f"{rule} {input_size_px}")
    max_batch = 8 if device.type == "cpu" else 64
    return NetworkExtractor(
        identity, lambda images: resize(images, input_size_px, rule), run, device, max_batch=max_batch
    )
