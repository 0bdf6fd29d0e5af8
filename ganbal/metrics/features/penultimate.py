"""The features a classifier decides from: what goes into its last layer, for any torch module."""

import threading
from collections.abc import Callable

import torch
from torch import nn

from ganbal.metrics.features.extractor import NetworkExtractor, digest_of_weights
from ganbal.metrics.features.resizing import ResizeRule, resize
from ganbal.metrics.identity import ExtractorIdentity


class HeadInput(nn.Module):
    """Runs a network and gives what went into one of its layers, averaged over the image where it is a map."""

    def __init__(self, network: nn.Module, head: str) -> None:
        """Watch the layer called `head` in `network.named_modules()`."""
        super().__init__()
        self.network = network.eval().requires_grad_(False)
        # Each thread has its own images under way.
        self._seen = threading.local()
        network.get_submodule(head).register_forward_pre_hook(self._remember)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """To (B, number of inputs of the head)."""
        self._seen.inputs = None
        self.network(images)
        seen: torch.Tensor | None = self._seen.inputs
        self._seen.inputs = None
        assert seen is not None, "the network does not pass through its head"
        return seen.mean(dim=(2, 3)) if seen.ndim == 4 else seen.flatten(1)

    def _remember(self, _module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self._seen.inputs = inputs[0]


def head_of(network: nn.Module) -> str:
    """The name of the layer a classifier decides with: the last linear one, else the last convolution."""
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
    normalise: Callable[[torch.Tensor], torch.Tensor],
    device: torch.device,
    head: str | None = None,
    rule: ResizeRule = "antialiased",
    weights_sha256: str | None = None,
) -> NetworkExtractor:
    """Features of a trained classifier, such as one of the study.

    Args:
        network: any module that maps (B, C, S, S) to class scores; put into evaluation mode.
        name: for the identity, such as `classifier:baseline_cnn`.
        input_size_px: S.
        normalise: (B, 1 or 3, S, S) in [0, 1] to what the network was trained on.
        device: where it runs.
        head: name of the layer whose input is wanted; None finds the last linear layer.
        rule: how images are resized.
        weights_sha256: digest of the weights file; None digests the weights themselves.
    """
    digest = weights_sha256 or digest_of_weights(network.state_dict())
    features = HeadInput(network, head or head_of(network)).to(device)

    def run(images: torch.Tensor) -> torch.Tensor:
        return features(normalise(images))

    with torch.inference_mode():
        dims = run(torch.zeros(1, 1, input_size_px, input_size_px, device=device)).shape[1]
    identity = ExtractorIdentity(name, dims, digest, f"{rule} {input_size_px}")
    at_once = 8 if device.type == "cpu" else 64
    return NetworkExtractor(identity, lambda images: resize(images, input_size_px, rule), run, device, at_once)
