"""Reading a run folder: any part may be missing, none may stop the report."""

import functools
import glob
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from ganbal.errors import InputError
from ganbal.report import file_contents as contents
from ganbal.report.conditions import Condition
from ganbal.report.file_reader import FileReader

PHANTOM_MARK = "phantom: simulated, not real patients"


@dataclass(frozen=True)
class CellFiles:
    """The files of one cell of the study; `predictions` and `history` as in their CSV files."""

    arm: str
    classifier: str
    seed: int
    metrics: Mapping[str, Any] | None
    predictions: pd.DataFrame | None
    history: pd.DataFrame | None
    cases: Mapping[str, Any] | None
    place: str
    """Its folder inside the run folder."""
    condition: Condition


@dataclass(frozen=True)
class RunFiles:
    """The content of a run folder; None for files that are not there.

    `unread` names the files that are there and could not be used, or not in full, with the reason.
    """

    folder: Path
    reader: FileReader
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
    cells: Sequence[CellFiles]
    reproduction: Mapping[str, Any] | None
    unread: Sequence[tuple[str, str]]
    gan_part: str = ""
    """Of several generators, the folder inside `gan/` of the one that `training` and its companions describe."""
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

    def image(self, *parts: str) -> Image.Image | None:
        """An image of the run folder; None where there is none, or where the path leads out of the folder."""
        return self.reader.image(self.folder.joinpath(*parts))

    def setting(self, name: str) -> Any:
        """The value of `section.field` in config.yaml, None where it is not there."""
        section, _, field = name.partition(".")
        return (self.config.get(section) or {}).get(field)

    def command(self, stage: str, *options: str) -> str:
        """The command that does `stage` in this run."""
        parent = self.folder.parent.name
        place = f"outputs/{self.folder.name}" if parent == "outputs" else str(self.folder)
        return " ".join([f"ganbal {stage} --run {shlex.quote(place)}", *options])

    @property
    def is_phantom(self) -> bool:
        """Whether the images are a simulation."""
        return bool(self.data and self.data["source"]["is_phantom"]) or self.setting("data.root") == "phantom"

    @property
    def mark(self) -> str | None:
        """The note that every figure and section carries."""
        return PHANTOM_MARK if self.is_phantom else None

    @property
    def set_name(self) -> str:
        """The image set's name: the last part of its folder."""
        if self.is_phantom:
            return "phantom set"
        root = self.data["source"]["root"] if self.data else self.setting("data.root")
        return str(root or "").replace("\\", "/").rstrip("/").rpartition("/")[2] or "unnamed image set"

    @property
    def classes(self) -> list[str]:
        """Class names in the order of their labels."""
        return list((self.data or self.summary or {}).get("classes", []))

    @property
    def gan_class(self) -> str | None:
        """The class that is synthesized, or the first of several."""
        if self.training:
            return str(self.training["class_name"])
        return self.setting("gan.class_name") or (self.data or {}).get("minority_class")

    @functools.cached_property
    def synthetic_counts(self) -> dict[str, int]:
        """How many synthetic images of each class the manifest lists."""
        if self.manifest is None:
            return {}
        return {str(name): int(n) for name, n in self.manifest["label"].value_counts(sort=False).items()}


def read_run_folder(folder: Path) -> RunFiles:
    """Read everything a report needs.

    Raises:
        InputError: `folder` is not there, or holds no file of a run.
    """
    if not folder.is_dir():
        raise InputError(
            found=f"{folder} is a file, not a run folder."
            if folder.exists()
            else f"There is no run folder at {folder}.",
            expected="A report is built from a folder that `ganbal run` or another command made.",
            action="Name one with --run DIR.",
        )
    known = ["config.yaml", "provenance.json", "data.json", "scores.json", "reproduction.json"]
    known += ["gan/training.json", "gan/history.csv", "study/summary.json", "study/cells"]
    if not any((folder / name).exists() for name in known):
        raise InputError(
            found=f"The folder {folder} has no file of a run (config.yaml, data.json …).",
            expected="A report is built from a folder that `ganbal run` or another command made.",
            action="Name one with --run DIR.",
        )
    reader = FileReader(folder)
    config_text, config = reader.config()
    training = reader.json("gan/training.json", contents.TRAINING)
    first, *others = (training or {}).get("classes") or [training]
    run = RunFiles(
        folder=folder,
        reader=reader,
        config=config,
        config_text=config_text,
        provenance=reader.json("provenance.json", contents.PROVENANCE) or contents.PROVENANCE({}, "", []),
        data=reader.json("data.json", contents.DATA),
        training=training,
        gan_history=None,
        sample_grids=(),
        manifest=reader.table("synthetic/manifest.csv", ["file_name", "label"]),
        synthesis=reader.json("synthetic/synthesis.json", contents.SYNTHESIS),
        scores=reader.json("scores.json", contents.SCORES),
        summary=reader.json("study/summary.json", contents.SUMMARY),
        results=reader.table("study/results.csv", ["arm", "classifier", "seed"]),
        cells=_cells(reader, folder),
        reproduction=reader.json("reproduction.json", contents.REPRODUCTION),
        unread=(),
    )
    run = replace(_of_generator(run, first), training=training)
    views = tuple(_of_generator(run, other) for other in others)
    return replace(run, other_generators=views, unread=tuple(dict.fromkeys(reader.unread)))


def _of_generator(run: RunFiles, training: Mapping[str, Any] | None) -> RunFiles:
    # Only the last part counts: a run folder from elsewhere must not lead out of itself.
    part = Path((training or {}).get("folder") or "").name
    history = run.reader.table("/".join(filter(None, ["gan", part, "history.csv"])), ["step"])
    grids = [
        (int(step), path)
        for path in run.reader.places([f"gan/{glob.escape(part)}/samples/step_*.png"])
        if (step := path.stem.removeprefix("step_")).isdecimal() and len(step) <= 12
    ]
    return replace(run, training=training, gan_history=history, sample_grids=sorted(grids), gan_part=part)


def _cells(reader: FileReader, folder: Path) -> list[CellFiles]:
    places = reader.places(["study/cells/*/*/*", "study/cells/fraction_*/*/*/*"])
    found = [
        _cell(reader, place, place.relative_to(folder).as_posix())
        for place in places
        if place.is_dir() and place.name.isdecimal() and len(place.name) <= 12
    ]
    return sorted(found, key=lambda cell: (cell.classifier, cell.arm, cell.place, cell.seed))


def _cell(reader: FileReader, place: Path, name: str) -> CellFiles:
    arm, condition = _arm_and_condition(place)
    return CellFiles(
        arm=arm,
        classifier=place.parts[-2],
        seed=int(place.name),
        metrics=reader.json(f"{name}/metrics.json", contents.CELL),
        predictions=reader.table(f"{name}/predictions.csv", ["label"]),
        history=reader.table(f"{name}/history.csv", ["step"]),
        cases=reader.json(f"{name}/cases.json", contents.CASES),
        place=name,
        condition=condition,
    )


def _arm_and_condition(place: Path) -> tuple[str, Condition]:
    """From cells/[fraction_0.1/]<arm>[_ratio_0.25]/<classifier>/<seed>."""
    arm, _, ratio = place.parts[-3].partition("_ratio_")
    _, _, fraction = place.parts[-4].partition("fraction_")
    try:
        return arm, Condition(float(ratio) if ratio else None, float(fraction) if fraction else 1.0)
    except ValueError:  # an arm whose own name looks so
        return place.parts[-3], Condition()
