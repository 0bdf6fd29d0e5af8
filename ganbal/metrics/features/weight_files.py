"""Files with network weights: found, checked, read without pickled code."""

import hashlib
import pickle
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch

from ganbal.errors import InputError

_REACH_SECONDS = 5


def read_weights(file: Path, *, what: str) -> dict[str, torch.Tensor]:
    """A state dictionary from a `.pth` or `.safetensors` file.

    Args:
        file: where it is.
        what: for messages, such as "weights of squeezenet1_1".

    Raises:
        InputError: missing, unreadable, or something else than a dictionary of tensors.
    """
    require_file(file, what=what)
    try:
        content = _load(file)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(
            expected=f"{what} in {file}: a dictionary of tensors (torch.save of a state_dict, or safetensors)",
            found=" ".join(str(error).split())[:300] or type(error).__name__,
            action="Give the file again; if it was downloaded, the download may be incomplete.",
        ) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise InputError(
            expected=f"{what} in {file}: a dictionary of tensors",
            found=f"a {type(content).__name__}",
            action="Save it with torch.save(network.state_dict(), file).",
        )
    return dict(content)


def require_file(file: Path, *, what: str) -> None:
    """See that `file` is there.

    Raises:
        InputError: it is not.
    """
    if not file.is_file():
        raise InputError(
            expected=f"{what} in the file {file}",
            found="a folder" if file.is_dir() else "no such file",
            action="Correct score.weights (--weights FILE), or leave it out to use the public file.",
        )


def digest_of_file(file: Path) -> str:
    """SHA-256 of a weights file, hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def hub_file(url: str) -> Path:
    """Where torch.hub keeps, or will keep, the download of `url`."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name


def require_obtainable(url: str, *, what: str) -> None:
    """See that `url` was downloaded before or can be reached now; takes seconds, downloads nothing.

    Raises:
        InputError: neither.
    """
    if hub_file(url).is_file():
        return
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_REACH_SECONDS).close()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise _cannot_be_had(url, what, str(error)) from error


def download(url: str, *, what: str) -> Path:
    """The cached download of `url`, fetched first where it is missing.

    Raises:
        InputError: it is missing and cannot be fetched.
    """
    target = hub_file(url)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(target), progress=False)
        except (urllib.error.URLError, OSError, RuntimeError) as error:
            raise _cannot_be_had(url, what, str(error)) from error
    return target


def _cannot_be_had(url: str, what: str, reason: str) -> InputError:
    return InputError(
        expected=f"{what}, from an earlier download at {hub_file(url)} or from {url}",
        found=f"neither ({' '.join(reason.split())})",
        action=f"On a machine with internet access download {url}, copy it here and give it with --weights FILE "
        "(score.weights); or score with --set score.extractor=untrained, which needs no weights.",
    )


def _load(file: Path) -> Any:
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(file)
    return torch.load(file, map_location="cpu", weights_only=True)
