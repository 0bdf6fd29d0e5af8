import os

import numpy as np
import pytest

from classifiers.errors import ClassifierInputError
from classifiers.training.augmentation import AUGMENTATIONS, build_augmentation, check_augmentation
from classifiers.training.augmentation_transforms import KerasMove, KerasZoom, SmallMove


def ramp(size=41):
    """Values rise by 5 a column from left to right; every row is the same."""
    return np.tile(np.arange(size, dtype=np.uint8) * 5, (size, 1))


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "none"])
def test_same_entropy_same_image_whatever_came_before(name):
    image = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    first, second = build_augmentation(name), build_augmentation(name)
    second(image, (9, 9, 9))
    assert np.array_equal(first(image, (1, 2, 3)), second(image, (1, 2, 3)))
    outcomes = [first(image, entropy) for entropy in ((1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4))]
    for number, outcome in enumerate(outcomes):
        assert outcome.shape == image.shape
        assert outcome.dtype == np.uint8
        assert not any(np.array_equal(outcome, other) for other in outcomes[:number])


def test_random_state_of_others_is_untouched():
    before = np.random.get_state()[1].copy()
    build_augmentation("published")(ramp(), (1, 2))
    assert np.array_equal(np.random.get_state()[1], before)


def test_zoom_shows_the_extent_that_the_factor_gives():
    zoom = KerasZoom(zoom_range=0.3)
    enlarged = zoom.apply(ramp(), factor_x=0.7, factor_y=1.0)
    # Column 20 is the middle; column 30, 10 to its right, shows what was 7 to its right.
    assert enlarged[:, 20].tolist() == [100] * 41
    assert enlarged[:, 30].tolist() == [135] * 41
    reduced = zoom.apply(ramp(), factor_x=1.3, factor_y=1.0)
    assert reduced[:, 30].tolist() == [165] * 41
    # 1.3 · 20 = 26 columns to either side, of which the outermost do not exist: the edge is repeated.
    assert reduced[:, 0].tolist() == [0] * 41
    assert reduced[:, 40].tolist() == [200] * 41


def test_zoom_factors_of_width_and_height_are_independent_and_cover_the_range():
    zoom = KerasZoom(zoom_range=0.3)
    zoom.set_random_seed(0)
    factors = np.array([list(zoom.get_params().values()) for _ in range(2000)])
    assert factors.min() >= 0.7
    assert factors.max() <= 1.3
    assert factors.mean(axis=0) == pytest.approx([1.0, 1.0], abs=0.02)
    assert factors.std(axis=0) == pytest.approx([0.6 / np.sqrt(12)] * 2, abs=0.01)
    assert abs(np.corrcoef(factors.T)[0, 1]) < 0.06


def test_published_flips_half_of_the_images_upside_down_independently_of_the_zoom():
    rising = ramp().T.copy()
    augment = build_augmentation("published")
    outcomes = [augment(rising, (0, number)).astype(int) for number in range(400)]
    flipped = np.array([image[0, 20] > image[-1, 20] for image in outcomes])
    slope = np.array([abs(image[24, 20] - image[16, 20]) for image in outcomes])
    assert 160 < flipped.sum() < 240
    assert slope[flipped].mean() == pytest.approx(slope[~flipped].mean(), rel=0.05)
    # Left and right stay where they are.
    assert all(
        (np.diff(image.astype(int), axis=1) >= 0).all() for image in (augment(ramp(), (1, n)) for n in range(50))
    )


def spot(row, column, size=101):
    """A white disc so many pixels off the middle of a black image."""
    rows, columns = np.mgrid[:size, :size] - size // 2
    return 255 * ((rows - row) ** 2 + (columns - column) ** 2 <= 16).astype(np.uint8)


def middle_of(image):
    rows, columns = np.mgrid[: len(image), : len(image)] - len(image) // 2
    return np.array([(rows * image.astype(float)).sum(), (columns * image.astype(float)).sum()]) / image.sum(
        dtype=float
    )


def test_small_move_by_hand():
    move = SmallMove(zoom=0.1, shift=0.05, turn_degrees=7)
    still = {"zoom": 0.0, "turn": 0.0, "shift_x": 0.0, "shift_y": 0.0}
    assert np.array_equal(move.apply(spot(-20, 30), **still), spot(-20, 30))
    assert middle_of(move.apply(spot(-20, 30), **still | {"zoom": 0.1})) == pytest.approx([-22, 33], abs=0.1)
    # 0.05 of 101 px: what was there is now shown so far to the left.
    assert middle_of(move.apply(spot(-20, 30), **still | {"shift_x": 0.05})) == pytest.approx([-20, 24.95], abs=0.1)
    turned = middle_of(move.apply(spot(0, 30), **still | {"turn": 90.0}))
    assert np.abs(turned) == pytest.approx([30, 0], abs=0.1)


STILL = {"factor_x": 1.0, "factor_y": 1.0, "turn": 0.0, "shear": 0.0, "shift_x": 0.0, "shift_y": 0.0}


def test_keras_move_by_hand():
    move = KerasMove()
    assert np.array_equal(move.apply(spot(-20, 30), **STILL), spot(-20, 30))
    # What was 30 to the right is shown where 0.75 times the distance to the middle is 30; rows stay as they are.
    assert middle_of(move.apply(spot(-20, 30), **STILL | {"factor_x": 0.75})) == pytest.approx([-20, 40], abs=0.1)
    assert middle_of(move.apply(spot(-20, 30), **STILL | {"shift_y": 0.05})) == pytest.approx([-25.05, 30], abs=0.1)
    assert np.abs(middle_of(move.apply(spot(0, 30), **STILL | {"turn": 90.0}))) == pytest.approx([30, 0], abs=0.1)
    # Sheared by 30 degrees, x' = x / cos 30° and y' = y + x' sin 30°, Keras' matrix the other way round.
    sheared = middle_of(move.apply(spot(0, 26), **STILL | {"shear": 30.0}))
    assert np.abs(sheared) == pytest.approx([26 / np.cos(np.pi / 6) / 2, 26 / np.cos(np.pi / 6)], abs=0.2)


def test_edges_are_repeated_or_mirrored():
    # Every column shows the one half a side to its right; beyond column 40 nothing is.
    shifted = STILL | {"shift_x": 20 / 41}
    assert KerasMove().apply(ramp(), **shifted)[0, -3:].tolist() == [200, 200, 200]
    assert KerasMove(mirrored_edges=True).apply(ramp(), **shifted)[0, 20:24].tolist() == [200, 200, 195, 190]


def test_one_zoom_factor_for_both_sides():
    apart, together = KerasMove(zoom=0.2), KerasMove(zoom=0.2, zooms_apart=False)
    for move in (apart, together):
        move.set_random_seed(0)
    assert apart.get_params()["factor_x"] != apart.get_params()["factor_y"]
    drawn = [together.get_params() for _ in range(500)]
    assert all(params["factor_x"] == params["factor_y"] for params in drawn)
    assert min(params["factor_x"] for params in drawn) == pytest.approx(0.8, abs=0.01)
    assert {params["turn"] for params in drawn} == {0.0}


@pytest.mark.parametrize("name", ["shear-zoom-flip", "flip-rotation-zoom", "rotation-flip-zoom-shift"])
def test_half_of_the_images_are_mirrored_where_the_publication_did(name):
    augment = build_augmentation(name)
    mirrored = 0
    for number in range(300):
        left, right, below = (middle_of(augment(spot(*place), (0, number))) for place in ((0, -20), (0, 20), (25, 20)))
        mirrored += np.linalg.det([left - right, below - right]) < 0
    assert 120 < mirrored < 180


def test_anatomical_moves_a_little_either_way_and_never_mirrors():
    augment = build_augmentation("anatomical")
    turns, sizes, shifts = [], [], []
    for number in range(300):
        left, right, below = (middle_of(augment(spot(*place), (0, number))) for place in ((0, -20), (0, 20), (25, 20)))
        turns.append(np.degrees(np.arctan2(*(right - left))))
        sizes.append(np.hypot(*(right - left)) / 40)
        shifts.append((left + right) / 2)
        # Going round from left to right to below is going clockwise, as before; in a mirror it would not be.
        assert np.linalg.det([left - right, below - right]) > 0
    for drawn, most in ((turns, 7), (np.array(sizes) - 1, 0.1), (shifts, 5.6)):
        assert most * 0.9 < np.max(drawn) < most * 1.06
        assert -most * 0.9 > np.min(drawn) > -most * 1.06
        assert np.mean(drawn) == pytest.approx(0, abs=most * 0.1)


def test_never_asks_a_server_for_its_version():
    assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == "1"


def test_unknown_augmentation():
    with pytest.raises(ClassifierInputError, match=r"no augmentation 'mirror'.* are none, anatomical, published"):
        check_augmentation("mirror")
    check_augmentation("none")
