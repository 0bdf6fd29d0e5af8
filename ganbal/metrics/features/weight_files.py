"""Files with network weights: locating, downloading, verifying, and reading them without executing pickled code."""

import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch

from ganbal.errors import InputError, reason_of
from ganbal.runtime.download import Download

_TIMEOUT_SECONDS = 5
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.\w+$")
"""Files of torch.hub carry the first digits of their SHA-256 in their names."""


def read_weights(file: Path, *, what: str) -> dict[str, torch.Tensor]:
    """A state dictionary from a `.pth` or `.safetensors` file.

    Args:
        file: the path.
        what: description for messages, for example "weights of squeezenet1_1".

    Raises:
        InputError: missing, unreadable or damaged, or the content is not a dictionary of tensors.
    """
    require_file(file, what=what)
    try:
        check_integrity(file)
        content = _load(file)
    # safetensors and damaged archives add exceptions of their own.
    except Exception as error:
        raise InputError(
            found=f"The file {file} cannot be read as {what}: {reason_of(error)}.",
            expected="It must hold a dictionary of tensors (torch.save of a state_dict, or safetensors).",
            action="Copy the file again; if it was downloaded, the download may be incomplete.",
        ) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise InputError(
            found=f"The file {file} holds a {type(content).__name__} instead of {what}.",
            expected="It must hold a dictionary of tensors.",
            action="Save it with torch.save(network.state_dict(), file).",
        )
    return dict(content)


def check_integrity(file: Path) -> None:
    """Verify the checksums that a weights file carries; `torch.load` itself ignores them.

    Raises:
        ValueError: they do not match the content.
    """
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"a damaged file: the checksum of {damaged} does not match")


def require_file(file: Path, *, what: str) -> None:
    """Check that `file` exists.

    Raises:
        InputError: it does not.
    """
    if not file.is_file():
        raise InputError(
            found=f"{file} is a folder, not a file." if file.is_dir() else f"There is no file {file}.",
            expected=f"It must hold {what}.",
            action="Correct score.weights (--weights FILE), or leave it out to use the public file.",
        )


def hub_file(url: str) -> Path:
    """Where torch.hub keeps the download of `url`."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name


def require_obtainable(url: str, *, what: str) -> None:
    """Check within seconds that `url` is downloaded already or reachable; downloads nothing.

    Raises:
        InputError: neither.
    """
    if hub_file(url).is_file():
        return
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise _unavailable(url, what, reason_of(error)) from error


def hub_download(url: str, *, what: str) -> Download:
    """The download of `url` to its place in torch.hub's folder."""
    return Download(what, url, hub_file(url), _hash_in_name(url) or "")


def download(url: str, *, what: str) -> Path:
    """The cached download of `url`; it is fetched where it is missing.

    Raises:
        InputError: it is missing and cannot be fetched.
    """
    target = hub_file(url)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(target), hash_prefix=_hash_in_name(url), progress=False)
        except (urllib.error.URLError, OSError, RuntimeError) as error:
            raise _unavailable(url, what, reason_of(error)) from error
    return target


def _hash_in_name(url: str) -> str | None:
    match = _HASH_IN_NAME.search(urlparse(url).path)
    return match[1] if match else None


def _unavailable(url: str, what: str, reason: str) -> InputError:
    return InputError(
        found=f"There is no earlier download of {what} at {hub_file(url)}, and the download of {url} fails: {reason}.",
        expected="This feature extractor needs these weights.",
        action="On a machine with internet access download them, copy the file here and pass it with --weights FILE "
        "(score.weights); or score with --set score.extractor=untrained, which needs no weights.",
    )


def _load(file: Path) -> Any:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    return torch.load(file, map_location="cpu", weights_only=True)
