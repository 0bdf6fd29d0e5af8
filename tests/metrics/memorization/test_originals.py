import numpy as np
import pytest

from ganbal.metrics.memorization.copies import Views
from ganbal.metrics.memorization.originals import MIN_HELD_OUT, find_originals


def views(number: int, seed: int) -> Views:
    """Independent images, far from each other in both views."""
    rng = np.random.default_rng(seed)
    thumbnails = rng.normal(size=(number, 64))
    thumbnails -= thumbnails.mean(axis=1, keepdims=True)
    return Views(rng.normal(size=(number, 6)), thumbnails / np.linalg.norm(thumbnails, axis=1, keepdims=True))


def joined(*parts: Views) -> Views:
    return Views(*(np.concatenate([getattr(part, view) for part in parts]) for view in ("features", "thumbnails")))


def first(images: Views, number: int) -> Views:
    return Views(images.features[:number], images.thumbnails[:number])


@pytest.fixture
def training() -> Views:
    return views(100, 0)


def test_held_out_images_without_duplicates_of_training_images(training: Views) -> None:
    found = find_originals(training, joined(views(60, 1), first(training, 3)))
    assert (len(found), found.origin, found.duplicates, found.few_held_out) == (60, "held-out", 3, None)
    assert found.near.by_features.distances.min() > 0.1


def test_both_of_two_equal_training_images_are_left_out(training: Views) -> None:
    found = find_originals(joined(training, first(training, 2)), None)
    assert (len(found), found.origin, found.duplicates, found.few_held_out) == (98, "training", 4, None)


@pytest.mark.parametrize("duplicates", [0, 5])
def test_few_held_out_images_are_not_used(training: Views, duplicates: int) -> None:
    held_out = joined(views(MIN_HELD_OUT - 1, 1), first(training, duplicates))
    found = find_originals(training, held_out)
    assert (len(found), found.origin, found.duplicates, found.few_held_out) == (100, "training", 0, MIN_HELD_OUT - 1)
    assert find_originals(training, joined(held_out, views(1, 2))).origin == "held-out"


def test_no_held_out_images_are_like_none(training: Views) -> None:
    assert find_originals(training, views(0, 1)).few_held_out is None


def test_nothing_remains_of_images_that_are_all_there_twice(training: Views) -> None:
    found = find_originals(joined(training, training), None)
    assert (len(found), found.duplicates) == (0, 200)
