"""The scores that compare two sets of features, each with its floor."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ganbal.metrics.density_coverage import coverage, density
from ganbal.metrics.floor import Measure, draw_rows, halves_floor, held_out_floor
from ganbal.metrics.frechet import frechet_distance
from ganbal.metrics.frechet_infinity import infinite_frechet_distance
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.kid import kernel_distance
from ganbal.metrics.memorization.authenticity import authenticity
from ganbal.metrics.precision_recall import precision, recall
from ganbal.metrics.score_entries import Score
from ganbal.metrics.two_sample import two_sample_auc

# An extrapolation is ten distances; a few splits tell its floor.
_INFINITY_SPLITS = 3
_MOST_IMAGES_FOR_INFINITY = 10_000

Interval = tuple[float, float] | None
Estimate = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[float, Interval]]
"""Features of real and synthetic images, and randomness, to a value with its interval."""


@dataclass(frozen=True)
class FeatureMetric:
    """How one score is computed, for the sets themselves and for its floor."""

    metric: str
    title: str
    better: Literal["lower", "higher"]
    measure: Measure
    estimate: Estimate | None = None
    """Where the value comes with an interval; else `measure` gives the value."""
    most_splits: int | None = None
    note: str = ""


@dataclass(frozen=True)
class FeatureTriple:
    """Features of one extractor for the three sets."""

    real: np.ndarray
    synthetic: np.ndarray
    held_out: np.ndarray | None
    identity: ExtractorIdentity


def feature_metrics(group: str, nearest_k: int) -> list[FeatureMetric]:
    """The scores behind one name of `score.metrics`."""
    k = nearest_k
    return {
        "fid": [FeatureMetric("fid", "FID", "lower", lambda x, y, _: frechet_distance(x, y))],
        "fid_infinity": [
            FeatureMetric(
                "fid_infinity",
                "FID at infinite N",
                "lower",
                lambda x, y, rng: _infinite(x, y, rng)[0],
                _infinite,
                _INFINITY_SPLITS,
                "the interval is that of the line through the points",
            )
        ],
        "kid": [
            FeatureMetric(
                "kid",
                "KID",
                "lower",
                lambda x, y, rng: kernel_distance(x, y, generator=rng, num_subsets=0).value,
                _kernel,
            )
        ],
        "precision_recall": [
            FeatureMetric("precision", "Precision", "higher", lambda x, y, _: precision(x, y, k=k)),
            FeatureMetric("recall", "Recall", "higher", lambda x, y, _: recall(x, y, k=k)),
        ],
        "density_coverage": [
            FeatureMetric("density", "Density", "higher", lambda x, y, _: density(x, y, k=k)),
            FeatureMetric("coverage", "Coverage", "higher", lambda x, y, _: coverage(x, y, k=k)),
        ],
        "copies": [
            FeatureMetric("authenticity", "Authenticity", "higher", lambda x, y, _: authenticity(y, x)),
        ],
        "two_sample": [
            FeatureMetric(
                "two_sample_auc",
                "Two-sample AUC",
                "lower",
                lambda x, y, rng: two_sample_auc(x, y, generator=rng).value,
                _two_sample,
                note="0.5: cannot be told apart; 1: a classifier can use the difference as a shortcut",
            )
        ],
    }[group]


def generator_for(metric: str, seed: int) -> np.random.Generator:
    """Randomness of its own for each metric: its numbers do not depend on what else is computed."""
    return np.random.default_rng([seed, zlib.crc32(metric.encode())])


def score_features(
    metric: FeatureMetric, features: FeatureTriple, *, splits: int, seed: int, value: float | None = None
) -> Score:
    """One score with its floors; `value` is the score where it is already known."""
    generator = generator_for(metric.metric, seed)
    real, synthetic, held_out = features.real, features.synthetic, features.held_out
    interval = None
    if metric.estimate is not None:
        value, interval = metric.estimate(real, synthetic, generator)
    elif value is None:
        value = metric.measure(real, synthetic, generator)
    splits = min(splits, metric.most_splits or splits)
    floor = halves_floor(metric.measure, real, synthetic, splits=splits, generator=generator)
    outside = None
    if held_out is not None:
        outside = held_out_floor(metric.measure, real, held_out, synthetic, splits=splits, generator=generator)
    return Score(
        metric=metric.metric,
        title=metric.title,
        value=value,
        interval=interval,
        n_real=len(real),
        n_synthetic=len(synthetic),
        extractor=features.identity,
        floor=floor,
        held_out_floor=outside,
        better=metric.better,
        note=metric.note,
    )


def _infinite(real: np.ndarray, synthetic: np.ndarray, generator: np.random.Generator) -> tuple[float, Interval]:
    real, synthetic = (
        draw_rows(side, min(len(side), _MOST_IMAGES_FOR_INFINITY), generator) for side in (real, synthetic)
    )
    result = infinite_frechet_distance(real, synthetic, generator=generator)
    return result.value, (result.low, result.high)


def _kernel(real: np.ndarray, synthetic: np.ndarray, generator: np.random.Generator) -> tuple[float, Interval]:
    result = kernel_distance(real, synthetic, generator=generator)
    return result.value, (result.low, result.high)


def _two_sample(real: np.ndarray, synthetic: np.ndarray, generator: np.random.Generator) -> tuple[float, Interval]:
    result = two_sample_auc(real, synthetic, generator=generator)
    return result.value, (result.low, result.high)
