"""The configurations that come with ganbal: presets by name, and one file per published system."""

import difflib
import importlib.resources
from collections.abc import Sequence
from pathlib import Path

from ganbal.errors import InputError


def packaged_configs() -> Path:
    """Folder of the YAML files that come with ganbal: `configs/` of a source tree, `ganbal/configs/` once installed."""
    package = Path(str(importlib.resources.files("ganbal")))
    source_tree = package.parent / "configs"
    return source_tree if (source_tree / "default.yaml").is_file() else package / "configs"


def preset_names() -> list[str]:
    """Names that `--preset` accepts."""
    return sorted(file.stem for file in packaged_configs().glob("*.yaml"))


def preset_file(name: str) -> Path:
    """The YAML file of a preset.

    Raises:
        InputError: there is no preset of this name.
    """
    return _choose(packaged_configs(), [name], "preset")[0]


def document_files(only: Sequence[str] = ()) -> list[Path]:
    """The YAML files of the published systems by name, or those named in `only` (without `.yaml`).

    Raises:
        InputError: one of `only` is no such file.
    """
    return _choose(packaged_configs() / "documents", only, "published system")


def _choose(folder: Path, only: Sequence[str], kind: str) -> list[Path]:
    files = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    unknown = [name for name in only if name not in files]
    if unknown:
        near = difflib.get_close_matches(unknown[0], files, n=3, cutoff=0.3)
        raise InputError(
            found=f"There is no {kind} named {' or '.join(map(repr, unknown))}.",
            expected=f"ganbal has the {kind}s {', '.join(files)}.",
            action=f"Did you mean {' or '.join(near)}?" if near else "Choose one of these.",
        )
    return [files[name] for name in dict.fromkeys(only)] if only else list(files.values())
