"""Slices of NIfTI volumes (nibabel, an optional package), as `data.nifti_slices` chooses them."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ganbal.config import DataConfig
from ganbal.data.image_formats import is_volume_name, printable
from ganbal.data.image_reading import hash_files
from ganbal.data.imports.importing import ImportPlan, ListedImage, write_listed_images
from ganbal.data.source import FoundImage, Source
from ganbal.errors import InputError, reason_of
from ganbal.runtime.console import Console
from ganbal.runtime.number_text import plural
from ganbal.runtime.optional_packages import import_optional

Slices = Literal["middle", "all"] | int
_MAX_VOXELS = 1_000_000_000
_BYTES_PER_VOXEL = 4


def plan_nifti(source: Source, config: DataConfig) -> ImportPlan | None:
    """Plan to write the slices of the volumes among the files of a source; None where there are none.

    Raises:
        InputError: no slices are chosen, images of other formats stand beside the volumes, a volume cannot be read, or
            nibabel is not installed.
    """
    volumes = [image for image in source.images if is_volume_name(image.file_name)]
    if not volumes:
        return None
    if config.nifti_slices is None or len(volumes) < len(source.images):
        raise _not_chosen(source, volumes)
    shapes = [_shape(source.root / image.file_name) for image in volumes]
    numbers = [list(_chosen(shape[2], config.nifti_slices)) for shape in shapes]
    digests = [digest for _, digest in hash_files(source.root, [image.file_name for image in volumes])]
    content = repr([(v.file_name, v.class_name, v.split, digest) for v, digest in zip(volumes, digests, strict=True)])
    voxels = sum(shape[0] * shape[1] * len(chosen) for shape, chosen in zip(shapes, numbers, strict=True))
    total = sum(map(len, numbers))
    return ImportPlan(
        kind="nifti",
        name=source.given.name or "volumes",
        origin=printable(source.given.name),
        identity={
            "sha256": hashlib.sha256(content.encode()).hexdigest(),
            "options": {"nifti_slices": config.nifti_slices},
            "volumes": len(volumes),
        },
        cost=f"{plural(total, 'slice')} of {plural(len(volumes), 'volume')}",
        needed_bytes=voxels * _BYTES_PER_VOXEL,
        write=partial(_write, source.root, volumes, numbers),
        software=("nibabel", "numpy", "pillow"),
    )


def slices_of(volumes: Source, imported: Source) -> Source:
    """The imported slices with what the source of their volumes says: volume, patient, and what was left out."""
    by_folder = {_folder_of(index): volume for index, volume in enumerate(volumes.images)}
    owners = [by_folder[image.file_name.partition("/")[0]] for image in imported.images]
    images = [
        replace(image, patient=volume.patient, volume=volume.file_name)
        for image, volume in zip(imported.images, owners, strict=True)
    ]
    return replace(imported, images=tuple(images), warnings=volumes.warnings)


def _folder_of(index: int) -> str:
    """The folder of the slices of one volume, by its place in the source."""
    return f"volume-{index:05d}"


def _write(
    root: Path, volumes: Sequence[FoundImage], numbers: Sequence[Sequence[int]], folder: Path, console: Console
) -> Mapping[str, Any]:
    blank = 0

    def slices() -> Iterator[ListedImage]:
        nonlocal blank
        for index, (image, chosen) in enumerate(zip(volumes, numbers, strict=True)):
            values = _values(root / image.file_name)
            for number in chosen:
                # Seen from the feet with the front above, as radiologists do: RAS+ has left and back first.
                pixels = np.ascontiguousarray(values[::-1, ::-1, number].T)
                if pixels.min() == pixels.max():
                    blank += 1
                    continue
                suffix = "png" if pixels.dtype == np.uint8 else "tif"
                name = f"{_folder_of(index)}/slice-{number:04d}.{suffix}"
                yield ListedImage(name, pixels, image.class_name, image.split)

    facts = write_listed_images(folder, slices(), sum(map(len, numbers)), console)
    if not facts["images"]:
        raise _unusable(root, "all slices are blank")
    return {**facts, "blank_slices": blank}


def _chosen(number: int, slices: Slices) -> range:
    if slices == "middle":
        return range(number // 2, number // 2 + 1)
    step = 1 if slices == "all" else slices
    return range(min(step, number) // 2, number, step)


def _shape(file: Path) -> tuple[int, ...]:
    """The size along the axes left to right, back to front and feet to head."""
    from nibabel.orientations import io_orientation

    volume = _open(file)
    axes = io_orientation(volume.affine)[:, 0]
    return tuple(volume.shape[int(np.flatnonzero(axes == axis)[0])] for axis in range(3))


def _open(file: Path) -> Any:
    """The volume, its values not read yet."""
    nibabel = import_optional("nibabel", extra="nifti", needed="NIfTI volumes are read with nibabel.")
    try:
        volume = nibabel.load(file)
        shape = volume.shape[: 4 if len(volume.shape) != 4 or volume.shape[3] != 1 else 3]
        if len(shape) != 3 or min(shape) < 1 or math.prod(shape) > _MAX_VOXELS or volume.get_data_dtype().names:
            raise ValueError(f"it has the shape {volume.shape} and the type {volume.get_data_dtype()}")
        if np.isnan(nibabel.io_orientation(volume.affine)).any():
            raise ValueError("its header gives no orientation")
        return volume if len(volume.shape) == 3 else volume.slicer[..., 0]
    # nibabel answers damaged files with nearly every exception there is.
    except Exception as error:
        raise _unusable(file, reason_of(error)) from error


def _values(file: Path) -> np.ndarray:
    """(X, Y, Z) in RAS+ axes: uint8 as stored, else int32 where that holds the values, else float32."""
    volume = _open(file)
    try:
        from nibabel import as_closest_canonical

        values = np.asanyarray(as_closest_canonical(volume).dataobj)
    except Exception as error:
        raise _unusable(file, reason_of(error)) from error
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind in "iu" and np.abs(values).max() < 2**31:
        return values.astype(np.int32)
    finite = np.isfinite(values)
    if not finite.any():
        raise _unusable(file, "none of its values is a finite number")
    return np.where(finite, values, values[finite].min()).astype(np.float32)


def _not_chosen(source: Source, volumes: Sequence[FoundImage]) -> InputError:
    """No slices are chosen, or there are images of both kinds."""
    place, others = printable(source.given), len(source.images) - len(volumes)
    held = f"{place} holds {plural(len(volumes), 'NIfTI volume')}, such as {volumes[0].file_name}"
    if others:
        return InputError(
            found=f"{held}, and {plural(others, 'other image')}.",
            expected="A data set consists of images of two dimensions or of volumes.",
            action="Separate them.",
        )
    return InputError(
        found=f"{held}.",
        expected="ganbal works on images of two dimensions, such as axial slices.",
        action="Choose some with --set data.nifti_slices=middle (one per volume), =all, or =5 (every fifth).",
    )


def _unusable(file: Path, found: str) -> InputError:
    return InputError(
        found=f"The NIfTI volume {printable(file)} cannot be used: {found}.",
        expected="ganbal reads volumes of three dimensions and one value per voxel.",
        action="Replace or remove the file.",
    )
