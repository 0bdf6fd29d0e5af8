"""Kills `ganbal compare` at random moments, continues it each time, and compares with an undisturbed study.

    python benchmarks/kill_compare.py [--kills 3] [--workers 2] [--seed 0] [--folder DIR]

SIGKILL goes to the command alone: its workers must notice by themselves. Embedded phantom set, 32 px, CPU. Both studies
must end with the same results.csv, byte for byte.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTINGS = [
    *("data.phantom_images=400", "gan.image_size_px=32", "study.image_size_px=32", "study.classifiers=[baseline_cnn]"),
    *("study.arms=[imbalanced,class-weights,duplicated]", "study.seeds=4", "study.steps=120", "study.checks=4"),
    "study.batch_size=16",
]


def command(name, run, *options):
    words = [sys.executable, "-m", "ganbal", name, "--data", "phantom", "--run", str(run), "--device", "cpu", *options]
    return words + [word for setting in SETTINGS for word in ("--set", setting)]


def finished_cells(run):
    return len(list((run / "study" / "cells").glob("*/*/*/metrics.json")))


def kill_repeatedly(run, options, kills, dice):
    """Number of finished cells at each kill. The command is killed up to two seconds after its first new cell."""
    found = []
    while len(found) < kills:
        before = finished_cells(run)
        process = subprocess.Popen(command("compare", run, *options), stderr=subprocess.DEVNULL)
        while process.poll() is None and finished_cells(run) == before:
            time.sleep(0.05)
        time.sleep(dice.uniform(0.0, 2.0))
        if process.poll() is not None:
            raise SystemExit(f"The study ended after {len(found)} kills.")
        process.send_signal(signal.SIGKILL)
        process.wait()
        found.append(finished_cells(run))
        print(f"kill {len(found)}: {found[-1]} cells are finished", file=sys.stderr)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="ganbal-kills-"))
    killed, undisturbed = folder / "killed", folder / "undisturbed"
    options = ("--workers", str(given.workers))
    subprocess.run(command("inspect", undisturbed), check=True, capture_output=True)
    shutil.copytree(undisturbed, killed)
    found = kill_repeatedly(killed, options, given.kills, random.Random(given.seed))
    for run in (killed, undisturbed):
        subprocess.run(command("compare", run, *options), check=True, capture_output=True)
    one, other = ((run / "study" / "results.csv").read_bytes() for run in (undisturbed, killed))
    cells = finished_cells(undisturbed)
    outcome = "the same" if one == other else "DIFFERENT"
    print(f"{given.kills} kills with {found} of {cells} cells finished; results.csv {outcome}")
    sys.exit(0 if one == other and cells == finished_cells(killed) else 1)


if __name__ == "__main__":
    main()
