"""One image file to pixels: the only place where image files are decoded."""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from ganbal.config.data import Fit, NumChannels
from ganbal.data.colors import is_colored
from ganbal.data.dicom import FACTS, WHITE_IS_LOW, DicomFacts
from ganbal.data.image_limits import MAX_PIXELS, UnreadableImageError
from ganbal.data.image_opening import GRAY_MODES, opened_image, read_file
from ganbal.data.squares import central_square, padded_square, to_square

_FEWEST_BITS, _MOST_BITS = 8, 16
"""Of the ranges of integers that are recognized."""
_ROWS_PER_BLOCK = 512
_TIFF_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
# Formats that PIL never decodes to more than 8 bits per channel, by their first bytes.
_NEVER_DEEP = (b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")


_DICOM = "DICOM"
DICOM_WINDOW = f"{_DICOM} window"
"""`DecodedImage.mode` of DICOM files that are shown by their own window."""


class IntensityRange(NamedTuple):
    """The values of deep images (more than 8 bits per channel) that become black and white."""

    black: float
    white: float


@dataclass(frozen=True)
class Conversion:
    """How the files of one data set become squares.

    `intensity` is the range of deep images, None for the image's own (see `to_pixels`); `channels` 1 for gray and 3 for
    RGB; `fit` says how an image that is not square becomes one (see `squares.to_square`); `with_window` whether DICOM
    files are shown by their own windows, where they have one.
    """

    intensity: IntensityRange | None = None
    channels: NumChannels = 1
    fit: Fit = "stretch"
    with_window: bool = True

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Conversion":
        """From what `dataclasses.asdict` gives, also after a passage through JSON.

        Raises:
            TypeError: the fields are others, or of other types.
        """
        intensity = fields.get("intensity")
        return cls(**{**fields, "intensity": None if intensity is None else IntensityRange(*intensity)})

    def to_hash(self) -> list[tuple[object, ...]]:
        """What digests of images add to the digests of their files: whatever is not as usual."""
        return [
            *([(*self.intensity,)] if self.intensity is not None else []),
            *([("channels", self.channels)] if self.channels != USUAL.channels else []),
            *([("fit", self.fit)] if self.fit != USUAL.fit else []),
            *([("with_window", False)] if not self.with_window else []),
        ]


USUAL = Conversion()
"""Gray, stretched, 8 bits."""


@dataclass(frozen=True)
class DecodedImage:
    """What one file holds.

    `width_px` and `height_px` are as a viewer shows the image, with its EXIF orientation; `mode` is PIL's name of
    the pixel format in the file, or "DICOM" with what its values were shown by; `is_colored` is judged by the pixels;
    `sha256` is of the file's bytes; `squares` maps S to uint8 (S, S) or (S, S, 3). Of DICOM files, `patient` is a
    digest of the patient's id, and `is_named_by_tags` says whether the path holds an id from the file.
    `has_several_pages` says whether pages or frames after the first were left out.
    """

    width_px: int
    height_px: int
    mode: str
    is_colored: bool
    sha256: str
    squares: dict[int, np.ndarray]
    patient: str | None = None
    is_named_by_tags: bool = False
    has_several_pages: bool = False


def decode_file(path: Path, sizes_px: Sequence[int], conversion: Conversion = USUAL) -> DecodedImage:
    """Decode a file once and shrink it to every requested size.

    Of a file with several pages or frames the first is taken. JPEG's reduced decoding (PIL `draft`) is not used: on
    1900×1500 images it saves half of 20 ms, but changes pixels of a 64 px result by up to 27 of 255.

    Raises:
        UnreadableImageError: not an image of a supported format, damaged, empty, or larger than `MAX_PIXELS`.
    """
    content = read_file(path)
    with opened_image(content, with_window=conversion.with_window) as image:
        facts: DicomFacts | None = image.info.get(FACTS)
        mode = f"{_DICOM} {facts.shown_by}" if facts else image.mode
        image.load()
        _turn_upright(image)
        colored = _shows_color(image)
        pixels = to_pixels(image, conversion.channels, conversion.intensity)
        several = _has_several_pages(image)
    squares = {size_px: to_square(pixels, size_px, conversion.fit) for size_px in sizes_px}
    digest = hashlib.sha256(content).hexdigest()
    height_px, width_px = pixels.shape[:2]
    image_of = DecodedImage(width_px, height_px, mode, colored, digest, squares, has_several_pages=several)
    if facts is None:
        return image_of
    is_named = any(identifier in path.as_posix() for identifier in facts.identifiers)
    return replace(image_of, patient=facts.patient, is_named_by_tags=is_named)


def decode_full_size(path: Path, intensity: IntensityRange | None = None, fit: Fit = "stretch") -> np.ndarray:
    """Decode a file at its own size, as pytorch-fid sees it.

    Eight-bit files give exactly what `PIL.Image.convert("RGB")` gives: alpha is dropped, palettes are looked up,
    orientation tags are not applied. Gray ones come back with one channel. Deep ones, which PIL would clip to white,
    are scaled as in `to_pixels`.

    Args:
        fit: `pad` and `crop` give squares; `stretch` leaves the shape to whoever resizes the image.

    Returns:
        uint8 (H, W) or (H, W, 3).

    Raises:
        UnreadableImageError: as `decode_file`; also where padding would make it larger than `MAX_PIXELS`.
    """
    with opened_image(read_file(path)) as image:
        image.load()
        if _is_deep(image):
            pixels = to_pixels(image, 1, intensity)
        else:
            mode = "L" if image.mode in GRAY_MODES else "RGB"
            # Converting an image to its own mode would copy it, which matters at 80 million pixels.
            pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    if fit == "pad" and max(pixels.shape[:2]) ** 2 > MAX_PIXELS:
        limit = f"{MAX_PIXELS // 1_000_000} million"
        raise UnreadableImageError(f"more than the {limit} pixels allowed, padded to a square")
    return pixels if fit == "stretch" else central_square(pixels) if fit == "crop" else padded_square(pixels)


def to_pixels(image: Image.Image, channels: NumChannels = 1, intensity: IntensityRange | None = None) -> np.ndarray:
    """An image of any PIL mode as uint8 (H, W), or (H, W, 3) for three channels.

    With one channel, colors become ITU-R 601 luma. Transparent pixels lie over black. Deep images (16 or 32 bits per
    pixel) are scaled so that `intensity` becomes 0 … 255, and values beyond it are clipped.

    Raises:
        UnreadableImageError: a pixel of a deep image is not a finite number.
    """
    if _is_deep(image):
        values = np.asarray(image)
        gray = _to_eight_bits(values, intensity or common_range([_extremes(values)]))
        gray = 255 - gray if _white_is_zero(image) else gray
        return gray if channels == 1 else np.repeat(gray[..., None], 3, axis=2)
    return np.asarray(_over_black(image).convert("L" if channels == 1 else "RGB"))


def is_deep_mode(mode: str) -> bool:
    """Whether images of this `DecodedImage.mode` have more than 8 bits per channel, which a range made 8."""
    return mode.startswith("I;16") or mode in ("I", "F", f"{_DICOM} range")


def file_shows_color(path: Path) -> bool:
    """Whether a file's image is in color; False for unreadable files. Files of gray formats are not decoded."""
    try:
        with opened_image(read_file(path)) as image:
            return _shows_color(image)
    except UnreadableImageError:
        return False


def deep_extremes(path: Path, *, with_window: bool = True) -> IntensityRange | None:
    """The least and greatest value of a deep image; None for images of 8 bits and for unreadable files.

    Args:
        with_window: whether DICOM files with a window of their own count as images of 8 bits.
    """
    try:
        with path.open("rb") as file:
            if file.read(4).startswith(_NEVER_DEEP):
                return None
        with opened_image(read_file(path), with_window=with_window) as image:
            if not _is_deep(image):
                return None
            image.load()
            return _extremes(np.asarray(image))
    except (OSError, UnreadableImageError):
        return None


def common_range(extremes: Sequence[IntensityRange]) -> IntensityRange:
    """One range for images with these least and greatest values.

    The fewest bits, from 8 to 16, that hold them all, so that radiographs of 12 or 14 bits in 16-bit files are not left
    dark; 0 … 1 where all are in it; else their own least and greatest value.
    """
    low, high = min(pair.black for pair in extremes), max(pair.white for pair in extremes)
    if low >= 0 and high <= 1:
        return IntensityRange(0.0, 1.0)
    limits = [2**bits - 1 for bits in range(_FEWEST_BITS, _MOST_BITS + 1)]
    if low >= 0 and high <= limits[-1]:
        return IntensityRange(0.0, float(next(limit for limit in limits if high <= limit)))
    return IntensityRange(low, high)


def _turn_upright(image: Image.Image) -> None:
    # Damaged EXIF data says nothing about the pixels; like every viewer, take them as they are.
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _has_several_pages(image: Image.Image) -> bool:
    # PIL looks for a second frame here, and leaves that one: the pixels have to be taken before. Damage behind the
    # first page says nothing about it.
    with contextlib.suppress(Exception):
        return bool(getattr(image, "is_animated", False))
    return False


def _over_black(image: Image.Image) -> Image.Image:
    """An image of at most 8 bits per channel, transparent pixels over black, in a mode that PIL converts exactly."""
    if image.has_transparency_data:
        visible = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", visible.size, (0, 0, 0, 255)), visible)
    return image if image.mode in ("1", "L", "RGB") else image.convert("RGB")


def _shows_color(image: Image.Image) -> bool:
    if image.mode in GRAY_MODES or _is_deep(image):
        return False
    return is_colored(_over_black(image).convert("RGB"))


def _is_deep(image: Image.Image) -> bool:
    return is_deep_mode(image.mode)


def _white_is_zero(image: Image.Image) -> bool:
    # PIL inverts such TIFF files itself up to 8 bits, but not deeper ones.
    tags = getattr(image, "tag_v2", {})
    return bool(image.info.get(WHITE_IS_LOW)) or (
        image.mode.startswith("I;16") and tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO
    )


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
