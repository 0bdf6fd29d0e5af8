"""Warnings about scores that can be misread."""

from collections.abc import Iterator, Sequence

from ganbal.metrics.frechet_infinity import SMALLEST_FRACTION
from ganbal.metrics.memorization.copies import FALSE_ALARM_RATE
from ganbal.metrics.score import Score

_SHORTCUT_AUC = 0.9
_COPYING_Z = -3.0


def warnings_of(scores: Sequence[Score], *, has_held_out: bool, near_identical: int = 0) -> list[str]:
    """Sentences that depend on the scores only.

    Args:
        scores: all computed scores.
        has_held_out: whether held-out real images were used.
        near_identical: number of synthetic images that are almost equal to a training image.
    """
    by_metric = {score.kind.metric: score for score in scores}
    found: list[str] = []
    if scores and scores[0].extractor.note:
        found.append(f"Extractor `{scores[0].extractor.name}`: {scores[0].extractor.note}.")
    for metric, rule in (
        ("fid", _small_sample),
        ("fid_infinity", _nonlinear_extrapolation),
        ("two_sample_auc", _shortcut),
        ("copies", _copies),
        ("data_copying", _data_copying),
    ):
        if metric in by_metric:
            found += rule(by_metric[metric])
    if near_identical:
        found.append(f"Synthetic images almost identical to a training image: {near_identical}.")
    if not has_held_out and "copies" in by_metric:
        found.append(
            "No held-out real images were given: the copy threshold was determined from the training images among "
            "themselves, and the data-copying test was left out."
        )
    return found


def _small_sample(score: Score) -> Iterator[str]:
    smaller, dims = _smaller_side(score), score.extractor.dims
    if smaller <= dims:
        yield (
            f"FID from {smaller} images in {dims} dimensions is dominated by its bias: compare it only with its floor "
            "at the same N, never with values at another N."
        )


def _nonlinear_extrapolation(score: Score) -> Iterator[str]:
    smallest, dims = SMALLEST_FRACTION * _smaller_side(score), score.extractor.dims
    if smallest <= dims:
        yield (
            f"FID at infinite N is extrapolated from as few as {smallest:.0f} images in {dims} dimensions, where the "
            "relation is not linear: compare it with its floor, which would be 0 for a linear relation."
        )


def _shortcut(score: Score) -> Iterator[str]:
    if score.value >= _SHORTCUT_AUC:
        yield (
            f"A simple classifier separates synthetic from real images with AUC {score.value:.3f}: a network trained "
            "on both can learn resolution or artifacts as a shortcut instead of anatomy."
        )
    outside = score.held_out_floor
    if outside is not None and outside.value >= _SHORTCUT_AUC:
        yield (
            f"The held-out real images differ from the training images (AUC {outside.value:.3f}): they come from "
            "another source or were processed differently, so floors from held-out images are high."
        )


def _copies(score: Score) -> Iterator[str]:
    assert score.interval is not None and score.floor is not None
    if score.interval[0] > max(FALSE_ALARM_RATE, score.floor.value):
        yield (
            f"{score.value:.1%} of the synthetic images are closer to a training image than new real images are "
            f"({score.floor.value:.1%} expected): the generator copies training images."
        )


def _data_copying(score: Score) -> Iterator[str]:
    if score.value < _COPYING_Z:
        yield (
            f"Synthetic images are systematically closer to the training images than held-out real images are "
            f"(z = {score.value:.1f}): copying, or held-out images from another source."
        )


def _smaller_side(score: Score) -> int:
    assert score.n_real is not None and score.n_synthetic is not None
    return min(score.n_real, score.n_synthetic)
