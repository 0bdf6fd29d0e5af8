import numpy as np
import pytest
from PIL import Image

from ganbal.data.decoding import Conversion, decode_file, decode_full_size
from ganbal.data.image_limits import UnreadableImageError
from ganbal.data.squares import central_square, padded_square, square_shape, to_square

WIDE = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], dtype=np.uint8)


def test_padding_centers_the_image_on_black():
    np.testing.assert_array_equal(to_square(WIDE, 4, "pad"), [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 0, 0]])
    np.testing.assert_array_equal(to_square(WIDE.T, 4, "pad"), to_square(WIDE, 4, "pad").T)


def test_cropping_takes_the_central_square():
    np.testing.assert_array_equal(to_square(WIDE, 2, "crop"), [[2, 3], [6, 7]])
    np.testing.assert_array_equal(to_square(WIDE.T, 2, "crop"), [[2, 6], [3, 7]])


def test_an_odd_remainder_leaves_the_image_nearer_to_the_top_left():
    row = np.array([[9, 8, 7, 6]], dtype=np.uint8)
    np.testing.assert_array_equal(padded_square(row), [[0] * 4, [9, 8, 7, 6], [0] * 4, [0] * 4])
    np.testing.assert_array_equal(central_square(row), [[8]])


def test_stretching_changes_the_aspect_ratio():
    halves = np.repeat([[40, 200]], 4, axis=0).repeat(8, axis=1).astype(np.uint8)  # 4 × 16: dark left, bright right
    stretched = to_square(halves, 16)
    assert stretched.shape == (16, 16)
    assert (stretched[:, :6] == 40).all() and (stretched[:, -6:] == 200).all()


def test_padded_images_keep_their_proportions_when_they_shrink():
    square = to_square(np.full((20, 40), 90, np.uint8), 8, "pad")
    assert (square[2:6] == 90).all() and not square[:2].any() and not square[6:].any()  # 40 × 20 becomes 8 × 4


@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("shape", [(1, 200), (200, 1), (3, 7), (5, 5)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_shape_becomes_a_square(fit, shape, channels):
    image = np.full((*shape, 3) if channels == 3 else shape, 77, np.uint8)
    square = to_square(image, 5, fit)
    assert (square.shape, square.dtype) == (square_shape(5, channels), np.uint8)
    assert square.max() == 77


def test_square_images_are_the_same_with_every_fit():
    image = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8)
    for size in (12, 7):
        np.testing.assert_array_equal(to_square(image, size, "pad"), to_square(image, size))
        np.testing.assert_array_equal(to_square(image, size, "crop"), to_square(image, size))


def test_colors_are_resized_channel_by_channel():
    image = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    for fit in ("stretch", "pad", "crop"):
        channels = [to_square(image[..., channel], 6, fit) for channel in range(3)]
        np.testing.assert_array_equal(to_square(image, 6, fit), np.stack(channels, axis=-1))


def test_files_are_fitted(tmp_path):
    Image.fromarray(WIDE).save(tmp_path / "x.png")
    padded = [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 0, 0]]
    np.testing.assert_array_equal(decode_file(tmp_path / "x.png", [4], Conversion(fit="pad")).squares[4], padded)
    np.testing.assert_array_equal(decode_full_size(tmp_path / "x.png", fit="pad"), padded)
    cropped = decode_file(tmp_path / "x.png", [2], Conversion(fit="crop")).squares[2]
    np.testing.assert_array_equal(cropped, [[2, 3], [6, 7]])
    np.testing.assert_array_equal(decode_full_size(tmp_path / "x.png", fit="crop"), [[2, 3], [6, 7]])


def test_the_border_of_a_thin_image_does_not_take_gigabytes(tmp_path):
    Image.new("L", (30_000, 1), 50).save(tmp_path / "x.png")
    assert decode_file(tmp_path / "x.png", [8], Conversion(fit="pad")).squares[8].max() == 50
    with pytest.raises(UnreadableImageError, match="80 million pixels allowed, padded to a square"):
        decode_full_size(tmp_path / "x.png", fit="pad")
