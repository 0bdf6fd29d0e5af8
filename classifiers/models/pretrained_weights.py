"""Weights for a frozen backbone: published ones, those of a file, or none."""

import functools
import hashlib
import re
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from torch import Tensor, nn

from classifiers.errors import ClassifierInputError
from classifiers.models.initialization import initialize_frozen

Origin = Literal["imagenet", "none", "file"]

_PROBE_SECONDS = 5
# Every seed of a study has the same pretrained backbone, so every seed gets the same random one in its place.
_UNTRAINED_SEED = 0


@dataclass(frozen=True)
class PublicWeights:
    """A published file with a network's ImageNet weights, as torchvision's pages list it."""

    network: str
    """The network's name in messages."""
    url: str
    """torch's convention: the file name ends in the first digits of its SHA-256."""
    backbone_prefix: str
    """Prefix of the backbone's tensors in a file of the whole network."""
    last_layers: tuple[str, ...] = ()
    """Prefixes of the tensors of layers that the backbone may lack."""
    library: str = "torchvision"
    rename: tuple[str, str] | None = None
    """A pattern in the tensor names of older files, and its replacement."""

    @property
    def cached_file(self) -> Path:
        """Where torch stores the downloaded file."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.url.rpartition("/")[2]

    @property
    def sha256_start(self) -> str:
        return self.cached_file.stem.rpartition("-")[2]


def origin_of(weights: str) -> Origin:
    """What the setting `weights` asks for: "imagenet", "none", or else a file."""
    return "imagenet" if weights == "imagenet" else "none" if weights == "none" else "file"


def fill_backbone(backbone: nn.Module, weights: str, public: PublicWeights) -> None:
    """Give the backbone its weights: "imagenet" (downloaded once), "none" (random, always the same) or a file's.

    Raises:
        ClassifierInputError: the file is missing, damaged or another network's, or the download fails.
    """
    origin = origin_of(weights)
    if origin == "none":
        initialize_frozen(backbone, torch.Generator().manual_seed(_UNTRAINED_SEED))
        return
    if origin == "imagenet":
        _download_if_missing(public)
        _check_sha256(public)
    file = public.cached_file if origin == "imagenet" else Path(weights)
    backbone.load_state_dict(_matching(_read(file, public), backbone, file, public))


def check_weights(backbone: nn.Module, weights: str, public: PublicWeights) -> None:
    """Check in seconds that `fill_backbone` will succeed; a download is only probed.

    Raises:
        ClassifierInputError: as `fill_backbone`.
    """
    origin = origin_of(weights)
    if origin == "file":
        _matching(_read(Path(weights), public), backbone, Path(weights), public)
    elif origin == "imagenet" and public.cached_file.is_file():
        _check_sha256(public)
    elif origin == "imagenet":
        _check_reachable(public)


def _read(file: Path, public: PublicWeights) -> dict[str, Tensor]:
    if not file.is_file():
        raise ClassifierInputError(
            found=f"There is no file {file}.",
            expected=f"The weights of {public.network} must be a file, `imagenet` or `none`.",
            action=f"Correct the path, or fetch {public.url} and give that file.",
        )
    try:
        content: Any = (
            safetensors.torch.load_file(file)
            if file.suffix == ".safetensors"
            else torch.load(file, map_location="cpu", weights_only=True)
        )
    except Exception as error:  # readers raise many kinds of exceptions for damaged files
        raise _wrong_weights(file, public, "it is damaged, or it holds other objects than tensors") from error
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise _wrong_weights(file, public, f"it holds a {type(content).__name__} that is no dictionary of tensors")
    return content


def _matching(content: dict[str, Tensor], backbone: nn.Module, file: Path, public: PublicWeights) -> dict[str, Tensor]:
    """The backbone's tensors out of a file of the whole network or of the backbone alone."""
    prefix = public.backbone_prefix
    found = {name.removeprefix(prefix): value for name, value in content.items() if name.startswith(prefix)}
    found = found or content
    if public.rename is not None:
        found = {re.sub(*public.rename, name): value for name, value in found.items()}
    wanted = backbone.state_dict()
    lost = tuple(f"{name}." for name in public.last_layers)
    found = {name: value for name, value in found.items() if name in wanted or not name.startswith(lost)}
    # Files older than torch's counter of batches lack it. A frozen backbone does not use it, so any count will do; the
    # backbone's own may be on the meta device, without a value.
    counters = [name for name in wanted if name.endswith("num_batches_tracked")]
    found = {name: torch.tensor(0) for name in counters} | found
    missing = sorted(wanted.keys() - found.keys())
    foreign = sorted(found.keys() - wanted.keys())
    misshapen = [name for name in wanted if name in found and found[name].shape != wanted[name].shape]
    if missing or foreign or misshapen:
        parts = {"missing": missing, "unknown": foreign, "of another shape": misshapen}
        listed = "; ".join(f"{len(names)} {what}, e.g. {names[0]}" for what, names in parts.items() if names)
        raise _wrong_weights(file, public, f"it holds the weights of another network (tensors: {listed})")
    damaged = [name for name in wanted if not found[name].isfinite().all()]
    if damaged:
        raise _wrong_weights(
            file, public, f"it holds infinite or NaN values in {len(damaged)} tensors, such as {damaged[0]}"
        )
    return found


def _wrong_weights(file: Path, public: PublicWeights, found: str) -> ClassifierInputError:
    part = f"`{public.backbone_prefix}*` only" if public.backbone_prefix else "without its last layers"
    return ClassifierInputError(
        found=f"The weights file {file} cannot be used: {found}.",
        expected=f"It must hold {public.library}'s state_dict of {public.network}, whole or {part}.",
        action=f"Give the file that {public.url} leads to, or `imagenet`, or `none`.",
    )


def _download_if_missing(public: PublicWeights) -> None:
    file = public.cached_file
    if file.is_file():
        return
    _check_reachable(public)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(
            public.url, str(file), hash_prefix=public.sha256_start, progress=sys.stderr.isatty()
        )
    except (OSError, RuntimeError) as error:
        raise _not_to_be_had(public, _first_line(error)) from error


def _check_reachable(public: PublicWeights) -> None:
    try:
        request = urllib.request.Request(public.url, method="HEAD")
        urllib.request.urlopen(request, timeout=_PROBE_SECONDS).close()
    except (OSError, ValueError) as error:
        raise _not_to_be_had(public, _first_line(error)) from error


def _check_sha256(public: PublicWeights) -> None:
    status = public.cached_file.stat()
    digest = _sha256_once(public.cached_file, status.st_size, status.st_mtime_ns)
    if not digest.startswith(public.sha256_start):
        raise ClassifierInputError(
            found=f"The file {public.cached_file} is damaged: its SHA-256 begins with {digest[:8]}.",
            expected=f"The SHA-256 of the ImageNet weights of {public.network} begins with {public.sha256_start}.",
            action="Delete it; it will be downloaded again.",
        )


@functools.lru_cache(maxsize=8)
def _sha256_once(file: Path, size: int, mtime_ns: int) -> str:
    """SHA-256 of a file, computed once per process for each of its states."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _not_to_be_had(public: PublicWeights, reason: str) -> ClassifierInputError:
    return ClassifierInputError(
        found=f"The ImageNet weights of {public.network} are not in {public.cached_file}, and the download fails: "
        f"{reason}.",
        expected="This classifier starts from them.",
        action=f"On a machine with a network fetch {public.url}, and either put it there or give it with --set "
        "study.weights=FILE; --set study.weights=none trains on an untrained backbone instead.",
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
