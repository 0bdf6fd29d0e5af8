"""Checks of a zip file before anything in it is unpacked."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganbal.data.image_formats import printable
from ganbal.errors import GanbalError, InputError, reason_of
from ganbal.runtime.atomic_files import write_failure

_MAX_RATIO = 100
_HARMLESS_BYTES = 1_000_000_000
_MAX_MEMBERS = 5_000_000
_ENCRYPTED = 0x1


def check_members(archive: zipfile.ZipFile) -> None:
    """Check what the directory of the archive says of its members.

    More than a gigabyte may not come from less than a hundredth of it: images hardly compress, so such an archive is
    made to fill the disk. A member never unpacks to more than the directory states.

    Raises:
        ValueError: too many members, two of one name, encrypted ones, or a suspicious size.
    """
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise ValueError(f"it has {len(members):,} members, more than {_MAX_MEMBERS:,}")
    seen: set[str] = set()
    for member in members:
        if member.filename in seen:
            raise ValueError(f"it has two members named {printable(member.filename)}")
        seen.add(member.filename)
        if member.flag_bits & _ENCRYPTED:
            raise ValueError("it is encrypted")
    packed, unpacked = sum(member.compress_size for member in members), unpacked_bytes(archive)
    if unpacked > max(_HARMLESS_BYTES, _MAX_RATIO * packed):
        raise ValueError(f"{packed / 1e6:.1f} MB would unpack to {unpacked / 1e9:.1f} GB, as no images do")


def unpacked_bytes(archive: zipfile.ZipFile) -> int:
    """Size of all members together."""
    return sum(member.file_size for member in archive.infolist())


@contextmanager
def open_archive(file: Path, expected: str, action: str) -> Iterator[zipfile.ZipFile]:
    """The archive at `file`, its directory checked; every failure of the block to read it becomes an InputError.

    Raises:
        InputError: the file is no archive, is damaged, or may not be unpacked.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            check_members(archive)
            yield archive
    except GanbalError:
        raise
    # Readers of damaged archives raise nearly everything: zlib.error, struct.error, NotImplementedError, RuntimeError.
    except Exception as error:
        if isinstance(error, OSError) and write_failure(error) is not None:
            raise
        raise InputError(
            found=f"{printable(file)} cannot be used: {reason_of(error)}.", expected=expected, action=action
        ) from error
