"""Arms that use synthetic images otherwise than real ones: by hand, and the settings that their trainings get."""

import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.study.arms import ARMS, ImageSet
from ganbal.study.arms.degraded import degraded
from ganbal.study.arms.weighted import class_weights_at
from ganbal.study.cell import Cell
from ganbal.study.cell_training import cell_inputs, training_config

CPU = torch.device("cpu")


def image_set(labels, size=16, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), size, size), dtype=np.uint8)
    return ImageSet(pixels, np.array(labels, dtype=np.int64))


REAL, SYNTHETIC = image_set([0, 0, 1, 1, 1, 1, 1, 1]), image_set([0, 0, 0, 0, 0], seed=1)


def build(name, added=4):
    return ARMS[name].build(REAL, SYNTHETIC, np.array([added, 0]), np.random.default_rng(0))


def settings_of(name, *assignments, **given):
    training = build(name, **given)
    return training_config(load_config(None, list(assignments)).study, Cell(name, "baseline_cnn", 0), training, CPU)


@pytest.mark.parametrize("name", ["gan-weighted", "gan-pretrain", "gan-advprop"])
def test_the_images_are_those_of_gan_and_the_last_ones_are_marked_as_synthetic(name):
    training, plain = build(name), build("gan")
    assert np.array_equal(training.images.pixels, plain.images.pixels)
    assert training.is_synthetic.tolist() == [False] * 8 + [True] * 4
    assert plain.is_synthetic is None


def test_weights_by_hand():
    # 2 + 4 · 0.25 = 3 and 6 images' worth: 9 / (2 · 3) and 9 / (2 · 6).
    found = settings_of("gan-weighted", "study.synthetic_weight=0.25")
    assert found.synthetic_weight == 0.25
    assert found.class_weights == pytest.approx((1.5, 0.75))
    # Both classes have the same total weight: 2 · 1.5 + 4 · 1.5 · 0.25 = 4.5 = 6 · 0.75.
    assert 2 * 1.5 + 4 * 1.5 * 0.25 == 6 * 0.75


def test_a_weight_of_1_is_gan_and_one_near_0_is_class_weights():
    assert class_weights_at(1.0, build("gan-weighted")) == (1.0, 1.0)
    limit, plain = class_weights_at(1e-9, build("gan-weighted")), build("class-weights").class_weights
    assert limit == pytest.approx(plain)


def test_settings_of_the_other_arms():
    first = settings_of("gan-pretrain", "study.synthetic_steps=0.3")
    assert (first.synthetic_steps, first.synthetic_weight, first.synthetic_batch_norm) == (0.3, 1.0, "shared")
    assert settings_of("gan-advprop").synthetic_batch_norm == "separate"
    for name in ("gan", "gan-degraded", "imbalanced"):
        plain = settings_of(name)
        assert (plain.synthetic_steps, plain.synthetic_weight, plain.synthetic_batch_norm) == (1.0, 1.0, "shared")


def test_degrading_is_the_same_for_real_and_synthetic_images_and_moderate():
    training, plain = build("gan-degraded"), build("gan")
    assert training.images.pixels.shape == plain.images.pixels.shape
    assert np.array_equal(training.images.labels, plain.images.labels)
    assert training.num_synthetic == 4
    changed = [not np.array_equal(*pair) for pair in zip(training.images.pixels, plain.images.pixels, strict=True)]
    assert all(changed)
    # One and the same image, real or synthetic, is changed in the same way by the same random numbers.
    image = np.add.outer(np.arange(0, 128, 2), np.arange(0, 128, 2)).astype(np.uint8)
    one, again, other = (degraded(image, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    differences = [np.abs(degraded(image, np.random.default_rng(s)).astype(int) - image).mean() for s in range(20)]
    assert 0 < np.mean(differences) < 6
    color = np.stack([image] * 3, axis=2)
    assert degraded(color, np.random.default_rng(0)).shape == color.shape


def test_only_the_cells_of_an_arm_depend_on_its_setting():
    class Source:
        data_digest, synthetic_digest = "data", "synthetic"

        def with_fraction(self, fraction):
            return self

        def counts_at(self, size_px):
            from ganbal.synthesis.counts import ClassCounts

            return ClassCounts(np.array([2, 6]), np.array([4, 0]))

    def inputs(arm, *assignments):
        return cell_inputs(Cell(arm, "cnn_64", 0), Source(), load_config(None, list(assignments)).study)

    other = ("study.synthetic_weight=0.5",)
    assert inputs("gan") == inputs("gan", *other)
    assert inputs("gan-weighted") != inputs("gan-weighted", *other)
    assert inputs("gan-pretrain") == inputs("gan-pretrain", *other)
    assert inputs("gan-pretrain") != inputs("gan-pretrain", "study.synthetic_steps=0.2")
