"""A run folder: where things lie in it, which run is the newest, which stages are done and from what."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ganbal.errors import InputError
from ganbal.runtime.atomic_files import read_json, write_json, write_text

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


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
