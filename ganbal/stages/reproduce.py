"""`ganbal reproduce`: from what was typed to the files it leaves."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifiers.registry import find_model
from ganbal.config import Config, dump_config
from ganbal.config.presets import document_files
from ganbal.data.dataset import check_source
from ganbal.errors import InputError
from ganbal.report import build_report
from ganbal.reproduction.comparing import PROTOCOLS
from ganbal.reproduction.images import SyntheticImages
from ganbal.reproduction.published import CLASSES, NUM_TEST
from ganbal.reproduction.reproducing import System, Workplace, reproduce_systems, systems_of
from ganbal.reproduction.reproduction_text import reproduction_csv, reproduction_text
from ganbal.run.folder import Run, now
from ganbal.run.provenance import describe_machine
from ganbal.run.selection import select_run_to_begin
from ganbal.runtime.atomic_files import write_json, write_text
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.hashing import file_digest
from ganbal.stages.outcome import Outcome
from ganbal.stages.preflight import pin_data_root
from ganbal.synthesis.generate import SyntheticFolder, read_synthetic


def reproduce_command(
    run_folder: Path | None,
    config_file: Path | None,
    assignments: Sequence[str],
    console: Console,
    *,
    only: Sequence[str],
    seeds: int | None,
    protocol: str,
) -> Outcome:
    """Train the published systems and write reproduction.json, reproduction.csv and the report of the run.

    Raises:
        InputError: unknown names or settings, or images that cannot be used.
        InterruptedBySignal: a signal came; the same command goes on from the cells that are finished.
    """
    if seeds is not None and seeds < 1:
        raise InputError(expected="at least one seed", found=f"--seeds {seeds}", action="Give --seeds 3, say.")
    files = document_files(only)
    settle = functools.partial(pin_data_root, console=console)
    run, config = select_run_to_begin(run_folder, config_file, assignments, settle)
    systems = _systems(files, config, assignments)
    device = choose_device(config.device)
    check_source(config.data, config.seed)
    if not run.config_file.is_file():
        run.save_settings(dump_config(config))
    run.update_provenance(**describe_machine(), device=str(device), last_command_at=now(), seed=config.seed)
    console.log_file = run.log_file
    console.say(f"Run folder: {run.folder}")
    place = Workplace(run.folder / "reproduction", cache_folder(), device, console, _synthetic_of(run))
    protocols = PROTOCOLS if protocol == "both" else (protocol,)
    entries = reproduce_systems(systems, protocols, seeds, place)
    facts: dict[str, Any] = {"made": now(), "device": str(device), "protocols": list(protocols)}
    facts |= {"remarks": remarks_on(entries), "systems": entries}
    write_json(run.folder / "reproduction.json", facts)
    write_text(run.folder / "reproduction.csv", reproduction_csv(facts))
    report = build_report(run.folder)
    facts = {"run": str(run.folder)} | facts
    return Outcome(facts, reproduction_text(facts), f"Next: open {report.html}")


def _systems(files: Sequence[Path], config: Config, assignments: Sequence[str]) -> list[System]:
    """Images, seed and device are the run's; everything else is the document's, unless it was typed now."""
    base: dict[str, Any] = {
        "seed": config.seed,
        "device": config.device,
        "data": config.data.model_dump(mode="json"),
    }
    pinned = [assignment for assignment in assignments if not assignment.startswith("data.root=")]
    return [system for file in files for system in systems_of(file, base, pinned)]


def _synthetic_of(run: Run) -> SyntheticImages | None:
    folder = SyntheticFolder(run.synthetic_folder)
    if not folder.manifest.is_file():
        return None
    pixels, _, class_names = read_synthetic(folder)
    return SyntheticImages(pixels, class_names, file_digest(folder.manifest))


def remarks_on(entries: Sequence[dict[str, Any]]) -> list[str]:
    """What a reader of these systems' figures has to know."""
    trained = [entry for entry in entries if entry["protocols"]]
    known = [found["is_within_published_interval"] for entry in trained for found in entry["protocols"].values()]
    remarks = []
    if trained and all(entry.get("num_test") != NUM_TEST for entry in trained):
        remarks.append(
            f"These are not the {NUM_TEST} test images ({', '.join(CLASSES)}) of the publications, so nothing is said "
            "about their intervals."
        )
    elif trained and not any(value is not None for value in known):
        remarks.append("No published interval can be held against these figures.")
    few = [
        entry["name"]
        for entry in trained
        if any(len(found["seeds"]) < 3 for found in entry["protocols"].values())
        and not find_model(entry["classifier"]).is_only_fitted  # there is no chance in it
    ]
    if few:
        remarks.append(f"Fewer than three seeds: {', '.join(dict.fromkeys(few))}. Single trainings differ by points.")
    return remarks
