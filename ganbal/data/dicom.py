"""DICOM files as PIL images (pydicom, an optional package).

What a viewer would show: modality LUT or rescaling, then the file's own window or VOI LUT, MONOCHROME1 inverted, colors
as RGB. Of the tags nothing leaves this module but a digest of the patient.
"""

import hashlib
import io
import re
import struct
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from ganbal.data.image_limits import MAX_PIXELS, UnreadableImageError
from ganbal.runtime.optional_packages import import_optional

WHITE_IS_LOW = "ganbal:white-is-low"
"""Key of `Image.info`: True where the lowest value of a deep image is white (MONOCHROME1)."""
FACTS = "ganbal:dicom"
"""Key of `Image.info` with the DicomFacts of the file."""
_MAGIC, _MAGIC_PLACE = b"DICM", 128
HEADER_BYTES = _MAGIC_PLACE + len(_MAGIC)
"""So many first bytes decide whether a file is DICOM."""
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_META_BYTES = 4096
_FAR = 1e9
"""Below and above every pixel: what a window makes of it are black and white."""
_JPEG_SIZES = frozenset([*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7])
"""Markers of JPEG and JPEG-LS that are followed by the size of the image."""
_JPEG_2000_SIZE = re.compile(rb"\xff\x4f\xff\x51....(........)", re.DOTALL)
_SHORTEST_NAME = 4


@dataclass(frozen=True)
class DicomFacts:
    """What is known of a DICOM file besides its pixels.

    `shown_by` says how values become gray: the file's "window", the data set's "range", eight "bits" as they are, or
    "color"; `patient` is a digest of the patient's id, None where the file has none; `identifiers` are values of tags
    that identify a patient or file, to be compared with names and never to be stored.
    """

    shown_by: Literal["window", "range", "bits", "color"]
    patient: str | None
    identifiers: frozenset[str]


def is_dicom(content: bytes) -> bool:
    """Whether a file with this content, or these first bytes, is DICOM."""
    return content[_MAGIC_PLACE:HEADER_BYTES] == _MAGIC


def read_dataset(content: bytes) -> Any:
    """The tags of a file, its pixels not decoded yet.

    Raises:
        InputError: pydicom is not installed.
        UnreadableImageError: there is no image in it, several frames, or more pixels than allowed.
    """
    pydicom = import_optional("pydicom", extra="dicom", needed="DICOM files are read with pydicom and its decoders.")
    if _DEFLATED in content[:_META_BYTES]:  # would be inflated as a whole, whatever its size
        raise UnreadableImageError("deflated DICOM, which is not supported")
    dataset = pydicom.dcmread(io.BytesIO(content))
    if "PixelData" not in dataset or not dataset.get("Rows") or not dataset.get("Columns"):
        raise UnreadableImageError("a DICOM file without an image")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise UnreadableImageError(
            f"{frames} frames in one DICOM file; ganbal reads one image per file, so save them one by one"
        )
    if dataset.Rows * dataset.Columns > MAX_PIXELS:
        raise UnreadableImageError(
            f"{dataset.Columns} × {dataset.Rows} pixels, more than the {MAX_PIXELS // 1_000_000} million allowed"
        )
    return dataset


def to_image(dataset: Any, *, with_window: bool = True) -> Image.Image:
    """Decode the pixels: mode "L" or "RGB" where black and white are known, else the values in mode "I" or "F".

    Args:
        with_window: False ignores the file's own window, so that the data set's range applies.

    Raises:
        UnreadableImageError: the compressed image has another size than the tags state, or no decoder is installed.
    """
    from pydicom.pixels import apply_modality_lut, pixel_array

    _check_compressed_size(dataset)
    try:
        stored = pixel_array(dataset)
    except (RuntimeError, NotImplementedError) as error:
        if "plugin" in str(error) or "missing" in str(error):
            name = dataset.file_meta.TransferSyntaxUID.name
            raise UnreadableImageError(f'no decoder of {name} is installed (pip install "ganbal[dicom]")') from error
        raise
    if stored.ndim == 3 or dataset.PhotometricInterpretation == "PALETTE COLOR":
        return _finished(Image.fromarray(_colors(stored, dataset)), dataset, "color")
    is_inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    rescaling = (dataset.get("RescaleSlope"), dataset.get("RescaleIntercept"))
    is_identity = rescaling == (1, 0) and not dataset.get("ModalityLUTSequence")
    values = stored if is_identity else apply_modality_lut(stored, dataset)
    if with_window and (shown := _windowed(values, dataset)) is not None:
        return _finished(Image.fromarray(255 - shown if is_inverted else shown), dataset, "window")
    if values.dtype == np.uint8 and dataset.BitsStored == 8:
        return _finished(Image.fromarray(255 - values if is_inverted else values), dataset, "bits")
    image = Image.fromarray(_deep(_without_padding(values, stored, dataset)))
    image.info[WHITE_IS_LOW] = is_inverted
    return _finished(image, dataset, "range")


def _finished(image: Image.Image, dataset: Any, shown_by: Literal["window", "range", "bits", "color"]) -> Image.Image:
    names = [dataset.get(tag) for tag in ("PatientID", "PatientName", "SOPInstanceUID", "StudyInstanceUID")]
    names += [dataset.get(tag) for tag in ("SeriesInstanceUID", "AccessionNumber", "StudyID")]
    identifiers = frozenset(text for name in names if len(text := str(name or "").strip()) >= _SHORTEST_NAME)
    image.info[FACTS] = DicomFacts(shown_by, _digest_of_patient(dataset), identifiers)
    return image


def _digest_of_patient(dataset: Any) -> str | None:
    patient = str(dataset.get("PatientID") or "").strip()
    issuer = str(dataset.get("IssuerOfPatientID") or "").strip()
    return hashlib.sha256(repr((issuer, patient)).encode()).hexdigest()[:32] if patient else None


def _windowed(values: np.ndarray, dataset: Any) -> np.ndarray | None:
    """uint8 by the file's VOI LUT or its first window; None where it has none that is valid."""
    from pydicom.pixels import apply_windowing

    if dataset.get("VOILUTSequence"):
        return _looked_up(values, dataset.VOILUTSequence[0])
    if not _has_window(dataset):
        return None
    with np.errstate(over="ignore"):
        shown = apply_windowing(values, dataset)
        black, white = apply_windowing(np.array([-_FAR, _FAR]), dataset)
    return np.rint(np.clip((shown - black) / (white - black), 0, 1) * 255).astype(np.uint8)


def _looked_up(values: np.ndarray, table: Any) -> np.ndarray:
    """uint8 by a VOI LUT (pydicom's own function overflows at tables of eight bits)."""
    entries, first, bits = (int(number) for number in table.LUTDescriptor)
    data = table.LUTData
    if isinstance(data, bytes):
        data = np.frombuffer(data, np.uint8 if len(data) < 2 * (entries or 2**16) else "<u2")
    shown = np.asarray(data, np.float64)[: entries or 2**16] / (2**bits - 1)
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, len(shown) - 1)
    return np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)[index]


def _has_window(dataset: Any) -> bool:
    """Whether the first window can be used: finite, and of a width that its function is defined for."""
    center, width = (np.ravel(dataset.get(tag)) for tag in ("WindowCenter", "WindowWidth"))
    if not (center.size and width.size) or None in (center[0], width[0]):
        return False
    is_linear = str(dataset.get("VOILUTFunction") or "LINEAR").upper() == "LINEAR"
    return bool(np.isfinite(float(center[0])) and float(width[0]) >= (1 if is_linear else np.finfo(float).tiny))


def _colors(stored: np.ndarray, dataset: Any) -> np.ndarray:
    """uint8 (H, W, 3); pydicom has converted YBR already."""
    from pydicom.pixels import apply_color_lut

    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)[..., :3]
        bits = 8 * stored.dtype.itemsize
    else:
        bits = int(dataset.BitsStored)
    if stored.shape[2:] != (3,):
        raise UnreadableImageError(f"{stored.shape[-1]} values per pixel")
    return stored if bits == 8 else np.rint(stored / (2**bits - 1) * 255).clip(0, 255).astype(np.uint8)


def _without_padding(values: np.ndarray, stored: np.ndarray, dataset: Any) -> np.ndarray:
    """Pixels that are marked as no part of the image get the least value of the others."""
    padding = dataset.get("PixelPaddingValue")
    if padding is None:
        return values
    limit = dataset.get("PixelPaddingRangeLimit", padding)
    is_padding = (stored >= min(padding, limit)) & (stored <= max(padding, limit))
    if not is_padding.any() or is_padding.all():
        return values
    return np.where(is_padding, values[~is_padding].min(), values)


def _deep(values: np.ndarray) -> np.ndarray:
    """int32 where that holds the values, else float32."""
    whole = np.rint(values)
    if (whole == values).all() and abs(whole).max() < 2**31:
        return whole.astype(np.int32)
    return values.astype(np.float32)


def _check_compressed_size(dataset: Any) -> None:
    """Decoders believe the compressed image, not the tags: a small file could ask them for any amount of memory."""
    from pydicom.encaps import get_frame

    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return
    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    match = _JPEG_2000_SIZE.search(frame)
    size = struct.unpack(">II", match[1]) if match else _jpeg_size(frame)
    if size not in (None, (dataset.Columns, dataset.Rows)):
        raise UnreadableImageError(
            f"a compressed image of {' × '.join(map(str, size))} pixels, where the tags state {dataset.Columns} × "
            f"{dataset.Rows}"
        )


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG or JPEG-LS image states; None for other formats."""
    place = 2 if frame.startswith(b"\xff\xd8") else len(frame)
    while place + 9 <= len(frame) and frame[place] == 0xFF:
        if frame[place + 1] in _JPEG_SIZES:
            height, width = struct.unpack(">HH", frame[place + 5 : place + 9])
            return width, height
        place += 2 + int.from_bytes(frame[place + 2 : place + 4], "big")
    return None
