"""One image file to its facts and to grey squares."""

import contextlib
import hashlib
import io
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import BmpImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

# Nothing else is tried, so that no file reaches the programs that some of PIL's other formats start.
# Naming the plugins has PIL know them now; it would look for them later, but not safely in several threads at once.
_FORMATS = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        BmpImagePlugin.BmpImageFile,
        TiffImagePlugin.TiffImageFile,
    )
)
_MAX_FILE_BYTES = 500_000_000
_MAX_PIXELS = 80_000_000
_INTEGER_RANGES = (255, 4095, 65535)
_TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0


class UnreadableImageError(Exception):
    """The file gives no image; the message says why."""


@dataclass(frozen=True)
class DecodedImage:
    """What one file holds.

    `width_px` and `height_px` are as a viewer shows the image, with its EXIF orientation; `mode` is PIL's name of
    the pixel format in the file; `sha256` is of the file's bytes; `squares` maps S to uint8 (S, S).
    """

    width_px: int
    height_px: int
    mode: str
    sha256: str
    squares: dict[int, np.ndarray]


def decode_file(path: Path, sizes_px: Sequence[int]) -> DecodedImage:
    """Decode a JPEG, PNG, BMP or TIFF file once and shrink it to every size asked for.

    Of a file with several pages the first is taken. JPEG's reduced decoding (PIL `draft`) is not used: on 1900×1500
    images it saves half of 20 ms, but moves pixels of a 64 px result by up to 27 of 255.

    Raises:
        UnreadableImageError: not an image of these formats, damaged, empty, or too large to be a radiograph.
    """
    content = _read(path)
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > _MAX_PIXELS:
                raise UnreadableImageError(
                    f"{image.width} × {image.height} pixels, more than the {_MAX_PIXELS // 1_000_000} million allowed"
                )
            mode = image.mode
            image.load()
            _turn_upright(image)
            grey = to_grey(image)
    except UnreadableImageError:
        raise
    except Image.UnidentifiedImageError as error:
        raise UnreadableImageError("not a JPEG, PNG, BMP or TIFF image") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError("claims too many pixels to be a radiograph") from error
    # PIL's readers answer damaged files with nearly every exception there is (SyntaxError, struct.error, …).
    except Exception as error:
        raise UnreadableImageError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error
    digest = hashlib.sha256(content).hexdigest()
    squares = {size_px: resize_grey(grey, size_px) for size_px in sizes_px}
    return DecodedImage(grey.shape[1], grey.shape[0], mode, digest, squares)


def to_grey(image: Image.Image) -> np.ndarray:
    """An image of any PIL mode as uint8 (H, W).

    Colours become ITU-R 601 luma; what is transparent lies over black. Deep images (16 or 32 bits a pixel) are scaled
    by the smallest range of 8, 12 or 16 bits that holds them, so a 16-bit one is divided by 257 and a 12-bit
    radiograph in a 16-bit file is not left nearly black; floating-point images between 0 and 1 are multiplied by 255;
    any other range is stretched from its least to its greatest value.

    Raises:
        UnreadableImageError: a pixel is not a finite number.
    """
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        grey = _to_eight_bits(np.asarray(image))
        return 255 - grey if _white_is_zero(image) else grey
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        black = Image.new("RGBA", seen.size, (0, 0, 0, 255))
        return np.asarray(Image.alpha_composite(black, seen).convert("L"))
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return np.asarray(image.convert("L"))


def resize_grey(image: np.ndarray, size_px: int) -> np.ndarray:
    """Resize to a square, antialiased (PIL bicubic, as Parmar et al. 2022 recommend for comparing image sets).

    The aspect ratio is not kept: chests fill the film, and cropping or padding would cut lung or add a border whose
    width tells the classes apart.

    Args:
        image: (H, W) uint8.

    Returns:
        (size_px, size_px) uint8.
    """
    if image.shape == (size_px, size_px):
        return image
    return np.asarray(Image.fromarray(image).resize((size_px, size_px), Image.Resampling.BICUBIC))


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        # A pipe with an image's name would block for ever.
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImageError("not a regular file")
        if status.st_size > _MAX_FILE_BYTES:
            raise UnreadableImageError(f"larger than {_MAX_FILE_BYTES // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(f"cannot be read: {error.strerror or error}") from error
    if not content:
        raise UnreadableImageError("empty file (0 bytes)")
    return content


def _turn_upright(image: Image.Image) -> None:
    # Damaged EXIF data says nothing about the pixels; like every viewer, take them as they lie.
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _white_is_zero(image: Image.Image) -> bool:
    # PIL inverts such TIFF files itself up to 8 bits, but not deeper ones.
    tags = getattr(image, "tag_v2", {})
    return image.mode.startswith("I;16") and tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO


def _to_eight_bits(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise UnreadableImageError("pixels that are not finite numbers")
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        top = 1.0
    elif low >= 0 and high <= _INTEGER_RANGES[-1]:
        top = float(next(limit for limit in _INTEGER_RANGES if high <= limit))
    else:
        values, top = values - low, high - low
    return np.rint(values * (255.0 / top) if top else values).astype(np.uint8)
