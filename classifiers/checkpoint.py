"""Saves trained classifiers, without a copy of the same frozen backbone beside each, and loads them again.

A classifier's file holds the tensors that training changed. The others are stored once in a folder of backbones, named
by their digest, which the classifier's file records. Loading needs these two files and no download.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network
from classifiers.registry import build_model
from classifiers.tensor_files import (
    TensorCache,
    TensorFile,
    UnreadableTensorFileError,
    WriteBytes,
    content_digest,
    read_tensors,
    write_tensors,
)
from classifiers.trained_classifier import TrainedClassifier
from classifiers.training.network_inputs import NetworkInputs

_STORED_FIELDS = ("model_name", "num_classes", "image_size_px", "channels", "pretrained", "steps_taken", "best_step")
_FROZEN = "frozen_tensors_sha256"
_PROBE_IMAGES = 16
# Other images in the batch, or another precision, change a probability in its third digit.
_TOLERANCE = 0.02


def save_classifier(
    trained: TrainedClassifier,
    file: Path,
    backbones: Path,
    *,
    write_bytes: WriteBytes,
    probe: np.ndarray,
    device: torch.device,
    cache: TensorCache | None,
) -> tuple[Path, ...]:
    """Write the classifier to `file`, and its frozen tensors to the folder `backbones` if they are not there yet.

    The file is read back, and the loaded classifier must predict what the classifier itself predicts.

    Args:
        probe: (N, S, S) or (N, S, S, 3) uint8, images that both predict.
        cache: as for training; probe images whose features are stored cost nothing.

    Returns:
        The classifier's file and, where it has a frozen backbone, that of the backbone. Nothing if this kind of model
        cannot be saved; no file is left then.

    Raises:
        OSError: a file cannot be written.
    """
    images = probe[:_PROBE_IMAGES]
    try:
        files = _write(trained, file, backbones, write_bytes)
        loaded = load_classifier(file, backbones, device, cache)
        is_same = np.allclose(loaded.predict(images), trained.predict(images), rtol=0, atol=_TOLERANCE)
    except (ClassifierInputError, NotImplementedError):
        is_same = False
    if is_same:
        return files
    file.unlink(missing_ok=True)
    return ()


def load_classifier(
    file: Path, backbones: Path, device: torch.device, cache: TensorCache | None = None
) -> TrainedClassifier:
    """Load a classifier that `save_classifier` wrote, without its history.

    Args:
        cache: of the features of a frozen backbone; None stores them in memory.

    Raises:
        ClassifierInputError: the file or its backbone is missing or damaged.
    """
    tensors, metadata = _read(file)
    if _FROZEN in metadata:
        frozen_file = _frozen_file(backbones, metadata[_FROZEN])
        frozen = _read(frozen_file).tensors
        if content_digest(frozen) != metadata[_FROZEN]:
            raise _unusable(frozen_file, f"other tensors than those that {file} was trained with")
        tensors = frozen | tensors
    try:
        known: dict[str, Any] = {name: metadata[name] for name in _STORED_FIELDS}
        network = build_model(known["model_name"], known["num_classes"], known["image_size_px"])
        network.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError) as error:
        raise _unusable(file, (str(error).splitlines() or [type(error).__name__])[0]) from error
    inputs = NetworkInputs.of(network, known["model_name"], known["image_size_px"], device, cache)
    return TrainedClassifier(network=network, inputs=inputs, history=[], **known)


def _write(trained: TrainedClassifier, file: Path, backbones: Path, write_bytes: WriteBytes) -> tuple[Path, ...]:
    metadata = {name: getattr(trained, name) for name in _STORED_FIELDS}
    tensors = {name: tensor.detach().cpu() for name, tensor in trained.network.state_dict().items()}
    frozen = {name: tensors.pop(name) for name in _frozen_names(trained.network)}
    if not frozen:
        write_tensors(file, tensors, write_bytes, metadata)
        return (file,)
    digest = metadata[_FROZEN] = content_digest(frozen)
    frozen_file = _frozen_file(backbones, digest)
    if not _is_sound(frozen_file):
        write_tensors(frozen_file, frozen, write_bytes)
    write_tensors(file, tensors, write_bytes, metadata)
    return file, frozen_file


def _frozen_names(network: Network) -> list[str]:
    changing = network.changing_state()
    return [name for name in network.state_dict() if name not in changing]


def _frozen_file(backbones: Path, digest: str) -> Path:
    return backbones / f"{digest[:32]}.safetensors"


def _is_sound(file: Path) -> bool:
    try:
        read_tensors(file)
    except UnreadableTensorFileError:
        return False
    return True


def _read(file: Path) -> TensorFile:
    try:
        return read_tensors(file)
    except UnreadableTensorFileError as error:
        raise _unusable(file, str(error)) from error


def _unusable(file: Path, reason: str) -> ClassifierInputError:
    return ClassifierInputError(
        found=f"The file {file} of a saved classifier cannot be used: {reason}.",
        expected="A classifier is loaded from its own file and that of its frozen layers, both undamaged.",
        action="Restore the file from a copy, or train the classifier again: delete its folder under study/cells "
        "and run `ganbal compare`.",
    )
