"""Stage 9, only if named: benchmarks/search_generator.py with several trainings at a time.

What it found lies in out/search/. Copied to .gpu/search, it is continued by the next run.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from search_generator import MEASURES_FILE, VARIANTS_FILE, read_variants

from gpu_stages.kept_files import keep
from gpu_stages.settings import REPOSITORY, Record, Settings, read_figures

IMAGES = 1_000_000
PROCESSES = 4
"""A training of 64-px images uses a few percent of a large GPU (2.6 % of its arithmetic on an H200)."""
EARLIER = REPOSITORY / ".gpu" / "search"
KEPT = ("table.*", f"*/*/{MEASURES_FILE}", "*/*/grid.png", "*.json")
SECONDS_TO_COPY = 5.0
TINY_VARIANTS = ["dcgan", "spectral, hinge"]


def measure(settings: Settings, record: Record) -> None:
    """Every finished training is a figure.

    Raises:
        RuntimeError: a process failed.
    """
    folder, out = settings.scratch / "search", settings.out / "search"
    if EARLIER.is_dir() and not settings.tiny:
        shutil.copytree(EARLIER, folder, dirs_exist_ok=True)
    processes = [subprocess.Popen(command_of(settings, folder)) for _ in range(1 if settings.tiny else PROCESSES)]
    try:
        while any(process.poll() is None for process in processes) and record.seconds_left > SECONDS_TO_COPY:
            time.sleep(1.0)
            record_finished(folder, record)
        codes = [process.poll() for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
        keep(folder, out, KEPT)
    record_finished(folder, record)
    if any(codes):
        raise RuntimeError(f"benchmarks/search_generator.py ended with exit codes {codes}; see the stage's log.")


def command_of(settings: Settings, folder: Path) -> list[str]:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "search_generator.py"), str(settings.data)]
    command += ["--device", settings.device, "--out", str(folder)]
    if settings.tiny:
        return [*command, "--tiny", "--only", *TINY_VARIANTS]
    command += ["--images", str(IMAGES), "--extractor", f"inception={settings.inception}"]
    other = "untrained" if settings.mobilenet is None else f"torchvision:mobilenet_v2={settings.mobilenet}"
    return [*command, "--extractor", other, "--set", f"gan.projection_weights={settings.mobilenet or 'none'}"]


def record_finished(folder: Path, record: Record) -> None:
    rows = [read_figures(file) for file in sorted(folder.glob(f"*/*/{MEASURES_FILE}"))]
    record.add(variants=len(read_variants(VARIANTS_FILE)), finished=rows)
