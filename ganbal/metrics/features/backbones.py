"""Image classifiers of torchvision as extractors, by name, with their public weights or a file."""

from pathlib import Path

import torch
from torch import nn

from classifiers.names import check_torchvision_network
from ganbal.errors import InputError
from ganbal.metrics.features.extractor import NetworkExtractor, to_rgb
from ganbal.metrics.features.penultimate import classifier_extractor, head_of
from ganbal.metrics.features.resizing import ResizeRule
from ganbal.metrics.features.weight_files import (
    download,
    hub_download,
    read_weights,
    require_file,
    require_obtainable,
)
from ganbal.runtime.classifier_errors import as_input_error
from ganbal.runtime.download import Download
from ganbal.runtime.hashing import file_digest

INPUT_SIZE_PX = 224
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def check_backbone(name: str, weights_file: Path | None) -> None:
    """Check in seconds that the network exists and its weights are available.

    Raises:
        InputError: no such network, or no weights.
    """
    url = _public_weights(name)
    if weights_file is None:
        require_obtainable(url, what=f"torchvision's ImageNet weights of {name}")
    else:
        require_file(weights_file, what=f"weights of {name}")


def backbone_download(name: str) -> Download:
    """The ImageNet weights of torchvision's `name`."""
    return hub_download(_public_weights(name), what=f"torchvision's ImageNet weights of {name}")


def backbone_extractor(
    name: str, weights_file: Path | None, rule: ResizeRule, device: torch.device
) -> NetworkExtractor:
    """The input of the last layer of torchvision's `name`, at 224 pixels.

    Args:
        name: as in `torchvision.models.list_models()`, for example `resnet50`.
        weights_file: a state dictionary, which may lack the last layer (only its input is used); None: torchvision's
            ImageNet weights.
        rule: how images are resized.
        device: where the network runs.

    Raises:
        InputError: no such network, or weights that are missing or of another network.
    """
    from torchvision.models import get_model  # not above: it takes two seconds

    url = _public_weights(name)
    file = weights_file or download(url, what=f"torchvision's ImageNet weights of {name}")
    extra = {"init_weights": False} if name in ("inception_v3", "googlenet") else {}
    with torch.random.fork_rng(devices=[]):
        # Layers missing in the file are never used, but their random initialization must not change the caller's
        # random state.
        network = get_model(name, weights=None, **extra)
    head = head_of(network)
    _load(network, read_weights(file, what=f"weights of {name}"), head, file, name)
    mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (_IMAGENET_MEAN, _IMAGENET_STD))
    return classifier_extractor(
        network,
        name=f"torchvision:{name}",
        input_size_px=INPUT_SIZE_PX,
        normalize=lambda images: (to_rgb(images) - mean) / std,
        device=device,
        head=head,
        rule=rule,
        weights_sha256=file_digest(file),
    )


def _public_weights(name: str) -> str:
    from torchvision.models import get_model_weights

    with as_input_error():
        check_torchvision_network(name)
    return str(next(iter(get_model_weights(name))).url)


def _load(network: nn.Module, weights: dict[str, torch.Tensor], head: str, file: Path, name: str) -> None:
    own = network.state_dict()
    unused = (f"{head}.", "aux", "AuxLogits")
    wrong = [key for key in weights if key not in own or own[key].shape != weights[key].shape]
    wrong += [
        key
        for key in own
        if key not in weights and not key.startswith(unused) and not key.endswith("num_batches_tracked")
    ]
    if wrong:
        raise InputError(
            found=f"The weights in {file} do not fit torchvision's {name}: {len(wrong)} tensors are missing, unknown "
            f"or of another shape, such as {wrong[0]}.",
            expected=f"The file must hold a state_dict of {name}.",
            action="Give the weights file of this network, or the name of the network that the file belongs to.",
        )
    network.load_state_dict(weights, strict=False)
    not_finite = [key for key, value in weights.items() if value.is_floating_point() and not value.isfinite().all()]
    if not_finite:
        raise InputError(
            found=f"The weights of {name} in {file} hold NaN or infinity in {len(not_finite)} tensors; the first is "
            f"{not_finite[0]}.",
            expected="All weights must be finite.",
            action="Download or copy the file again.",
        )
