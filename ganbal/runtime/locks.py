"""Exclusive use of a folder by one process, guarded by a lock of the kernel (flock)."""

import contextlib
import errno
import json
import logging
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ganbal.errors import InputError

try:
    import fcntl
except ImportError:  # Windows has no flock
    fcntl = None  # type: ignore[assignment]

LOCK_NAME = ".lock"
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_POLL_SECONDS = 0.2

logger = logging.getLogger(__name__)


@contextmanager
def folder_lock(folder: Path, purpose: str, *, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold `folder` exclusively; the lock disappears with the process, even if it is killed.

    The lock file `folder/.lock` names the holder and is deleted at the end. Where the file system has no flock, a
    warning is logged and nothing is locked.

    Args:
        folder: is created if it does not exist.
        purpose: what this process does there, shown to a process that finds the folder locked.
        on_wait: called once with a sentence that names the holder, after which this process waits for its turn;
            None fails instead of waiting.

    Raises:
        InputError: another process holds the folder, and `on_wait` is None.
        OSError: the lock file cannot be created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK_NAME
    handle = _acquire(path, folder, on_wait)
    if handle is None:
        yield
        return
    try:
        _describe_holder(handle, purpose)
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # while the lock is held: `_acquire` recognizes a deleted lock file by its inode
        os.close(handle)


def _acquire(path: Path, folder: Path, on_wait: Callable[[str], None] | None) -> int | None:
    """An open descriptor that holds the lock; None where locks are not supported."""
    if fcntl is None:
        logger.warning("No file locks on this system: do not start two commands in %s at once.", folder)
        return None
    announced = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_same_file(handle, path):
                return handle
            os.close(handle)  # the previous holder deleted this file just now
            continue
        except BlockingIOError:
            holder = _read_holder(handle)
            os.close(handle)
        except OSError as error:
            os.close(handle)
            if error.errno not in _UNSUPPORTED:
                raise
            logger.warning("No file locks in %s: do not start two commands there at once.", folder)
            return None
        if on_wait is None:
            raise InputError(
                found=f"The folder {folder} is in use by {holder}.",
                expected="Two commands cannot work in one folder at the same time.",
                action="Wait until it has finished, or name another folder.",
            )
        if not announced:
            on_wait(f"Waiting for {folder}: in use by {holder}.")
            announced = True
        time.sleep(_POLL_SECONDS)


def _is_same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _describe_holder(handle: int, purpose: str) -> None:
    program = Path(sys.argv[0]).name
    command = shlex.join(["ganbal" if program == "__main__.py" else program, *sys.argv[1:]])
    owner = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": command[:300],
        "purpose": purpose,
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    with contextlib.suppress(OSError):  # a full disk does not make the lock less valid
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(owner).encode(), 0)


def _read_holder(handle: int) -> str:
    """`process 123 (ganbal compare), which has been … since …`, as far as the lock file says so."""
    try:
        owner = json.loads(os.pread(handle, 4096, 0))
        place = "" if owner["host"] == socket.gethostname() else f" on {owner['host']}"
        return f"process {owner['pid']}{place} (`{owner['command']}`; {owner['purpose']}, since {owner['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process that has only just started"
