"""What a reader of the scores has to be told."""

from collections.abc import Iterator, Sequence

from ganbal.metrics.frechet_infinity import SMALLEST_FRACTION
from ganbal.metrics.memorization.copies import FALSE_ALARM_RATE
from ganbal.metrics.score_entries import Score

_SHORTCUT_AUC = 0.9
_COPYING_Z = -3.0


def warnings_of(scores: Sequence[Score], *, has_held_out: bool, near_identical: int = 0) -> list[str]:
    """Sentences, the same for the same scores.

    Args:
        scores: all that were computed.
        has_held_out: whether held-out real images took part.
        near_identical: synthetic images that are all but equal to a training image.
    """
    by_metric = {score.metric: score for score in scores}
    found: list[str] = []
    if scores and scores[0].extractor.note:
        found.append(f"Extractor `{scores[0].extractor.name}`: {scores[0].extractor.note}.")
    for metric, rule in (
        ("fid", _small_sample),
        ("fid_infinity", _bent_line),
        ("two_sample_auc", _shortcut),
        ("copies", _copies),
        ("data_copying", _data_copying),
    ):
        if metric in by_metric:
            found += rule(by_metric[metric])
    if near_identical:
        found.append(f"Synthetic images all but identical to a training image: {near_identical}.")
    if not has_held_out and "copies" in by_metric:
        found.append(
            "No held-out real images were given: what counts as a copy was read from the training images among "
            "themselves, and the data-copying test was left out."
        )
    return found


def _small_sample(score: Score) -> Iterator[str]:
    fewest, dims = min(score.n_real, score.n_synthetic), score.extractor.dims
    if fewest <= dims:
        yield (
            f"FID from {fewest} images in {dims} dimensions is dominated by its bias: compare it with its floor at the "
            "same N only, never with values at another N."
        )


def _bent_line(score: Score) -> Iterator[str]:
    fewest, dims = SMALLEST_FRACTION * min(score.n_real, score.n_synthetic), score.extractor.dims
    if fewest <= dims:
        yield (
            f"FID at infinite N is extended from as few as {fewest:.0f} images in {dims} dimensions, where its line is "
            "bent: read it against its floor, which would be 0 if the line were straight."
        )


def _shortcut(score: Score) -> Iterator[str]:
    if score.value >= _SHORTCUT_AUC:
        yield (
            f"A simple classifier tells synthetic from real images with AUC {score.value:.3f}: a network "
            "trained on both can learn resolution or artefacts in place of anatomy."
        )
    outside = score.held_out_floor
    if outside is not None and outside.value >= _SHORTCUT_AUC:
        yield (
            f"The held-out real images differ from the training ones by themselves (AUC {outside.value:.3f}): "
            "they come from another source or were processed otherwise, so floors from held-out images are high."
        )


def _copies(score: Score) -> Iterator[str]:
    assert score.interval is not None and score.floor is not None
    if score.interval[0] > max(FALSE_ALARM_RATE, score.floor.value):
        yield (
            f"{score.value:.1%} of the synthetic images are nearer to a training image than fresh real ones are "
            f"({score.floor.value:.1%} expected): the generator repeats training images."
        )


def _data_copying(score: Score) -> Iterator[str]:
    if score.value < _COPYING_Z:
        yield (
            f"Synthetic images lie systematically nearer to the training images than held-out real ones do "
            f"(z = {score.value:.1f}): copying, or held-out images from another source."
        )
