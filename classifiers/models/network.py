"""A network of two parts, backbone and head, from pixels to logits."""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from classifiers.pixels import channels_first, to_gray


class Network(nn.Module):
    """Pixels to logits through one feature vector per image.

    Input (B, S, S) or (B, S, S, 3) uint8 pixels, or (B, num_features) floats that `features` computed from them; output
    (B, num_outputs) float32 logits. A value, scaled to [0, 1], becomes channel c as (value - mean[c]) / std[c]. A
    network of three channels gets gray values in all of them, and one of a single channel gets the luma of colors:
    images stay small until they are on the device. A frozen backbone gets no gradients; a pretrained one, frozen or
    trained in part, is always in evaluation mode: small batches would spoil its running statistics.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        frozen_backbone: bool,
        pretrained_backbone: bool = False,
    ) -> None:
        super().__init__()
        self.backbone, self.head, self.frozen_backbone = backbone, head, frozen_backbone
        self._backbone_stays_in_evaluation = frozen_backbone or pretrained_backbone
        self.mean: Tensor
        self.std: Tensor
        # Not part of the weights: they belong to the model, and a file of weights should not change them.
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        if frozen_backbone:
            backbone.requires_grad_(False)
        # New modules are in training mode; batch normalization of a frozen backbone must never be.
        self.train()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.features(inputs) if inputs.dtype == torch.uint8 else inputs)

    def hidden_values(self, inputs: Tensor) -> Tensor:
        """(B, F): the input of the last layer, for a head that is a sequence."""
        assert isinstance(self.head, nn.Sequential)
        return self.head[:-1](self.features(inputs) if inputs.dtype == torch.uint8 else inputs)

    def features(self, pixels: Tensor) -> Tensor:
        """(B, S, S) or (B, S, S, 3) uint8 to (B, num_features): the input of the head."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen_backbone):
            return self.backbone(self.normalize(pixels)).flatten(1)

    def normalize(self, pixels: Tensor) -> Tensor:
        """Pixels to (B, C, S, S) float32, channels last in memory: 1.3 times faster, also without AMX."""
        values = channels_first(pixels).float() / 255.0
        if self.mean.shape[1] == 1:
            values = to_gray(values)
        images = (values - self.mean) / self.std
        return images.contiguous(memory_format=torch.channels_last)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self._backbone_stays_in_evaluation:
            self.backbone.eval()
        return self

    def changing_state(self) -> dict[str, Tensor]:
        """The part of the state_dict that training changes: all of it, or the head's if the backbone is frozen."""
        state: dict[str, Tensor] = self.state_dict()
        return {name: t for name, t in state.items() if not (self.frozen_backbone and name.startswith("backbone."))}
