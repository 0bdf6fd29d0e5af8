"""Weights and order of synthetic images, by hand."""

import math

import numpy as np
import pytest
import torch

from classifiers.errors import ClassifierInputError
from classifiers.training.batches import Examples, augmented_batches, plain_batches, rows_of_batches, versioned_batches
from classifiers.training.config import TrainingConfig
from classifiers.training.cuda_graph import RecordedTrainingStep
from classifiers.training.losses import choose_loss

CPU = torch.device("cpu")
LABELS = torch.tensor([0, 0, 1, 1, 1, 1, 0, 0])
IS_SYNTHETIC = torch.tensor([False] * 6 + [True] * 2)


def test_the_loss_of_a_synthetic_image_is_multiplied_by_its_weight_and_that_of_its_class():
    # Probabilities of the true class: 1/2 (class 0), 1/4 (class 1), 1/2 (class 0, synthetic).
    logits = torch.tensor([[0.0], [-math.log(3)], [0.0]])
    labels, is_synthetic = torch.tensor([0, 1, 0]), torch.tensor([False, False, True])
    losses = choose_loss(1, (1.5, 0.75), CPU, synthetic_weight=0.25)(logits, labels, is_synthetic)
    by_hand = (1.5 * math.log(2) + 0.75 * math.log(4) + 1.5 * 0.25 * math.log(2)) / 3
    assert losses.item() == pytest.approx(by_hand)
    plain = choose_loss(1, (1.5, 0.75), CPU)
    assert torch.equal(plain(logits, labels, is_synthetic), plain(logits, labels))


def test_the_gradient_of_a_synthetic_image_is_scaled():
    def gradient(weight):
        logits = torch.zeros(3, 1, requires_grad=True)
        choose_loss(1, None, CPU, weight)(logits, torch.tensor([0, 1, 0]), torch.tensor([False, True, True])).backward()
        return logits.grad.flatten().tolist()

    # σ(0) - y, divided by three images: 1/6, -1/6, 1/6; synthetic ones times the weight.
    assert gradient(1.0) == pytest.approx([1 / 6, -1 / 6, 1 / 6])
    assert gradient(0.5) == pytest.approx([1 / 6, -1 / 12, 1 / 12])


def test_real_images_come_last_and_their_classes_equally_often():
    config = TrainingConfig(steps=400, batch_size=16, synthetic_steps=0.25)
    rows = list(rows_of_batches(LABELS, config, IS_SYNTHETIC))
    assert len(rows) == 400
    first, last = np.concatenate(rows[:100]), np.concatenate(rows[100:])
    assert np.bincount(first).tolist() == [200] * 8  # 1,600 rows of 8 images in rounds
    assert last.max() == 5
    # 4,800 rows: 2,400 of each class, by a binomial distribution of standard deviation 34.6.
    assert abs((last < 2).sum() - 2400) < 4 * 35
    plain = list(rows_of_batches(LABELS, TrainingConfig(steps=400, batch_size=16)))
    assert all(np.array_equal(*pair) for pair in zip(rows[:100], plain[:100], strict=True))


@pytest.mark.parametrize("place", ["plain", "host", "device"])
def test_marks_stay_with_their_images(place):
    config = TrainingConfig(
        steps=6, batch_size=4, synthetic_steps=0.5, augment_on=place if place != "plain" else "auto"
    )
    pixels = np.repeat(np.arange(8, dtype=np.uint8), 24 * 24).reshape(8, 24, 24)
    if place == "plain":
        batches = list(plain_batches(Examples(torch.from_numpy(pixels), LABELS, IS_SYNTHETIC), config))
    else:
        augmented = TrainingConfig(steps=6, batch_size=4, synthetic_steps=0.5, augment="anatomical", augment_on=place)
        batches = list(augmented_batches(pixels, LABELS, augmented, IS_SYNTHETIC))
    for inputs, labels, is_synthetic in batches:
        rows = inputs[:, 12, 12].long()
        assert torch.equal(LABELS[rows], labels)
        assert torch.equal(IS_SYNTHETIC[rows], is_synthetic)
    assert any(batch[2].any() for batch in batches[:3])
    assert not any(batch[2].any() for batch in batches[3:])


def test_a_recorded_step_gets_the_marks_of_each_batch():
    seen = []

    def step(inputs, labels, is_synthetic):
        seen.append(is_synthetic.clone())
        return inputs.sum()

    recorded = RecordedTrainingStep(step, lambda function: function)
    for number in range(6):
        recorded(torch.ones(2), torch.zeros(2), torch.tensor([number % 2 == 0, True]))
    assert [marks.tolist() for marks in seen] == [[number % 2 == 0, True] for number in range(6)]


def test_early_stopping_waits_for_the_real_images(train):
    # Validation labels are the wrong way round, so the loss rises from the beginning.
    wrong = {"steps": 30, "checks": 15, "val_labels": 1 - np.arange(20) % 2, "learning_rate": 3e-3, "patience": 2}
    stopped = train(**wrong)
    is_synthetic = np.arange(48) % 4 == 3
    waiting = train(**wrong, train_is_synthetic=is_synthetic, synthetic_steps=0.8)
    assert stopped.steps_taken < 24
    assert 24 + 2 * 2 <= waiting.steps_taken <= 30


def test_what_does_not_fit_is_refused(train):
    with pytest.raises(ClassifierInputError, match="Which images are synthetic is missing"):
        train(synthetic_weight=0.5)
    with pytest.raises(ClassifierInputError, match=r"Which images are synthetic is bool \(3,\)"):
        train(synthetic_weight=0.5, train_is_synthetic=np.zeros(3, dtype=bool))
    with pytest.raises(ClassifierInputError, match="All training images are synthetic"):
        train(synthetic_steps=0.5, train_is_synthetic=np.ones(48, dtype=bool))
    with pytest.raises(ClassifierInputError, match="is fitted to all images at once"):
        train("pixel_svm", size=20, synthetic_weight=0.5, train_is_synthetic=np.zeros(48, dtype=bool))
    with pytest.raises(ClassifierInputError, match=r"synthetic_steps = 0"):
        TrainingConfig(steps=1, synthetic_steps=0)


def test_versions_of_a_synthetic_image_are_synthetic_and_come_first():
    config = TrainingConfig(steps=8, batch_size=6, synthetic_steps=0.5)
    inputs = torch.arange(16)  # version v of image i is row 8 v + i
    batches = list(versioned_batches(Examples(inputs, LABELS.repeat(2), IS_SYNTHETIC.repeat(2)), 2, config))
    for rows, labels, is_synthetic in batches:
        assert torch.equal(LABELS[rows % 8], labels)
        assert torch.equal(IS_SYNTHETIC[rows % 8], is_synthetic)
    assert any(batch[2].any() for batch in batches[:4]) and not any(batch[2].any() for batch in batches[4:])
    assert {int(version) for rows, _, _ in batches for version in rows // 8} == {0, 1}
