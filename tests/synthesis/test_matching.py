import numpy as np
import pytest

from ganbal.metrics.power_spectrum import spectrum_difference_db
from ganbal.synthesis.matching import match, match_intensity, match_spectrum


def noise(count, seed, level=120.0, deviation=20.0, size=32):
    return np.random.default_rng(seed).normal(level, deviation, (count, size, size)).clip(0, 255).astype(np.uint8)


def blurred(images):
    padded = np.pad(images.astype(float), ((0, 0), (1, 1), (1, 1)), mode="wrap")
    return np.rint((padded[:, :-2, 1:-1] + 2 * padded[:, 1:-1, 1:-1] + padded[:, 2:, 1:-1]) / 4).astype(np.uint8)


def test_intensity_by_hand():
    # Means 10 and 30 with deviations 2 and 4; the real images have 100 and 200, 10 and 20.
    synthetic = np.array([[[8, 12], [8, 12]], [[26, 34], [26, 34]]], dtype=np.uint8)
    real = np.array([[[180, 220], [180, 220]], [[90, 110], [90, 110]]], dtype=np.uint8)
    # Quantiles 1/4 and 3/4 of two values: 125 and 175 for the mean, 12.5 and 17.5 for the deviation.
    matched = match_intensity(synthetic, real)
    assert matched[0].tolist() == [[112, 138], [112, 138]]
    assert matched[1].tolist() == [[158, 192], [158, 192]]


def test_intensities_are_distributed_as_in_real_images_and_keep_their_order():
    levels = np.linspace(90, 130, 40)
    synthetic = np.concatenate([noise(1, number, level, 10) for number, level in enumerate(levels)])
    real = np.concatenate([noise(1, 100 + number, 60 + number, 15) for number in range(100)])
    matched = match_intensity(synthetic, real)
    # Quantiles of 40 images lie up to half an image, 1.25 gray levels of 100, from those of 100 images.
    for measure, tolerance in ((np.mean, 2.5), (np.std, 0.5)):
        ours, theirs = ([measure(image) for image in images] for images in (matched, real))
        assert np.quantile(ours, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(theirs, [0.1, 0.5, 0.9]), abs=tolerance)
    assert (np.diff([image.mean() for image in matched]) > 0).all()
    blank = np.full((2, 4, 4), 7, dtype=np.uint8)
    assert all(len(np.unique(image)) == 1 for image in match_intensity(blank, real[:, :4, :4]))


def test_a_blurred_set_gets_the_spectrum_of_the_sharp_one_and_keeps_its_means():
    real, synthetic = noise(200, 0), blurred(noise(200, 1))
    before, matched = spectrum_difference_db(real, synthetic), match_spectrum(synthetic, real)
    assert before > 2
    assert spectrum_difference_db(real, matched) < 0.25 * before
    assert [image.mean() for image in matched] == pytest.approx([image.mean() for image in synthetic], abs=0.5)


def test_matchings_are_done_by_name_and_the_spectrum_first():
    real, synthetic = noise(20, 0, level=90), blurred(noise(20, 1))
    assert np.array_equal(match(synthetic, real, []), synthetic)
    assert np.array_equal(match(synthetic, real, ["intensity"]), match_intensity(synthetic, real))
    both = match_intensity(match_spectrum(synthetic, real), real)
    assert np.array_equal(match(synthetic, real, ["intensity", "spectrum"]), both)
