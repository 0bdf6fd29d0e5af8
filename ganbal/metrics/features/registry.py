"""The extractors by their names in `score.extractor`."""

from pathlib import Path
from types import ModuleType

import torch

from ganbal.config import ScoreConfig
from ganbal.errors import InputError
from ganbal.metrics.features.backbones import backbone_download, backbone_extractor, check_backbone
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.features.xray import check_xray, xray_download, xray_extractor
from ganbal.runtime.download import Download

_BACKBONE_PREFIX = "torchvision:"


def resolve_extractor(config: ScoreConfig) -> str:
    """The extractor's name; `auto` is Inception where its weights are given or cached, otherwise `untrained`."""
    if config.extractor != "auto":
        return config.extractor
    return "inception" if config.weights is not None or _inception().inception_is_cached() else "untrained"


def check_extractor(config: ScoreConfig) -> None:
    """Check in seconds that the extractor can be built; nothing is downloaded.

    Raises:
        InputError: its weights or a package are missing, or the weights do not suit `config.dims`.
    """
    name = resolve_extractor(config)
    if name == "inception":
        _inception().check_inception(config.weights, config.dims)
    elif name == "xray":
        check_xray(config.weights)
    elif name.startswith(_BACKBONE_PREFIX):
        check_backbone(name.removeprefix(_BACKBONE_PREFIX), config.weights)
    elif name == "classifier" and (config.weights is None or not config.weights.expanduser().is_file()):
        raise InputError(
            found="score.extractor is `classifier`, but "
            + ("score.weights is not set." if config.weights is None else f"there is no file {config.weights}."),
            expected="This extractor needs the file of a trained classifier in score.weights.",
            action="Give one, such as --weights outputs/RUN/study/cells/imbalanced/baseline_cnn/0/model.safetensors.",
        )


def download_of_extractor(config: ScoreConfig) -> Download | None:
    """The public weights that the extractor of the settings is built from; None where it needs none."""
    name = resolve_extractor(config)
    if config.weights is not None:
        return None
    if name == "inception":
        return _inception().inception_download()
    if name == "xray":
        return xray_download()
    return backbone_download(name.removeprefix(_BACKBONE_PREFIX)) if name.startswith(_BACKBONE_PREFIX) else None


def build_extractor(config: ScoreConfig, device: torch.device, channels: int = 1) -> Extractor:
    """The extractor of the settings. `classifier` is not built here, because it needs the files of a study.

    Args:
        channels: of the images, 1 or 3; trained networks take either.

    Raises:
        InputError: as `check_extractor`.
    """
    name, weights = resolve_extractor(config), _expanded(config.weights)
    if name == "untrained":
        return untrained_extractor(device, channels=channels)
    if name == "inception":
        return _inception().inception_extractor(weights, config.dims, config.resize, device)
    if name == "xray":
        return xray_extractor(weights, config.resize, device)
    return backbone_extractor(name.removeprefix(_BACKBONE_PREFIX), weights, config.resize, device)


def _inception() -> ModuleType:
    from ganbal.metrics.features import inception  # not above: torchvision takes two seconds

    return inception


def _expanded(path: Path | None) -> Path | None:
    return path.expanduser() if path is not None else None
