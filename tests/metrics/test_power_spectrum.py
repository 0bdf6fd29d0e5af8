import numpy as np
import pytest

from ganbal.metrics.power_spectrum import radial_power_spectrum, spectrum_difference_db


def noise(deviation, count=200, size=32, seed=0):
    return np.random.default_rng(seed).normal(127, deviation, (count, size, size)).round().astype(np.uint8)


def test_white_noise_has_the_same_power_at_every_frequency_and_its_variance_in_all() -> None:
    spectrum = radial_power_spectrum(noise(20))
    assert spectrum.shape == (16,)
    # 32² frequencies share the variance 400.
    assert spectrum == pytest.approx(np.full(16, 400 / 32**2), rel=0.15)


def test_a_wave_has_its_power_at_its_frequency() -> None:
    columns = np.arange(64)
    wave = np.tile(127 + 100 * np.sin(2 * np.pi * 10 * columns / 64), (1, 64, 1)).round().astype(np.uint8)
    spectrum = radial_power_spectrum(wave)
    # Cycles are counted from 1; the window widens the peak by one frequency on either side.
    assert spectrum.argmax() == 9
    assert spectrum[8:11].sum() > 0.99 * spectrum.sum()


def test_difference_by_hand() -> None:
    # Half the contrast at every frequency is a quarter of the power: 10 · log10(4) = 6.02.
    assert spectrum_difference_db(noise(20), noise(10, seed=1)) == pytest.approx(6.02, abs=0.4)
    assert spectrum_difference_db(noise(20), noise(20)) == 0
    assert spectrum_difference_db(noise(20), noise(20, seed=1)) < 0.4
    blank = np.full((2, 32, 32), 90, dtype=np.uint8)
    assert spectrum_difference_db(blank, blank) == 0
