"""Runs `ganbal run` where a file may not grow, or where the disk is full, and then once more with enough room."""

import itertools
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fault_kinds.commands import Child, Reference, Trial, judge_rerun, last_line, words
from fault_kinds.results import differing

FILE_SIZES = 10
SMALLEST_LIMIT_BYTES = 4096
"""What a command writes to stderr goes into a file too and must fit."""
DISK_SHARES = (0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99)
ROOM_BYTES = 2**30


def trials(reference: Reference, folder: Path, dice: random.Random) -> Iterator[Trial]:
    """Limited files and full disks in turn, so that a limited number has both."""
    for pair in itertools.zip_longest(limited_files(reference, folder, dice), full_disks(reference, folder, dice)):
        yield from (trial for trial in pair if trial is not None)


def limited_files(reference: Reference, folder: Path, dice: random.Random) -> Iterator[Trial]:
    """Limits of the file size up to that of the largest file, evenly on a logarithmic scale."""
    largest = max(file.stat().st_size for file in reference.run.rglob("*") if file.is_file())
    for number in range(FILE_SIZES):
        run, limit = (
            folder / f"limited-{number}",
            round(SMALLEST_LIMIT_BYTES * (largest / SMALLEST_LIMIT_BYTES) ** dice.random()),
        )
        ending = Child(words("run", run), largest_file_bytes=limit).end()
        fault = f"files of at most {limit} bytes ({ending.code})"
        trouble = ending.trouble() or _unnamed(ending.code, ending.errors, folder)
        yield Trial(fault, trouble or judge_rerun(run, reference, differing))


def full_disks(reference: Reference, folder: Path, dice: random.Random) -> Iterator[Trial]:
    """A disk in memory that holds a share of the run; mounting it needs root."""
    whole = sum(file.stat().st_size for file in reference.run.rglob("*") if file.is_file())
    for number, share in enumerate(dice.sample(DISK_SHARES, len(DISK_SHARES))):
        disk = folder / f"disk-{number}"
        disk.mkdir()
        if not _mount(disk, f"size={max(4096, round(share * whole))}"):
            print("full disks are left out: mounting a disk in memory needs root", flush=True)
            return
        try:
            ending = Child(words("run", disk / "run")).end()
            fault = f"disk of {share:.0%} of the run's {whole} bytes ({ending.code})"
            trouble = ending.trouble() or _unnamed(ending.code, ending.errors, folder)
            _mount(disk, f"remount,size={ROOM_BYTES}")
            yield Trial(fault, trouble or judge_rerun(disk / "run", reference, differing))
        finally:
            subprocess.run(["umount", str(disk)], check=False)


def _mount(disk: Path, options: str) -> bool:
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], capture_output=True)
    return done.returncode == 0


def _unnamed(code: int, errors: str, folder: Path) -> str | None:
    """A failure has to name the path that could not be written."""
    flat = "".join(errors.split())
    return None if code == 0 or str(folder) in flat else f"exit code {code} without a path: {last_line(errors)}"
