"""Reading a run folder: every part may be missing, none may stop the report."""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ganbal.errors import InputError
from ganbal.report.file_reading import NEEDED_KEYS, Cell, Reader

PHANTOM_MARK = "phantom: drawn, not photographed"


@dataclass(frozen=True)
class RunFiles:
    """The content of a run folder; None for what is not there.

    `unread` tells the files that are there and could not be used, with the reason.
    """

    folder: Path
    config: Mapping[str, Any]
    config_text: str
    provenance: Mapping[str, Any]
    data: Mapping[str, Any] | None
    training: Mapping[str, Any] | None
    gan_history: pd.DataFrame | None
    sample_grids: Sequence[tuple[int, Path]]
    manifest: pd.DataFrame | None
    synthesis: Mapping[str, Any] | None
    scores: Mapping[str, Any] | None
    summary: Mapping[str, Any] | None
    results: pd.DataFrame | None
    cells: Sequence[Cell]
    unread: Sequence[tuple[str, str]]
    gan_part: str = ""
    """Of several generators, the folder inside `gan/` of the one that `training` and its companions tell of."""
    other_generators: Sequence["RunFiles"] = ()
    """The same run with `training` and its companions those of each further generator."""

    @property
    def gan_folder(self) -> Path:
        return self.folder / "gan" / self.gan_part

    @property
    def gan_name(self) -> str:
        """Begins the names of the generator's figures: different for each of several."""
        sign = hashlib.sha256(self.gan_part.encode()).hexdigest()[:6]
        return f"gan-{sign}" if self.gan_part else "gan"

    def setting(self, name: str) -> Any:
        """The value of `section.field` in config.yaml, None where it is not there."""
        place: Any = self.config
        for part in name.split("."):
            place = place.get(part) if isinstance(place, Mapping) else None
        return place

    def reproduction(self) -> Mapping[str, Any] | None:
        """What `ganbal reproduce` left; None where there is nothing that can be used."""
        try:
            content = json.loads((self.folder / "reproduction.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) and content.get("systems") else None

    def cell_cases(self, cell: Cell) -> Mapping[str, Any] | None:
        """What a cell's cases.json says; None where there is none that can be used."""
        file = self.folder / cell.place / "cases.json"
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) and content.get("kinds") else None

    def command(self, stage: str) -> str:
        """The command that does `stage` in this run."""
        parent = self.folder.parent.name
        place = f"outputs/{self.folder.name}" if parent == "outputs" else str(self.folder)
        return f"ganbal {stage} --run {shlex.quote(place)}"

    @property
    def is_phantom(self) -> bool:
        """Whether the images are drawn instead of photographed."""
        return bool(self.data and self.data["source"].get("is_phantom")) or self.setting("data.root") == "phantom"

    @property
    def mark(self) -> str | None:
        """What every figure and section has to say of itself."""
        return PHANTOM_MARK if self.is_phantom else None

    @property
    def set_name(self) -> str:
        """The image set's name: the last part of its folder."""
        if self.is_phantom:
            return "phantom set"
        root = self.data["source"].get("root") if self.data else self.setting("data.root")
        return str(root or "").replace("\\", "/").rstrip("/").rpartition("/")[2] or "unnamed image set"

    @property
    def classes(self) -> list[str]:
        """Class names in the order of their labels."""
        source = self.data or self.summary or {}
        return [str(name) for name in source.get("classes", [])]

    @property
    def gan_class(self) -> str | None:
        """The class that is synthesised."""
        if self.training:
            return str(self.training["class_name"])
        named = self.setting("gan.class_name") or (self.data or {}).get("minority_class")
        return str(named) if named is not None else None


def read_run_folder(folder: Path) -> RunFiles:
    """Read everything a report needs.

    Raises:
        InputError: `folder` is not there, or holds nothing a run leaves.
    """
    if not folder.is_dir():
        raise InputError(
            expected=f"a run folder at {folder}",
            found="nothing" if not folder.exists() else "a file",
            action="Name a folder that `ganbal run` or another command made, with --run DIR.",
        )
    known = ["config.yaml", "provenance.json", "gan/history.csv", "study/cells", *NEEDED_KEYS]
    if not any((folder / name).exists() for name in known):
        raise InputError(
            expected=f"the files of a run (config.yaml, data.json …) in {folder}",
            found="none of them",
            action="Name a folder that `ganbal run` or another command made, with --run DIR.",
        )
    reader = Reader(folder)
    config_text, config = reader.config()
    training = reader.json("gan/training.json")
    first, *others = _trainings(training)
    run = RunFiles(
        folder=folder,
        config=config,
        config_text=config_text,
        provenance=reader.json("provenance.json") or {},
        data=reader.json("data.json"),
        training=training,
        gan_history=None,
        sample_grids=(),
        manifest=reader.table("synthetic/manifest.csv", ["file_name", "label"]),
        synthesis=reader.json("synthetic/synthesis.json"),
        scores=reader.json("scores.json"),
        summary=reader.json("study/summary.json"),
        results=reader.table("study/results.csv", ["arm", "classifier", "seed"]),
        cells=reader.cells(),
        unread=(),
    )
    run = replace(_of_generator(run, first, reader), training=training)
    views = tuple(_of_generator(run, other, reader) for other in others)
    return replace(run, other_generators=views, unread=tuple(reader.unread))


def _trainings(training: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """What gan/training.json tells of each generator; one without facts where there is no such file."""
    found = (training or {}).get("classes")
    usable = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return usable or [training or {}]


def _of_generator(run: RunFiles, training: Mapping[str, Any], reader: "Reader") -> RunFiles:
    # Only the last part counts: a run folder from elsewhere must not lead out of itself.
    part = Path(str(training.get("folder") or "")).name
    history = reader.table("/".join(filter(None, ["gan", part, "history.csv"])), ["step"])
    grids = _sample_grids(run.folder / "gan" / part / "samples")
    return replace(run, training=training, gan_history=history, sample_grids=grids, gan_part=part)


def _sample_grids(folder: Path) -> list[tuple[int, Path]]:
    """(step, file) of every grid, oldest first."""
    names = {path: path.stem.removeprefix("step_") for path in folder.glob("step_*.png")}
    return sorted((int(step), path) for path, step in names.items() if step.isdecimal())
