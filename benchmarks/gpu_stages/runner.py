"""Runs the stages one after another, each in a process of its own with a time box."""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gpu_stages.settings import REPOSITORY, Record, Settings, figures_file, read_figures, write_json

GRACE_SECONDS = 3.0
LOG_CHARACTERS = 3000


@dataclass(frozen=True)
class Stage:
    """One part of the benchmark."""

    name: str
    least_seconds: float
    """With less of the budget left, the stage is skipped."""
    box_seconds: float
    """Its part of the budget, relative to the other stages'. It is stopped after that; its figures so far are kept."""
    only_if_named: bool = False


STAGES = (
    Stage("limits", 10, 12),
    Stage("gan", 40, 55),
    Stage("classifiers", 30, 35),
    Stage("scoring", 35, 75),
    Stage("end_to_end", 90, 170),
    Stage("workers", 35, 85),
    Stage("projection", 8, 10),
    Stage("variants", 30, 50),
    Stage("gpu_tests", 20, 60),
    Stage("search", 120, 600, only_if_named=True),
    Stage("answer", 200, 600, only_if_named=True),
    Stage("published", 120, 600, only_if_named=True),
    Stage("generators", 60, 600, only_if_named=True),
    Stage("arms", 60, 300, only_if_named=True),
    Stage("profiles", 40, 100, only_if_named=True),
)
"""Those that later stages need come first. With a budget of 400 s, a box has about as many seconds as its number."""


def run_stages(
    make_settings: Callable[[str, float], Settings], environment: dict[str, str], budget: float, only: list[str]
) -> dict[str, Any]:
    """Run every stage that fits into the budget; out/results.json is rewritten after each.

    Args:
        make_settings: (stage, seconds of its time box) → its settings.
        environment: of the stages' processes.
        budget: seconds for all stages.
        only: names of the stages to run; empty means all but those that run only if named.
    """
    end = time.monotonic() + budget
    results: dict[str, Any] = {"budget_s": budget, "started": time.strftime("%Y-%m-%dT%H:%M:%S"), "stages": {}}
    stages = [stage for stage in STAGES if (stage.name in only if only else not stage.only_if_named)]
    for number, stage in enumerate(stages):
        left = end - time.monotonic()
        # A stage cannot use up the others' time, and unused time is divided among those that follow.
        share = left / sum(each.box_seconds for each in stages[number:])
        settings = make_settings(stage.name, min(left, max(share * stage.box_seconds, stage.least_seconds)))
        if settings.tiny:  # a check of the stages, which may run on a busy machine
            settings = replace(settings, seconds=left)
        if left < stage.least_seconds:
            reason = f"{left:.0f} s of the budget are left, and the stage needs {stage.least_seconds:.0f} s"
            outcome = {"status": "skipped", "reason": reason}
        else:
            outcome = run_stage(settings, environment)
        results["stages"][stage.name] = outcome
        write_json(settings.out / "results.json", results)
        reason = f" ({outcome['reason']})" if "reason" in outcome else ""
        print(f"{stage.name}: {outcome['status']}{reason}", flush=True)
    return results


def run_stage(settings: Settings, environment: dict[str, str]) -> dict[str, Any]:
    """The outcome of one stage: status, seconds, figures and, where it did not end well, the reason."""
    file = settings.scratch / "settings" / f"{settings.stage}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    settings.write(file)
    figures_file(settings.scratch, settings.stage).unlink(missing_ok=True)
    log = settings.out / f"{settings.stage}.log"
    start = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "benchmarks" / "gpu.py"), "stage", str(file)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            code = process.wait(settings.seconds)
            outcome: dict[str, Any] = {"status": "done"} if code == 0 else failure(code, log)
        except subprocess.TimeoutExpired:
            outcome = {"status": "out of time", "reason": f"stopped after its {settings.seconds:.0f} s"}
        finally:
            end_group(process)
    outcome["seconds"] = round(time.monotonic() - start, 1)
    outcome["figures"] = read_figures(settings.figures_file)
    if outcome["status"] != "done":  # a log of its own may not come back from another machine
        outcome["end_of_log"] = log.read_text(errors="replace")[-LOG_CHARACTERS:]
    return outcome


def failure(code: int, log: Path) -> dict[str, Any]:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return {"status": "failed", "reason": f"exit code {code}: {lines[-1][:500] if lines else 'no output'}"}


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End the stage and what it started in its session."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
        except ProcessLookupError:
            return
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def perform(settings_file: Path) -> None:
    """The work of one stage, in its own process.

    Commands that a stage starts have sessions of their own: on SIGTERM the stage must unwind to end them.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    settings = Settings.read(settings_file)
    importlib.import_module(f"gpu_stages.{settings.stage}").measure(settings, Record(settings))
