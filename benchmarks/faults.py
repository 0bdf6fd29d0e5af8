"""Faults on purpose: kills, two commands at once, damaged files, full disks, random settings. How many are survived?

    python benchmarks/faults.py [--only kills,damages] [--limit N] [--seed 0] [--folder DIR] [--json FILE]

A fault is survived where every command ends with exit code 0, 1, 2, 130 or 143 and without a traceback, and where
`ganbal run` afterwards gives the same results as a run that nothing disturbed (predictions, scores, synthetic images,
training state) or, after damage, refuses the damaged file by its name. Random settings are survived where they are
accepted and mean the same once written and read again, or are refused as wrong input. Small runs on the phantom set.
Everything together takes hours on two cores; --limit takes a random sample of every kind.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from fault_kinds import damages, full_disk, kills, pairs, settings
from fault_kinds.commands import Reference, Trial, finish, warm_up
from fault_kinds.results import differing, results_of

KINDS = {"settings": settings, "damages": damages, "kills": kills, "pairs": pairs, "full-disk": full_disk}


def main() -> None:
    given = parse()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="ganbal-faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["GANBAL_CACHE"] = str(folder / "cache")
    kinds = given.only.split(",") if given.only else list(KINDS)
    if unknown := set(kinds) - KINDS.keys():
        sys.exit(f"--only {', '.join(sorted(unknown))}: choose among {', '.join(KINDS)}.")
    reference = undisturbed(folder) if set(kinds) != {"settings"} else None
    counts, failures = {}, {}
    for kind in kinds:
        found = try_kind(kind, reference, folder, given)
        counts[kind] = len(found), sum(trial.trouble is None for trial in found)
        failures[kind] = [{"fault": trial.fault, "trouble": trial.trouble} for trial in found if trial.trouble]
    for kind, (tried, survived) in counts.items():
        print(f"{kind}: {survived}/{tried} survived")
    if given.json:
        given.json.write_text(json.dumps({"counts": counts, "failures": failures}, indent=2) + "\n")
    if given.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if all(tried == survived for tried, survived in counts.values()) else 1)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="KIND,…", help=", ".join(KINDS))
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many trials of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep the runs there; default: a temporary folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="counts and every fault that was not survived")
    return parser.parse_args()


def undisturbed(folder: Path) -> Reference:
    """The run that the others are compared with; made twice, to see that equal runs give equal results."""
    warm_up()
    finish(folder / "warm-up")  # makes the phantom set, which later runs find in the cache
    start = time.monotonic()
    ending = finish(folder / "reference")
    seconds = time.monotonic() - start
    if ending.code:
        sys.exit(f"The undisturbed run ended with exit code {ending.code}:\n{ending.errors[-2000:]}")
    reference = Reference(folder / "reference", seconds, results_of(folder / "reference"))
    if unequal := differing(folder / "warm-up", reference.results):
        sys.exit(f"Two undisturbed runs differ in {', '.join(unequal)}.")
    print(f"undisturbed run: {seconds:.1f} s, {len(reference.results)} results to compare", flush=True)
    return reference


def try_kind(kind: str, reference: Reference | None, folder: Path, given: argparse.Namespace) -> list[Trial]:
    place = folder / kind
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    found = []
    for trial in itertools.islice(KINDS[kind].trials(reference, place, random.Random(given.seed)), given.limit):
        found.append(trial)
        if trial.trouble:
            print(f"NOT SURVIVED {kind}: {trial.fault}: {trial.trouble}", flush=True)
        elif len(found) % 100 == 0 or kind != "settings":
            print(f"survived {kind}: {trial.fault}" if kind != "settings" else f"{len(found)} settings", flush=True)
        if given.folder is None:
            for leftover in place.glob("*-*"):
                if not leftover.is_mount():
                    shutil.rmtree(leftover, ignore_errors=True)
    return found


if __name__ == "__main__":
    main()
