import numpy as np
import pytest
from sklearn.base import clone

import ganbal
from ganbal import GANOverSampler
from ganbal.errors import InputError

TINY = {"base_channels": 4, "latent_dim": 8, "batch_size": 4, "steps": 3, "score_every_steps": 3, "score_images": 8}


def images(size=32, counts=(6, 10)):
    """Dark images of the first class, bright ones of the second."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(counts)), counts)
    pixels = random.integers(0, 60, (sum(counts), size, size)) + 120 * labels[:, None, None] // len(counts)
    return pixels.astype(np.uint8), labels


def sampler(**given):
    return GANOverSampler(**({"random_state": 0, "gan": TINY, "device": "cpu"} | given))


def test_synthetic_images_come_after_the_given_ones_and_are_marked():
    pixels, labels = images()
    over = sampler()
    more, more_labels = over.fit_resample(pixels, labels)
    assert more.shape == (20, 32, 32) and more.dtype == np.uint8
    assert np.array_equal(more[:16], pixels) and np.array_equal(more_labels[:16], labels)
    assert more_labels[16:].tolist() == [0] * 4 and more_labels.dtype == labels.dtype
    assert over.sampling_strategy_ == {0: 4}
    assert over.sample_indices_.tolist() == list(range(16))
    assert np.array_equal(more[: len(over.sample_indices_)], pixels[over.sample_indices_])
    assert over.is_synthetic_.tolist() == [False] * 16 + [True] * 4


def test_synthetic_images_are_of_the_class_that_was_learned_and_all_different():
    pixels, labels = images()
    quick = {"steps": 80, "score_every_steps": 80, "learning_rate": 2e-3, "ema_half_life_images": 0}
    more, _ = sampler(gan=TINY | quick).fit_resample(pixels, labels)
    # Dark ones have a mean of 30, bright ones of 90; an untrained generator makes 128.
    assert np.all(np.abs(more[16:].mean(axis=(1, 2)) - 30) < 35)
    assert len({image.tobytes() for image in more[16:]}) == 4


def test_same_random_state_same_images():
    pixels, labels = images()
    visible = TINY | {"steps": 10, "score_every_steps": 10, "learning_rate": 5e-3, "ema_half_life_images": 0}
    first, again, other = (
        sampler(random_state=state, gan=visible).fit_resample(pixels, labels)[0] for state in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first[16:], other[16:])


def test_string_labels_a_channel_axis_and_several_classes():
    pixels, numbers = images(counts=(4, 7, 5))
    labels = np.array(["ill", "well", "unclear"])[numbers]
    over = sampler(sampling_strategy={"ill": 5, "unclear": 7})
    more, more_labels = over.fit_resample(pixels[..., None], labels)
    assert more.shape == (19, 32, 32, 1)
    assert more_labels[16:].tolist() == ["ill", "unclear", "unclear"]
    assert over.sampling_strategy_ == {"ill": 1, "unclear": 2}


def test_sizes_that_no_generator_has_are_resized_to_and_from():
    pixels, labels = images(size=28)
    more, _ = sampler().fit_resample(pixels, labels)
    assert more.shape == (20, 28, 28)


def test_nothing_to_add_trains_nothing():
    pixels, labels = images(counts=(4, 4))
    more, _ = sampler(gan={"steps": 10**9}).fit_resample(pixels, labels)
    assert np.array_equal(more, pixels)


def test_it_is_an_estimator_of_scikit_learn():
    over = sampler(sampling_strategy="minority")
    assert clone(over).get_params() == over.get_params()
    assert "minority" in repr(over)


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        (lambda p, y: (p / 255, y), {}, r"\(16, 32, 32\) of float64.*uint8"),
        (lambda p, y: (p[:, :20], y), {}, r"array \(16, 20, 32\)"),
        (lambda p, y: (np.stack([p] * 3, axis=-1), y), {}, r"array \(16, 32, 32, 3\)"),
        (lambda p, y: (p, y[:-1]), {}, r"array \(15,\) for 16 images"),
        (lambda p, y: (p[3:], y[3:]), {}, "3 images of 0.*at least 4"),
        (lambda p, y: (p, y), {"gan": {"stepps": 3}}, "did you mean gan.steps"),
        (lambda p, y: (p, y), {"sampling_strategy": "none"}, "sampling_strategy is 'none'"),
        (lambda p, y: (np.zeros((16, 300, 300), np.uint8), y), {}, "have 300 px. The largest .* 256 px"),
    ],
)
def test_impossible_requests_are_reported_before_any_training(change, given, message):
    with pytest.raises(InputError, match=message):
        sampler(**given).fit_resample(*change(*images()))


def test_the_package_exports_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'GANUnderSampler'"):
        _ = ganbal.GANUnderSampler
