"""Keeping trained classifiers on disk without a copy of the same frozen backbone beside every one.

A kept file holds what training changed; tensors that it left alone lie once in a folder of backbones, named by their
digest, and the kept file says which it needs. Nothing else is needed to load it again: no download, no other weights.
"""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from classifiers.atomic_file import save_tensors
from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network
from classifiers.trained_classifier import TrainedClassifier, load_classifier

_FROZEN = "frozen_tensors_sha256"
_IMAGES_ASKED = 16
# Images that come with others, or in another precision, move a probability in its third digit.
_TOLERANCE = 0.02


def keep_classifier(
    trained: TrainedClassifier,
    file: Path,
    backbones: Path,
    *,
    probe: np.ndarray,
    device: torch.device,
    feature_cache: Path | None,
) -> bool:
    """Write the classifier to `file`, and its frozen tensors to the folder `backbones` where they are not there yet.

    What was written is read back, and has to answer as the classifier itself does.

    Args:
        probe: (N, S, S) uint8, images both are asked about.
        feature_cache: as for training; probe images whose features are there cost nothing.

    Returns:
        False where this kind of model cannot be kept; then there is no file.
    """
    asked = probe[:_IMAGES_ASKED]
    try:
        _write(trained, file, backbones)
        kept = load_kept_classifier(file, backbones, device, feature_cache)
        is_same = np.allclose(kept.predict(asked), trained.predict(asked), rtol=0, atol=_TOLERANCE)
    except (ClassifierInputError, NotImplementedError):
        is_same = False
    if not is_same:
        file.unlink(missing_ok=True)
    return is_same


def load_kept_classifier(
    file: Path, backbones: Path, device: torch.device, feature_cache: Path | None = None
) -> TrainedClassifier:
    """The classifier that `keep_classifier` wrote, without its history.

    Raises:
        ClassifierInputError: there is no such file, its backbone is missing, or one of them is damaged.
    """
    tensors, metadata = _read(file)
    if _FROZEN not in metadata:
        return load_classifier(file, device, feature_cache)
    frozen_file = _frozen_file(backbones, metadata[_FROZEN])
    frozen, _ = _read(frozen_file)
    if _digest(frozen) != metadata[_FROZEN]:
        raise ClassifierInputError(
            expected=f"the frozen tensors that {file} was trained on in {frozen_file}",
            found="others",
            action="Restore the file, or train again.",
        )
    # load_classifier is the one place that turns a file into a classifier, so it is given a whole one.
    with tempfile.TemporaryDirectory(prefix="ganbal-") as folder:
        whole = Path(folder) / "whole.safetensors"
        save_tensors(whole, frozen | tensors, metadata)
        return load_classifier(whole, device, feature_cache)


def _write(trained: TrainedClassifier, file: Path, backbones: Path) -> None:
    trained.save(file)
    frozen_names = _frozen_names(trained.network)
    if not frozen_names:
        return
    tensors, metadata = _read(file)
    frozen = {name: tensors.pop(name) for name in frozen_names}
    digest = _digest(frozen)
    if not _frozen_file(backbones, digest).is_file():
        save_tensors(_frozen_file(backbones, digest), frozen)
    save_tensors(file, tensors, metadata | {_FROZEN: digest})


def _frozen_names(network: Network) -> list[str]:
    changing = network.changing_state()
    return [name for name in network.state_dict() if name not in changing]


def _frozen_file(backbones: Path, digest: str) -> Path:
    return backbones / f"{digest[:32]}.safetensors"


def _read(file: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(file, framework="pt") as content:
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (not a dict)
            return tensors, dict(content.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise ClassifierInputError(
            expected=f"part of a kept classifier in {file}",
            found=f"none ({str(error).splitlines()[0]})",
            action="Restore the file, or train again.",
        ) from error


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
