"""The share of copies and the data-copying test, as scores with a floor."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from ganbal.metrics.feature_score import random_generator
from ganbal.metrics.floor import NORMAL_QUANTILE, Floor, summarize_splits
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
from ganbal.metrics.memorization.originals import Originals, find_originals
from ganbal.metrics.score import Score, ScoreKind

COPIES_KIND = ScoreKind("copies", "Share of copies", "lower", best=0.0, low=0.0, high=1.0)
# C_T > 0: the images are farther from the training images than new real images are, which is no virtue either.
DATA_COPYING_KIND = ScoreKind("data_copying", "Data-copying C_T", "near", best=0.0)
_MIN_ORIGINALS = 8
"""A share of copies by thresholds from fewer real images means nothing."""


@dataclass(frozen=True)
class CopyReport:
    """Scores and findings for every synthetic image."""

    scores: list[Score]
    findings: CopyFindings | None
    """None where too few real images are no duplicates: the scores then say nothing about copies."""
    originals: Originals
    """The real images that the thresholds come from."""


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
        held_out: real images that it was not trained on; with fewer than 50 or None, the thresholds come from the
            training images among themselves.
        identity: extractor of the features.
        splits: repetitions for the floor.
        seed: of the random halves.
        device: CUDA device for the distances.
    """
    originals = find_originals(training, held_out, device=device)
    scores, findings = [], None
    if len(originals) >= _MIN_ORIGINALS:
        near = nearest_training(synthetic, training, device=device)
        findings = find_copies(near, copy_thresholds(originals.near))
        floor = _floor(originals, near, splits, random_generator("copies", seed))
        scores.append(_share_of_copies(findings, originals, len(training), identity, floor))
    if held_out is not None:
        generator = random_generator("data_copying", seed)
        scores += _data_copying(training, synthetic, held_out, identity, generator, device)
    return CopyReport(scores, findings, originals)


def _share_of_copies(
    findings: CopyFindings, originals: Originals, n_real: int, identity: ExtractorIdentity, floor: Floor
) -> Score:
    """The share with its interval, which covers other synthetic images, not other originals."""
    count, total = int(findings.is_copy.sum()), len(findings.is_copy)
    duplicates = f", without {originals.duplicates} duplicates of training images" if originals.duplicates else ""
    return Score(
        kind=COPIES_KIND,
        value=count / total,
        interval=share_interval(count, total),
        n_real=n_real,
        n_synthetic=total,
        extractor=identity,
        floor=floor,
        note=f"much closer to a training image than {1 - FALSE_ALARM_RATE:.0%} of {len(originals)} {originals.origin} "
        f"real images are{duplicates}; the interval is for the thresholds from these",
    )


def share_interval(count: int, total: int) -> tuple[float, float]:
    """95 % interval of `count / total` (Wilson 1927): inside [0, 1], with a positive width at 0 and 1."""
    z, share = NORMAL_QUANTILE, count / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half_width = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2) / (1 + z**2 / total)
    # At the ends of the range, rounding would leave the share itself outside.
    return (0.0 if count == 0 else middle - half_width), (1.0 if count == total else middle + half_width)


def _floor(originals: Originals, near: NearestTraining, splits: int, generator: np.random.Generator) -> Floor:
    """Thresholds from one half of the real images, applied to the other half."""
    half = len(originals) // 2
    values, scores = [], []
    for _ in range(splits):
        order = generator.permutation(len(originals))
        thresholds = copy_thresholds(originals.near.select(order[:half]))
        values.append(float(find_copies(originals.near.select(order[half:]), thresholds).is_copy.mean()))
        scores.append(float(find_copies(near, thresholds).is_copy.mean()))
    note = f"thresholds from half of the {originals.origin} real images, applied to the other half"
    return summarize_splits(values, scores, half, note)


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
    note = (
        f"about 0 for new images, below -3 standard errors for copying; standard error {test.standard_error:.3g}, so "
        f"{test.z:.1f} of them; {test.cells} cells, {len(held_out)} held-out images"
    )
    score = Score(
        kind=DATA_COPYING_KIND,
        value=test.value,
        interval=test.interval,
        n_real=len(training),
        n_synthetic=len(synthetic),
        extractor=identity,
        floor=None,
        note=note,
    )
    return [score]
