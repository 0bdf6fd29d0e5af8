import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.study.arms import ARMS, ImageSet, find_arm


def image_set(labels, first_value=0):
    """Images of one pixel whose value tells which one it is."""
    pixels = np.arange(first_value, first_value + len(labels), dtype=np.uint8).reshape(-1, 1, 1)
    return ImageSet(pixels, np.array(labels))


REAL, SYNTHETIC = image_set([0, 0, 0, 1, 1, 1, 1, 1, 1, 1]), image_set([0, 0, 0, 0], 100)


def build(name, seed=0):
    return ARMS[name].build(REAL, SYNTHETIC, np.random.default_rng(seed))


def test_imbalanced_is_the_real_set():
    training = build("imbalanced")
    assert training.images is REAL and training.num_synthetic == 0 and training.class_weights is None


def test_class_weights_by_hand_and_each_class_weighs_the_same():
    training = build("class-weights")
    assert training.class_weights == pytest.approx((10 / (2 * 3), 10 / (2 * 7)))
    assert 3 * training.class_weights[0] == pytest.approx(7 * training.class_weights[1])


def test_duplicated_fills_the_minority_with_copies_drawn_evenly():
    training = build("duplicated")
    assert np.bincount(training.images.labels).tolist() == [7, 7]
    values, times = np.unique(training.images.pixels[training.images.labels == 0], return_counts=True)
    assert values.tolist() == [0, 1, 2]
    assert sorted(times) == [2, 2, 3]
    assert training.num_synthetic == 0


def test_duplicated_draws_by_its_generator_only():
    assert np.array_equal(build("duplicated", 1).images.pixels, build("duplicated", 1).images.pixels)
    several = {build("duplicated", seed).images.pixels.tobytes() for seed in range(10)}
    assert len(several) > 1


def test_gan_adds_every_synthetic_image_and_counts_them():
    training = build("gan")
    assert np.bincount(training.images.labels).tolist() == [7, 7]
    assert training.num_synthetic == 4
    assert set(SYNTHETIC.pixels.flatten()) <= set(training.images.pixels.flatten())


def test_only_the_gan_arm_needs_synthetic_images():
    assert [name for name, arm in ARMS.items() if arm.needs_synthetic] == ["gan"]


def test_an_unknown_arm_is_an_input_error():
    with pytest.raises(InputError, match="arms among imbalanced, class-weights, duplicated, gan; found 'smoote'"):
        find_arm("smoote")
