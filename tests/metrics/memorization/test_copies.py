from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.metrics.memorization.authenticity import authenticity
from ganbal.metrics.memorization.copies import (
    DUPLICATE_DISTANCE,
    CopyThresholds,
    NearestTraining,
    Views,
    copy_thresholds,
    find_copies,
    nearest_training,
)
from ganbal.metrics.neighbors import Neighbors
from ganbal.synthesis.rejection import CopyFilter


def near(feature_distances: list[float], pixel_distances: list[float]) -> NearestTraining:
    number = len(feature_distances)
    return NearestTraining(
        Neighbors(np.arange(number)[:, None], np.array(feature_distances)[:, None]),
        Neighbors(np.arange(number)[::-1, None], np.array(pixel_distances)[:, None]),
    )


def test_the_rule_by_hand() -> None:
    distances = [float(d) for d in range(1, 201)]
    rule = copy_thresholds(near(distances, distances[::-1]), false_alarm_rate=0.02)
    # 1 % of 200 values in each view: the quantile lies between the second and the third, and 0.95 of it is the limit.
    assert rule == CopyThresholds(pytest.approx(1.9), pytest.approx(1.9))
    judged = find_copies(near([1.71, 1.8, 5.0, 0.9], [4.0, 2.1, 0.9, 1.7]), CopyThresholds(1.8, 1.8))
    assert judged.is_copy.tolist() == [True, False, True, True]
    np.testing.assert_allclose(judged.relative_distance, [0.95, 1.0, 0.5, 0.5])
    # The row comes from the view in which the image is nearer: features, features, pixels, features.
    assert judged.training_rows.tolist() == [0, 1, 1, 3]


def test_a_view_in_which_real_images_coincide_shows_no_copies() -> None:
    distances = [float(d) for d in range(1, 51)]
    judged = find_copies(near([0.0, 0.0], [0.9, 1.0]), copy_thresholds(near([0.0] * 50, distances)))
    assert judged.is_copy.tolist() == [True, False]


def test_without_originals_only_duplicates_are_copies() -> None:
    judged = find_copies(
        near([0.0, 0.0], [0.9 * DUPLICATE_DISTANCE, 1.1 * DUPLICATE_DISTANCE]), copy_thresholds(near([], []))
    )
    assert judged.is_copy.tolist() == [True, False]


def test_a_duplicate_is_an_image_at_no_distance_in_pixels() -> None:
    found = near([0.0, 0.0, 3.0], [1.0, 0.001, 0.0])
    assert found.are_duplicates.tolist() == [False, True, True]
    kept = found.select(~found.are_duplicates)
    assert len(kept) == 1 and kept.by_features.distances.tolist() == [[0.0]] and kept.by_pixels.rows.tolist() == [[2]]


def test_an_image_is_not_its_own_neighbor() -> None:
    views = Views(np.eye(4), np.eye(4))
    found = nearest_training(views, views, same_set=True)
    assert (found.by_pixels.rows[:, 0] != np.arange(4)).all()


def perturbed(images: np.ndarray, how: str) -> np.ndarray:
    rng = np.random.default_rng(5)
    size = images.shape[-1]

    def back_and_forth(image: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(image).resize((size // 3, size // 3)).resize((size, size)))

    changes = {
        "exact": lambda: images,
        "noise": lambda: np.clip(images + rng.normal(0, 8, images.shape), 0, 255).astype(np.uint8),
        "darker": lambda: (images * 0.8).astype(np.uint8),
        "shifted": lambda: np.pad(images, ((0, 0), (2, 0), (0, 3)), mode="edge")[:, :size, 3:],
        "blurred": lambda: np.stack([back_and_forth(image) for image in images]),
    }
    return changes[how]()


@pytest.mark.parametrize("how", ["exact", "noise", "darker", "shifted", "blurred"])
def test_planted_copies_are_found_and_held_out_images_are_not(how: str, chest_xray_root: Path) -> None:
    files = sorted((chest_xray_root / "train" / "NORMAL").iterdir())
    # By patient: neighbors in the list are often of one person.
    images = np.stack([np.asarray(Image.open(f).convert("L").resize((96, 96))) for f in files[:520]])
    training, held_out, fresh = images[:260], images[260:390], images[390:520]
    copy_filter = CopyFilter.from_images(training, held_out, device=torch.device("cpu"))
    assert copy_filter.is_copy(perturbed(training[::4], how)).mean() >= 0.95
    assert copy_filter.is_copy(held_out).mean() <= 0.05
    assert copy_filter.is_copy(fresh).mean() <= 0.05


def test_the_filter_finds_noisy_copies_although_a_training_image_is_there_twice(draw_chests: Callable) -> None:
    training = draw_chests(80, 48, 0)
    training[1] = training[0]
    noisy = np.clip(training[10:40] + np.random.default_rng(0).normal(0, 4, (30, 48, 48)), 0, 255).astype(np.uint8)
    assert CopyFilter.from_images(training, None, device=torch.device("cpu")).is_copy(noisy).all()


def test_the_filter_answers_the_same_in_any_batches(draw_chests: Callable) -> None:
    training, fresh = draw_chests(60, 48, 0), draw_chests(30, 48, 1)
    copy_filter = CopyFilter.from_images(training, None, device=torch.device("cpu"))
    mixed = np.concatenate([fresh[:5], training[:7], fresh[5:]])
    whole = copy_filter.is_copy(mixed)
    parts = np.concatenate([copy_filter.is_copy(mixed[i : i + 4]) for i in range(0, len(mixed), 4)])
    np.testing.assert_array_equal(whole, parts)
    assert whole[5:12].all()
    assert copy_filter.is_copy(mixed[:0]).shape == (0,)


def test_authenticity_by_hand() -> None:
    # Training 0, 1, 5. Image 0.4: nearest 0, whose own nearest is 1 away; 0.4 < 1, so not authentic.
    # Image 7: nearest 5, whose own nearest is 4 away; 2 < 4, not authentic. Image 2.6: nearest 1; 1.6 > 1, authentic.
    training = np.array([[0.0], [1.0], [5.0]])
    assert authenticity(np.array([[0.4], [7.0], [2.6]]), training) == pytest.approx(1 / 3)


def test_copies_are_not_authentic_and_fresh_images_are_about_half() -> None:
    rng = np.random.default_rng(0)
    training = rng.normal(size=(600, 4))
    assert authenticity(training + 1e-6, training) == 0
    assert 0.4 < authenticity(rng.normal(size=(600, 4)), training) < 0.75
