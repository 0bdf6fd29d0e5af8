"""Checkpoints of a GAN training: atomic, without pickles, refused when damaged or of another training."""

import io
import zipfile
from pathlib import Path
from typing import Any

import torch

from ganbal.config import GanConfig
from ganbal.errors import InputError, reason_of
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.generator_file import SUFFIX, StoredGenerator, read_generator
from ganbal.gan.generators import build_generator
from ganbal.gan.networks import Generator
from ganbal.gan.sampling import TrainedGenerator
from ganbal.gan.state import TrainingState
from ganbal.runtime.atomic_files import atomic_path
from ganbal.runtime.hashing import file_digest

FORMAT = 4


def save_checkpoint(path: Path, content: dict[str, Any], fingerprint: TrainingFingerprint) -> None:
    """Write the content of a state (`TrainingState.state_dict`); equal content gives equal bytes."""
    # Into memory first: torch names the archive inside the file after the file, which is a temporary one.
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "fingerprint": fingerprint.to_dict(), "state": content}, buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def resume(path: Path, state: TrainingState, fingerprint: TrainingFingerprint) -> bool:
    """Load the checkpoint into `state`.

    Returns:
        Whether random numbers continue where they were; they cannot on another kind of device.

    Raises:
        InputError: the file is missing or damaged, or its training had other settings or images.
    """
    content, saved = read_checkpoint(path)
    differences = saved.differences(fingerprint)
    if differences:
        raise InputError(
            found=f"The checkpoint {path} is from another training:\n  " + "\n  ".join(differences),
            expected="A training continues only from a checkpoint of the same settings and images.",
            action="Use the settings of that training, or another run folder (--run NEW) to start a new one.",
        )
    try:
        return state.load_state_dict(content)
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise _damaged(path, error) from error


def read_checkpoint(path: Path, device: str = "cpu") -> tuple[dict[str, Any], TrainingFingerprint]:
    """The saved content of a `TrainingState`, tensors on `device`, and the fingerprint of its training.

    Raises:
        InputError: the file is missing or damaged, or another version of ganbal wrote it.
    """
    if not path.is_file():
        raise InputError(
            found=f"There is no trained generator at {path}.",
            expected="This step needs the checkpoint of a generator.",
            action="Run `ganbal train-gan` first.",
        )
    try:
        _check_sums(path)
        content = torch.load(path, map_location=device, weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, this version reads {FORMAT}")
        return dict(content["state"]), TrainingFingerprint.from_dict(content["fingerprint"])
    except Exception as error:  # torch raises many kinds for a damaged file
        raise _damaged(path, error) from error


def chosen_checkpoint(folder: GanFolder) -> Path:
    """The file of the generator to sample from: the best checkpoint; the last one of a training that kept no best one;
    or an imported generator.

    Raises:
        InputError: the training kept a best checkpoint that is missing, or its last checkpoint is damaged.
    """
    if folder.is_imported:
        return folder.imported
    best, last = folder.best_checkpoint, folder.last_checkpoint
    if best.is_file() or not last.is_file():
        return best if best.is_file() else last
    best_step = read_checkpoint(last)[0].get("best_step")
    if best_step:
        raise InputError(
            found=f"The best checkpoint of the generator (step {best_step}) is missing: {best}.",
            expected="Images are generated from the best checkpoint, not from the last one.",
            action="Restore it from a copy, or run `ganbal train-gan`, which puts the last checkpoint in its place.",
        )
    return last


def load_generator(path: Path, device: torch.device, class_name: str | None = None) -> TrainedGenerator:
    """Load the averaged generator of a checkpoint, or one that was exported, in evaluation mode.

    Args:
        class_name: the class to generate; None is enough where it was trained on one class.

    Raises:
        InputError: the file is missing or damaged, or the generator does not know that class.
    """
    stored = read_stored_generator(path)
    known = stored.fingerprint.class_names
    chosen = class_name if class_name is not None or len(known) > 1 else known[0]
    if chosen not in known:
        raise InputError(
            found=f"The generator in {path} was not trained on {chosen!r}."
            if chosen
            else f"The generator in {path} knows several classes, and none was named.",
            expected=f"It was trained on {', '.join(known)}.",
            action="Name a class it knows, or train a generator for the other one (gan.class_names).",
        )
    label = known.index(chosen) if stored.fingerprint.is_conditional else None
    network = network_of(stored, path, device)
    return TrainedGenerator(network, chosen, label, stored.step, stored.sha256, stored.fingerprint)


def read_stored_generator(path: Path) -> StoredGenerator:
    """The averaged generator of a checkpoint or of an exported file, on the CPU.

    Raises:
        InputError: the file is missing or damaged.
    """
    if path.suffix == SUFFIX:
        return read_generator(path)
    content, fingerprint = read_checkpoint(path)
    try:
        return StoredGenerator(dict(content["generator_ema"]), fingerprint, int(content["step"]), file_digest(path))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


def network_of(stored: StoredGenerator, path: Path, device: torch.device) -> Generator:
    """The network with its weights on `device`, in evaluation mode; `path` is named in messages.

    Raises:
        InputError: weights and settings do not belong together.
    """
    try:
        generator = _build_generator(stored.fingerprint)
        generator.load_state_dict(stored.tensors)
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise _damaged(path, error) from error
    return generator.to(device).requires_grad_(False).eval()


def _build_generator(fingerprint: TrainingFingerprint) -> Generator:
    settings = {name.removeprefix("gan."): value for name, value in fingerprint.settings.items()}
    # A fingerprint leaves out the steps, which must be more than those of a pretraining.
    config = GanConfig.model_validate(settings | {"steps": int(settings["pretrain_steps"]) + 1})
    num_classes = len(fingerprint.class_names) if fingerprint.is_conditional else None
    return build_generator(config, num_classes, torch.Generator(), fingerprint.channels)


def _check_sums(path: Path) -> None:
    """Compare every part of the file with its checksum: torch does not, and would load a flipped bit as a weight.

    Raises:
        ValueError: a part has changed since it was written.
        zipfile.BadZipFile: the file is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise ValueError(f"the checksum of {damaged} is wrong")


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        found=f"The checkpoint {path} cannot be read: {reason_of(error)}.",
        expected="It must be a file written by `ganbal train-gan`, undamaged.",
        action="Delete it and train again, or restore it from a copy.",
    )
