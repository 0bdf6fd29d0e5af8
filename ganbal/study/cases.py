"""Which test images stand for a trained classifier's right and wrong answers. Pure: arrays in, rows out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

SHOWN_OF_A_KIND = 3


@dataclass(frozen=True)
class Case:
    """One test image and what was said of it."""

    row: int
    """Its place in the test set."""
    file_name: str
    true: str
    predicted: str
    probability: float
    """Of the class it was called."""

    @property
    def is_right(self) -> bool:
        return self.true == self.predicted

    def facts(self) -> dict[str, Any]:
        """For cases.json."""
        return asdict(self) | {"is_right": self.is_right}


def choose_cases(
    labels: np.ndarray, probabilities: np.ndarray, file_names: Sequence[str], classes: Sequence[str]
) -> list[list[Case]]:
    """For every class its images that were called right, then those that were called wrong, three of each kind.

    Of each kind the surest, the middle one and the least sure are taken, by the probability of the class they were
    called: neither the best nor the worst alone. Kinds without images are left out.

    Args:
        labels: (N,) int64; probabilities: (N, K), the most probable class is what an image is called; of two equally
            probable ones the second, as in evaluation.
    """
    is_binary = probabilities.shape[1] == 2
    called = (probabilities[:, 1] >= 0.5).astype(np.int64) if is_binary else probabilities.argmax(axis=1)
    sureness = probabilities.max(axis=1)
    kinds = []
    for label in range(len(classes)):
        for is_right in (True, False):
            rows = np.flatnonzero((labels == label) & ((called == label) == is_right))
            rows = rows[np.argsort(-sureness[rows], kind="stable")]
            if len(rows):
                places = np.unique(np.linspace(0, len(rows) - 1, SHOWN_OF_A_KIND).round().astype(int))
                chosen = rows[places]
                kinds.append(
                    [
                        Case(int(row), file_names[row], classes[label], classes[called[row]], float(sureness[row]))
                        for row in chosen
                    ]
                )
    return kinds
