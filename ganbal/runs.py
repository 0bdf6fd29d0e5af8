"""A run folder: where things lie in it, which run is the newest, which stages are done and from what."""

import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ganbal.atomic_files import read_json, write_json, write_text
from ganbal.errors import InputError

OUTPUTS = Path("outputs")


@dataclass(frozen=True)
class Run:
    """One folder under `outputs/`; see docs/how-it-works.md for what lies in it."""

    folder: Path

    @property
    def config_file(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def provenance_file(self) -> Path:
        return self.folder / "provenance.json"

    @property
    def log_file(self) -> Path:
        return self.folder / "log.txt"

    @property
    def data_file(self) -> Path:
        return self.folder / "data.json"

    @property
    def gan_folder(self) -> Path:
        return self.folder / "gan"

    @property
    def synthetic_folder(self) -> Path:
        return self.folder / "synthetic"

    @property
    def scores_file(self) -> Path:
        return self.folder / "scores.json"

    @property
    def study_folder(self) -> Path:
        return self.folder / "study"

    @property
    def figures_folder(self) -> Path:
        return self.folder / "figures"

    def settings(self) -> dict[str, Any] | None:
        """The settings the run was made with, None where it has none yet."""
        if not self.config_file.is_file():
            return None
        try:
            content = yaml.safe_load(self.config_file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise InputError(
                expected=f"the run's settings in {self.config_file}",
                found=" ".join(str(error).split()),
                action="Restore the file, or start another run with --run NEW.",
            ) from error
        return content or {}

    def save_settings(self, text: str) -> None:
        write_text(self.config_file, text)

    def stage_is_done(self, stage: str, inputs: str) -> bool:
        """Whether `stage` was finished from inputs with this digest."""
        return self._provenance().get("stages", {}).get(stage, {}).get("inputs") == inputs

    def mark_stage(self, stage: str, inputs: str, seconds: float) -> None:
        self.update_provenance(
            stages=self._provenance().get("stages", {})
            | {stage: {"inputs": inputs, "finished": now(), "seconds": round(seconds, 1)}}
        )

    def forget_stage(self, stage: str) -> None:
        stages = self._provenance().get("stages", {})
        if stages.pop(stage, None) is not None:
            self.update_provenance(stages=stages)

    def update_provenance(self, **facts: Any) -> None:
        write_json(self.provenance_file, {"created": now()} | self._provenance() | facts)

    def _provenance(self) -> dict[str, Any]:
        return read_json(self.provenance_file) if self.provenance_file.is_file() else {}


def newest_run(outputs: Path = OUTPUTS) -> Run | None:
    """The run whose settings were written last."""
    found = [path for path in outputs.glob("*/config.yaml") if not path.parent.name.startswith(".")]
    return Run(max(found, key=lambda path: (path.stat().st_mtime_ns, path)).parent) if found else None


def new_run(name: str, outputs: Path = OUTPUTS) -> Run:
    """A folder that does not exist yet, named by the day, the time and `name`."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "run"
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{safe[:40]}"
    folder, number = outputs / stem, 1
    while folder.exists():
        number += 1
        folder = outputs / f"{stem}-{number}"
    return Run(folder)


def cache_folder() -> Path:
    """Where decoded images and features are kept between runs: GANBAL_CACHE, else `outputs/.cache`."""
    return Path(os.environ.get("GANBAL_CACHE") or OUTPUTS / ".cache")


def check_writable(folder: Path, needed_bytes: int) -> None:
    """See, without making anything, that files of `needed_bytes` in all could be written to `folder`.

    Raises:
        InputError: it cannot be made or written to, or the disk is too full.
    """
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(
            expected=f"a folder that can be written to at {folder}",
            found=f"{nearest}, {'which is not writable' if nearest.is_dir() else 'which is no folder'}",
            action="Name another place with --run DIR.",
        )
    status = os.statvfs(nearest)
    free = status.f_bavail * status.f_frsize
    if free < needed_bytes:
        raise InputError(
            expected=f"about {needed_bytes / 1e9:.1f} GB free for {folder}",
            found=f"{free / 1e9:.1f} GB",
            action="Free some space, or name another disk with --run DIR.",
        )


def digest_of(*parts: Any) -> str:
    """A short digest of settings and digests, equal for equal content whatever the order of keys."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """SHA-256 of the file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
