"""Stage 3: `ganbal score` against the pytorch-fid program, whole processes (benchmarks/score.py)."""

import argparse
import time

import score

from gpu_stages.settings import Record, Settings


def measure(settings: Settings, record: Record) -> None:
    """The figures so far are recorded after each program.

    Raises:
        RuntimeError: a program failed.
    """
    options = argparse.Namespace(
        data=settings.data,
        weights=settings.inception,
        dims=settings.dims,
        device=settings.device,
        synthetic=None,
        num_synthetic=24 if settings.tiny else 2500,
        distance_dims=64 if settings.tiny else settings.dims,
        share=1.0,
        rounds=1,
        first_only=settings.tiny,
        fid_only=False,
    )
    folder, start = settings.scratch / "scoring", time.perf_counter()
    folder.mkdir(exist_ok=True)
    figures = score.run(options, folder, lambda found: record.add(**found))
    record.add(stage_seconds=round(time.perf_counter() - start, 1), **figures)
