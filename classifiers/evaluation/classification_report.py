"""Precision, recall, F1 and support of every class, in the shape of scikit-learn's `classification_report`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

_MEASURES = ("precision", "recall", "f1-score")
_ACCURACY, _MACRO, _WEIGHTED = "accuracy", "macro avg", "weighted avg"


def classification_report(matrix: np.ndarray | Sequence[Sequence[int]], classes: Sequence[str]) -> dict[str, Any]:
    """The report as scikit-learn's with `output_dict=True`, from a confusion matrix.

    Args:
        matrix: (K, K) counts, true classes down, predicted across.
        classes: K names.

    Returns:
        {class name: {precision, recall, f1-score, support}}, "accuracy" (a number), "macro avg" (mean over classes) and
        "weighted avg" (mean weighted by support). 0 where there is nothing to divide by.

    Raises:
        ValueError: the matrix is not K by K, or counts no image.
    """
    counts = np.asarray(matrix)
    if counts.shape != (len(classes), len(classes)) or counts.sum() < 1:
        raise ValueError(
            f"expected a {len(classes)} by {len(classes)} table that counts at least one image, "
            f"found shape {counts.shape} with {counts.sum()} images"
        )
    hits, support, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    columns = (_share(hits, predicted), _share(hits, support), _share(2 * hits, support + predicted))
    total = int(support.sum())
    report: dict[str, Any] = {
        name: _row([column[label] for column in columns], int(support[label])) for label, name in enumerate(classes)
    }
    report[_ACCURACY] = float(hits.sum() / total)
    report[_MACRO] = _row([column.mean() for column in columns], total)
    report[_WEIGHTED] = _row([np.average(column, weights=support) for column in columns], total)
    return report


def classification_report_text(report: dict[str, Any], digits: int = 2) -> str:
    """The report as a table of text, character for character as scikit-learn prints it."""
    means = (_ACCURACY, _MACRO, _WEIGHTED)
    width = max(digits, *(len(name) for name in (*report, _WEIGHTED)))
    head = _line("", (*_MEASURES, "support"), width)
    rows = [_entry_line(name, entry, width, digits) for name, entry in report.items() if name not in means]
    total = report[_MACRO]["support"]
    last = [_line(_ACCURACY, ("", "", f"{report[_ACCURACY]:.{digits}f}", str(total)), width)]
    last += [_entry_line(name, report[name], width, digits) for name in (_MACRO, _WEIGHTED)]
    return "\n".join([head, "", *rows, "", *last, ""])


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def _row(values: Sequence[float], support: int) -> dict[str, Any]:
    return dict(zip(_MEASURES, map(float, values), strict=True)) | {"support": support}


def _entry_line(name: str, entry: dict[str, Any], width: int, digits: int) -> str:
    figures = [f"{entry[measure]:.{digits}f}" for measure in _MEASURES]
    return _line(name, (*figures, str(entry["support"])), width)


def _line(name: str, cells: Sequence[str], width: int) -> str:
    return f"{name:>{width}} " + "".join(f" {cell:>9}" for cell in cells)
