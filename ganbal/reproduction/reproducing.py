"""Training the published systems under both protocols. Every cell stays on disk and is not trained twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from classifiers.errors import ClassifierInputError
from classifiers.registry import check_model, find_model
from ganbal.config import Config, StudyConfig, load_config
from ganbal.config.study import BASELINE
from ganbal.data.dataset import Dataset, load_dataset
from ganbal.reproduction.balancing import Predictions, balancing_differences, published_difference
from ganbal.reproduction.comparing import summarize_seeds
from ganbal.reproduction.published import CLASSES, NUM_TEST, Published, find_published, published_record
from ganbal.run.folder import Run
from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.console import Console
from ganbal.runtime.download import fetch
from ganbal.study.arms import ARMS
from ganbal.study.cell import METRICS_FILE, Cell
from ganbal.study.cells import TestSet, read_probabilities
from ganbal.study.parallel import WorkerInputs, choose_executor
from ganbal.study.plan import classifier_size_px
from ganbal.study.running import ParallelTraining, run_study
from ganbal.study.source import study_source
from ganbal.study.weights import download_of_classifier
from ganbal.synthesis.manifest import SyntheticFolder, read_synthetic


@dataclass(frozen=True)
class System:
    """One published system and the configuration it is trained with."""

    name: str
    """File name of the configuration, without suffix."""
    classifier: str
    arm: str
    published: Published
    config: Config

    @property
    def size_px(self) -> int:
        return classifier_size_px(self.classifier, self.config.study)


@dataclass(frozen=True)
class Workplace:
    """Where a reproduction reads and writes.

    Attributes:
        folder: `reproduction/` of a run; each system has a study in <name>/<classifier>/<arm>/<protocol>.
        synthetic_folder: of the run's synthetic images; None where it has none.
    """

    folder: Path
    cache: Path
    device: torch.device
    console: Console
    synthetic_folder: Path | None


@dataclass(frozen=True)
class Trained:
    """The finished cells of a system under one protocol.

    Attributes:
        metrics: the content of metrics.json per seed.
        predictions: of the test images, in the order of `test`.
    """

    metrics: dict[int, dict[str, Any]]
    predictions: Predictions
    test: TestSet


def systems_of(file: Path, base: dict[str, Any], assignments: Sequence[str]) -> list[System]:
    """The published systems among the arms and classifiers of a document's configuration.

    Args:
        base: settings that the file overrides; `assignments` override the file.
    """
    config = load_config(file, assignments, base=base)
    is_augmented = config.study.augment != "none"
    return [
        System(file.stem, classifier, arm, published, config)
        for classifier in config.study.classifiers
        for arm in config.study.arms
        if (published := find_published(classifier, arm, is_augmented)) is not None
    ]


def reproduce_systems(
    systems: Sequence[System], protocols: Sequence[str], seeds: int | None, place: Workplace
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Train what is missing; weights are downloaded before the first training that needs them.

    Returns:
        One entry per system, with its published figures and ours under each protocol. A system that cannot be trained
        here has the reason in `skipped`. Then the differences between systems that differ in the arm only, one row per
        protocol and metric.

    Raises:
        InputError: a download fails.
        InterruptedBySignal: SIGINT or SIGTERM; finished cells are on disk.
    """
    entries, trained = [], []
    for system in systems:
        entry, of_protocols = _reproduce(system, protocols, seeds, place)
        entries.append(entry)
        trained.append(of_protocols)
    return entries, _differences(systems, trained)


def unfinished_trainings(
    systems: Sequence[System], protocols: Sequence[str], seeds: int | None, place: Workplace
) -> list[tuple[str, Config]]:
    """Name and settings of every system and protocol that lacks a cell; those to skip are left out."""
    found = []
    for system in systems:
        if reason_to_skip(system, place) is not None:
            continue
        for protocol in protocols:
            study, folder = _study_config(system, protocol, seeds), _folder(system, protocol, place)
            cells = _cells(system, study)
            if not all((cell.folder(folder) / METRICS_FILE).is_file() for cell in cells):
                found.append((system.name, system.config.model_copy(update={"study": study})))
    return found


def _reproduce(
    system: System, protocols: Sequence[str], seeds: int | None, place: Workplace
) -> tuple[dict[str, Any], dict[str, Trained]]:
    """The entry of a system, and its cells under each protocol; without cells where it cannot be trained here."""
    trained: dict[str, Trained] = {}
    entry: dict[str, Any] = {
        "name": system.name,
        "classifier": system.classifier,
        "arm": system.arm,
        "title": system.published.title,
        "published": published_record(system.published),
        "skipped": reason_to_skip(system, place),
        "protocols": {},
    }
    if entry["skipped"] is not None:
        place.console.warn(f"{system.name}, {system.arm}: skipped. {entry['skipped']}")
        return entry, trained
    if (download := download_of_classifier(system.classifier, system.config.study)) is not None:
        fetch(download, place.console)
    dataset = load_dataset(
        system.config.data,
        sizes_px=[system.size_px],
        cache_root=place.cache,
        console=place.console,
    )
    entry |= {"num_test": len(dataset.table.rows("test")), "image_size_px": system.size_px}
    entry["steps"] = system.config.study.steps
    for protocol in protocols:
        place.console.say(f"{system.published.title} ({system.name}, {system.arm}), protocol {protocol}")
        trained[protocol] = _train(system, protocol, seeds, dataset, place)
        entry["protocols"][protocol] = summarize_seeds(
            trained[protocol].metrics, system.published, is_comparable=is_comparable(dataset)
        )
    return entry, trained


def _differences(systems: Sequence[System], trained: Sequence[Mapping[str, Trained]]) -> list[dict[str, Any]]:
    """Every system beside the one of the same document and classifier that was trained on the original set."""
    of_original = {
        (system.name, system.classifier): (system, of_protocols)
        for system, of_protocols in zip(systems, trained, strict=True)
        if system.arm == BASELINE
    }
    rows = []
    for system, of_protocols in zip(systems, trained, strict=True):
        key = (system.name, system.classifier)
        if system.arm == BASELINE or key not in of_original:
            continue
        original, of_baseline = of_original[key]
        names = {"name": system.name, "title": system.published.title, "baseline_title": original.published.title}
        published = published_difference(original.published, system.published)
        for protocol in of_protocols:
            first, second = of_baseline[protocol], of_protocols[protocol]
            found = balancing_differences(first.predictions, second.predictions, second.test, system.config.seed)
            rows += [
                names | {"protocol": protocol, "published": published if row["metric"] == "accuracy" else None} | row
                for row in found
            ]
    return rows


def is_comparable(dataset: Dataset) -> bool:
    """Whether these are, by classes and count, the test images of the publications."""
    table = dataset.table
    return not table.is_phantom and table.classes == CLASSES and len(table.rows("test")) == NUM_TEST


def reason_to_skip(system: System, place: Workplace) -> str | None:
    """Why a system cannot be trained here, in sentences: it needs images or weights that are missing."""
    if ARMS[system.arm].needs_synthetic and place.synthetic_folder is None:
        command = Run(place.folder.parent).command("synthesize")
        return f"It needs synthetic images, and this run has none. Run `{command}` first."
    try:
        find_model(system.classifier)
        check_model(system.classifier, system.config.study.weights_of(system.classifier), system.size_px, len(CLASSES))
    except ClassifierInputError as error:
        return str(error)
    return None


def _train(system: System, protocol: str, seeds: int | None, dataset: Dataset, place: Workplace) -> Trained:
    """Train the cells that are not finished."""
    study, first = _study_config(system, protocol, seeds), system.config.seed
    folder = _folder(system, protocol, place)
    synthetic_folder = place.synthetic_folder if ARMS[system.arm].needs_synthetic else None
    synthetic = None if synthetic_folder is None else read_synthetic(SyntheticFolder(synthetic_folder))
    executor = choose_executor(study, place.device)
    inputs = WorkerInputs(
        study_folder=folder.resolve(),
        data=system.config.data,
        study=study,
        device=system.config.device,
        sizes_px=(system.size_px,),
        cache=place.cache.resolve(),
        synthetic_folders=() if synthetic_folder is None else ((1.0, synthetic_folder.resolve()),),
    )
    source = study_source(dataset, protocol, lambda fraction: synthetic)
    run_study(
        source,
        study,
        seed=first,
        device=place.device,
        folder=folder,
        feature_cache=place.cache / "features",
        console=place.console,
        parallel=None if executor is None else ParallelTraining(executor, inputs),
    )
    cells, test = _cells(system, study), source.at_size(system.size_px).test
    return Trained(
        {cell.seed: read_json(cell.folder(folder) / METRICS_FILE) for cell in cells},
        {cell: read_probabilities(cell.folder(folder), test) for cell in cells},
        test,
    )


def _folder(system: System, protocol: str, place: Workplace) -> Path:
    return place.folder / system.name / system.classifier / system.arm / protocol


def _cells(system: System, study: StudyConfig) -> list[Cell]:
    return [Cell(system.arm, system.classifier, system.config.seed + number) for number in range(study.seeds)]


def _study_config(system: System, protocol: str, seeds: int | None) -> StudyConfig:
    changes: dict[str, Any] = {
        "arms": (system.arm,),
        "classifiers": (system.classifier,),
        "protocol": protocol,
        "keep_models": False,
        "synthetic_ratios": (),
        "minority_fractions": (1.0,),
    }
    if seeds is not None:
        changes["seeds"] = seeds
    return system.config.study.model_copy(update=changes)
