"""Stage 13, only if named: benchmarks/all_arms.py with generators from files, first with 5 seeds, then with 10.

The generators are the files of .gpu/generators, one per class, of `ganbal export`; where there are none, that of the
minority class which stage 12 has trained in the same run. out/arms/ holds the tables and the study without its images.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gpu_stages.kept_files import keep
from gpu_stages.settings import REPOSITORY, Record, Settings

GENERATORS = REPOSITORY / ".gpu" / "generators"
NUM_SEEDS = (5, 10)
WORKERS = 6
KEPT = ("all_arms.md", "report.*", "study/*.json", "study/*.csv", "study/cells/**/*.json", "study/cells/**/*.csv")


def measure(settings: Settings, record: Record) -> None:
    """Every finished number of seeds is a figure.

    Raises:
        RuntimeError: there is no generator, or the study ends with an error.
    """
    files = generator_files(settings)
    if not files:
        raise RuntimeError(f"there is no generator in {GENERATORS}, and stage `generators` has made none")
    run, out = settings.scratch / "arms", settings.out / "arms"
    first_seconds = 0.0
    for seeds in (1,) if settings.tiny else NUM_SEEDS:
        if record.seconds_left < first_seconds:
            record.add(note=f"{record.seconds_left:.0f} s were left, not enough for {seeds} seeds")
            break
        start = time.perf_counter()
        done = subprocess.run(command_of(settings, files, seeds, run))
        if done.returncode:
            raise RuntimeError(f"benchmarks/all_arms.py ended with exit code {done.returncode}; see the stage's log.")
        seconds = time.perf_counter() - start
        first_seconds = first_seconds or seconds
        keep(run, out, KEPT)
        record.add(**{f"seconds_with_{seeds}_seeds": round(seconds, 1)}, table=(run / "all_arms.md").read_text())


def generator_files(settings: Settings) -> list[Path]:
    given = [] if settings.tiny else sorted(GENERATORS.glob("*.safetensors"))
    trained = settings.out / "generators" / "0" / "last.safetensors"
    return given or ([trained] if trained.is_file() else [])


def command_of(settings: Settings, files: Sequence[Path], seeds: int, run: Path) -> list[str]:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "all_arms.py"), str(settings.data)]
    command += [word for file in files for word in ("--generator", str(file))]
    command += ["--seeds", str(seeds), "--device", settings.device, "--out", str(run)]
    return command + (["--steps", "2", "--workers", "1"] if settings.tiny else ["--workers", str(WORKERS)])
