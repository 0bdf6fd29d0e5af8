"""One cell of a study: one training of one classifier on one arm with one seed. Its identity and its place."""

from dataclasses import dataclass
from pathlib import Path

METRICS_FILE, PREDICTIONS_FILE, VALIDATION_FILE = "metrics.json", "predictions.csv", "validation.csv"
HISTORY_FILE, MODEL_FILE = "history.csv", "model.safetensors"
BACKBONES = "backbones"


@dataclass(frozen=True)
class Cell:
    """Which training this is.

    Attributes:
        synthetic_ratio: images that the arm adds, as a share of the images that each class lacks; None for all that are
            available, and for arms that add none.
        minority_fraction: share of the minority class's training images that is kept for training.
    """

    arm: str
    classifier: str
    seed: int
    synthetic_ratio: float | None = None
    minority_fraction: float = 1.0

    def folder(self, study_folder: Path) -> Path:
        """`cells/[fraction_0.1/]<arm>[_ratio_0.25]/<classifier>/<seed>`."""
        cells = study_folder / "cells"
        if self.minority_fraction != 1:
            cells = cells / f"fraction_{self.minority_fraction:g}"
        ratio = "" if self.synthetic_ratio is None else f"_ratio_{self.synthetic_ratio:g}"
        return cells / f"{self.arm}{ratio}" / self.classifier / str(self.seed)


def backbones_folder(study_folder: Path) -> Path:
    """Where the frozen backbones of a study's kept classifiers are."""
    return study_folder / BACKBONES
