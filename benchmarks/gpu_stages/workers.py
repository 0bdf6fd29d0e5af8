"""Stage 5: studies of many arms with `baseline_cnn`, with 6, 1 and 4 cells at a time."""

import json
import shutil
import time
from collections.abc import Sequence
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
SEEDS, SEEDS_OF_FEW_ARMS = 3, 1
"""With several workers, more cells than workers: the first cell of a worker is slower than the others. One worker takes
as long as several together, and trains few cells."""
MPS = ", MPS"
STUDIES = {"6 workers": 1.0, "1 workers": 0.7, f"6 workers{MPS}": 1.0, "4 workers": 1.2}
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
            record.add(**{name: f"left out: {record.seconds_left:.0f} s were left"})
            continue
        run = settings.scratch / f"run-{name.replace(' ', '-')}"
        if has_synthetic:
            shutil.copytree(source, run, ignore=shutil.ignore_patterns("study"))
        chosen, seeds = (FEW_ARMS, SEEDS_OF_FEW_ARMS) if workers == 1 else (arms, 1 if settings.tiny else SEEDS)
        given = [*settings_of_run(settings), f"study.arms=[{','.join(chosen)}]", f"study.classifiers=[{CLASSIFIER}]"]
        given += [f"study.seeds={seeds}", f"study.steps={steps}", f"study.workers={1 if settings.tiny else workers}"]
        with multi_process_service(settings.scratch / "mps") if with_mps else nullcontext():
            seconds = ganbal(Command("compare", settings, run, given))
        record.add(**{name: {"seconds": round(seconds, 1), **times_of_cells(run, seconds, workers)}})
        first_seconds = first_seconds or seconds
        shutil.rmtree(run)


def times_of_cells(run: Path, seconds: float, workers: int) -> dict[str, Any]:
    """How long cells took, each for itself, and how long after the start of the command they were finished.

    Args:
        run: its study was finished just now.
        seconds: of the whole command.
    """
    files = sorted((run / "study" / "cells").glob("*/*/*/metrics.json"), key=lambda file: file.stat().st_mtime)
    start = time.time() - seconds
    finished = [file.stat().st_mtime - start for file in files]
    return {
        "cells": len(files),
        "seconds_per_cell": round(seconds / len(files), 3),
        "seconds_per_further_cell": round(per_further_cell(finished, workers), 3),
        "seconds_of_each_cell": [json.loads(file.read_text())["seconds"] for file in files],
        "finished_after": [round(each, 1) for each in finished],
    }


def per_further_cell(finished: Sequence[float], workers: int) -> float:
    """Seconds per cell after the first one of every worker, of all workers together; of all cells where there are no
    others.

    Args:
        finished: when the cells were finished, ascending, from the start of the command.
    """
    further = len(finished) - workers
    return (finished[-1] - finished[workers - 1]) / further if further > 0 else finished[-1] / len(finished)


def steps_of_cells(settings: Settings) -> int:
    default = load_config(REPOSITORY / "configs" / "default.yaml", []).study.steps
    if settings.tiny:
        return 4
    return default if settings.seconds >= SECONDS_OF_WHOLE_CELLS else default // 3
