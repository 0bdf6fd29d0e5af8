"""Opening image files safely: which formats, which limits, and one kind of error for whatever is wrong with a file."""

import contextlib
import io
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ganbal.data.dicom import HEADER_BYTES, is_dicom, read_dataset, to_image
from ganbal.data.image_limits import MAX_PIXELS, UnreadableImageError
from ganbal.errors import InputError

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
_MAX_FILE_BYTES = 500_000_000
# Images above this size are decoded one at a time, so that threads do not add up gigabytes.
_LARGE_PIXELS = 16_000_000
_one_large_image = threading.Lock()
# Two bytes per pixel in the file, and some doubles per pixel while it is decoded.
_BYTES_PER_DICOM_BYTE = 16
_PNG_DEPTH, _PNG_COLOR_TYPE, _PNG_WITH_CHANNELS = 24, 25, (2, 4, 6)
"""Places in a PNG file, and the types with several channels: RGB, gray with alpha, RGB with alpha."""
_TIFF_BITS, _TIFF_CHANNELS = 258, 277
GRAY_MODES = frozenset(["1", "L", "LA"])
"""PIL's pixel formats of 8 bits or fewer that hold no color."""


@contextlib.contextmanager
def opened_image(content: bytes, *, with_window: bool = True) -> Iterator[Image.Image]:
    """The image in `content`; every failure inside the block becomes an UnreadableImageError.

    It is not decoded yet, unless it is DICOM.

    Args:
        with_window: whether a DICOM file's own window is used (see `dicom.to_image`).

    Raises:
        InputError: the file is DICOM, and pydicom is not installed.
    """
    with contextlib.ExitStack() as stack:
        try:
            if is_dicom(content):
                dataset = read_dataset(content)
                if dataset.Rows * dataset.Columns > _LARGE_PIXELS:
                    stack.enter_context(_one_large_image)
                yield to_image(dataset, with_window=with_window)
                return
            image = stack.enter_context(Image.open(io.BytesIO(content), formats=_FORMATS))
            pixels = image.width * image.height
            if pixels > MAX_PIXELS:
                raise UnreadableImageError(
                    f"{image.width} × {image.height} pixels, more than the {MAX_PIXELS // 1_000_000} million allowed"
                )
            if _loses_bits(image, content):
                raise UnreadableImageError(
                    "more than 8 bits per channel in color or with transparency, which ganbal cannot read in full; "
                    "save it with 8 bits per channel, or in gray without transparency"
                )
            if pixels > _LARGE_PIXELS:
                stack.enter_context(_one_large_image)
            yield image
        except (UnreadableImageError, InputError):
            raise
        except Image.UnidentifiedImageError as error:
            names = ", ".join(sorted([*map(str, _FORMATS), "DICOM"]))
            raise UnreadableImageError(f"not an image of a supported format ({names})") from error
        except Image.DecompressionBombError as error:
            limit = f"{MAX_PIXELS // 1_000_000} million"
            raise UnreadableImageError(f"more pixels than the {limit} allowed") from error
        except MemoryError as error:
            raise UnreadableImageError("does not fit into memory") from error
        # PIL's readers answer damaged files with nearly every exception there is (SyntaxError, struct.error, …).
        except Exception as error:
            raise UnreadableImageError(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from error


def _loses_bits(image: Image.Image, content: bytes) -> bool:
    """Whether PIL would silently drop the lower bits: of color and of transparent images it has no deep modes."""
    if isinstance(image, PngImagePlugin.PngImageFile):
        return content[_PNG_DEPTH] > 8 and content[_PNG_COLOR_TYPE] in _PNG_WITH_CHANNELS
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return max(image.tag_v2.get(_TIFF_BITS, (1,))) > 8 and image.tag_v2.get(_TIFF_CHANNELS, 1) > 1
    return False


def read_file(path: Path) -> bytes:
    """The content of an image file.

    Raises:
        UnreadableImageError: not a regular file, empty, too large, or not readable.
    """
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


def decoded_bytes(path: Path) -> int:
    """Approximate memory that decoding at full size needs, from the file's header: the image and its copy as an array.

    0 for files that give no image; they are reported when they are decoded.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return 0
        with path.open("rb") as file:
            if is_dicom(file.read(HEADER_BYTES)):
                return _BYTES_PER_DICOM_BYTE * path.stat().st_size
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large images, which are refused when they are decoded
            with Image.open(path, formats=_FORMATS) as image:
                pixels = image.width * image.height
                return 0 if pixels > MAX_PIXELS else pixels * (2 if image.mode in GRAY_MODES else 7)
    except Exception:  # damaged headers raise nearly every kind of exception
        return 0
