"""One image file to pixels: the only place where image files are decoded."""

import contextlib
import hashlib
import io
import stat
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

# No other format is tried, so that no file reaches the external programs that some of PIL's formats start. Naming the
# plugins makes PIL register them now; it would do so later, but not safely in several threads at once.
_FORMATS = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        BmpImagePlugin.BmpImageFile,
        TiffImagePlugin.TiffImageFile,
        GifImagePlugin.GifImageFile,
        WebPImagePlugin.WebPImageFile,
        PpmImagePlugin.PpmImageFile,
    )
)
MAX_PIXELS = 80_000_000
"""The largest image, in pixels; larger ones count as unreadable everywhere."""
_MAX_FILE_BYTES = 500_000_000
# Images above this size are decoded one at a time, so that threads do not add up gigabytes.
_LARGE_PIXELS = 16_000_000
_one_large_image = threading.Lock()
_INTEGER_RANGES = (255, 4095, 65535)
_ROWS_PER_BLOCK = 512
_TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_GRAY_MODES = frozenset(["1", "L", "LA"])
# Formats that PIL never decodes to more than 8 bits per channel, by their first bytes.
_NEVER_DEEP = (b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")


class UnreadableImageError(Exception):
    """The file gives no image; the message says why."""


class IntensityRange(NamedTuple):
    """The values of deep images (more than 8 bits per channel) that become black and white."""

    black: float
    white: float


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


def decode_file(path: Path, sizes_px: Sequence[int], intensity: IntensityRange | None = None) -> DecodedImage:
    """Decode a file once to gray and shrink it to every requested size.

    Of a file with several pages or frames the first is taken. JPEG's reduced decoding (PIL `draft`) is not used: on
    1900×1500 images it saves half of 20 ms, but changes pixels of a 64 px result by up to 27 of 255.

    Args:
        intensity: the data set's range for deep images; None takes the image's own (see `to_gray`).

    Raises:
        UnreadableImageError: not an image of a supported format, damaged, empty, or larger than `MAX_PIXELS`.
    """
    content = _read(path)
    with _opened(content) as image:
        mode = image.mode
        image.load()
        _turn_upright(image)
        gray = to_gray(image, intensity)
    squares = {size_px: resize_gray(gray, size_px) for size_px in sizes_px}
    return DecodedImage(gray.shape[1], gray.shape[0], mode, hashlib.sha256(content).hexdigest(), squares)


def decode_full_size(path: Path, intensity: IntensityRange | None = None) -> np.ndarray:
    """Decode a file at its own size, as pytorch-fid sees it.

    Eight-bit files give exactly what `PIL.Image.convert("RGB")` gives: alpha is dropped, palettes are looked up,
    orientation tags are not applied. Gray ones come back with one channel. Deep ones, which PIL would clip to white,
    are scaled as in `to_gray`.

    Returns:
        uint8 (H, W) or (H, W, 3).

    Raises:
        UnreadableImageError: as `decode_file`.
    """
    with _opened(_read(path)) as image:
        image.load()
        if _is_deep(image):
            return to_gray(image, intensity)
        mode = "L" if image.mode in _GRAY_MODES else "RGB"
        # Converting an image to its own mode would copy it, which matters at 80 million pixels.
        return np.asarray(image if image.mode == mode else image.convert(mode))


def decoded_bytes(path: Path) -> int:
    """Approximate memory that decoding at full size needs, from the file's header: the image and its copy as an array.

    0 for files that give no image; they are reported when they are decoded.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large images, which are refused when they are decoded
            with Image.open(path, formats=_FORMATS) as image:
                pixels = image.width * image.height
                return 0 if pixels > MAX_PIXELS else pixels * (2 if image.mode in _GRAY_MODES else 7)
    except Exception:  # damaged headers raise nearly every kind of exception
        return 0


def to_gray(image: Image.Image, intensity: IntensityRange | None = None) -> np.ndarray:
    """An image of any PIL mode as uint8 (H, W).

    Colors become ITU-R 601 luma; transparent pixels lie over black. Deep images (16 or 32 bits per pixel) are scaled
    so that `intensity` becomes 0 … 255, and values beyond it are clipped.

    Raises:
        UnreadableImageError: a pixel of a deep image is not a finite number.
    """
    if _is_deep(image):
        values = np.asarray(image)
        gray = _to_eight_bits(values, intensity or common_range([_extremes(values)]))
        return 255 - gray if _white_is_zero(image) else gray
    if image.has_transparency_data:
        visible = image.convert("RGBA")
        black = Image.new("RGBA", visible.size, (0, 0, 0, 255))
        return np.asarray(Image.alpha_composite(black, visible).convert("L"))
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return np.asarray(image.convert("L"))


def resize_gray(image: np.ndarray, size_px: int) -> np.ndarray:
    """Resize to a square, antialiased (PIL bicubic, as Parmar et al. 2022 recommend for comparing image sets).

    The aspect ratio is not kept: chests fill the radiograph, and cropping or padding would cut lung or add a border
    whose width gives the class away.

    Args:
        image: (H, W) uint8.

    Returns:
        (size_px, size_px) uint8.
    """
    if image.shape == (size_px, size_px):
        return image
    return np.asarray(Image.fromarray(image).resize((size_px, size_px), Image.Resampling.BICUBIC))


def deep_extremes(path: Path) -> IntensityRange | None:
    """The least and greatest value of a deep image; None for images of 8 bits and for unreadable files."""
    try:
        with path.open("rb") as file:
            if file.read(4).startswith(_NEVER_DEEP):
                return None
        with _opened(_read(path)) as image:
            if not _is_deep(image):
                return None
            image.load()
            return _extremes(np.asarray(image))
    except (OSError, UnreadableImageError):
        return None


def common_range(extremes: Sequence[IntensityRange]) -> IntensityRange:
    """One range for images with these least and greatest values.

    The smallest of 8, 12 or 16 bits that holds them all, so that 12-bit radiographs in 16-bit files are not left
    nearly black; 0 … 1 where all are in it; else their own least and greatest value.
    """
    low, high = min(pair.black for pair in extremes), max(pair.white for pair in extremes)
    if low >= 0 and high <= 1:
        return IntensityRange(0.0, 1.0)
    if low >= 0 and high <= _INTEGER_RANGES[-1]:
        return IntensityRange(0.0, float(next(limit for limit in _INTEGER_RANGES if high <= limit)))
    return IntensityRange(low, high)


@contextlib.contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """The image in `content`, not decoded yet; every failure inside the block becomes an UnreadableImageError."""
    with contextlib.ExitStack() as stack:
        try:
            image = stack.enter_context(Image.open(io.BytesIO(content), formats=_FORMATS))
            pixels = image.width * image.height
            if pixels > MAX_PIXELS:
                raise UnreadableImageError(
                    f"{image.width} × {image.height} pixels, more than the {MAX_PIXELS // 1_000_000} million allowed"
                )
            if pixels > _LARGE_PIXELS:
                stack.enter_context(_one_large_image)
            yield image
        except UnreadableImageError:
            raise
        except Image.UnidentifiedImageError as error:
            names = ", ".join(sorted(map(str, _FORMATS)))
            raise UnreadableImageError(f"not an image of a supported format ({names})") from error
        except Image.DecompressionBombError as error:
            limit = f"{MAX_PIXELS // 1_000_000} million"
            raise UnreadableImageError(f"more pixels than the {limit} allowed") from error
        except MemoryError as error:
            raise UnreadableImageError("does not fit into memory") from error
        # PIL's readers answer damaged files with nearly every exception there is (SyntaxError, struct.error, …).
        except Exception as error:
            raise UnreadableImageError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        # A pipe with an image's name would block forever.
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImageError("not a regular file")
        if status.st_size > _MAX_FILE_BYTES:
            raise UnreadableImageError(f"larger than {_MAX_FILE_BYTES // 1_000_000} MB")
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise UnreadableImageError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not content:
        raise UnreadableImageError("empty file (0 bytes)")
    return content


def _turn_upright(image: Image.Image) -> None:
    # Damaged EXIF data says nothing about the pixels; like every viewer, take them as they are.
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I;16") or image.mode in ("I", "F")


def _white_is_zero(image: Image.Image) -> bool:
    # PIL inverts such TIFF files itself up to 8 bits, but not deeper ones.
    tags = getattr(image, "tag_v2", {})
    return image.mode.startswith("I;16") and tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO


def _extremes(values: np.ndarray) -> IntensityRange:
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise UnreadableImageError("pixels that are not finite numbers")
    return IntensityRange(low, high)


def _to_eight_bits(values: np.ndarray, intensity: IntensityRange) -> np.ndarray:
    _extremes(values)
    black, width = intensity.black, intensity.white - intensity.black
    scale = 255.0 / width if width else 1.0
    gray = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), _ROWS_PER_BLOCK):  # in blocks: double precision takes 8 bytes per pixel
        block = slice(start, start + _ROWS_PER_BLOCK)
        scaled = (values[block].astype(np.float64) - black) * scale
        gray[block] = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    return gray
