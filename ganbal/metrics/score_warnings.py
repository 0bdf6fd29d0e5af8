"""Warnings about scores that can be misread, as data; `ganbal.runtime.warning_text` makes the sentences.

| kind | values | when |
|---|---|---|
| `extractor-note` | `extractor`, `note` | the extractor has a remark for the reader |
| `fid-bias` | `images`, `dims` | no more images than dimensions, as far as known: FID is mostly bias |
| `fid-extrapolation` | `images`, `dims` | the smallest subset of the extrapolation has no more images than dimensions |
| `shortcut` | `auc` | a simple classifier separates synthetic from real images |
| `held-out-differs` | `auc` | a simple classifier separates held-out from training images |
| `below-chance` | `auc`, `high` | a simple classifier takes synthetic images for real ones, as it does with copies |
| `copies` | `share`, `expected` | more copies than among new real images |
| `data-copying` | `c_t`, `z` | synthetic images are systematically close to training images |
| `near-identical` | `images` | images almost identical to a training image |
| `no-held-out` | | the copy thresholds come from the training images themselves |
| `few-held-out` | `images`, `needed` | the same, because there are too few held-out images |
| `no-copy-threshold` | `images`, `duplicates`, `origin` | too few real images are no duplicates: no share of copies |
| `unknown-extractor` | | a statistics file does not name its extractor |
| `statistics-only` | | FID from statistics has no floor |
| `other-classes` | `class_name`, `others` | the scores are of one of several classes |
| `class-not-scored` | `class_name`, `reason` | a class has too few images, for example |
"""

from collections.abc import Iterator, Sequence
from typing import Any

from ganbal.metrics.floor import NORMAL_QUANTILE
from ganbal.metrics.frechet_infinity import SMALLEST_FRACTION
from ganbal.metrics.memorization.copies import FALSE_ALARM_RATE
from ganbal.metrics.memorization.copy_scores import CopyReport
from ganbal.metrics.memorization.originals import MIN_HELD_OUT
from ganbal.metrics.score import Score

KINDS = (
    "extractor-note",
    "fid-bias",
    "fid-extrapolation",
    "shortcut",
    "held-out-differs",
    "below-chance",
    "copies",
    "data-copying",
    "near-identical",
    "no-held-out",
    "few-held-out",
    "no-copy-threshold",
    "unknown-extractor",
    "statistics-only",
    "other-classes",
    "class-not-scored",
)
_SHORTCUT_AUC = 0.9
_CHANCE = 0.5
_COPYING_Z = -3.0

WarningRecord = dict[str, Any]
"""`{"kind": one of KINDS, "values": {name: number or text}}`, ready for JSON."""


def score_warning(kind: str, **values: Any) -> WarningRecord:
    assert kind in KINDS, kind
    return {"kind": kind, "values": values}


def warnings_of(
    scores: Sequence[Score], *, has_held_out: bool, copies: CopyReport | None = None
) -> list[WarningRecord]:
    """Warnings that depend on the scores only.

    Args:
        scores: all computed scores.
        has_held_out: whether held-out real images were used.
        copies: what the search for copies found.
    """
    by_metric = {score.kind.metric: score for score in scores}
    found: list[WarningRecord] = []
    if scores and scores[0].extractor.note:
        extractor = scores[0].extractor
        found.append(score_warning("extractor-note", extractor=extractor.name, note=extractor.note))
    for metric, rule in (
        ("fid", _small_sample),
        ("fid_infinity", _nonlinear_extrapolation),
        ("two_sample_auc", _shortcut),
        ("two_sample_auc", _below_chance),
        ("copies", _copies),
        ("data_copying", _data_copying),
    ):
        if metric in by_metric:
            found += rule(by_metric[metric])
    if copies is not None:
        found += _search_for_copies(copies)
    if not has_held_out and "copies" in by_metric:
        found.append(score_warning("no-held-out"))
    return found


def _search_for_copies(copies: CopyReport) -> Iterator[WarningRecord]:
    originals, findings = copies.originals, copies.findings
    if findings is None:
        yield score_warning(
            "no-copy-threshold", images=len(originals), duplicates=originals.duplicates, origin=originals.origin
        )
    elif findings.near_identical:
        yield score_warning("near-identical", images=findings.near_identical)
    if originals.few_held_out is not None:
        yield score_warning("few-held-out", images=originals.few_held_out, needed=MIN_HELD_OUT)


def _small_sample(score: Score) -> Iterator[WarningRecord]:
    smaller, dims = _smaller_side(score), score.extractor.dims
    if smaller is not None and smaller <= dims:
        yield score_warning("fid-bias", images=smaller, dims=dims)


def _nonlinear_extrapolation(score: Score) -> Iterator[WarningRecord]:
    smaller, dims = _smaller_side(score), score.extractor.dims
    assert smaller is not None, "computed from images"
    smallest = SMALLEST_FRACTION * smaller
    if smallest <= dims:
        yield score_warning("fid-extrapolation", images=round(smallest), dims=dims)


def _shortcut(score: Score) -> Iterator[WarningRecord]:
    if score.value >= _SHORTCUT_AUC:
        yield score_warning("shortcut", auc=score.value)
    outside = score.held_out_floor
    if outside is not None and outside.value >= _SHORTCUT_AUC:
        yield score_warning("held-out-differs", auc=outside.value)


def _below_chance(score: Score) -> Iterator[WarningRecord]:
    assert score.interval is not None
    if score.interval[1] < _CHANCE:
        yield score_warning("below-chance", auc=score.value, high=score.interval[1])


def _copies(score: Score) -> Iterator[WarningRecord]:
    assert score.interval is not None and score.floor is not None
    if score.interval[0] > max(FALSE_ALARM_RATE, score.floor.value):
        yield score_warning("copies", share=score.value, expected=score.floor.value)


def _data_copying(score: Score) -> Iterator[WarningRecord]:
    assert score.interval is not None
    standard_error = (score.interval[1] - score.interval[0]) / (2 * NORMAL_QUANTILE)
    z = score.value / standard_error
    if z < _COPYING_Z:
        yield score_warning("data-copying", c_t=score.value, z=z)


def _smaller_side(score: Score) -> int | None:
    """Number of images of the smaller side, or of the side whose number is known; None if neither is."""
    return min((n for n in (score.n_real, score.n_synthetic) if n is not None), default=None)
