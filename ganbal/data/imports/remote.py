"""Data sets by name: `medmnist:NAME`, `hf:OWNER/NAME` and `kaggle:OWNER/NAME`, downloaded once into the cache."""

import hashlib
import importlib.util
import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ganbal.data.imports.importing import ImportPlan, was_imported
from ganbal.errors import GanbalError, InputError, reason_of
from ganbal.runtime.console import Console
from ganbal.runtime.download import Download, fetch
from ganbal.runtime.optional_packages import import_optional

_MEDMNIST_NAME = re.compile(r"(?P<set>[a-z0-9]+)(?:_(?P<size>64|128|224))?")
_HUB_NAME = re.compile(r"(?P<name>(?:[\w.-]+/)?[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_KAGGLE_NAME = re.compile(r"(?P<name>[\w-]+/[\w-]+)(?:@(?P<version>\d+))?")
_UNKNOWN_SIZE = 0


def plan_remote(name: str) -> ImportPlan:
    """Plan to download a data set. Without a revision in its name (`hf:OWNER/NAME@REVISION`) that is the newest one
    when it is first used; later uses take what is in the cache.

    Raises:
        InputError: the name is none that the service can have.
    """
    scheme, _, rest = name.partition(":")
    pattern, example, download = _SCHEMES[scheme]
    if not pattern.fullmatch(rest):
        raise InputError(
            found=f"{name} is no name of a data set.", expected=f"It is written as in {example}.", action="Correct it."
        )
    return ImportPlan(
        kind=scheme,
        name=re.sub(r"[^\w.-]+", "-", rest),
        origin=name,
        identity={"name": name},
        cost="download",
        needed_bytes=_UNKNOWN_SIZE,
        write=partial(_download, download, rest),
        software=(_PACKAGES[scheme],),
    )


def check_remote(name: str, cache_root: Path) -> None:
    """Check, without a network, that a data set can be downloaded unless the cache has it.

    Raises:
        InputError: the name is none that the service can have, or the service's package is not installed.
    """
    plan = plan_remote(name)
    if not was_imported(plan, cache_root) and importlib.util.find_spec(plan.software[0]) is None:
        _package(plan.software[0])


def _download(
    download: Callable[[str, Path, Console], Mapping[str, Any]], name: str, folder: Path, console: Console
) -> Mapping[str, Any]:
    try:
        return download(name, folder, console)
    except GanbalError:
        raise
    # Each service has exceptions of its own for missing sets, missing permission and no network.
    except Exception as error:
        raise InputError(
            found=f"The download of {name} fails: {type(error).__name__}: {reason_of(error)}.",
            expected="The data set must exist, and this machine needs access to it.",
            action="Check the name and the network; or download it elsewhere, and give --data the folder or file.",
        ) from error


def _from_medmnist(name: str, folder: Path, console: Console) -> Mapping[str, Any]:
    """One `.npz` file, at the address and with the MD5 that the medmnist package has."""
    known = _package("medmnist").INFO
    match = _MEDMNIST_NAME.fullmatch(name)
    assert match is not None
    info, ending = known.get(match["set"]), f"_{match['size']}" if match["size"] else ""
    if info is None or f"url{ending}" not in info:
        raise InputError(
            found=f"MedMNIST has no set {name}.",
            expected=f"It has {', '.join(sorted(known))}, some also in larger sizes such as pneumoniamnist_224.",
            action="Correct the name.",
        )
    file = folder / f"{name}.npz"
    fetch(Download(f"the MedMNIST set {name}", info[f"url{ending}"], file, ""), console)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "md5").hexdigest()
    if digest != info[f"MD5{ending}"]:
        raise ValueError(f"the file arrives damaged (its MD5 is {digest})")
    return {"files": 1, "license": info.get("license")}


def _from_hub(name: str, folder: Path, console: Console) -> Mapping[str, Any]:
    """All files of one revision of a dataset repository."""
    hub = _package("huggingface_hub")
    match = _HUB_NAME.fullmatch(name)
    assert match is not None
    info = hub.HfApi().dataset_info(match["name"], revision=match["revision"], files_metadata=True)
    sizes = [sibling.size or 0 for sibling in info.siblings]
    console.say(f"Downloading {match['name']} at revision {info.sha[:12]}: {len(sizes)} files, {_megabytes(sizes)}.")
    hub.snapshot_download(match["name"], repo_type="dataset", revision=info.sha, local_dir=folder)
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub's own notes
    return {"files": len(sizes), "revision": info.sha, "license": _license(info)}


def _from_kaggle(name: str, folder: Path, console: Console) -> Mapping[str, Any]:
    """All files of one version of a data set."""
    kagglehub = _package("kagglehub")
    match = _KAGGLE_NAME.fullmatch(name)
    assert match is not None
    handle = match["name"] + (f"/versions/{match['version']}" if match["version"] else "")
    console.say(f"Downloading {handle} from Kaggle.")
    place = Path(kagglehub.dataset_download(handle))
    version = match["version"] or (place.name if place.parent.name == "versions" else None)
    shutil.copytree(place, folder, dirs_exist_ok=True)
    return {"files": sum(path.is_file() for path in folder.rglob("*")), "revision": version}


def _package(name: str) -> Any:
    return import_optional(
        name,
        extra={package: scheme for scheme, package in _PACKAGES.items()}[name],
        needed="Data sets by name are downloaded with the packages of the services.",
        alternative="give --data a folder or file",
    )


def _license(info: Any) -> str | None:
    card = getattr(info, "card_data", None)
    found = card.get("license") if card is not None else None
    return found if isinstance(found, str) else None


def _megabytes(sizes: list[int]) -> str:
    return f"{sum(sizes) / 1e6:.1f} MB"


_PACKAGES = {"medmnist": "medmnist", "hf": "huggingface_hub", "kaggle": "kagglehub"}
_SCHEMES: dict[str, tuple[re.Pattern[str], str, Callable[[str, Path, Console], Mapping[str, Any]]]] = {
    "medmnist": (_MEDMNIST_NAME, "medmnist:pneumoniamnist or medmnist:pneumoniamnist_224", _from_medmnist),
    "hf": (_HUB_NAME, "hf:OWNER/NAME or hf:OWNER/NAME@REVISION", _from_hub),
    "kaggle": (_KAGGLE_NAME, "kaggle:OWNER/NAME or kaggle:OWNER/NAME@VERSION", _from_kaggle),
}
