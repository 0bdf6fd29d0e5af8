"""Two tiny real runs, made once by the command line; tests copy a run and vary its files."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

SETTINGS = (
    "data.phantom_images=120",
    "gan.image_size_px=32",
    "gan.base_channels=4",
    "gan.batch_size=8",
    "gan.steps=8",
    "gan.log_every_steps=1",
    "gan.sample_every_steps=4",
    "gan.score_every_steps=2",
    "gan.checkpoint_every_steps=8",
    "gan.score_images=16",
    "score.extractor=untrained",
    "score.floor_splits=2",
    "study.image_size_px=32",
    "study.steps=6",
    "study.checks=3",
    "study.seeds=2",
    "study.workers=1",
    "study.classifiers=[cnn_64,pixel_svm]",
    "study.arms=[imbalanced,duplicated,gan]",
)
RATIOS = (
    "study.classifiers=[pixel_svm]",
    "study.arms=[imbalanced,duplicated,gan]",
    "study.synthetic_ratios=[0.5,1]",
    "study.minority_fractions=[0.6,1]",
)

Edit = Callable[[dict[str, Any]], Any]
MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def finished_run(made_once: MadeOnce) -> Path:
    """A complete run of the phantom set with its report; tests only read it."""
    return made_once("tiny", lambda folder: _ganbal(folder, "--data", "phantom", "--device", "cpu", *_set(SETTINGS)))


@pytest.fixture(scope="session")
def run_with_ratios(made_once: MadeOnce, finished_run: Path) -> Path:
    """The same run with a study over ratios of synthetic images and fractions of the minority class; only read."""

    def make(folder: Path) -> None:
        shutil.copytree(finished_run, folder)
        shutil.rmtree(folder / "study")
        _ganbal(folder, *_set(RATIOS))

    return made_once("ratios", make)


def _ganbal(folder: Path, *arguments: str) -> None:
    from ganbal.cli import main

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GANBAL_DATA", raising=False)
        done = CliRunner().invoke(main, ["run", "--run", str(folder), "--quiet", *arguments])
    assert done.exit_code == 0, done.output


def _set(assignments: tuple[str, ...]) -> list[str]:
    return [part for one in assignments for part in ("--set", one)]


@pytest.fixture(scope="session")
def finished_page(finished_run: Path) -> Any:
    """The page of the finished run; tests only read it."""
    from ganbal.report.build import page_of
    from ganbal.report.run_reader import read_run_folder

    return page_of(read_run_folder(finished_run))


@pytest.fixture
def run(tmp_path: Path, finished_run: Path) -> Path:
    """A copy of the finished run to vary, at outputs/tiny, without the weights, which the report does not read."""
    folder = tmp_path / "outputs" / "tiny"
    shutil.copytree(finished_run, folder, ignore=shutil.ignore_patterns("checkpoints", "*.safetensors", "*.pt"))
    return folder


@pytest.fixture
def small_run(run: Path) -> Path:
    """The copy with a study of one classifier and two arms: a report with few figures, made quickly."""

    def smaller(summary: dict[str, Any]) -> None:
        summary["arms"] = ["imbalanced", "gan"]
        summary["classifiers"] = [one for one in summary["classifiers"] if one["name"] == "cnn_64"]
        for name in ("per_arm", "differences", "pairs"):
            rows = (row for row in summary[name] if row["classifier"] == "cnn_64")
            summary[name] = [row for row in rows if {row["arm"], row.get("baseline")} <= {"imbalanced", "gan", None}]

    edit_json(run / "study" / "summary.json", smaller)
    for place in (*(run / "study" / "cells").glob("*/pixel_svm"), run / "study" / "cells" / "duplicated"):
        shutil.rmtree(place)
    return run


@pytest.fixture
def edit() -> Callable[[Path, Edit], None]:
    """`edit(file, change)` applies `change` to the content of a JSON file."""
    return edit_json


def edit_json(file: Path, change: Edit) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def as_real_images(run: Path) -> Path:
    """The copy as if its images were real ones of the chest X-ray set."""
    as_real(run)
    return run


def as_real(folder: Path) -> None:
    edit_json(
        folder / "data.json",
        lambda data: data["source"].update(is_phantom=False, root="data/chest_xray", layout="kaggle"),
    )
    config = folder / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("root: phantom", "root: data/chest_xray"))


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """The figures of these runs need no more, and more would slow down the tests beside them."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    yield
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    else:
        os.environ["OMP_NUM_THREADS"] = before
