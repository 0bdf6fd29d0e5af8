import numpy as np
import pytest

from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.memorization.copies import Views
from ganbal.metrics.memorization.copy_scores import CopyReport, score_copies
from ganbal.metrics.score_warnings import warnings_of

IDENTITY = ExtractorIdentity("x", 6, None, "none")


def images(number: int, seed: int) -> np.ndarray:
    """Gray noise, (N, 8, 8)."""
    return np.random.default_rng(seed).normal(size=(number, 8, 8))


def views(pixels: np.ndarray) -> Views:
    flat = pixels.reshape(len(pixels), -1)
    thumbnails = flat - flat.mean(axis=1, keepdims=True)
    return Views(flat[:, :6], thumbnails / np.linalg.norm(thumbnails, axis=1, keepdims=True))


def report(training: np.ndarray, synthetic: np.ndarray, held_out: np.ndarray | None = None) -> CopyReport:
    sides = views(training), views(synthetic), None if held_out is None else views(held_out)
    return score_copies(*sides, identity=IDENTITY, splits=3, seed=0)


def kinds(found: CopyReport, *, has_held_out: bool = False) -> list[str]:
    return [record["kind"] for record in warnings_of(found.scores, has_held_out=has_held_out, copies=found)]


def noisy(pixels: np.ndarray) -> np.ndarray:
    return pixels + 0.05 * images(len(pixels), 9)


@pytest.mark.parametrize("where", ["training", "held-out"])
def test_two_percent_of_duplicates_do_not_hide_copies(where: str) -> None:
    training, held_out = images(200, 0), images(100, 1)
    if where == "training":
        training[-2:] = training[:2]
        found = report(training, noisy(training[10:60]))
        assert (len(found.originals), found.originals.duplicates) == (196, 4)
    else:
        held_out[:2] = training[:2]
        found = report(training, noisy(training[10:60]), held_out)
        assert (len(found.originals), found.originals.duplicates) == (98, 2)
    assert found.scores[0].value == 1
    assert f"without {found.originals.duplicates} duplicates" in found.scores[0].note
    assert {"copies", "near-identical"} <= set(kinds(found, has_held_out=where == "held-out"))


def test_a_set_of_duplicates_only_has_no_share_of_copies() -> None:
    training = np.concatenate([images(20, 0), images(20, 0)])
    found = report(training, images(30, 2))
    assert found.scores == [] and found.findings is None
    assert warnings_of([], has_held_out=False, copies=found) == [
        {"kind": "no-copy-threshold", "values": {"images": 0, "duplicates": 40, "origin": "training"}}
    ]


def test_few_held_out_images_serve_the_data_copying_test_only() -> None:
    found = report(images(200, 0), images(50, 2), images(30, 1))
    assert [score.kind.metric for score in found.scores] == ["copies", "data_copying"]
    assert "98% of 200 training real images" in found.scores[0].note
    assert kinds(found, has_held_out=True) == ["few-held-out"]
    assert kinds(report(images(200, 0), images(50, 2), images(60, 1)), has_held_out=True) == []


def test_few_held_out_images_raise_no_more_false_alarms_than_many() -> None:
    # By the lowest distances of the 12 held-out images, 10 % of the new images were copies.
    shares = [report(images(300, s), images(200, 50 + s), images(12, 100 + s)).scores[0].value for s in range(8)]
    assert np.mean(shares) < 0.02


def test_the_data_copying_score_has_the_interval_of_its_standard_error() -> None:
    training, held_out = images(400, 0), images(200, 1)
    copying = report(training, noisy(training[:200]), held_out)
    score = copying.scores[1]
    # Five cells of 40 held-out images each would give √(5 · 40²) / 200 = 0.447; unequal cells give a little more.
    low, high = score.interval
    assert (low + high) / 2 == pytest.approx(score.value)
    assert 0.447 < (high - low) / (2 * 1.959964) < 0.6
    (warning,) = [
        record["values"]
        for record in warnings_of(copying.scores, has_held_out=True)
        if record["kind"] == "data-copying"
    ]
    assert warning["c_t"] == score.value
    assert warning["z"] == pytest.approx(score.value / ((high - low) / (2 * 1.959964)), rel=1e-6)


def test_some_copies_are_reported_although_c_t_is_above_minus_three() -> None:
    training, held_out = images(400, 0), images(400, 1)
    found = report(training, np.concatenate([noisy(training[:50]), images(150, 3)]), held_out)
    assert -3 < found.scores[1].value < -0.5
    assert "data-copying" in kinds(found, has_held_out=True)
