"""A run folder: where its files are, which run is the newest, which stages are finished and from what."""

import json
import logging
import re
import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganbal.config.loading import read_settings
from ganbal.runtime.atomic_files import read_json, write_json, write_text
from ganbal.runtime.hashing import file_digest

OUTPUTS = Path("outputs")
_COMMAND = re.compile(r"`ganbal (train-gan|synthesize|compare|report|run)(?=[ `])(?![^`]* --run )")
"""The beginning of a command between backticks."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One folder under `outputs/`; see docs/how-it-works.md for its files."""

    folder: Path

    def command(self, name: str, *words: str) -> str:
        """A command that continues this run, as it is typed."""
        return shlex.join(["ganbal", name, "--run", str(self.folder), *words])

    def named_in(self, advice: str) -> str:
        """The advice with this run in each of its commands that continues a run and names none.

        Without it, the command would continue the newest run.
        """
        return _COMMAND.sub(lambda found: f"`{self.command(found[1])}", advice)

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
        """The settings the run was made with, None where it has none yet.

        Raises:
            InputError: the file is damaged.
        """
        if not self.config_file.is_file():
            return None
        return read_settings(self.config_file, advice="Restore the file, or start another run with --run NEW.")

    def save_settings(self, text: str) -> None:
        write_text(self.config_file, text)

    def stage_is_done(self, stage: str, inputs: str) -> bool:
        """Whether `stage` was finished from inputs with this digest; its files may have changed since."""
        return self._stage_record(stage).get("inputs") == inputs

    def changed_outputs(self, stage: str) -> list[str]:
        """Files of a finished stage, relative to the folder, that are missing or not as the stage left them."""
        outputs = self._stage_record(stage).get("outputs")
        if not isinstance(outputs, dict) or not outputs:
            return ["the list of its files"]
        return [name for name, digest in outputs.items() if _digest_or_none(self.folder / name) != digest]

    def mark_stage(self, stage: str, inputs: str, outputs: Iterable[Path], seconds: float) -> None:
        """Record that `stage` is finished, with the digest of every file it left."""
        record = {
            "inputs": inputs,
            "outputs": {path.relative_to(self.folder).as_posix(): file_digest(path) for path in outputs},
            "finished": now(),
            "seconds": round(seconds, 1),
        }
        self.update_provenance(stages=self._stages() | {stage: record})

    def forget_stage(self, stage: str) -> None:
        stages = self._stages()
        if stages.pop(stage, None) is not None:
            self.update_provenance(stages=stages)

    def update_provenance(self, **entries: Any) -> None:
        write_json(self.provenance_file, {"created": now()} | self._provenance() | entries)

    def _stage_record(self, stage: str) -> dict[str, Any]:
        record = self._stages().get(stage)
        return record if isinstance(record, dict) else {}

    def _stages(self) -> dict[str, Any]:
        stages = self._provenance().get("stages")
        return stages if isinstance(stages, dict) else {}

    def _provenance(self) -> dict[str, Any]:
        """The content of provenance.json; nothing where it is damaged, so that every stage is checked again."""
        if not self.provenance_file.is_file():
            return {}
        try:
            content = read_json(self.provenance_file)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
            content = None
        if not isinstance(content, dict):
            logger.warning("%s is damaged; all stages are checked again.", self.provenance_file)
            return {}
        return content


def newest_run(outputs: Path = OUTPUTS) -> Run | None:
    """The run whose settings were written last."""
    found = [path for path in outputs.glob("*/config.yaml") if not path.parent.name.startswith(".")]
    return Run(max(found, key=lambda path: (path.stat().st_mtime_ns, path)).parent) if found else None


def new_run(name: str, outputs: Path = OUTPUTS) -> Run:
    """A folder that does not exist yet, named by the day, the time and `name`."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "run"
    return _free(outputs / f"{time.strftime('%Y%m%d-%H%M%S')}-{safe[:40]}")


def create_new_run(run: Run) -> Run:
    """Create the folder of a new run; another name is taken if another command created it in the meantime."""
    while True:
        try:
            run.folder.mkdir(parents=True)
            return run
        except FileExistsError:
            run = _free(run.folder)


def _free(folder: Path) -> Run:
    number, candidate = 1, folder
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return Run(candidate)


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _digest_or_none(path: Path) -> str | None:
    try:
        return file_digest(path)
    except OSError:
        return None
