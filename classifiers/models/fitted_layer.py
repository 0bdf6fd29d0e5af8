"""Last layers that are fitted to features instead of being trained by gradients.

A support vector machine or a forest becomes a layer of tensors from features to logits, so that it works like a
network: in batches, on any device, in files without pickles.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from classifiers.errors import ClassifierInputError


@dataclass(frozen=True)
class FitSettings:
    """Settings for fitting a last layer, besides features and labels."""

    num_classes: int
    num_outputs: int
    """1 for two classes, else one per class."""
    class_weights: Sequence[float] | None
    seed: int

    @property
    def weight_of_class(self) -> dict[int, float] | None:
        """Class weights in the form that scikit-learn takes."""
        return None if self.class_weights is None else dict(enumerate(self.class_weights))


class FittedLayer(nn.Module, ABC):
    """Features (B, F) to logits (B, num_outputs) by buffers whose sizes depend on the fit."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)

    def forward(self, features: Tensor) -> Tensor:
        """Computes in float64; logits are float32."""
        with torch.autocast(features.device.type, enabled=False):
            return self.logits(features.double()).float()

    @abstractmethod
    def logits(self, features: Tensor) -> Tensor:
        """(B, F) float64 to (B, num_outputs) float64."""

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        # torch copies into existing tensors; here the file determines their sizes.
        for name, tensor in list(self.named_buffers(recurse=False)):
            saved = state_dict.get(prefix + name)
            if isinstance(saved, Tensor) and saved.shape != tensor.shape:
                setattr(self, name, torch.empty_like(saved, device=tensor.device))
        super()._load_from_state_dict(state_dict, prefix, *rest)


LastLayerFit = Callable[[np.ndarray, np.ndarray, FitSettings], FittedLayer]
"""(features (N, F) float32, labels (N,), settings) → the layer fitted to them."""


def check_all_classes(labels: np.ndarray, num_classes: int) -> None:
    """Check that every class has an image to fit to.

    Raises:
        ClassifierInputError: a class has no image.
    """
    missing = sorted(set(range(num_classes)) - set(np.unique(labels).tolist()))
    if missing:
        raise ClassifierInputError(
            found=f"There are no training images of class {', '.join(map(str, missing))}.",
            expected=f"The model needs images of all {num_classes} classes.",
            action="Give images of it as well, or leave the class out.",
        )
