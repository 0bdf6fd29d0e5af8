import hashlib
import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from ganbal.data.decoding import (
    Conversion,
    IntensityRange,
    common_range,
    decode_file,
    decode_full_size,
    deep_extremes,
    to_pixels,
)
from ganbal.data.image_limits import UnreadableImageError
from ganbal.data.image_opening import decoded_bytes
from ganbal.data.squares import to_square

# PIL warns of the damage that is done here on purpose; the cache silences that for users.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

GRAY = np.array([[0, 50, 100, 150], [250, 200, 150, 100], [10, 20, 30, 255], [0, 255, 0, 255]], dtype=np.uint8)


def save(folder, image, name, **options):
    image.save(folder / name, **options)
    return folder / name


def test_properties_and_pixels_of_a_gray_image(tmp_path):
    path = save(tmp_path, Image.fromarray(GRAY), "x.png")
    image = decode_file(path, [4, 2])
    assert (image.width_px, image.height_px, image.mode) == (4, 4, "L")
    assert image.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert image.squares[4].dtype == np.uint8
    np.testing.assert_array_equal(image.squares[4], GRAY)
    assert image.squares[2].shape == (2, 2)


@pytest.mark.parametrize("name", ["x.png", "x.PNG", "x.bmp", "x.tif", "x.TIFF", "x.jpg", "x.JPEG", "x.jfif", "x.pgm"])
def test_formats_and_endings(tmp_path, name):
    path = save(tmp_path, Image.fromarray(np.full((8, 8), 77, np.uint8)), name)
    np.testing.assert_array_equal(decode_file(path, [8]).squares[8], 77)


def test_the_content_counts_not_the_ending(tmp_path):
    path = save(tmp_path, Image.fromarray(GRAY), "really_a_png.jpeg", format="PNG")
    np.testing.assert_array_equal(decode_file(path, [4]).squares[4], GRAY)


def test_rgb_becomes_luma(tmp_path):
    path = save(tmp_path, Image.new("RGB", (4, 4), (200, 100, 50)), "x.png")
    image = decode_file(path, [4])
    assert image.mode == "RGB"
    np.testing.assert_array_equal(image.squares[4], 124)  # 0.299·200 + 0.587·100 + 0.114·50 = 124.2


@pytest.mark.parametrize(
    ("color", "gray"), [((255, 255, 255, 255), 255), ((255, 255, 255, 0), 0), ((255, 255, 255, 51), 51)]
)
def test_what_is_transparent_lies_over_black(tmp_path, color, gray):
    path = save(tmp_path, Image.new("RGBA", (4, 4), color), "x.png")
    np.testing.assert_array_equal(decode_file(path, [4]).squares[4], gray)


def test_gray_with_alpha(tmp_path):
    path = save(tmp_path, Image.new("LA", (4, 4), (200, 102)), "x.png")
    image = decode_file(path, [4])
    assert image.mode == "LA"
    np.testing.assert_array_equal(image.squares[4], 80)  # 200 · 102/255


def test_palette(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 30, 30, 30, 90, 90, 90])
    decoded = decode_file(save(tmp_path, image, "x.png"), [4])
    assert decoded.mode == "P"
    np.testing.assert_array_equal(decoded.squares[4], 30)


def test_palette_with_a_transparent_color(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 30, 30, 30, 90, 90, 90])
    path = save(tmp_path, image, "x.png", transparency=1)
    np.testing.assert_array_equal(decode_file(path, [4]).squares[4], 0)


def test_one_bit(tmp_path):
    path = save(tmp_path, Image.fromarray(GRAY > 128), "x.png")
    image = decode_file(path, [4])
    assert image.mode == "1"
    np.testing.assert_array_equal(image.squares[4], np.where(GRAY > 128, 255, 0))


def test_cmyk(tmp_path):
    path = save(tmp_path, Image.new("CMYK", (8, 8), (0, 0, 0, 155)), "x.tif")
    np.testing.assert_array_equal(decode_file(path, [8]).squares[8], 100)


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_sixteen_bits_are_divided_by_257(tmp_path, name):
    values = np.array([[0, 257], [2570, 65535]], dtype=np.uint16)
    image = decode_file(save(tmp_path, Image.fromarray(values), name), [2])
    assert image.mode.startswith("I")
    np.testing.assert_array_equal(image.squares[2], [[0, 1], [10, 255]])


def test_twelve_bits_in_sixteen_are_not_left_dark():
    values = np.array([[0, 4095], [819, 2048]], dtype=np.uint16)  # 819 = 4095/5; 2048·255/4095 = 127.53
    np.testing.assert_array_equal(to_pixels(Image.fromarray(values)), [[0, 255], [51, 128]])


def test_thirty_two_bit_integers_in_a_sixteen_bit_range():
    np.testing.assert_array_equal(
        to_pixels(Image.fromarray(np.array([[0, 25700, 65535]], dtype=np.int32))), [[0, 100, 255]]
    )


def test_other_ranges_are_stretched():
    values = np.array([[-1000, 0, 1000]], dtype=np.int32)
    np.testing.assert_array_equal(to_pixels(Image.fromarray(values)), [[0, 128, 255]])


def test_floating_point(tmp_path):
    np.testing.assert_array_equal(to_pixels(Image.fromarray(np.array([[0, 0.2, 1]], dtype=np.float32))), [[0, 51, 255]])
    path = save(tmp_path, Image.fromarray(np.array([[0, 65535], [257, 514]], dtype=np.float32)), "x.tif")
    image = decode_file(path, [2])
    assert image.mode == "F"
    np.testing.assert_array_equal(image.squares[2], [[0, 255], [1, 2]])


def test_a_constant_odd_image_is_black():
    np.testing.assert_array_equal(to_pixels(Image.fromarray(np.full((2, 2), -5, dtype=np.int32))), 0)


def test_deep_tiff_with_white_as_zero(tmp_path):
    image = Image.fromarray(np.array([[0, 65535]], dtype=np.uint16))
    path = save(tmp_path, image, "x.tif", tiffinfo={262: 0})
    np.testing.assert_array_equal(decode_file(path, [1, 2]).squares[2], [[255, 0], [255, 0]])


@pytest.mark.parametrize("name", ["x.jpeg", "x.png", "x.tif"])
def test_exif_orientation(tmp_path, name):
    upright = np.zeros((16, 8), np.uint8)
    upright[:8] = 200  # bright above
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90° clockwise to see it upright"
    path = save(tmp_path, Image.fromarray(np.rot90(upright).copy()), name, exif=exif)
    image = decode_file(path, [8])
    assert (image.width_px, image.height_px) == (8, 16)
    assert image.squares[8][:3].min() > 190
    assert image.squares[8][5:].max() < 10


def test_damaged_exif_is_passed_over(tmp_path):
    path = save(
        tmp_path, Image.fromarray(np.full((8, 8), 77, np.uint8)), "x.jpeg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"
    )
    np.testing.assert_array_equal(decode_file(path, [8]).squares[8], 77)


def test_resizing_is_antialiased():
    checkerboard = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = to_square(checkerboard, 16)
    assert abs(int(small[8, 8]) - 127) <= 1  # nearest-neighbor would give 0 or 255
    assert to_square(np.zeros((3, 7), np.uint8), 5).shape == (5, 5)


def reason(path):
    with pytest.raises(UnreadableImageError) as caught:
        decode_file(path, [8])
    return str(caught.value)


def test_a_text_file(tmp_path):
    (tmp_path / "x.jpeg").write_text("this is no image")
    assert (
        reason(tmp_path / "x.jpeg")
        == "not an image of a supported format (BMP, DICOM, GIF, JPEG, PNG, PPM, TIFF, WEBP)"
    )


def test_an_empty_file(tmp_path):
    (tmp_path / "x.jpeg").write_bytes(b"")
    assert reason(tmp_path / "x.jpeg") == "empty file (0 bytes)"


@pytest.mark.parametrize("name", ["x.jpeg", "x.png", "x.bmp", "x.tif"])
def test_a_truncated_file(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    path = save(tmp_path, Image.fromarray(noise), name)
    path.write_bytes(path.read_bytes()[:-1000])
    assert reason(path).startswith(("damaged: ", "not an image"))


def test_random_damage_never_ends_in_another_exception(tmp_path):
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (32, 32), dtype=np.uint8))
    for format_name in ("JPEG", "PNG", "BMP", "TIFF"):
        buffer = io.BytesIO()
        noise.save(buffer, format_name)
        for _ in range(60):
            content = bytearray(buffer.getvalue())
            for place in rng.integers(0, min(len(content), 300), 4):
                content[place] = rng.integers(0, 256)
            (tmp_path / "x.png").write_bytes(content)
            try:
                assert decode_file(tmp_path / "x.png", [8]).squares[8].shape == (8, 8)
            except UnreadableImageError as error:
                assert str(error)


def test_other_formats_are_not_opened(tmp_path):
    path = save(tmp_path, Image.fromarray(GRAY), "x.jpeg", format="PCX")
    assert reason(path).startswith("not an image of a supported format")


@pytest.mark.parametrize("side", [9_200, 60_000])
def test_a_decompression_bomb(tmp_path, side):
    content = io.BytesIO()
    content.write(b"\x89PNG\r\n\x1a\n")
    PngImagePlugin.putchunk(content, b"IHDR", side.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0]))
    PngImagePlugin.putchunk(content, b"IDAT", b"")
    (tmp_path / "x.png").write_bytes(content.getvalue())
    assert "pixels" in reason(tmp_path / "x.png")


def test_pixels_that_are_no_numbers(tmp_path):
    path = save(tmp_path, Image.fromarray(np.array([[0, np.nan]], dtype=np.float32)), "x.tif")
    assert reason(path) == "pixels that are not finite numbers"


def test_a_missing_file(tmp_path):
    assert reason(tmp_path / "x.png") == "cannot be read: No such file or directory"


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "x.png")
    assert reason(tmp_path / "x.png") == "not a regular file"


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "x.png").open("wb") as file:
        file.truncate(600_000_000)
    assert reason(tmp_path / "x.png") == "larger than 500 MB"


@pytest.mark.parametrize(("name", "options"), [("x.gif", {}), ("x.webp", {"lossless": True})])
def test_gif_and_webp(tmp_path, name, options):
    path = save(tmp_path, Image.fromarray(np.full((8, 8), 77, np.uint8)), name, **options)
    np.testing.assert_array_equal(decode_file(path, [8]).squares[8], 77)
    assert decode_full_size(path)[0, 0].max() == 77


def test_a_given_range_scales_deep_images_and_clips_beyond(tmp_path):
    values = np.array([[900, 1000], [1510, 3000]], dtype=np.uint16)
    path = save(tmp_path, Image.fromarray(values), "x.png")
    scaled = [[0, 0], [130, 255]]  # (1510 - 1000) / 1000 of 255 is 130.05
    np.testing.assert_array_equal(decode_file(path, [2], Conversion(IntensityRange(1000, 2000))).squares[2], scaled)
    np.testing.assert_array_equal(decode_full_size(path, IntensityRange(1000, 2000)), scaled)
    np.testing.assert_array_equal(decode_file(path, [2]).squares[2], np.rint(values / 4095 * 255))


def test_eight_bit_images_ignore_the_range(tmp_path):
    path = save(tmp_path, Image.fromarray(GRAY), "x.png")
    np.testing.assert_array_equal(decode_file(path, [4], Conversion(IntensityRange(100, 120))).squares[4], GRAY)


@pytest.mark.parametrize(
    ("extremes", "expected"),
    [
        ([(10, 200), (0, 4000)], (0, 4095)),
        ([(10, 200), (0, 4096)], (0, 8191)),
        ([(0, 16383)], (0, 16383)),
        ([(0, 255)], (0, 255)),
        ([(0, 256)], (0, 511)),
        ([(0, 32768)], (0, 65535)),
        ([(0, 65536)], (0, 65536)),
        ([(0, 0.5), (0.1, 1)], (0, 1)),
        ([(-1000, 400), (-900, 3000)], (-1000, 3000)),
    ],
)
def test_the_common_range_holds_all_images(extremes, expected):
    assert common_range([IntensityRange(*pair) for pair in extremes]) == expected


def test_extremes_are_of_deep_images_only(tmp_path):
    deep = save(tmp_path, Image.fromarray(np.array([[7, 3000]], dtype=np.uint16)), "deep.tif")
    assert deep_extremes(deep) == (7, 3000)
    for name in ("x.png", "x.jpg", "x.gif"):
        assert deep_extremes(save(tmp_path, Image.fromarray(GRAY), name)) is None
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    assert deep_extremes(tmp_path / "broken.png") is None
    assert deep_extremes(tmp_path / "missing.png") is None


def deep_png(color_type, channels):
    """4×4 pixels of 16 bits per channel, all 4095."""
    content = io.BytesIO()
    content.write(b"\x89PNG\r\n\x1a\n")
    PngImagePlugin.putchunk(content, b"IHDR", (4).to_bytes(4, "big") * 2 + bytes([16, color_type, 0, 0, 0]))
    PngImagePlugin.putchunk(content, b"IDAT", zlib.compress((b"\0" + bytes([15, 255]) * 4 * channels) * 4))
    PngImagePlugin.putchunk(content, b"IEND", b"")
    return content.getvalue()


def deep_tiff(channels):
    """4×4 pixels of 16 bits in one channel or three."""
    pixels = np.full((4, 4, channels), 4095, "<u2").tobytes()
    bits, photometric = (16, 1) if channels == 1 else (8 + len(pixels), 2)  # 16, or where three of it stand
    entries = [(256, 3, 1, 4), (257, 3, 1, 4), (258, 3, channels, bits), (259, 3, 1, 1), (262, 3, 1, photometric)]
    entries += [(273, 4, 1, 8), (277, 3, 1, channels), (278, 3, 1, 4), (279, 4, 1, len(pixels))]
    content = pixels + struct.pack("<3H", 16, 16, 16)
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8 + len(content)) + content + directory + bytes(4)


@pytest.mark.parametrize(
    "content", [deep_png(2, 3), deep_png(6, 4), deep_png(4, 2), deep_tiff(3)], ids=["RGB", "RGBA", "LA", "TIFF"]
)
def test_deep_color_is_refused_because_its_low_bits_would_be_lost(tmp_path, content):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    assert "more than 8 bits per channel in color" in reason(path)
    assert "save it with 8 bits per channel, or in gray" in reason(path)
    with pytest.raises(UnreadableImageError, match="more than 8 bits"):
        decode_full_size(path)


@pytest.mark.parametrize("content", [deep_png(0, 1), deep_tiff(1)], ids=["PNG", "TIFF"])
def test_deep_gray_is_read(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    np.testing.assert_array_equal(decode_file(tmp_path / "x.png", [4]).squares[4], 255)  # 4095 of 4095


@pytest.mark.parametrize("name", ["x.gif", "x.tif", "x.png", "x.webp"])
def test_of_several_pages_the_first_is_read_and_the_others_are_noted(tmp_path, name):
    options = {"lossless": True} if name.endswith("webp") else {}
    first, *others = (Image.fromarray(GRAY // (1 + number)) for number in range(3))
    many = decode_file(save(tmp_path, first, name, save_all=True, append_images=others, **options), [4])
    single = decode_file(save(tmp_path, first, f"single {name}", **options), [4])
    np.testing.assert_array_equal(many.squares[4], single.squares[4])
    assert (many.has_several_pages, single.has_several_pages) == (True, False)


def test_the_pixel_limit_holds_at_full_size_too(tmp_path):
    content = io.BytesIO()
    Image.new("1", (9000, 9000)).save(content, "PNG")
    (tmp_path / "x.png").write_bytes(content.getvalue())
    with pytest.raises(UnreadableImageError, match="9000 × 9000 pixels, more than the 80 million allowed"):
        decode_full_size(tmp_path / "x.png")


def test_the_memory_that_decoding_needs_comes_from_the_header(tmp_path):
    gray = save(tmp_path, Image.new("L", (100, 50)), "x.png")
    assert decoded_bytes(gray) == 2 * 5000  # the image and its copy
    assert decoded_bytes(save(tmp_path, Image.new("RGB", (100, 50)), "y.png")) >= 2 * 3 * 5000
    gray.write_bytes(gray.read_bytes()[:20])
    os.mkfifo(tmp_path / "pipe.png")
    assert [decoded_bytes(path) for path in (gray, tmp_path / "missing.png", tmp_path / "pipe.png")] == [0, 0, 0]
