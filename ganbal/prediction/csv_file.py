"""The file that predictions are written to: never an image."""

from collections.abc import Sequence
from pathlib import Path

from ganbal.data.image_formats import IMAGE_SUFFIXES, VOLUME_SUFFIXES, is_dicom_file, suffix_of
from ganbal.errors import InputError
from ganbal.runtime.disk_space import check_writable_file

_REMEDY = "Name another file with --csv FILE."


def check_csv_file(file: Path, images: Sequence[Path]) -> None:
    """Check that predictions can be written to `file` without replacing an image.

    Args:
        images: the files and folders to predict.

    Raises:
        InputError: it is one of the images, it has the name or the content of an image, or it cannot be written.
    """
    check_writable_file(file, _REMEDY)
    problem = None
    if file.exists() and any(place.exists() and place.samefile(file) for place in images):
        problem = "is one of the images to predict"
    elif suffix_of(file) in IMAGE_SUFFIXES + VOLUME_SUFFIXES:
        problem = f"has the suffix of an image, {suffix_of(file)}"
    elif is_dicom_file(file):
        problem = "is a DICOM image"
    if problem is not None:
        raise InputError(
            found=f"The file of --csv, {file}, {problem}.",
            expected="The predictions become a CSV file there, which replaces a file of this name.",
            action=_REMEDY,
        )
