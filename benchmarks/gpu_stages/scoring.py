"""Stage 4: `ganbal score` against the pytorch-fid program, whole processes (benchmarks/score.py)."""

import json
import subprocess
import sys
import time

from gpu_stages.settings import REPOSITORY, Record, Settings


def measure(settings: Settings, record: Record) -> None:
    """Raises RuntimeError where benchmarks/score.py fails."""
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "score.py"), "--data", str(settings.data)]
    command += ["--weights", str(settings.inception), "--dims", str(settings.dims), "--device", settings.device]
    if settings.tiny:
        command += ["--first-only", "--num-synthetic", "24", "--distance-dims", "64"]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"benchmarks/score.py ended with exit code {done.returncode}; see the stage's log.")
    record.add(stage_seconds=time.perf_counter() - start, **json.loads(done.stdout))
