"""Stage 2: classifier training: plain loop with 2 and 8 workers, plain loop over decoded images, ganbal's own.

Ganbal's loop comes with its operations launched one by one, with images augmented on the host, and as it is.
"""

import argparse
import gc
import statistics
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch
import train_classifier

from classifiers.training import loop as loop_module
from gpu_stages.settings import Record, Settings

MODELS = ("cnn_64", "baseline_cnn")


def measure(settings: Settings, record: Record) -> None:
    device = torch.device(settings.device)
    rounds, steps = (1, 2) if settings.tiny else (3, 60)
    workers = (1,) if settings.tiny else (2, 8)
    for model in MODELS[:1] if settings.tiny else MODELS:
        given = argparse.Namespace(model=model, data=settings.data, size=None, batch=8 if settings.tiny else 32)
        makers = loops_to_time(given, device, workers)
        seconds: dict[str, list[float]] = {name: [] for name in makers}
        waited: dict[str, list[float]] = {name: [] for name in makers}
        for _ in range(rounds):
            for name, (make, num_workers) in makers.items():
                train_classifier.NUM_WORKERS = num_workers
                took, waiting = train_classifier.timed(make(), steps, device)
                gc.collect()  # worker processes end with their loader
                seconds[name].append(took)
                waited[name].append(waiting / took)
        medians = {name: statistics.median(found) for name, found in seconds.items()}
        record.add(
            **{
                model: {
                    "images_per_second": {name: round(steps * given.batch / took) for name, took in medians.items()},
                    "ganbal_is_faster_by": {name: round(took / medians["ganbal"], 2) for name, took in medians.items()},
                    "share_of_time_waiting_for_batches": {
                        name: round(statistics.median(found), 3) for name, found in waited.items()
                    },
                }
            }
        )


def loops_to_time(given: argparse.Namespace, device: torch.device, workers: tuple[int, ...]) -> dict[str, Any]:
    """name → (a function that makes the loop afresh, worker processes of its loader)."""
    loops, _, _ = train_classifier.make_loops(given, device)
    timed: dict[str, Any] = {f"plain, {count} workers": (loops["plain"], count) for count in workers}
    timed["decoded"] = (loops["decoded"], workers[-1])
    timed["ganbal, eager"] = (lambda: without_recording(loops["ganbal"]), 0)
    timed |= {name: (make, 0) for name, make in loops.items() if name.startswith("ganbal, augmented")}
    timed["ganbal"] = (loops["ganbal"], 0)
    return timed


def without_recording(make_loop: Callable[[], Any]) -> Any:
    """The project's loop with its operations launched one by one, on CUDA too."""
    with mock.patch.object(loop_module, "RecordedTrainingStep", lambda step: step):
        return make_loop()
