"""Starts two commands on one run folder at once."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

from fault_kinds.commands import Child, Reference, Trial, fresh_copy, judge_rerun, words
from fault_kinds.results import differing

TRIALS = 20
COMMANDS = ("run", "train-gan", "synthesize", "score", "compare", "report")
LONGEST_DELAY_SECONDS = 3.0


def trials(reference: Reference, folder: Path, dice: random.Random) -> Iterator[Trial]:
    """Either may be refused (exit code 2); neither may fail, and the finished run has the undisturbed results.

    Half of the trials start from an empty folder, half from a finished run.
    """
    for number in range(TRIALS):
        run = folder / f"pair-{number}"
        if number % 2:
            fresh_copy(reference.run, run)
            first, second = dice.choice(COMMANDS), dice.choice(COMMANDS)
        else:
            first, second = "run", dice.choice(COMMANDS)
        delay = dice.uniform(0.0, LONGEST_DELAY_SECONDS)
        children = [Child(words(first, run))]
        time.sleep(delay)
        children.append(Child(words(second, run)))
        endings = [child.end() for child in children]
        troubles = [f"{ending.words[0]}: {found}" for ending in endings if (found := ending.trouble()) is not None]
        codes = " and ".join(str(ending.code) for ending in endings)
        fault = f"{first}, {second} {delay:.1f} s later, on {'a finished run' if number % 2 else 'no run'} ({codes})"
        yield Trial(fault, "; ".join(troubles) or judge_rerun(run, reference, differing))
