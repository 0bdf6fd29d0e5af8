"""TorchXRayVision's DenseNet-121, trained on hundreds of thousands of chest X-rays (Cohen et al. 2022)."""

import os
import pickle
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from classifiers.pixels import to_gray
from ganbal.errors import InputError, reason_of
from ganbal.metrics.features.extractor import NetworkExtractor
from ganbal.metrics.features.penultimate import classifier_extractor
from ganbal.metrics.features.resizing import ResizeRule
from ganbal.metrics.features.weight_files import (
    check_integrity,
    download,
    hub_download,
    hub_file,
    require_file,
    require_obtainable,
)
from ganbal.runtime.download import Download
from ganbal.runtime.hashing import file_digest
from ganbal.runtime.optional_packages import import_optional

INPUT_SIZE_PX = 224
_WEIGHTS = "densenet121-res224-all"
_WHAT = "TorchXRayVision's DenseNet-121 weights (all data sets)"
# The public file contains a whole module. These are all of its classes, so that torch's restricted unpickler reads it
# and refuses anything else.
_TORCH_CLASSES = [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d, nn.Linear, nn.Sequential]
_XRAY_CLASSES = ["DenseNet", "_DenseBlock", "_DenseLayer", "_Transition"]


def check_xray(weights_file: Path | None) -> None:
    """Check in seconds that the package is installed and the weights are available.

    Raises:
        InputError: one of them is missing.
    """
    models = _models()
    if weights_file is not None:
        require_file(weights_file, what=_WHAT)
    elif not _own_download(models).is_file():
        require_obtainable(_url(models), what=_WHAT)


def xray_download() -> Download | None:
    """The public weights, unless the package itself has downloaded them."""
    models = _models()
    return None if _own_download(models).is_file() else hub_download(_url(models), what=_WHAT)


def xray_extractor(weights_file: Path | None, rule: ResizeRule, device: torch.device) -> NetworkExtractor:
    """1,024 numbers per image, from the gray image at 224 pixels scaled to ±1024.

    Args:
        weights_file: the public file or a state dictionary; None: the package's download.
        rule: how images are resized.
        device: where the network runs.

    Raises:
        InputError: the package or the weights are missing, or the file has other content.
    """
    models = _models()
    file = weights_file
    if file is None:
        file = _own_download(models)
        file = file if file.is_file() else download(_url(models), what=_WHAT)
    with torch.random.fork_rng(devices=[]):
        network = models.DenseNet(weights=None)
    _load(network, file, models)
    return classifier_extractor(
        nn.Sequential(network.features, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), network.classifier),
        name=f"xray:{_WEIGHTS}",
        input_size_px=INPUT_SIZE_PX,
        normalize=lambda images: (2 * to_gray(images) - 1) * 1024,
        device=device,
        rule=rule,
        weights_sha256=file_digest(file),
    )


def _models() -> ModuleType:
    models: ModuleType = import_optional(
        "torchxrayvision.models",
        extra="xray",
        needed="`score.extractor: xray` needs it.",
        alternative="choose another score.extractor",
    )
    return models


def _url(models: ModuleType) -> str:
    return str(models.model_urls[_WEIGHTS]["weights_url"])


def _own_download(models: ModuleType) -> Path:
    """Where the package stores its download."""
    folder = Path(os.path.expanduser("~")) / ".torchxrayvision" / "models_data"  # noqa: PTH111
    return folder / hub_file(_url(models)).name


def _load(network: nn.Module, file: Path, models: ModuleType) -> None:
    require_file(file, what=_WHAT)
    classes = _TORCH_CLASSES + [getattr(models, name) for name in _XRAY_CLASSES] + [set]
    try:
        check_integrity(file)
        with torch.serialization.safe_globals(classes):
            content = torch.load(file, map_location="cpu", weights_only=True)
        weights = content.state_dict() if isinstance(content, nn.Module) else content
        weights.pop("op_threshs", None)
        network.load_state_dict(weights)
    except (OSError, RuntimeError, ValueError, EOFError, AttributeError, TypeError, pickle.UnpicklingError) as error:
        raise InputError(
            found=f"The file {file} does not hold {_WHAT}: {reason_of(error)}.",
            expected="`score.extractor: xray` needs these weights.",
            action=f"Use the file that torchxrayvision downloads: {_url(models)}",
        ) from error
