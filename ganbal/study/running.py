"""Running a study: every cell that is not on disk yet, then the table and the summary."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from classifiers.errors import ClassifierInputError
from classifiers.registry import find_model
from ganbal.config import StudyConfig
from ganbal.errors import InputError
from ganbal.runtime.atomic_files import atomic_path, write_json
from ganbal.runtime.console import Console
from ganbal.runtime.hashing import digest_of
from ganbal.runtime.signals import stop_on_signal
from ganbal.study.aggregate import StudyFacts, aggregate
from ganbal.study.arms import ARMS
from ganbal.study.arms.additions import additions_for
from ganbal.study.arms.supply import check_supply
from ganbal.study.cell_training import train_cell
from ganbal.study.cells import Cell, finished_metrics
from ganbal.study.executors import Executor
from ganbal.study.plan import arms_left_out, conditions, planned_cells
from ganbal.study.sources import StudyFolder, StudySource

_NOT_OF_A_CELL = {"arms", "classifiers", "seeds", "image_size_px", "keep_models", "workers", "executor"} | {
    "synthetic_ratios",
    "minority_fractions",
}


@dataclass(frozen=True)
class Elsewhere:
    """How other processes train cells: they get a job, and leave the cell's files in the study's folder."""

    executor: Executor
    task: Callable[[Any], None]
    job_of: Callable[[Cell], Any]


def run_study(
    source: StudySource,
    config: StudyConfig,
    *,
    seed: int,
    device: torch.device,
    folder: StudyFolder,
    feature_cache: Path,
    console: Console,
    elsewhere: Elsewhere | None = None,
    published: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train the missing cells and write results.csv and summary.json.

    Args:
        published: published figures of the same systems, for summary.json.
        elsewhere: trains missing cells in other processes first; None trains them all here, one after another. What
            comes of it is the same, as every cell depends on its own seed and settings alone.

    Returns:
        The content of summary.json.

    Raises:
        InputError: an arm needs more synthetic images than there are.
        InterruptedBySignal: SIGINT or SIGTERM came; finished cells are on disk.
    """
    cells = planned_cells(config, seed)
    check_synthetic(source, config)
    done = _finished(cells, source, config, folder.root)
    missing = [cell for cell in cells if cell not in done]
    if missing and elsewhere is not None:
        _train_elsewhere(missing, len(cells), elsewhere, console)
        done |= _finished(missing, source, config, folder.root)
        missing = [cell for cell in missing if cell not in done]
    if missing:
        train = functools.partial(
            finish_cell, source=source, config=config, device=device, root=folder.root, feature_cache=feature_cache
        )
        done |= _train_here(missing, len(done), config.steps, train, console)
    ordered = {cell: done[cell] for cell in cells}
    return _finish_study(ordered, source, config, seed, folder, published)


def _finished(
    cells: Sequence[Cell], source: StudySource, config: StudyConfig, root: Path
) -> dict[Cell, dict[str, Any]]:
    """The finished ones among these cells, with the content of their metrics.json."""
    found = {}
    for cell in cells:
        inputs = _cell_inputs(cell, source, config, classifier_size_px(cell.classifier, config))
        metrics = finished_metrics(cell.folder(root), inputs)
        if metrics is not None:
            found[cell] = metrics
    return found


def _train_here(
    missing: Sequence[Cell],
    num_done: int,
    steps: int,
    train: Callable[..., dict[str, Any]],
    console: Console,
) -> dict[Cell, dict[str, Any]]:
    """Train the cells in this process, one after another."""
    found: dict[Cell, dict[str, Any]] = {}
    num_cells = num_done + len(missing)

    with (
        stop_on_signal() as stop,
        console.progress(num_cells * steps, "training classifiers", "step", initial=num_done * steps) as bar,
    ):

        def check_signal() -> None:
            stop.raise_if_requested(f"{num_done + len(found)} of {num_cells} cells are saved.")

        def on_step(count: int) -> None:
            bar.update(count)
            check_signal()

        for cell in missing:
            number = num_done + len(found) + 1
            bar.set_postfix_str(f"cell {number}/{num_cells}: {cell.arm}, {cell.classifier}, seed {cell.seed}")
            found[cell] = train(cell, on_step=on_step)
            # Early stopping leaves steps over; the bar counts them as done.
            bar.update(number * steps - bar.n)
            check_signal()
    return found


def _train_elsewhere(missing: list[Cell], num_cells: int, elsewhere: Elsewhere, console: Console) -> None:
    finished = num_cells - len(missing)
    jobs = [elsewhere.job_of(cell) for cell in missing]
    with (
        stop_on_signal() as stop,
        console.progress(num_cells, "training classifiers", "cell", initial=finished) as bar,
    ):
        for _ in elsewhere.executor.each(
            elsewhere.task, jobs, lambda: stop.raise_if_requested(f"{bar.n} of {num_cells} cells are saved.")
        ):
            bar.update(1)


def check_synthetic(source: StudySource, config: StudyConfig) -> None:
    """See that there are synthetic images enough for every arm, at every ratio and share of the minority class.

    Raises:
        InputError: there are not, or a share leaves too few images.
    """
    size_px = classifier_size_px(config.classifiers[0], config)
    for fraction in config.minority_fractions:
        counts = source.with_fraction(fraction).counts_at(size_px)
        check_supply(conditions(config), counts, source.at_size(size_px).test.classes)


def classifier_size_px(name: str, config: StudyConfig) -> int:
    """Side of the input images of this classifier in this study."""
    return config.image_size_px or find_model(name).image_size_px


def finish_cell(
    cell: Cell,
    source: StudySource,
    config: StudyConfig,
    *,
    device: torch.device,
    root: Path,
    feature_cache: Path,
    on_step: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """Train the cell unless it is on disk, and give the content of its metrics.json.

    Raises:
        InputError: the classifier cannot be had or does not take these images.
    """
    size_px = classifier_size_px(cell.classifier, config)
    inputs = _cell_inputs(cell, source, config, size_px)
    if (metrics := finished_metrics(cell.folder(root), inputs)) is not None:
        return metrics
    images = source.with_fraction(cell.minority_fraction).at_size(size_px)
    additions = additions_for(images.counts, cell.synthetic_ratio)
    random = np.random.default_rng([cell.seed, *cell.arm.encode()])
    threads = torch.get_num_threads()
    # Sums depend on how they are divided among threads, so every cell has the same number, whoever trains it.
    torch.set_num_threads(config.threads)
    try:
        return train_cell(
            cell,
            ARMS[cell.arm].build(images.real, images.synthetic, additions, random),
            images.validation,
            images.test,
            config,
            image_size_px=size_px,
            device=device,
            feature_cache=feature_cache,
            study_folder=root,
            inputs=inputs,
            on_step=on_step,
        )
    except ClassifierInputError as error:  # the classifiers know nothing of ganbal's own errors
        raise InputError(expected=error.expected, found=error.found, action=error.action) from error
    finally:
        torch.set_num_threads(threads)


def _cell_inputs(cell: Cell, source: StudySource, config: StudyConfig, size_px: int) -> str:
    """A digest of everything that the cell's files depend on."""
    settings = config.model_dump(mode="json", exclude=_NOT_OF_A_CELL)
    if not find_model(cell.classifier).frozen_backbone:
        settings.pop("weights")
    arm, source = ARMS[cell.arm], source.with_fraction(cell.minority_fraction)
    additions = additions_for(source.counts_at(size_px), cell.synthetic_ratio).tolist() if arm.adds_images else None
    return digest_of(
        settings,
        size_px,
        [cell.arm, cell.classifier, cell.seed],
        source.data_digest,
        source.synthetic_digest if arm.needs_synthetic else None,
        additions,
    )


def _finish_study(
    done: dict[Cell, dict[str, Any]],
    source: StudySource,
    config: StudyConfig,
    seed: int,
    folder: StudyFolder,
    published: Mapping[str, Any] | None,
) -> dict[str, Any]:
    classifiers = [_describe(name, config, done) for name in config.classifiers]
    images = source.at_size(classifiers[0]["image_size_px"])
    facts = StudyFacts(
        protocol=config.protocol,
        classifiers=classifiers,
        seeds=[seed + number for number in range(config.seeds)],
        steps=config.steps,
        num_val=len(images.validation.labels),
        arms_left_out=arms_left_out(config),
        published=published,
    )
    results, summary = aggregate(done, images.test, folder.root, seed=seed, facts=facts)
    with atomic_path(folder.results) as temporary:
        results.to_csv(temporary, index=False, float_format="%.6g")
    write_json(folder.summary, summary)
    return summary


def _describe(name: str, config: StudyConfig, done: dict[Cell, dict[str, Any]]) -> dict[str, Any]:
    pretrained = next(metrics["pretrained"] for cell, metrics in done.items() if cell.classifier == name)
    return {
        "name": name,
        "title": find_model(name).title,
        "image_size_px": classifier_size_px(name, config),
        "pretrained": pretrained,
    }
