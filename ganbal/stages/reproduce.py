"""`reproduce`: trains the published systems and compares the results with the published figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifiers.registry import find_model
from ganbal.config import Config
from ganbal.errors import InputError
from ganbal.report import build_report
from ganbal.reproduction.comparing import PROTOCOLS
from ganbal.reproduction.published import CLASSES, NUM_TEST
from ganbal.reproduction.reproducing import (
    System,
    Workplace,
    reason_to_skip,
    reproduce_systems,
    systems_of,
    unfinished_trainings,
)
from ganbal.reproduction.reproduction_text import reproduction_csv, reproduction_text
from ganbal.run.folder import now
from ganbal.run.selection import RunChoice, select_run_to_begin
from ganbal.runtime.atomic_files import write_json, write_text
from ganbal.runtime.console import Console
from ganbal.runtime.number_text import plural
from ganbal.stages.context import RunContext
from ganbal.stages.cost import announce_reproduction
from ganbal.stages.requirements import Requirement
from ganbal.stages.session import open_run
from ganbal.study.arms import ARMS


def reproduce_command(
    choice: RunChoice, console: Console, *, files: Sequence[Path], seeds: int | None, protocol: str
) -> tuple[dict[str, Any], str, Path]:
    """Train the published systems of `files` and write reproduction.json, reproduction.csv and the report of the run.

    Returns:
        The content of reproduction.json, the text for a terminal, and the report.

    Raises:
        InputError: unknown settings, images that cannot be used, or the user declines hours of work.
        InterruptedBySignal: a signal arrived; the same command continues from the finished cells.
    """
    selected = select_run_to_begin(choice, console)
    systems = _systems(files, selected.config, choice.assignments)
    protocols = PROTOCOLS if protocol == "both" else (protocol,)
    with open_run(selected, console, "reproduce", Requirement.PUBLISHED) as context:
        run, device = context.run, context.device
        synthetic = context.synthetic_folder if context.synthetic_folder.manifest.is_file() else None
        of_images = None if synthetic is None else _synthetic_record(context, systems)
        place = Workplace(
            run.folder / "reproduction",
            context.cache,
            device,
            console,
            None if synthetic is None else synthetic.root,
        )
        _check_some_can_be_trained(systems, place)
        announce_reproduction(context, unfinished_trainings(systems, protocols, seeds, place))
        entries, differences = reproduce_systems(systems, protocols, seeds, place)
        record: dict[str, Any] = {"made": now(), "device": str(device), "protocols": list(protocols)}
        record |= {"synthetic": of_images, "remarks": remarks_on(entries, of_images)}
        record |= {"systems": entries, "differences": differences}
        write_json(run.folder / "reproduction.json", record)
        write_text(run.folder / "reproduction.csv", reproduction_csv(record))
        context.finished_stages.append("reproduce")
        report = build_report(run.folder)
        record = {"run": str(run.folder)} | record
        return record, reproduction_text(record), report.html


def _systems(files: Sequence[Path], config: Config, assignments: Sequence[str]) -> list[System]:
    """Systems with images, seed and device of the run; the document or `assignments` give all other settings."""
    base: dict[str, Any] = {
        "seed": config.seed,
        "device": config.device,
        "data": config.data.model_dump(mode="json"),
    }
    pinned = [assignment for assignment in assignments if not assignment.startswith("data.root=")]
    return [system for file in files for system in systems_of(file, base, pinned)]


def _synthetic_record(context: RunContext, systems: Sequence[System]) -> dict[str, Any] | None:
    """Which synthetic images the systems are trained with; None where none needs any.

    Raises:
        InputError: they were changed, or their generator saw other training images.
    """
    if not any(ARMS[system.arm].needs_synthetic for system in systems):
        return None
    images = context.synthetic
    size_px = images.pixels.shape[1]
    return {"manifest_sha256": images.digest, "num_images": len(images.pixels), "image_size_px": size_px}


def _check_some_can_be_trained(systems: Sequence[System], place: Workplace) -> None:
    reasons = {f"{system.name}, {system.arm}": reason_to_skip(system, place) for system in systems}
    if all(reason is not None for reason in reasons.values()):
        listed = "\n".join(f"  {name}: {reason}" for name, reason in reasons.items())
        raise InputError(
            found=f"None of the chosen systems can be trained here:\n{listed}",
            expected="At least one of them needs its weights and images.",
            action="Supply what is missing, or choose another system with --only.",
        )


def remarks_on(entries: Sequence[dict[str, Any]], synthetic: Mapping[str, Any] | None = None) -> list[str]:
    """Limits of the comparison, one sentence each.

    Args:
        synthetic: `synthetic` of reproduction.json: number and size of the synthetic images.
    """
    trained = [entry for entry in entries if entry["protocols"]]
    known = [found["is_within_published_interval"] for entry in trained for found in entry["protocols"].values()]
    remarks = []
    if trained and all(entry.get("num_test") != NUM_TEST for entry in trained):
        remarks.append(
            f"These are not the {NUM_TEST} test images ({', '.join(CLASSES)}) of the publications, so they are not "
            "compared with the published intervals."
        )
    elif trained and not any(value is not None for value in known):
        remarks.append("No published interval can be compared with these figures.")
    if synthetic is not None and any(ARMS[entry["arm"]].needs_synthetic for entry in trained):
        remarks.append(
            f"The balanced sets have {synthetic['num_images']} synthetic images of {synthetic['image_size_px']} px, "
            "those of the publication about 2,500."
        )
    few = [
        entry["name"]
        for entry in trained
        if any(len(found["seeds"]) < 3 for found in entry["protocols"].values())
        and not find_model(entry["classifier"]).is_only_fitted  # deterministic
    ]
    if few:
        names = ", ".join(dict.fromkeys(few))
        remarks.append(f"Fewer than three seeds: {names}. Results of single trainings differ by several points.")
    return remarks + [_versions_remark(name, number) for name, number in dict.fromkeys(_versions(trained))]


def _versions(entries: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    """Names of systems that were trained on a fixed number of augmented versions per image, with that number."""
    return [
        (entry["name"], found["augmented_versions"])
        for entry in entries
        for found in entry["protocols"].values()
        if found.get("augmented_versions")
    ]


def _versions_remark(name: str, number: int) -> str:
    versions = plural(number, "augmented version")
    return f"{name}: {versions} per image in place of new ones in every epoch, unlike the publication."
