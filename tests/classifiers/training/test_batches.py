import itertools

import numpy as np
import torch

from classifiers.training.batches import Examples, augmented_batches, class_balanced_rows, plain_batches, shuffled_rows
from classifiers.training.config import TrainingConfig


def test_every_image_comes_once_before_any_comes_again_in_full_batches():
    config = TrainingConfig(steps=7, batch_size=4, seed=1)
    rows = list(shuffled_rows(7, config))
    assert [len(batch) for batch in rows] == [4] * 7
    flat = np.concatenate(rows)
    rounds = [sorted(flat[start : start + 7]) for start in range(0, 28, 7)]
    assert rounds == [list(range(7))] * 4
    assert not np.array_equal(flat[:7], flat[7:14])
    assert np.array_equal(flat, np.concatenate(list(shuffled_rows(7, config))))
    assert not np.array_equal(flat, np.concatenate(list(shuffled_rows(7, TrainingConfig(7, batch_size=4, seed=2)))))


def test_a_batch_larger_than_the_set_repeats_it():
    (rows,) = shuffled_rows(3, TrainingConfig(steps=1, batch_size=8))
    assert sorted(np.bincount(rows)) == [2, 3, 3]


def test_inputs_and_labels_stay_together():
    examples = Examples(torch.arange(10)[:, None] * 10, torch.arange(10))
    batches = list(plain_batches(examples, TrainingConfig(steps=5, batch_size=4)))
    assert len(batches) == 5
    assert all(torch.equal(inputs[:, 0], labels * 10) for inputs, labels in batches)


def test_augmented_images_are_the_same_for_any_number_of_workers():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 24, 24), dtype=np.uint8)
    labels = torch.arange(9)

    def all_batches(**given):
        config = TrainingConfig(steps=6, batch_size=4, augment="published", **given)
        return list(augmented_batches(pixels, labels, config))

    one, four, other = all_batches(num_workers=1), all_batches(num_workers=4), all_batches(num_workers=1, seed=5)
    for (pixels_a, labels_a), (pixels_b, labels_b) in zip(one, four, strict=True):
        assert torch.equal(pixels_a, pixels_b)
        assert torch.equal(labels_a, labels_b)
    assert not any(torch.equal(a[0], b[0]) for a, b in itertools.product(one, other))
    assert one[0][0].shape == (4, 24, 24)
    assert one[0][0].dtype == torch.uint8


def test_class_balanced_rows_sample_classes_and_their_images_equally_often():
    labels = np.array([0] * 2 + [1] * 8 + [2] * 30)
    config = TrainingConfig(steps=300, batch_size=40, seed=3, sampling="class-balanced")
    rows = list(class_balanced_rows(labels, config))
    assert [len(batch) for batch in rows] == [40] * 300
    times = np.bincount(np.concatenate(rows), minlength=40)
    # 12,000 draws: 4,000 of each class; the standard deviation of a count n·p is sqrt(n·p·(1-p)).
    for label, count in ((0, 2), (1, 8), (2, 30)):
        expected, probability = 12_000 / (3 * count), 1 / (3 * count)
        spread = np.sqrt(12_000 * probability * (1 - probability))
        assert np.all(np.abs(times[labels == label] - expected) < 5 * spread)
    again = list(class_balanced_rows(labels, config))
    assert np.array_equal(rows, again)
    other = list(class_balanced_rows(labels, TrainingConfig(300, batch_size=40, seed=4, sampling="class-balanced")))
    assert not np.array_equal(rows, other)


def test_class_balanced_batches_are_the_same_for_any_number_of_workers():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 24, 24), dtype=np.uint8)
    labels = torch.tensor([0] * 2 + [1] * 7)

    def all_batches(num_workers):
        config = TrainingConfig(
            steps=6, batch_size=4, augment="anatomical", sampling="class-balanced", num_workers=num_workers
        )
        return list(augmented_batches(pixels, labels, config))

    for (pixels_a, labels_a), (pixels_b, labels_b) in zip(all_batches(1), all_batches(4), strict=True):
        assert torch.equal(pixels_a, pixels_b)
        assert torch.equal(labels_a, labels_b)


def test_plain_batches_follow_the_sampling():
    examples = Examples(torch.arange(10)[:, None], torch.tensor([0] + [1] * 9))
    config = TrainingConfig(steps=50, batch_size=8, sampling="class-balanced")
    drawn = torch.cat([labels for _, labels in plain_batches(examples, config)])
    assert 0.4 < drawn.float().mean() < 0.6
