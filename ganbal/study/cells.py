"""The files of a cell: which of them there are, whether they are as its training left them, what they hold."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ganbal.data.decoding import Conversion
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json
from ganbal.runtime.hashing import digest_of, file_digest, large_file_digest
from ganbal.study.arms import ImageSet
from ganbal.study.cell import BACKBONES, METRICS_FILE, PREDICTIONS_FILE, VALIDATION_FILE

_PROBABILITY = "probability_"
_CONVERSION = "conversion"


@dataclass(frozen=True)
class TestSet:
    """The images that a cell predicts once, at its end."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    images: ImageSet
    file_names: list[str]
    patients: list[str]
    classes: tuple[str, ...]


def mark_finished(folder: Path, metrics: dict[str, Any], files: list[str]) -> dict[str, Any]:
    """Write metrics.json, which marks the cell as finished, with the digests of its other files and of itself.

    Args:
        files: relative to `folder`; those that are not there are left out. The file of a frozen backbone lies outside.

    Returns:
        The content of metrics.json.
    """
    digests = {name: digest for name in files if (digest := _digest_or_none(folder / name)) is not None}
    content = metrics | {"files": digests}
    content["digest"] = digest_of(content)
    write_json(folder / METRICS_FILE, content)
    return content


def finished_metrics(folder: Path, inputs: str) -> dict[str, Any] | None:
    """The content of metrics.json if the cell is finished from inputs with this digest, and None otherwise.

    A cell whose files are missing, truncated or changed is not finished.
    """
    content = _read_metrics(folder)
    is_finished = content is not None and content["inputs"] == inputs and not damaged_files(folder)
    return content if is_finished else None


def damaged_files(folder: Path) -> list[str]:
    """The files of a cell that are missing or not as its training left them."""
    content = _read_metrics(folder)
    if content is None:
        return [METRICS_FILE]
    return [name for name, digest in content["files"].items() if _digest_or_none(folder / name) != digest]


def conversion_entry(conversion: Conversion) -> dict[str, Any]:
    """What metrics.json says of how the cell's images became squares."""
    return {_CONVERSION: asdict(conversion)}


def read_conversion(folder: Path) -> Conversion | None:
    """How the images that a cell was trained with became squares.

    Returns:
        None if metrics.json is missing or damaged, or was written without this entry.
    """
    given = (_read_metrics(folder) or {}).get(_CONVERSION)
    if not isinstance(given, dict) or given.keys() != asdict(Conversion()).keys():
        return None
    return Conversion.from_json(given)


def _read_metrics(folder: Path) -> dict[str, Any] | None:
    """The content of metrics.json; None if it is missing, damaged or not as it was written."""
    try:
        content = read_json(folder / METRICS_FILE)
        is_intact = content["digest"] == digest_of({key: content[key] for key in content if key != "digest"})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return content if is_intact else None


def _digest_or_none(file: Path) -> str | None:
    try:
        return large_file_digest(file) if file.parent.name == BACKBONES else file_digest(file)
    except OSError:
        return None


def write_probabilities(
    file: Path, classes: tuple[str, ...], labels: np.ndarray, probabilities: np.ndarray, **columns: list[str]
) -> None:
    """A CSV with `columns`, label (the class name) and probability_<CLASS> per class.

    Args:
        labels: (N,) int64; probabilities: (N, K).
    """
    named = {f"{_PROBABILITY}{name}": probabilities[:, label] for label, name in enumerate(classes)}
    table = pd.DataFrame(columns | {"label": [classes[label] for label in labels]} | named)
    with atomic_path(file) as temporary:
        table.to_csv(temporary, index=False, float_format="%.7g")


def read_probabilities(folder: Path, test: TestSet) -> np.ndarray:
    """The test predictions of a finished cell: (N, K) float64, in the order of the test set."""
    table = _read(folder / PREDICTIONS_FILE, test.classes).set_index("file_name").loc[test.file_names]
    return table[[f"{_PROBABILITY}{name}" for name in test.classes]].to_numpy()


def read_validation(folder: Path, classes: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The validation predictions of a cell: labels (N,) int64 and probabilities (N, K) float64.

    Raises:
        OSError: there is no such file.
        ValueError, KeyError: it is damaged.
    """
    table = _read(folder / VALIDATION_FILE, classes)
    numbers = {name: label for label, name in enumerate(classes)}
    labels = np.array([numbers[name] for name in table["label"]], dtype=np.int64)
    return labels, table[[f"{_PROBABILITY}{name}" for name in classes]].to_numpy()


def read_classes(folder: Path) -> tuple[str, ...]:
    """The class names of a finished cell in the order of their labels, from the columns of predictions.csv.

    Raises:
        OSError: there is no such file.
        ValueError: it is damaged.
    """
    columns = pd.read_csv(folder / PREDICTIONS_FILE, nrows=0, dtype=str).columns
    return tuple(name.removeprefix(_PROBABILITY) for name in columns if name.startswith(_PROBABILITY))


def _read(file: Path, classes: tuple[str, ...]) -> pd.DataFrame:
    """With explicit types: class names such as `None`, `NA` or `007` are text."""
    types: dict[str, Any] = {"file_name": str, "label": str}
    types |= {f"{_PROBABILITY}{name}": np.float64 for name in classes}
    return pd.read_csv(file, dtype=types, keep_default_na=False)
