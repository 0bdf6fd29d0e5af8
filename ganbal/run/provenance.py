"""The origin of a run's numbers: versions, machine, commit, command."""

import importlib.metadata
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from ganbal import __version__

PACKAGES = (
    "torch",
    "torchvision",
    "pytorch-fid",
    "albumentations",
    "numpy",
    "scikit-learn",
    "pandas",
    "pillow",
)
OPTIONAL_PACKAGES = ("pydicom", "nibabel")
"""They decode images, and are recorded where they are installed."""


def describe_machine() -> dict[str, Any]:
    """The part of `provenance.json` about the program and its machine; no host or user names."""
    import torch

    return {
        "ganbal_version": __version__,
        "git_commit": git_commit(),
        "command": _command(),
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in PACKAGES}
        | {name: version for name in OPTIONAL_PACKAGES if (version := _version(name)) is not None},
        "platform": f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads",
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _command() -> str:
    """The command as it was typed, or the name of the script or notebook kernel that called the package."""
    program = Path(sys.argv[0])
    if program.stem in ("ganbal", "__main__"):
        return shlex.join(["ganbal", *sys.argv[1:]])
    return f"Python: {program.name}"


def git_commit() -> str | None:
    """The commit of this source tree, with `+changes` if files differ from it; None for an installed package."""
    source = Path(__file__).resolve().parents[2]
    if not (source / ".git").exists():
        return None
    try:
        commit = _git(source, "rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git(source, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(source: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(source), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
