"""Scoring a run: every class's synthetic images against real ones of that class."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbal.config import Config, StudyConfig
from ganbal.data.dataset import Dataset
from ganbal.metrics.scoring import ClassifierImages, score_run
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.stages.class_scores import classes_to_score, with_other_classes
from ganbal.stages.context import Synthetic
from ganbal.stages.trained_extractor import chosen_extractor
from ganbal.study.running import classifier_size_px


def largest_classifier_size_px(study: StudyConfig) -> int:
    """Of the classifiers' input sizes, the one at which a difference in sharpness shows most."""
    return max(classifier_size_px(name, study) for name in study.classifiers)


@dataclass(frozen=True)
class RunScoring:
    """What a run's scores are computed from."""

    dataset: Dataset
    synthetic: Synthetic
    config: Config
    device: torch.device
    console: Console

    def scores(self, figures_folder: Path) -> dict[str, Any]:
        """The content of scores.json; the class that the settings name, or the one with most images, stands first."""
        first, *others = classes_to_score(self.synthetic.class_names, self.config.gan.class_name)
        facts = {"class_name": first} | self._of_class(first, figures_folder)
        return with_other_classes(facts, others, self._of_class)

    def _of_class(self, class_name: str, figures_folder: Path | None = None) -> dict[str, Any]:
        table, drawn = self.dataset.table, self.synthetic.of_class(class_name)
        pixels = self.dataset.pixels(drawn.pixels.shape[-1])
        train, held_out = (table.rows(split, class_name) for split in ("train", "test"))
        return score_run(
            train_images=pixels[train],
            held_out_images=pixels[held_out],
            synthetic_images=drawn.pixels,
            train_names=table.frame["file_name"].iloc[train].tolist(),
            synthetic_names=drawn.names,
            config=self.config.score,
            device=self.device,
            cache_root=cache_folder(),
            seed=self.config.seed,
            console=self.console,
            classifier_images=self._as_classifiers_see(train, held_out, drawn),
            figures_folder=figures_folder,
            extractor=chosen_extractor(self.config.score, self.device),
        )

    def _as_classifiers_see(self, train: np.ndarray, held_out: np.ndarray, drawn: Synthetic) -> ClassifierImages:
        size_px = largest_classifier_size_px(self.config.study)
        pixels = self.dataset.pixels(size_px)
        return ClassifierImages(pixels[train], drawn.resized(size_px), pixels[held_out])
