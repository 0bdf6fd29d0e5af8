import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.over_sampling.image_layout import ImageLayout, resized


def test_values_are_scaled_and_back_by_hand():
    layout = ImageLayout.of(np.array([[[-1.0, 1.0], [0.0, 0.5]]]))
    assert (layout.low, layout.high) == (-1, 1)
    pixels = layout.to_pixels(np.array([[[-1.0, 1.0], [0.0, 0.5]]]))
    assert pixels.tolist() == [[[0, 255], [128, 191]]]  # 127.5 rounds to the even 128
    assert np.allclose(layout.from_pixels(pixels), [[[-1, 1], [256 / 255 - 1, 382 / 255 - 1]]])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([3, 200], np.uint8), (0, 255)),
        (np.array([0.25, 0.5]), (0, 1)),
        (np.array([0.25, 1.5]), (0.25, 1.5)),
        (np.array([10, 4000], np.uint16), (10, 4000)),
        (np.array([True, False]), (0, 1)),
        (np.array([7.0, 7.0]), (7, 8)),
    ],
)
def test_the_range_of_values(values, expected):
    layout = ImageLayout.of(values.reshape(1, 1, 2))
    assert (layout.low, layout.high) == expected
    assert layout.from_pixels(layout.to_pixels(values.reshape(1, 1, 2))).dtype == values.dtype


@pytest.mark.parametrize("given", [(-1, 1), [-1.0, 1.5], np.array([-2, 2]), (np.float32(-1), np.int64(1))])
def test_a_given_range(given):
    layout = ImageLayout.of(np.array([[[-1.0, 0.5]]]), value_range=given)
    assert (layout.low, layout.high) == tuple(map(float, given))


def test_a_given_range_is_compared_within_the_rounding_of_the_values():
    values = np.array([[[-0.6, 0.6]]], np.float32)  # 0.60000002
    assert ImageLayout.of(values, value_range=(-0.6, 0.6)).high == 0.6
    with pytest.raises(InputError, match=r"values from -0\.6 to 0\.6, and value_range is"):
        ImageLayout.of(values, value_range=(-0.6, 0.59999))


@pytest.mark.parametrize(
    "given",
    [(0, np.nan), (0, np.inf), (0, 0), (1, 0), (0,), (0, 1, 2), 5, None, "Auto", "0,1", ("0", "1"), (False, True)],
)
def test_ranges_that_cannot_be(given):
    with pytest.raises(InputError, match=r"value_range is .* must be \"auto\", or two finite numbers"):
        ImageLayout.of(np.zeros((1, 2, 2)), value_range=given)


@pytest.mark.parametrize(
    ("values", "given", "message"),
    [
        (np.array([0, 255], np.uint8), (0, 1), r"values from 0 to 255, and value_range is \(0, 1\)"),
        (np.array([-1.0, 1.0]), (0, 1), r"values from -1 to 1, and value_range is \(0, 1\)"),
        (np.array([3, 200], np.uint8), (0, 1000), r"uint8, which has values from 0 to 255.*\(0, 1000\)"),
        (np.array([3, 200], np.int16), (-40000, 200), "int16, which has values from -32768 to 32767"),
        (np.array([True, False]), (0, 255), "bool, which has values from 0 to 1"),
    ],
)
def test_values_outside_the_range_and_ranges_outside_the_dtype_are_refused(values, given, message):
    with pytest.raises(InputError, match=message):
        ImageLayout.of(values.reshape(1, 1, 2), value_range=given)


def test_whole_numbers_of_many_bits_come_back_within_half_a_step():
    values = np.arange(0, 4001, 500, dtype=np.uint16).reshape(1, 3, 3)
    layout = ImageLayout.of(values)
    back = layout.from_pixels(layout.to_pixels(values)).astype(int)
    assert np.abs(back - values).max() <= 4000 / 255 / 2 + 1


@pytest.mark.parametrize(
    ("shape", "image_shape", "size", "is_color"),
    [
        ((2, 5, 4), None, (5, 4), False),
        ((2, 5, 4, 1), None, (5, 4), False),
        ((2, 5, 4, 3), None, (5, 4), True),
        ((2, 3, 5, 4), None, (5, 4), True),
        ((2, 1, 5, 4), None, (5, 4), False),
        ((2, 60), (3, 5, 4), (5, 4), True),
        ((2, 60), (5, -1, 3), (5, 4), True),
        ((2, 20), (1, -1), (1, 20), False),
    ],
)
def test_every_layout_goes_to_bytes_and_back(shape, image_shape, size, is_color):
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    layout = ImageLayout.of(values, image_shape)
    pixels = layout.to_pixels(values)
    assert layout.size == size and layout.is_color == is_color
    assert pixels.shape == ((2, *size, 3) if is_color else (2, *size))
    assert np.array_equal(layout.from_pixels(pixels), values)
    if shape == (2, 3, 5, 4):
        assert np.array_equal(pixels[1, :, :, 2], values[1, 2])


@pytest.mark.parametrize("shape", [(4,), (4, 7), (4, 2, 5, 5), (4, 1, 1, 5, 5)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match=r"X is an array|flat"):
        ImageLayout.of(np.zeros(shape, np.uint8))


def test_resizing_keeps_a_constant_image_and_channels():
    pixels = np.full((2, 6, 4, 3), 90, np.uint8)
    assert np.array_equal(resized(pixels, (32, 16)), np.full((2, 32, 16, 3), 90))
    assert resized(pixels, (6, 4)) is pixels
