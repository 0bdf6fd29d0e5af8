"""Kills `ganbal run` at a random moment and continues it."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from fault_kinds.commands import Child, Reference, Trial, judge_rerun, words
from fault_kinds.results import differing

TRIALS = 30
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def trials(reference: Reference, folder: Path, dice: random.Random) -> Iterator[Trial]:
    """One signal per run, at a moment chosen evenly over the time of the undisturbed run."""
    for number in range(TRIALS):
        run, sent = folder / f"killed-{number}", SIGNALS[number % len(SIGNALS)]
        moment = dice.uniform(0.0, reference.seconds)
        child = Child(words("run", run))
        time.sleep(moment)
        child.send(sent)
        ending = child.end()
        was_killed = ending.code == -signal.SIGKILL and sent == signal.SIGKILL
        trouble = None if was_killed else ending.trouble()
        fault = f"{sent.name} after {moment:.1f} s"
        yield Trial(fault, trouble or judge_rerun(run, reference, differing))
