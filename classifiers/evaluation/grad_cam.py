"""Grad-CAM (Selvaraju et al. 2017): heat maps of the image regions that a prediction depends on."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network

_IMAGES_AT_ONCE = 32


def grad_cam(network: Network, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Heat maps of the evidence for a class: ReLU(Σ over channels of mean gradient · map), each divided by its maximum.

    The gradient is that of the class's logit (before softmax) with respect to the last feature maps of the backbone. A
    network of one logit has the logit of class 1; class 0 has its negative. Maps are enlarged bilinearly.
    The network is left in evaluation mode.

    Args:
        network: its backbone must end in feature maps (B, C, h, w) of more than one pixel.
        pixels: (N, S, S) or (N, S, S, 3) uint8.
        labels: (N,) the class to explain in each image.

    Returns:
        (N, S, S) float32 in [0, 1]; all zero where nothing supports the class.

    Raises:
        ClassifierInputError: the backbone ends in something else.
    """
    assert len(pixels) == len(labels) > 0
    device = network.mean.device
    network.eval()
    heat = []
    for start in range(0, len(pixels), _IMAGES_AT_ONCE):
        part = slice(start, start + _IMAGES_AT_ONCE)
        images = torch.from_numpy(np.array(pixels[part])).to(device)
        wanted = torch.from_numpy(np.array(labels[part], dtype=np.int64)).to(device)
        heat.append(_heat_of_batch(network, images, wanted).cpu())
    return torch.cat(heat).numpy()


def _heat_of_batch(network: Network, images: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        maps = network.backbone(network.normalize(images)).float()
    _check_maps(maps)
    with torch.enable_grad():
        maps = maps.requires_grad_(True)
        # A copy goes into the head, whose layers may work in place.
        scores = _scores(network.head(maps.clone().flatten(1)), labels)
        (gradients,) = torch.autograd.grad(scores.sum(), maps)
    channel_weights = gradients.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1)
    heat = (channel_weights * maps.detach()).sum(dim=1, keepdim=True).relu()
    heat = F.interpolate(heat, size=images.shape[1:3], mode="bilinear", align_corners=False)[:, 0]
    largest = heat.amax(dim=(1, 2), keepdim=True)
    return torch.where(largest > 0, heat / largest.clamp(min=torch.finfo(heat.dtype).tiny), 0.0)


def _scores(logits: Tensor, labels: Tensor) -> Tensor:
    """(B,) the logit of the class of each image."""
    if logits.shape[1] == 1:
        return logits[:, 0] * (2 * labels - 1)
    return logits.gather(1, labels[:, None])[:, 0]


def _check_maps(maps: Tensor) -> None:
    if maps.ndim != 4 or maps.shape[2] * maps.shape[3] < 2:
        raise ClassifierInputError(
            found=f"The backbone ends in an array of shape {tuple(maps.shape)}.",
            expected="Heat maps need feature maps (B, C, h, w) of more than one pixel.",
            action="Leave heat maps out for this model, or give it larger images.",
        )
