"""Stage 6: every arm with `baseline_cnn` and two seeds, with 1, 4 and 6 cells at a time."""

import shutil
import time

from ganbal.study.arms.registry import ARMS
from gpu_stages.commands import Command, ganbal
from gpu_stages.end_to_end import settings_of_run
from gpu_stages.settings import Record, Settings

CLASSIFIER, SEEDS = "baseline_cnn", 2
WORKERS = (4, 6, 1)
"""One worker last: it takes longest, and the others are of more use where time runs out."""


def measure(settings: Settings, record: Record) -> None:
    """Each study starts from a copy of stage 5's run without its study.

    Raises:
        RuntimeError: stage 5 left no synthetic images, or a study fails.
    """
    arms = ["imbalanced", "gan"] if settings.tiny else list(ARMS)
    record.add(arms=arms, classifier=CLASSIFIER, seeds=1 if settings.tiny else SEEDS)
    source = settings.scratch / "run"
    if not any((source / "synthetic").glob("*/*.png")):
        raise RuntimeError("Stage 5 left no run with synthetic images to compare arms on.")
    for workers in WORKERS[:1] if settings.tiny else WORKERS:
        run = settings.scratch / f"run-{workers}-workers"
        shutil.copytree(source, run, ignore=shutil.ignore_patterns("study"))
        chosen = [*settings_of_run(settings), f"study.arms=[{','.join(arms)}]", f"study.classifiers=[{CLASSIFIER}]"]
        chosen += [f"study.workers={1 if settings.tiny else workers}"]
        chosen += [] if settings.tiny else [f"study.seeds={SEEDS}"]
        seconds = ganbal(Command("compare", settings, run, chosen))
        cells = len(list((run / "study" / "cells").glob("*/*/*/metrics.json")))
        found = {"seconds": round(seconds, 1), "cells": cells, "seconds_per_cell": round(seconds / cells, 3)}
        record.add(**{f"{workers} workers": found})
        shutil.rmtree(run)
        if record.seconds_left < seconds:
            record.add(note=f"no time left after {workers} workers, at {time.strftime('%H:%M:%S')}")
            break
