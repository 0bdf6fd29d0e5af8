"""Downloads that are announced before they start and show their progress."""

import hashlib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ganbal.errors import InputError, reason_of
from ganbal.runtime.atomic_files import atomic_path
from ganbal.runtime.console import Console

_TIMEOUT_SECONDS = 30
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Download:
    """A file on the internet and its place here."""

    what: str
    """Description for messages, for example "the Inception weights of FID"."""
    url: str
    file: Path
    sha256_start: str
    """First digits of the file's SHA-256; empty where they are not known."""


def fetch(download: Download, console: Console) -> None:
    """Download the file, unless it is there.

    Raises:
        InputError: the address cannot be reached, or the file arrives damaged.
    """
    if download.file.is_file():
        return
    try:
        _fetch(download, console)
    except (OSError, ValueError) as error:
        raise InputError(
            found=f"The download of {download.what} from {download.url} fails: {reason_of(error)}.",
            expected="The command needs this file.",
            action=f"On a machine with internet access download it, and copy it to {download.file}.",
        ) from error


def _fetch(download: Download, console: Console) -> None:
    with urllib.request.urlopen(download.url, timeout=_TIMEOUT_SECONDS) as answer:
        size = int(answer.headers.get("Content-Length") or 0)
        amount = f" ({size / _MEGABYTE:.1f} MB)" if size else ""
        console.say(f"Downloading {download.what}{amount} from {download.url} to {download.file}.")
        digest, done = hashlib.sha256(), 0
        with (
            atomic_path(download.file) as temporary,
            temporary.open("wb") as file,
            console.progress(max(size // _MEGABYTE, 1), "downloading", "MB") as bar,
        ):
            while block := answer.read(_MEGABYTE):
                file.write(block)
                digest.update(block)
                done += len(block)
                bar.update(done // _MEGABYTE - bar.n)
            if (size and done != size) or not digest.hexdigest().startswith(download.sha256_start):
                raise ValueError(f"{done} bytes arrived, and their SHA-256 begins with {digest.hexdigest()[:8]}")
