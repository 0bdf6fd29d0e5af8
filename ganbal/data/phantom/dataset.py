"""The embedded phantom set: simulated radiographs with the layout, names and imbalance of the real chest X-ray set.

It is used where there are no images, so that every stage can be tried at once. No measurement on it says anything
about real radiographs.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ganbal.data.image_reading import hash_of
from ganbal.data.phantom.anatomy import random_anatomy
from ganbal.data.phantom.radiograph import Finding, simulate_radiograph
from ganbal.data.source import FoundImage
from ganbal.errors import GanbalError
from ganbal.runtime.atomic_files import write_text
from ganbal.runtime.console import Console
from ganbal.runtime.locks import folder_lock

MARK = "PHANTOM: simulated radiograph, not an image of a patient."
_README = f"""{MARK}

Chests from the embedded phantom set of ganbal, for trying the program without data.
"""
_HASHES = "SHA256SUMS"
# Increased whenever the same settings would give other files.
_VERSION = 2
_SEED = 0

_NORMAL_SHARE = {"train": 1341 / 5216, "val": 0.5, "test": 234 / 624}
_TEST_SHARE, _VAL_SHARE = 0.25, 0.02


@dataclass(frozen=True)
class _Radiograph:
    """One image to be simulated: of which patient, with which finding, under which name."""

    image: FoundImage
    patient: int
    finding: Finding


def planned_phantom_set(num_images: int) -> list[FoundImage]:
    """Names, classes and splits of the phantom set, without simulating it."""
    return sorted(radiograph.image for radiograph in _plan(num_images))


def ensure_phantom_set(cache_root: Path, num_images: int, console: Console) -> Path:
    """The folder of the phantom set, simulated now unless it is there and undamaged.

    The images are the same on every call and do not depend on the seed of a run. The JPEG comment of each says that it
    is simulated.

    Raises:
        GanbalError: it cannot be written.
    """
    family = cache_root / "phantom" / f"v{_VERSION}-{num_images}"
    folder = family / "phantom_chest_xray"
    radiographs = _plan(num_images)
    if _is_complete(folder, radiographs):
        return folder
    try:
        with folder_lock(family, "simulating the phantom set", on_wait=console.say):
            if not _is_complete(folder, radiographs):
                _create(folder, radiographs, console)
    except OSError as error:
        raise GanbalError(f"The phantom set cannot be written to {folder}: {error.strerror or error}.") from error
    return folder


def _plan(num_images: int) -> list[_Radiograph]:
    """Every radiograph of the set: each patient in one split only, with one to four radiographs."""
    rng = np.random.default_rng(_SEED)
    sizes = {"test": round(_TEST_SHARE * num_images), "val": max(2, round(_VAL_SHARE * num_images))}
    sizes["train"] = num_images - sizes["test"] - sizes["val"]
    radiographs: list[_Radiograph] = []
    patients = 0
    for split, size in sizes.items():
        normal = round(_NORMAL_SHARE[split] * size)
        for class_name, count in (("NORMAL", normal), ("PNEUMONIA", size - normal)):
            for patient, number in _assign_patients(count, rng):
                name, finding = _name(class_name, patients + patient, number, len(radiographs), rng)
                image = FoundImage(f"{split}/{class_name}/{name}", class_name, split, patient=None)
                radiographs.append(_Radiograph(image, patients + patient, finding))
            patients += count
    return radiographs


def _assign_patients(count: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """`count` times (patient, number of the radiograph of that patient), 1.4 radiographs per patient on average."""
    patient, number = 0, 0
    for _ in range(count):
        yield patient, number
        again = number < 3 and rng.random() < 0.3
        patient, number = (patient, number + 1) if again else (patient + 1, 0)


def _name(class_name: str, patient: int, number: int, running: int, rng: np.random.Generator) -> tuple[str, Finding]:
    """A file name in the real set's patterns, and the finding that it states."""
    if class_name == "NORMAL":
        series = f"IM-{patient + 100:04d}-0001" if patient % 2 else f"NORMAL2-IM-{patient + 100:04d}-0001"
        return (series if number == 0 else f"{series}-{number:04d}") + ".jpeg", "normal"
    cause: Finding = "bacteria" if rng.random() < 0.65 else "virus"
    return f"person{patient + 1}_{cause}_{running + 1}.jpeg", cause


def _create(folder: Path, radiographs: list[_Radiograph], console: Console) -> None:
    """Write the set under a temporary name, then give it its own; what was there before is damaged and is deleted."""
    for leftover in folder.parent.glob(".simulating-*"):  # of a killed process: the lock is held
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".simulating-", dir=folder.parent))
    try:
        # One after another: on arrays of this size threads gain nothing from Python.
        with console.progress(len(radiographs), "simulating the phantom set", "image") as bar:
            for radiograph in radiographs:
                _write_image(radiograph, unfinished / radiograph.image.file_name)
                bar.update()
        write_text(unfinished / "README.txt", _README)
        write_text(unfinished / _HASHES, _hashes(unfinished, radiographs))
        unfinished.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_image(radiograph: _Radiograph, target: Path) -> None:
    # One stream per patient and one per radiograph, so that all radiographs of a patient show the same chest.
    patient = random_anatomy(np.random.default_rng([_SEED, 1, radiograph.patient]))
    name = int.from_bytes(hashlib.sha256(radiograph.image.file_name.encode()).digest()[:8], "big")
    rng = np.random.default_rng([_SEED, 2, name])
    pixels = simulate_radiograph(patient, radiograph.finding, rng)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(target, quality=int(rng.integers(80, 96)), comment=MARK)


def _hashes(folder: Path, radiographs: list[_Radiograph]) -> str:
    names = [radiograph.image.file_name for radiograph in radiographs]
    return "".join(f"{hash_of(folder / name)}  {name}\n" for name in names)


def _is_complete(folder: Path, radiographs: list[_Radiograph]) -> bool:
    """Whether all files are there with the content that was written."""
    try:
        return (folder / _HASHES).read_text(encoding="utf-8") == _hashes(folder, radiographs)
    except (OSError, ValueError):
        return False
