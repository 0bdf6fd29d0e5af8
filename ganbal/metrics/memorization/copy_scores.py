"""The share of copies and the data-copying test, as scores with a floor."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy import special

from ganbal.metrics.feature_score import random_generator
from ganbal.metrics.floor import CONFIDENCE, Floor, summarize_splits
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.memorization.copies import (
    FALSE_ALARM_RATE,
    CopyFindings,
    NearestTraining,
    Views,
    copy_thresholds,
    find_copies,
    nearest_training,
)
from ganbal.metrics.memorization.data_copying import data_copying_test
from ganbal.metrics.neighbors import Neighbors
from ganbal.metrics.score import Score, ScoreKind

COPIES_KIND = ScoreKind("copies", "Share of copies", "lower", best=0.0, low=0.0, high=1.0)
# z > 0: the images are farther from the training images than new real images are, which is no virtue either.
DATA_COPYING_KIND = ScoreKind("data_copying", "Data-copying test (z)", "near", best=0.0)


@dataclass(frozen=True)
class CopyReport:
    """Scores and findings for every synthetic image."""

    scores: list[Score]
    findings: CopyFindings
    originals: str
    """`held-out` or `training`: the real images that the thresholds come from."""


def score_copies(
    training: Views,
    synthetic: Views,
    held_out: Views | None,
    *,
    identity: ExtractorIdentity,
    splits: int,
    seed: int,
    device: torch.device | None = None,
) -> CopyReport:
    """Examine every synthetic image.

    Args:
        training: images that the generator was trained on.
        synthetic: images that it generated.
        held_out: real images that it was not trained on; None takes the thresholds from the training images among
            themselves.
        identity: extractor of the features.
        splits: repetitions for the floor.
        seed: of the random halves.
        device: CUDA device for the distances.
    """
    if held_out is None:
        originals, origin = nearest_training(training, training, same_set=True, device=device), "training"
    else:
        originals, origin = nearest_training(held_out, training, device=device), "held-out"
    near = nearest_training(synthetic, training, device=device)
    findings = find_copies(near, copy_thresholds(originals))
    count = int(findings.is_copy.sum())
    share = Score(
        kind=COPIES_KIND,
        value=count / len(synthetic),
        interval=share_interval(count, len(synthetic)),
        n_real=len(training),
        n_synthetic=len(synthetic),
        extractor=identity,
        floor=_floor(originals, near, origin, splits, random_generator("copies", seed)),
        note=f"much closer to a training image than {1 - FALSE_ALARM_RATE:.0%} of {origin} real images are",
    )
    scores = [share]
    if held_out is not None:
        generator = random_generator("data_copying", seed)
        scores += _data_copying(training, synthetic, held_out, identity, generator, device)
    return CopyReport(scores, findings, origin)


def share_interval(count: int, total: int) -> tuple[float, float]:
    """95 % interval of `count / total` (Wilson 1927): inside [0, 1], with a positive width at 0 and 1."""
    z, share = float(special.ndtri((1 + CONFIDENCE) / 2)), count / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half_width = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / (1 + z**2 / total)
    # At the ends of the range, rounding would leave the share itself outside.
    return (0.0 if count == 0 else middle - half_width), (1.0 if count == total else middle + half_width)


def _floor(
    originals: NearestTraining, near: NearestTraining, origin: str, splits: int, generator: np.random.Generator
) -> Floor:
    """Thresholds from one half of the real images, applied to the other half."""
    number = len(originals.by_pixels.distances)
    half = number // 2
    values, scores = [], []
    for _ in range(splits):
        order = generator.permutation(number)
        thresholds = copy_thresholds(_select(originals, order[:half]))
        values.append(float(find_copies(_select(originals, order[half:]), thresholds).is_copy.mean()))
        scores.append(float(find_copies(near, thresholds).is_copy.mean()))
    note = f"thresholds from half of the {origin} real images, applied to the other half"
    return summarize_splits(values, scores, half, note)


def _select(near: NearestTraining, rows: np.ndarray) -> NearestTraining:
    return NearestTraining(
        *(Neighbors(view.rows[rows], view.distances[rows]) for view in (near.by_features, near.by_pixels))
    )


def _data_copying(
    training: Views,
    synthetic: Views,
    held_out: Views,
    identity: ExtractorIdentity,
    generator: np.random.Generator,
    device: torch.device | None,
) -> list[Score]:
    features = training.features, held_out.features, synthetic.features
    test = data_copying_test(*features, generator=generator, device=device)
    if test is None:
        return []
    note = f"about 0 for new images, below -3 for copying; {test.cells} cells, {len(held_out)} held-out images"
    score = Score(
        kind=DATA_COPYING_KIND,
        value=test.z_score,
        interval=None,
        n_real=len(training),
        n_synthetic=len(synthetic),
        extractor=identity,
        floor=None,
        note=note,
    )
    return [score]
