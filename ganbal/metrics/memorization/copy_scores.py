"""The share of copies and the data-copying test, with what real images give."""

from dataclasses import dataclass

import numpy as np

from ganbal.metrics.floor import Floor, floor_of
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.intervals import share_interval
from ganbal.metrics.measures import generator_for
from ganbal.metrics.memorization.copies import (
    FALSE_ALARM_RATE,
    CopyFindings,
    CopyRule,
    NearestTraining,
    Views,
    copy_rule,
    judge_copies,
    nearest_training,
)
from ganbal.metrics.memorization.data_copying import data_copying_test
from ganbal.metrics.neighbours import Neighbours
from ganbal.metrics.score_entries import Score


@dataclass(frozen=True)
class CopyReport:
    """What was found, and from which real images the rule was read."""

    scores: list[Score]
    findings: CopyFindings
    rule: CopyRule
    originals: str
    """`held-out` or `training`: where the rule's real images come from."""


def score_copies(
    training: Views,
    synthetic: Views,
    held_out: Views | None,
    *,
    identity: ExtractorIdentity,
    splits: int,
    seed: int,
) -> CopyReport:
    """Judge every synthetic image.

    Args:
        training: what the generator saw.
        synthetic: its images.
        held_out: real images it did not see; None reads the rule from the training images among themselves.
        identity: extractor of the features.
        splits: repetitions for the floor.
        seed: of the random halves.
    """
    if held_out is None:
        originals, origin = nearest_training(training, training, same_set=True), "training"
    else:
        originals, origin = nearest_training(held_out, training), "held-out"
    near, rule = nearest_training(synthetic, training), copy_rule(originals)
    findings = judge_copies(near, rule)
    count = int(findings.is_copy.sum())
    share = Score(
        metric="copies",
        title="Share of copies",
        value=count / len(synthetic),
        interval=share_interval(count, len(synthetic)),
        n_real=len(training),
        n_synthetic=len(synthetic),
        extractor=identity,
        floor=_floor(originals, near, origin, splits, generator_for("copies", seed)),
        better="lower",
        note=f"much nearer to a training image than {1 - FALSE_ALARM_RATE:.0%} of {origin} real images are",
    )
    scores = [share]
    if held_out is not None:
        scores += _data_copying(training, synthetic, held_out, identity, generator_for("data_copying", seed))
    return CopyReport(scores, findings, rule, origin)


def _floor(
    originals: NearestTraining, near: NearestTraining, origin: str, splits: int, generator: np.random.Generator
) -> Floor:
    """The rule read from one half of the real images, applied to the other half."""
    number = len(originals.by_pixels.distances)
    half = number // 2
    values, scores = [], []
    for _ in range(splits):
        order = generator.permutation(number)
        rule = copy_rule(_rows(originals, order[:half]))
        values.append(float(judge_copies(_rows(originals, order[half:]), rule).is_copy.mean()))
        scores.append(float(judge_copies(near, rule).is_copy.mean()))
    return floor_of(values, scores, half, f"the rule read from half of the {origin} real images, tried on the rest")


def _rows(near: NearestTraining, rows: np.ndarray) -> NearestTraining:
    return NearestTraining(
        *(Neighbours(view.rows[rows], view.distances[rows]) for view in (near.by_features, near.by_pixels))
    )


def _data_copying(
    training: Views,
    synthetic: Views,
    held_out: Views,
    identity: ExtractorIdentity,
    generator: np.random.Generator,
) -> list[Score]:
    test = data_copying_test(training.features, held_out.features, synthetic.features, generator=generator)
    if test is None:
        return []
    score = Score(
        metric="data_copying",
        title="Data-copying test (z)",
        value=test.z_score,
        interval=None,
        n_real=len(training),
        n_synthetic=len(synthetic),
        extractor=identity,
        floor=None,
        better="higher",
        note=f"about 0 for fresh images, below -3 for copying; {test.cells} cells, {len(held_out)} held-out images",
    )
    return [score]
