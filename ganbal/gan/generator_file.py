"""A trained generator as one safetensors file: its weights, and all that is needed to build its network again.

The file needs no run folder and no training data. Equal generators give equal bytes, and damage is found on reading.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from classifiers.tensor_files import UnreadableTensorFileError, read_tensors, write_tensors
from ganbal.errors import InputError
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.runtime.atomic_files import write_bytes
from ganbal.synthesis.synthetic_png import MARK

SUFFIX = ".safetensors"
FORMAT, VERSION = "ganbal generator", 1


@dataclass(frozen=True)
class StoredGenerator:
    """What a file holds of a generator.

    Attributes:
        tensors: the state of its network.
        fingerprint: of its training: the settings that shape the network, and its classes.
        step: number of training steps.
        sha256: digest of the checkpoint file that it comes from, which the metadata of its images name.
    """

    tensors: dict[str, Tensor]
    fingerprint: TrainingFingerprint
    step: int
    sha256: str


def write_generator(file: Path, generator: StoredGenerator) -> None:
    """Write the file atomically.

    Raises:
        InputError: its name has another suffix.
        GanbalError: it cannot be written.
    """
    if file.suffix != SUFFIX:
        raise InputError(
            found=f"The name {file.name} does not end in {SUFFIX}.",
            expected="A generator is written as a safetensors file.",
            action=f"Name the file {file.with_suffix(SUFFIX).name}.",
        )
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "mark": MARK,
        "fingerprint": generator.fingerprint.to_dict(),
        "step": generator.step,
        "checkpoint_sha256": generator.sha256,
    }
    write_tensors(file, generator.tensors, write_bytes, metadata)


def read_generator(file: Path) -> StoredGenerator:
    """Read a file of `write_generator`.

    Raises:
        InputError: it is missing or damaged, or holds something else.
    """
    if not file.is_file():
        raise InputError(
            found=f"There is no generator at {file}.",
            expected="It must be a file written by `ganbal export` or `Generator.save`.",
            action="Correct the path.",
        )
    try:
        tensors, metadata = read_tensors(file)
        if (metadata.get("format"), metadata.get("version")) != (FORMAT, VERSION):
            raise ValueError("it is no generator of this version of ganbal")
        fingerprint = TrainingFingerprint.from_dict(metadata["fingerprint"])
        return StoredGenerator(tensors, fingerprint, int(metadata["step"]), str(metadata["checkpoint_sha256"]))
    except (UnreadableTensorFileError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            found=f"The generator {file} cannot be read: {error}.",
            expected="It must be a file written by `ganbal export` or `Generator.save`, undamaged.",
            action="Export the generator again, or restore the file from a copy.",
        ) from error
