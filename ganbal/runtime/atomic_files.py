"""Files that are either complete or absent, whatever kills the process."""

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ganbal.errors import GanbalError

_LEFTOVER = re.compile(r"\..*-(?P<host>[0-9a-f]{6})-(?P<pid>\d+)-\w+\.tmp(\..*)?", re.DOTALL)
_WRITE_ERRORS = {
    errno.ENOSPC: "the disk is full",
    errno.EFBIG: "the file would exceed the limit on file sizes",
    errno.EDQUOT: "the disk quota is exhausted",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk reports an error",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENAMETOOLONG: "the path is too long",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EISDIR: "it is a folder",
}
_DISK_FULL_IN_LIBRARIES = re.compile(
    r"PytorchStreamWriter|unexpected pos|os error (27|28|122)|IoError|requested and \d+ written"
)
"""How torch, safetensors and NumPy report that a file could not be written: without an error number."""


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success it becomes `target`, on any exception it is deleted.

    The temporary file keeps `target`'s suffix, since image and array writers choose their format by it.

    Raises:
        GanbalError: the file cannot be written, such as on a full disk; the message names `target` and the reason.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_prefix(target.stem), suffix=f".tmp{target.suffix}", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes files only their owner can read; a result is to be shared like any other file.
        temporary.chmod(0o666 & ~_umask())
        _flush_to_disk(temporary)
        temporary.replace(target)
    except Exception as error:
        if (reason := write_failure(error)) is None:
            raise
        raise GanbalError(f"{target} cannot be written: {reason}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path, purpose: str) -> Iterator[Path]:
    """Yield a new hidden folder in `parent`, which is deleted at the end; `remove_leftovers` finds it after a kill."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_prefix(purpose), suffix=".tmp", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target`; on success it takes the place of `target`, on any exception it is deleted."""
    with scratch_folder(target.parent, target.name) as folder:
        yield folder
        folder.chmod(0o777 & ~_umask())
        with scratch_folder(target.parent, target.name) as former:
            if target.exists():
                target.replace(former / "former")
            folder.replace(target)


def write_failure(error: BaseException) -> str | None:
    """Why a file could not be written, if that is what `error` says."""
    if isinstance(error, OSError) and error.errno is not None:
        return _WRITE_ERRORS.get(error.errno)
    if not isinstance(error, GanbalError) and _DISK_FULL_IN_LIBRARIES.search(str(error)):
        return "the disk is full or the file would exceed the limit on file sizes"
    return None


def remove_leftovers(root: Path) -> None:
    """Delete the temporary files and folders below `root` that killed processes of this machine left."""
    for place, folders, files in os.walk(root):
        for name in [*folders, *files]:
            match = _LEFTOVER.fullmatch(name)
            if match and match["host"] == _host() and not _is_running(int(match["pid"])):
                _delete(Path(place, name))


def write_text(target: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(target: Path, content: bytes) -> None:
    """Write `content` atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_json(target: Path, content: Any) -> None:
    """Write `content` as indented JSON, atomically.

    Raises:
        ValueError: a number is NaN or infinite. JSON has no such numbers; write None and say why beside it.
    """
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False)
    if any("\ud800" <= character <= "\udfff" for character in text):  # a path that is not UTF-8: escapes keep it
        text = json.dumps(content, indent=2, allow_nan=False)
    write_text(target, f"{text}\n")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _prefix(stem: str) -> str:
    return f".{stem[:40]}-{_host()}-{os.getpid()}-"


def _host() -> str:
    """Distinguishes the machines that may share a folder."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True


def _delete(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _flush_to_disk(path: Path) -> None:
    # Without this a power cut after the rename can leave an empty file under the final name.
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
