"""Where a study's images come from, whether there are enough, and where its files go."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ganbal.study.arms import ImageSet
from ganbal.study.arms.additions import ClassCounts
from ganbal.study.cells import TestSet


@dataclass(frozen=True)
class StudyImages:
    """All images of a study at one size."""

    real: ImageSet
    synthetic: ImageSet
    validation: ImageSet
    test: TestSet

    @property
    def counts(self) -> ClassCounts:
        num_classes = len(self.test.classes)
        return ClassCounts(self.real.counts(num_classes), self.synthetic.counts(num_classes))


@dataclass(frozen=True)
class StudySource:
    """Where a study's images come from and what identifies them.

    Attributes:
        at_size: gives them at a classifier's input size.
        data_digest, synthetic_digest: change whenever the images or the splits do.
        counts: tells how many images there are to train with, without reading them; None: they have to be counted.
        at_fraction: gives the source with that share of the minority class's training images, and with the synthetic
            images of a generator that saw no others; None where there is the whole set only.
    """

    at_size: Callable[[int], StudyImages]
    data_digest: str
    synthetic_digest: str
    counts: Callable[[], ClassCounts] | None = None
    at_fraction: Callable[[float], "StudySource"] | None = None

    def counts_at(self, size_px: int) -> ClassCounts:
        return self.counts() if self.counts is not None else self.at_size(size_px).counts

    def with_fraction(self, fraction: float) -> "StudySource":
        if fraction == 1:
            return self
        assert self.at_fraction is not None
        return self.at_fraction(fraction)


@dataclass(frozen=True)
class StudyFolder:
    """Where a study keeps its files."""

    root: Path

    @property
    def results(self) -> Path:
        return self.root / "results.csv"

    @property
    def summary(self) -> Path:
        return self.root / "summary.json"
