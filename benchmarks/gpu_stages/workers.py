"""Stage 5: studies of many arms with `baseline_cnn`, with 6, 4 and 1 cells at a time."""

import json
import shutil
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from ganbal.config import load_config
from ganbal.study.arms.registry import ARMS
from gpu_stages.commands import Command, ganbal
from gpu_stages.end_to_end import settings_of_run
from gpu_stages.mps import control_program, multi_process_service
from gpu_stages.settings import REPOSITORY, Record, Settings

CLASSIFIER = "baseline_cnn"
# The first two need more than stage 4's run: features that do not change, generators of all classes. The others cost as
# much as `gan`, and earlier figures are without them.
LEFT_OUT = ("smote", "gan-both", "gan-weighted", "gan-pretrain", "gan-degraded", "gan-advprop")
FEW_ARMS = ["imbalanced", "class-weights", "duplicated"]
"""For one worker, which takes as long per cell as several together."""
MPS = ", MPS"
STUDIES = {"6 workers": 1.0, f"6 workers{MPS}": 1.0, "4 workers": 1.2, "1 workers": 1.5}
"""Cells at a time, with or without NVIDIA's service → time at most, as a multiple of the first study's (estimate)."""
SECONDS_OF_WHOLE_CELLS = 180.0
"""In a shorter time box, cells have a third of the default steps."""


def measure(settings: Settings, record: Record) -> None:
    """Each study starts from a copy of stage 4's run without its study.

    Without synthetic images of stage 4, arms of real images are measured alone.

    Raises:
        RuntimeError: a study fails.
    """
    source = settings.scratch / "run"
    has_synthetic = (source / "synthetic" / "manifest.csv").is_file()
    arms = [name for name, arm in ARMS.items() if name not in LEFT_OUT and (has_synthetic or not arm.needs_synthetic)]
    steps = steps_of_cells(settings)
    record.add(arms=arms, classifier=CLASSIFIER, steps=steps)
    first_seconds = 0.0
    for name, multiple in list(STUDIES.items())[: 1 if settings.tiny else None]:
        workers, with_mps = int(name.split()[0]), name.endswith(MPS)
        if with_mps and control_program() is None:
            continue
        if record.seconds_left < multiple * first_seconds:
            record.add(note=f"{record.seconds_left:.0f} s were left, not enough for {name}")
            break
        run = settings.scratch / f"run-{name.replace(' ', '-')}"
        if has_synthetic:
            shutil.copytree(source, run, ignore=shutil.ignore_patterns("study"))
        chosen = FEW_ARMS if workers == 1 else arms
        given = [*settings_of_run(settings), f"study.arms=[{','.join(chosen)}]", f"study.classifiers=[{CLASSIFIER}]"]
        given += ["study.seeds=1", f"study.steps={steps}", f"study.workers={1 if settings.tiny else workers}"]
        with multi_process_service(settings.scratch / "mps") if with_mps else nullcontext():
            seconds = ganbal(Command("compare", settings, run, given))
        cells = len(list((run / "study" / "cells").glob("*/*/*/metrics.json")))
        found = {"seconds": round(seconds, 1), "cells": cells, "seconds_per_cell": round(seconds / cells, 3)}
        found |= times_of_cells(run, seconds)
        record.add(**{name: found})
        first_seconds = first_seconds or seconds
        shutil.rmtree(run)


def times_of_cells(run: Path, seconds: float) -> dict[str, Any]:
    """How long cells took, each for itself, and when the first and the last one were finished."""
    files = sorted((run / "study" / "cells").glob("*/*/*/metrics.json"), key=lambda file: file.stat().st_mtime)
    start = time.time() - seconds
    return {
        "seconds_of_each_cell": [json.loads(file.read_text())["seconds"] for file in files],
        "first_and_last_finished_after": [round(files[end].stat().st_mtime - start, 1) for end in (0, -1)],
    }


def steps_of_cells(settings: Settings) -> int:
    default = load_config(REPOSITORY / "configs" / "default.yaml", []).study.steps
    if settings.tiny:
        return 4
    return default if settings.seconds >= SECONDS_OF_WHOLE_CELLS else default // 3
