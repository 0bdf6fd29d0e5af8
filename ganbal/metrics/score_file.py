"""Reading scores back: never two that do not belong together."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganbal.errors import InputError
from ganbal.metrics.identity import ExtractorIdentity, refuse_mixed
from ganbal.runtime.atomic_files import read_json


def read_scores(file: Path) -> dict[str, Any]:
    """The content of a scores.json.

    Raises:
        InputError: missing, damaged, or something else.
    """
    try:
        content = read_json(file)
        for score in content["scores"]:
            ExtractorIdentity(**score["extractor"])
            float(score["value"])
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            expected=f"scores written by `ganbal score` in {file}",
            found=f"{type(error).__name__}: {error}",
            action="Run `ganbal score` again, or give another file.",
        ) from error
    return dict(content)


def read_comparable_scores(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Several score files whose values may be set side by side.

    Raises:
        InputError: a file cannot be read, or the same metric was computed with different extractors.
    """
    contents = [read_scores(file) for file in files]
    identities: dict[str, list[ExtractorIdentity]] = {}
    for content in contents:
        for score in content["scores"]:
            identities.setdefault(score["metric"], []).append(ExtractorIdentity(**score["extractor"]))
    for same_metric in identities.values():
        refuse_mixed(same_metric)
    return contents
