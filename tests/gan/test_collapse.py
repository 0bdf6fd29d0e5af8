import math

import numpy as np
import pytest

from ganbal.gan.collapse import diversity, find_trouble

FINE = {"discriminator_loss": 1.2, "generator_loss": 1.0, "real_score": 0.6, "synthetic_score": 0.4}
PINNED = FINE | {"real_score": 0.999, "synthetic_score": 0.001}


def test_diversity_is_the_root_mean_square_difference_of_all_pairs():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 4), dtype=np.uint8)
    flat = images.reshape(7, -1).astype(float)
    pairs = [np.mean((flat[i] - flat[j]) ** 2) for i in range(7) for j in range(i)]
    assert diversity(images) == pytest.approx(math.sqrt(np.mean(pairs)), rel=1e-5)


def test_same_images_have_no_diversity():
    assert diversity(np.full((3, 4, 4), 9, dtype=np.uint8)) == 0


def test_a_healthy_training_has_no_trouble():
    assert find_trouble([FINE | {"relative_diversity": 0.9}] * 20) is None
    assert find_trouble([]) is None


def test_losses_that_are_no_numbers_are_noticed():
    assert "no longer numbers" in find_trouble([FINE, FINE | {"generator_loss": math.nan}])


def test_a_pinned_discriminator_is_noticed_only_when_it_lasts():
    assert "tells every image apart" in find_trouble([FINE] + [PINNED] * 5)
    assert find_trouble([PINNED] * 4) is None
    assert find_trouble([PINNED] * 4 + [FINE]) is None


def test_lost_diversity_is_noticed_but_not_that_of_a_beginner():
    assert "nearly the same picture" in find_trouble([FINE | {"relative_diversity": d} for d in (0.8, 0.1)])
    assert find_trouble([FINE | {"relative_diversity": d} for d in (0.1, 0.2)]) is None
