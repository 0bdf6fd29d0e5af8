"""The Inception v3 network that FID is defined with, as ported by pytorch-fid."""

import functools
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from pytorch_fid.inception import (
    FID_WEIGHTS_URL,
    FIDInceptionA,
    FIDInceptionC,
    FIDInceptionE_1,
    FIDInceptionE_2,
)
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import inception_v3
from torchvision.models.inception import BasicConv2d

from ganbal.errors import InputError
from ganbal.metrics.features.extractor import NetworkExtractor, to_rgb
from ganbal.metrics.features.resizing import ResizeRule, resize
from ganbal.metrics.features.weight_files import (
    download,
    hub_download,
    hub_file,
    read_weights,
    require_obtainable,
)
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.runtime.download import Download
from ganbal.runtime.hashing import file_digest

INPUT_SIZE_PX = 299
_WHAT = "the Inception weights of FID"
_CPU_BATCH, _CUDA_BATCH = 8, 64

# The modules before the features of each length; "pool" is the max-pooling between them.
_STEM = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "pool"]
_MIDDLE = ["Conv2d_3b_1x1", "Conv2d_4a_3x3", "pool"]
_MIXED = [f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e")]
_LAST = [f"Mixed_{name}" for name in ("7a", "7b", "7c")]
_MODULES_BY_DIMS = {
    64: _STEM,
    192: _STEM + _MIDDLE,
    768: _STEM + _MIDDLE + _MIXED,
    2048: _STEM + _MIDDLE + _MIXED + _LAST,
}


class InceptionFeatures(nn.Module):
    """The network up to one layer, averaged over the image; batch norm folded into the convolutions.

    Folding and the channels-last layout only change rounding (2e-6 relative) and double the speed on a CPU.
    """

    def __init__(self, weights: Mapping[str, torch.Tensor], dims: int) -> None:
        """Build from a state dictionary in pytorch-fid's key names."""
        super().__init__()
        with torch.device("meta"):  # without initial values, which take half a second
            network = empty_inception()
        floats = {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
        network.load_state_dict(floats, assign=True)
        network.eval()
        names = _MODULES_BY_DIMS[dims]
        self.layers = nn.Sequential(
            *(nn.MaxPool2d(3, stride=2) if name == "pool" else getattr(network, name) for name in names)
        )
        for module in self.layers.modules():
            if isinstance(module, BasicConv2d):
                module.conv = fuse_conv_bn_eval(module.conv, module.bn)
                module.bn = nn.Identity()
        self.requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 1 or 3, 299, 299) in [0, 1] to (B, dims)."""
        scaled = (2 * to_rgb(images) - 1).contiguous(memory_format=torch.channels_last)
        return F.adaptive_avg_pool2d(self.layers(scaled), 1).flatten(1)


def empty_inception() -> nn.Module:
    """FID's variant of torchvision's network, without weights."""
    network = inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False)
    for name, module in {
        "Mixed_5b": FIDInceptionA(192, pool_features=32),
        "Mixed_5c": FIDInceptionA(256, pool_features=64),
        "Mixed_5d": FIDInceptionA(288, pool_features=64),
        "Mixed_6b": FIDInceptionC(768, channels_7x7=128),
        "Mixed_6c": FIDInceptionC(768, channels_7x7=160),
        "Mixed_6d": FIDInceptionC(768, channels_7x7=160),
        "Mixed_6e": FIDInceptionC(768, channels_7x7=192),
        "Mixed_7b": FIDInceptionE_1(1280),
        "Mixed_7c": FIDInceptionE_2(2048),
    }.items():
        setattr(network, name, module)
    return network


def inception_download() -> Download:
    """The public weights."""
    return hub_download(FID_WEIGHTS_URL, what=_WHAT)


def check_inception(weights_file: Path | None, dims: int) -> None:
    """Check in seconds that the weights exist and are finite up to the layer of `dims`.

    Raises:
        InputError: they are missing and unavailable, damaged, of another network, or not finite.
    """
    if weights_file is None and not hub_file(FID_WEIGHTS_URL).is_file():
        require_obtainable(FID_WEIGHTS_URL, what=_WHAT)
    else:
        _checked_weights(weights_file or hub_file(FID_WEIGHTS_URL), dims)


def inception_is_cached() -> bool:
    """Whether pytorch-fid's usual download is on this machine."""
    return hub_file(FID_WEIGHTS_URL).is_file()


def inception_extractor(
    weights_file: Path | None, dims: int, rule: ResizeRule, device: torch.device
) -> NetworkExtractor:
    """Features of 64, 192, 768 or 2048 numbers.

    Args:
        weights_file: state dictionary in pytorch-fid's key names; None: its download, cached or new.
        dims: selects the layer.
        rule: how images are resized to 299 pixels.
        device: where the network runs.

    Raises:
        InputError: as `check_inception`.
    """
    file = weights_file or download(FID_WEIGHTS_URL, what=_WHAT)
    return NetworkExtractor(
        identity=ExtractorIdentity("inception", dims, file_digest(file), f"{rule} {INPUT_SIZE_PX}"),
        resize=lambda images: resize(images, INPUT_SIZE_PX, rule),
        network=InceptionFeatures(_checked_weights(file, dims), dims).to(device),
        device=device,
        max_batch=_CPU_BATCH if device.type == "cpu" else _CUDA_BATCH,
    )


def _checked_weights(file: Path, dims: int) -> dict[str, torch.Tensor]:
    weights = read_weights(file, what=_WHAT)
    expected = _expected_shapes()
    # Files from 2018 and earlier lack the batch counters, which are not used here.
    counters = {name for name in expected if name.endswith("num_batches_tracked")}
    needed = expected.keys() - counters
    wrong = sorted(name for name in needed if name not in weights or weights[name].shape != expected[name])
    if wrong or not weights.keys() <= expected.keys():
        raise InputError(
            found=f"{file} does not hold {_WHAT}: it has {len(weights)} tensors, and {len(wrong)} needed ones "
            "are missing or of another shape" + (f", such as {wrong[0]}." if wrong else "."),
            expected=f"It must hold {len(needed)} tensors with the names of pytorch-fid.",
            action=f"Use the file that pytorch-fid downloads: {FID_WEIGHTS_URL}",
        )
    usable = [known for known in _MODULES_BY_DIMS if known < dims and not _not_finite(weights, known)]
    broken = _not_finite(weights, dims)
    if broken:
        raise InputError(
            found=f"The Inception weights in {file} hold NaN or infinity in {len(broken)} tensors that "
            f"{dims}-dimensional features need; the first is {broken[0]}.",
            expected="All weights must be finite.",
            action=(f"Use this file with --dims {usable[-1]} or less, or use" if usable else "Use")
            + f" the complete file that pytorch-fid downloads: {FID_WEIGHTS_URL}",
        )
    return weights


@functools.lru_cache(maxsize=1)
def _expected_shapes() -> dict[str, torch.Size]:
    with torch.device("meta"):
        return {name: value.shape for name, value in empty_inception().state_dict().items()}


def _not_finite(weights: Mapping[str, torch.Tensor], dims: int) -> list[str]:
    needed = set(_MODULES_BY_DIMS[dims])
    return [
        name
        for name, value in weights.items()
        if name.split(".")[0] in needed and value.is_floating_point() and not torch.isfinite(value).all()
    ]
