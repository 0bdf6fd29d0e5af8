"""What a cell leaves beyond its figures: the classifier itself, its validation predictions, pictures of cases."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from classifiers.checkpoint import keep_classifier
from classifiers.errors import ClassifierInputError
from classifiers.evaluation.grad_cam import grad_cam
from classifiers.models.network import Network
from classifiers.training.train import TrainedClassifier
from ganbal.runtime.atomic_files import atomic_path
from ganbal.study.arms import ImageSet
from ganbal.study.case_pictures import write_cases
from ganbal.study.cases import choose_cases

MODEL_FILE, VALIDATION_FILE = "model.safetensors", "validation.csv"


def backbones_folder(study_folder: Path) -> Path:
    """Where the frozen backbones of a study's kept classifiers lie."""
    return study_folder / "backbones"


def keep_model(
    trained: TrainedClassifier,
    validation: ImageSet,
    folder: Path,
    *,
    wanted: bool,
    device: torch.device,
    feature_cache: Path | None,
) -> None:
    """Write the classifier into the cell's folder, which lies somewhere below study/cells.

    A file of an earlier training goes in any case: it would belong to other figures.
    """
    file = folder / MODEL_FILE
    file.unlink(missing_ok=True)
    if wanted:
        keep_classifier(
            trained,
            file,
            backbones_folder(_study_folder(folder)),
            probe=validation.pixels,
            device=device,
            feature_cache=feature_cache,
        )


def _study_folder(cell_folder: Path) -> Path:
    return next(folder for folder in cell_folder.parents if folder.name == "cells").parent


def write_probabilities(
    file: Path, classes: tuple[str, ...], labels: np.ndarray, probabilities: np.ndarray, **columns: list[str]
) -> None:
    """A CSV of `columns`, label (the class's name) and probability_<CLASS> for every class."""
    named = {f"probability_{name}": probabilities[:, label] for label, name in enumerate(classes)}
    table = pd.DataFrame(columns | {"label": [classes[label] for label in labels]} | named)
    with atomic_path(file) as temporary:
        table.to_csv(temporary, index=False, float_format="%.7g")


def picture_cases(
    trained: TrainedClassifier,
    images: ImageSet,
    probabilities: np.ndarray,
    file_names: list[str],
    classes: tuple[str, ...],
    folder: Path,
) -> None:
    """Draw right and wrong test images; without heat maps where the classifier has no feature maps."""
    kinds = choose_cases(images.labels, probabilities, file_names, classes)
    cases = [case for kind in kinds for case in kind]
    pixels = images.pixels[[case.row for case in cases]]
    predicted = np.array([classes.index(case.predicted) for case in cases])
    write_cases(kinds, pixels, _heat_maps(trained, pixels, predicted), folder)


def _heat_maps(trained: TrainedClassifier, pixels: np.ndarray, predicted: np.ndarray) -> np.ndarray | None:
    network = getattr(trained, "network", None)
    if not isinstance(network, Network):
        return None
    try:
        return grad_cam(network, pixels, predicted)
    except ClassifierInputError:
        return None
