"""Starts `ganbal` commands on a small run and checks how they end.

A command runs in a forked child of this process, which has imported everything before: on two cores that saves most of
the time of a trial, and no moment of a kill falls into imports.
"""

import importlib
import os
import pkgutil
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# One thread per process; set before torch is imported, so that no thread pool exists when a child is forked.
os.environ["OMP_NUM_THREADS"] = "1"

import classifiers
import ganbal
from ganbal.cli import main as ganbal_main

ALLOWED_CODES = {0, 1, 2, 130, 143}
LONGEST_SECONDS = 900.0
SETTINGS = (
    *("data.phantom_images=120", "gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"),
    *("gan.steps=40", "gan.log_every_steps=10", "gan.sample_every_steps=20", "gan.checkpoint_every_steps=8"),
    "gan.checkpoint_every_seconds=0",
    *("gan.score_every_steps=20", "gan.score_images=20", "score.extractor=untrained", "score.metrics=[fid,two_sample]"),
    *("score.floor_splits=2", "study.image_size_px=32", "study.arms=[imbalanced,duplicated,gan]", "study.seeds=2"),
    *("study.classifiers=[baseline_cnn]", "study.steps=12", "study.checks=2", "study.batch_size=8", "study.workers=1"),
)


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    words: tuple[str, ...]
    code: int
    """Exit code; negative: the signal that ended it."""
    errors: str
    """What it wrote to stderr."""

    def trouble(self) -> str | None:
        """What is wrong with the ending by itself; None if nothing is."""
        if "Traceback (most recent call last)" in self.errors:
            return f"traceback: {last_line(self.errors)}"
        if self.code not in ALLOWED_CODES:
            return f"exit code {self.code}: {last_line(self.errors)}"
        return None


class Child:
    """A command that runs in a forked process, in a process group of its own."""

    def __init__(self, words: tuple[str, ...], largest_file_bytes: int | None = None) -> None:
        self._words = words
        handle, name = tempfile.mkstemp(prefix="ganbal-stderr-")
        self._errors = Path(name)
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid == 0:
            _become_command(words, handle, largest_file_bytes)
        os.close(handle)
        self._status: int | None = None

    @property
    def has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None

    def send(self, number: signal.Signals) -> None:
        """To the command alone: its workers have to notice by themselves."""
        if not self.has_ended:
            os.kill(self._pid, number)

    def end(self) -> Ending:
        """Wait for the command; one that takes longer than `LONGEST_SECONDS` is killed and counts as signal 9."""
        limit = time.monotonic() + LONGEST_SECONDS
        while not self.has_ended:
            if time.monotonic() > limit:
                os.killpg(self._pid, signal.SIGKILL)
            time.sleep(0.02)
        assert self._status is not None
        errors = self._errors.read_text(errors="replace")
        self._errors.unlink()
        return Ending(self._words, os.waitstatus_to_exitcode(self._status), errors)


def _become_command(words: tuple[str, ...], errors: int, largest_file_bytes: int | None) -> None:
    """Never returns."""
    code = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(errors, 2)
        if largest_file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))
        sys.argv = ["ganbal", *words]
        try:
            ganbal_main(list(words))
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def warm_up() -> None:
    """Import every module of the project, and with it what the commands import."""
    for package in (ganbal, classifiers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def words(command: str, run: Path) -> tuple[str, ...]:
    """The command line of `ganbal COMMAND` on the run, without the program's name."""
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    return (command, "--data", "phantom", "--run", str(run), "--device", "cpu", *settings)


def finish(run: Path) -> Ending:
    return Child(words("run", run)).end()


@dataclass(frozen=True)
class Reference:
    """A finished, undisturbed run."""

    run: Path
    seconds: float
    results: dict[str, str]


@dataclass(frozen=True)
class Trial:
    """One fault and its outcome."""

    fault: str
    trouble: str | None
    """None: survived."""


def judge_rerun(run: Path, reference: Reference, differing: Callable[[Path, dict[str, str]], list[str]]) -> str | None:
    """Finish the run; the trouble, if it ends badly or with other results than the reference."""
    ending = finish(run)
    if (trouble := ending.trouble()) is not None:
        return f"rerun: {trouble}"
    if ending.code:
        return f"rerun: exit code {ending.code}: {last_line(ending.errors)}"
    return f"other results: {', '.join(found[:5])}" if (found := differing(run, reference.results)) else None


def fresh_copy(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "nothing on stderr"
