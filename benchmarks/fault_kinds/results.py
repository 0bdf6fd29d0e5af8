"""What must be equal after a fault: every result of a run except times."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from PIL import Image

_EXACT = ("study/cells/*/*/*/predictions.csv",)
_TABLES = ("study/results.csv", "synthetic/manifest.csv", "gan/**/history.csv")
_JSON = ("scores.json", "study/summary.json", "study/cells/*/*/*/metrics.json", "data.json")
# A checkpoint holds its training time, so that its digest, and every digest that covers it, differs between equal runs.
_TIMES = ("second", "time", "date", "started", "finished", "sha256", "digest", "inputs")


def results_of(run: Path) -> dict[str, str]:
    """File → digest of its content; a file that cannot be read has the error in place of the digest."""
    found = {}
    for file in (file for pattern in _EXACT for file in run.glob(pattern)):
        found[name_of(file, run)] = hashlib.sha256(file.read_bytes()).hexdigest()
    for file in (file for pattern in _JSON for file in run.glob(pattern)):
        found[name_of(file, run)] = _digest_of(_json_without_times, file)
    for file in run.glob("gan/**/last.pt"):
        found[name_of(file, run)] = _digest_of(_training_state, file)
    for file in (file for pattern in _TABLES for file in run.glob(pattern)):
        found[name_of(file, run)] = _digest_of(_table_without_times, file)
    for file in run.glob("synthetic/*/*.png"):
        found[name_of(file, run)] = _digest_of(_pixels, file)
    return found


def differing(run: Path, expected: dict[str, str]) -> list[str]:
    """The results that differ from the expected ones, are missing or are too many."""
    found = results_of(run)
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def name_of(file: Path, run: Path) -> str:
    return file.relative_to(run).as_posix()


def _digest_of(reader: Any, file: Path) -> str:
    try:
        return hashlib.sha256(reader(file)).hexdigest()
    except Exception as error:
        return f"unreadable: {type(error).__name__}"


def _json_without_times(file: Path) -> bytes:
    return json.dumps(_without_times(json.loads(file.read_text())), sort_keys=True).encode()


def _without_times(content: Any) -> Any:
    if isinstance(content, dict):
        kept = {key: value for key, value in content.items() if not any(word in key.lower() for word in _TIMES)}
        return {key: _without_times(value) for key, value in kept.items()}
    return [_without_times(value) for value in content] if isinstance(content, list) else content


def _table_without_times(file: Path) -> bytes:
    table = pd.read_csv(file)
    kept = [name for name in table.columns if not any(word in name for word in _TIMES)]
    return table[kept].to_csv(index=False).encode()


def _pixels(file: Path) -> bytes:
    with Image.open(file) as image:
        return image.tobytes()


def _training_state(file: Path) -> bytes:
    """Every tensor and number of the checkpoint's state."""
    state = torch.load(file, weights_only=True, map_location="cpu")["state"]
    digest = hashlib.sha256()
    for name, value in sorted(_leaves(state, "")):
        if not any(word in name for word in _TIMES):
            digest.update(name.encode())
            digest.update(value.numpy().tobytes() if isinstance(value, torch.Tensor) else repr(value).encode())
    return digest.digest()


def _leaves(content: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(content, dict):
        return [leaf for key, value in content.items() for leaf in _leaves(value, f"{name}/{key}")]
    if isinstance(content, list | tuple):
        return [leaf for number, value in enumerate(content) for leaf in _leaves(value, f"{name}/{number}")]
    return [(name, content)]
