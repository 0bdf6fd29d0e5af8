import math

import numpy as np
import pytest

from ganbal.gan.collapse import detect_collapse, diversity

FINE = {"discriminator_loss": 1.2, "generator_loss": 1.0, "real_score": 0.6, "synthetic_score": 0.4}
PINNED = FINE | {"real_score": 0.999, "synthetic_score": 0.001}


def test_diversity_is_the_root_mean_square_difference_of_all_pairs():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 4), dtype=np.uint8)
    flat = images.reshape(7, -1).astype(float)
    pairs = [np.mean((flat[i] - flat[j]) ** 2) for i in range(7) for j in range(i)]
    assert diversity(images) == pytest.approx(math.sqrt(np.mean(pairs)), rel=1e-5)


def test_same_images_have_no_diversity():
    assert diversity(np.full((3, 4, 4), 9, dtype=np.uint8)) == 0


def test_a_healthy_training_is_not_a_collapse():
    assert detect_collapse([FINE | {"relative_diversity": 0.9}] * 20) is None
    assert detect_collapse([]) is None


def test_a_loss_that_is_not_a_number_is_detected():
    assert "not a number" in detect_collapse([FINE, FINE | {"generator_loss": math.nan}])


def test_a_pinned_discriminator_is_detected_only_when_it_lasts():
    assert "separates all images" in detect_collapse([FINE] + [PINNED] * 5)
    assert detect_collapse([PINNED] * 4) is None
    assert detect_collapse([PINNED] * 4 + [FINE]) is None


def test_lost_diversity_is_detected_but_not_low_diversity_at_the_start():
    assert "nearly identical" in detect_collapse([FINE | {"relative_diversity": d} for d in (0.8, 0.1)])
    assert detect_collapse([FINE | {"relative_diversity": d} for d in (0.1, 0.2)]) is None


def test_diversity_that_never_came_is_detected_after_many_images():
    """A class-conditional training on an H200 kept a diversity of 0.02 for a million images, unnoticed."""
    rows = [
        FINE | {"images_seen": number, "relative_diversity": value}
        for number, value in ((32_000, 0.03), (64_000, 0.02))
    ]
    assert detect_collapse(rows[:1]) is None
    assert "all the time" in detect_collapse(rows)
    assert detect_collapse([*rows, FINE | {"images_seen": 67_200}]) is None  # not measured in this row
    assert detect_collapse([rows[0], rows[1] | {"relative_diversity": 0.3}]) is None


def test_rows_before_a_rollback_do_not_count():
    assert detect_collapse([PINNED] * 4 + [PINNED], num_restored=4) is None
    assert detect_collapse([PINNED] * 4 + [PINNED] * 4, num_restored=4) is None
    assert "separates all images" in detect_collapse([PINNED] * 4 + [PINNED] * 5, num_restored=4)
    lost = FINE | {"relative_diversity": 0.1}
    assert detect_collapse([FINE | {"generator_loss": math.nan}], num_restored=1) is None
    assert detect_collapse([FINE | {"relative_diversity": 0.8}, FINE, lost], num_restored=2) is None


def test_the_diversity_of_the_restored_state_can_be_lost_again():
    restored, lost = FINE | {"relative_diversity": 0.8}, FINE | {"relative_diversity": 0.1}
    assert "nearly identical" in detect_collapse([FINE, restored, lost], num_restored=2)
