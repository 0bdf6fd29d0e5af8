"""Stage 10, only if named: benchmarks/answer.py with the winner of the search, as far as the time box goes.

What it found lies in out/answer/. The parts that decide most come first, so a short box still yields a table; an
unfinished answer starts again in another run of gpu.py.
"""

import subprocess
import sys
import time
from pathlib import Path

from gpu_stages.kept_files import keep
from gpu_stages.search import EARLIER
from gpu_stages.settings import REPOSITORY, Record, Settings, read_figures

VARIANT_IF_NONE = "relativistic, 0.05, every step"
"""Best by eye and by measures at equal images so far; used where no search is finished."""
IMAGES, FEW_IMAGES, SECONDS_OF_MANY = 1_000_000, 250_000, 1500.0
"""Training images per generator, in a time box of at least so many seconds or a shorter one."""
SECONDS_TO_STOP = 20.0
KEPT = ("answer.md", "*/choice.json", "*/study/results.csv", "*/study/summary.json", "*/gan/**/history.csv")


def measure(settings: Settings, record: Record) -> None:
    """Raises RuntimeError where the answer ends with an error."""
    folder = settings.scratch / "answer"
    seconds = max(1.0, record.seconds_left - SECONDS_TO_STOP)
    command = [*command_of(settings, folder), "--hours", f"{seconds / 3600:.5f}"]
    record.add(command=command[1:])
    start = time.perf_counter()
    process = subprocess.Popen(command)
    try:
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        keep(folder, settings.out / "answer", KEPT)
    choices = {file.parent.name: read_figures(file) for file in sorted(folder.glob("*/choice.json"))}
    studies = sorted(file.parent.parent.name for file in folder.glob("*/study/summary.json"))
    record.add(seconds=round(time.perf_counter() - start, 1), choices=choices, studies=studies)
    if code:
        raise RuntimeError(f"benchmarks/answer.py ended with exit code {code}; see the stage's log.")


def command_of(settings: Settings, folder: Path) -> list[str]:
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "answer.py"), str(settings.data)]
    command += ["--device", settings.device, "--out", str(folder)]
    if settings.tiny:
        return [*command, "--tiny", "--variant", "small-data"]
    search = next((place for place in (settings.scratch / "search", EARLIER) if (place / "table.csv").is_file()), None)
    command += ["--variant", VARIANT_IF_NONE] if search is None else ["--search", str(search)]
    command += ["--images", str(IMAGES if settings.seconds >= SECONDS_OF_MANY else FEW_IMAGES)]
    mobilenet = str(settings.mobilenet or "none")
    return [*command, "--mobilenet", mobilenet, "--set", f"gan.projection_weights={mobilenet}"]
