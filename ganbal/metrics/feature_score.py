"""Scores that compare two sets of feature vectors, with their floors."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from ganbal.metrics.floor import Measure, halves_floor, held_out_floor
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.score import Score, ScoreKind

Interval = tuple[float, float] | None
Estimate = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[float, Interval]]
"""(real features, synthetic features, random generator) to a value with its 95 % interval."""


@dataclass(frozen=True)
class ScoreOptions:
    """What scores may depend on besides the features."""

    nearest_k: int = 5
    """Neighbor that sets the ball radii of precision, recall, density and coverage."""
    device: torch.device | None = None
    """CUDA device for pairwise distances; None or a CPU device: NumPy."""


@dataclass(frozen=True)
class FeatureScore:
    """How one score is computed, both for the sets themselves and for its floor."""

    kind: ScoreKind
    measure: Measure
    estimate: Estimate | None = None
    """For scores with an interval; otherwise `measure` gives the value."""
    max_splits: int | None = None
    """Upper limit on `score.floor_splits` for slow scores."""
    features: Literal["main", "artifacts"] = "main"
    """`main`: the configured extractor; `artifacts`: the untrained extractor at the classifiers' input size."""
    note: str = ""


@dataclass(frozen=True)
class FeatureTriple:
    """Features (N, dims) of one extractor for the three image sets."""

    real: np.ndarray
    synthetic: np.ndarray
    held_out: np.ndarray | None
    identity: ExtractorIdentity


def random_generator(metric: str, seed: int) -> np.random.Generator:
    """A random stream per metric, so that its numbers do not depend on which other metrics are computed."""
    return np.random.default_rng([seed, zlib.crc32(metric.encode())])


def compute_score(
    definition: FeatureScore, features: FeatureTriple, *, splits: int, seed: int, value: float | None = None
) -> Score:
    """One score with its floors.

    Args:
        definition: which score.
        features: of the three image sets.
        splits: repetitions per floor.
        seed: of all random choices.
        value: the score, where it is already known.
    """
    generator = random_generator(definition.kind.metric, seed)
    real, synthetic, held_out = features.real, features.synthetic, features.held_out
    interval = None
    if definition.estimate is not None:
        value, interval = definition.estimate(real, synthetic, generator)
    elif value is None:
        value = definition.measure(real, synthetic, generator)
    splits = min(splits, definition.max_splits or splits)
    floor = halves_floor(definition.measure, real, synthetic, splits=splits, generator=generator)
    outside = None
    if held_out is not None:
        outside = held_out_floor(definition.measure, real, held_out, synthetic, splits=splits, generator=generator)
    return Score(
        kind=definition.kind,
        value=value,
        interval=interval,
        n_real=len(real),
        n_synthetic=len(synthetic),
        extractor=features.identity,
        floor=floor,
        held_out_floor=outside,
        note=definition.note,
    )
