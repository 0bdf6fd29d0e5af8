"""Running a study: train every cell that is not finished, then write the table and the summary."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from classifiers.registry import find_model
from classifiers.training.train import TrainingCallbacks
from ganbal.config import StudyConfig
from ganbal.runtime.atomic_files import atomic_path, write_json
from ganbal.runtime.console import Console
from ganbal.runtime.signals import stop_on_signal
from ganbal.study.aggregate import StudyDescription, aggregate
from ganbal.study.arms.supply import check_supply
from ganbal.study.backbone_features import compute_backbone_features
from ganbal.study.cell import Cell
from ganbal.study.cell_training import cell_inputs, finish_cell
from ganbal.study.cells import finished_metrics
from ganbal.study.executors import Executor
from ganbal.study.parallel import WorkerInputs, train_in_worker
from ganbal.study.plan import arms_left_out, augmented_versions, classifier_size_px, conditions, planned_cells
from ganbal.study.source import StudySource

RESULTS_FILE, SUMMARY_FILE = "results.csv", "summary.json"


@dataclass(frozen=True)
class ParallelTraining:
    """Several processes that train cells, and what they need for it."""

    executor: Executor
    inputs: WorkerInputs


def run_study(
    source: StudySource,
    config: StudyConfig,
    *,
    seed: int,
    device: torch.device,
    folder: Path,
    feature_cache: Path,
    console: Console,
    parallel: ParallelTraining | None = None,
    published: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train the missing cells and write results.csv and summary.json.

    Args:
        seed: the first seed of the cells, and the seed of the bootstrap.
        folder: the study's folder.
        parallel: trains the missing cells in other processes; None trains them in this one, one after another. The
            result is the same, as a cell depends on its own seed and settings alone.
        published: published figures of the same systems, for summary.json.

    Returns:
        The content of summary.json.

    Raises:
        InputError: an arm needs more synthetic images than there are, or a backbone is not available.
        InterruptedBySignal: SIGINT or SIGTERM; finished cells and features are on disk.
    """
    cells = planned_cells(config, seed)
    check_synthetic(source, config)
    done = _finished(cells, source, config, folder)
    missing = [cell for cell in cells if cell not in done]
    if missing:
        compute_backbone_features(
            missing,
            source,
            config,
            device=device,
            cache=feature_cache,
            executor=parallel.executor if parallel is not None else None,
            console=console,
        )
    if missing and parallel is not None:
        _train_in_parallel(missing, len(done), parallel, console)
        done |= _finished(missing, source, config, folder)
        missing = [cell for cell in missing if cell not in done]
    if missing:
        train = functools.partial(
            finish_cell, source=source, config=config, device=device, root=folder, feature_cache=feature_cache
        )
        done |= _train_here(missing, len(done), config.steps, train, console)
    return _write_results({cell: done[cell] for cell in cells}, source, config, seed, folder, published)


def check_synthetic(source: StudySource, config: StudyConfig) -> None:
    """Check that there are enough synthetic images for every arm, ratio and minority fraction.

    Raises:
        InputError: there are not, or a fraction leaves too few images.
    """
    size_px = classifier_size_px(config.classifiers[0], config)
    for fraction in config.minority_fractions:
        counts = source.with_fraction(fraction).counts_at(size_px)
        check_supply(conditions(config), counts, source.classes)


def _finished(
    cells: Sequence[Cell], source: StudySource, config: StudyConfig, folder: Path
) -> dict[Cell, dict[str, Any]]:
    """The finished ones among these cells, with the content of their metrics.json."""
    found = {}
    for cell in cells:
        metrics = finished_metrics(cell.folder(folder), cell_inputs(cell, source, config))
        if metrics is not None:
            found[cell] = metrics
    return found


def _train_in_parallel(missing: Sequence[Cell], num_done: int, parallel: ParallelTraining, console: Console) -> None:
    num_cells = num_done + len(missing)
    with (
        stop_on_signal() as stop,
        console.progress(num_cells, "training classifiers", "cell", initial=num_done) as bar,
    ):
        # The number of trainings at a time says how many threads each of them may have.
        study = parallel.inputs.study.model_copy(update={"workers": parallel.executor.workers})
        inputs = replace(parallel.inputs, study=study)
        jobs = [(inputs, cell) for cell in missing]

        def while_waiting() -> None:
            bar.update(0)  # where there is no terminal, a line now and then shows that the work goes on
            stop.raise_if_requested(f"{bar.n} of {num_cells} cells are saved.")

        for _ in parallel.executor.each(train_in_worker, jobs, while_waiting):
            bar.update(1)


def _train_here(
    missing: Sequence[Cell], num_done: int, steps: int, train: Callable[..., dict[str, Any]], console: Console
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

        callbacks = TrainingCallbacks(on_step=on_step, on_features=lambda done, total: check_signal())
        for number, cell in enumerate(missing, num_done + 1):
            title = f"cell {number}/{num_cells}: {cell.arm}, {cell.classifier}, seed {cell.seed}"
            bar.set_postfix_str(title)
            found[cell] = train(cell, callbacks=callbacks)
            # Early stopping leaves steps over; the bar counts them as done.
            bar.update(number * steps - bar.n)
            check_signal()
    return found


def _write_results(
    done: dict[Cell, dict[str, Any]],
    source: StudySource,
    config: StudyConfig,
    seed: int,
    folder: Path,
    published: Mapping[str, Any] | None,
) -> dict[str, Any]:
    classifiers = [_describe(name, config, done) for name in config.classifiers]
    images = source.at_size(classifiers[0]["image_size_px"])
    study = StudyDescription(
        protocol=config.protocol,
        classifiers=classifiers,
        seeds=[seed + number for number in range(config.seeds)],
        steps=config.steps,
        num_val=len(images.validation.labels),
        arms_left_out=arms_left_out(config),
        published=published,
    )
    results, summary = aggregate(done, images.test, folder, seed=seed, study=study)
    with atomic_path(folder / RESULTS_FILE) as temporary:
        results.to_csv(temporary, index=False, float_format="%.6g")
    write_json(folder / SUMMARY_FILE, summary)
    return summary


def _describe(name: str, config: StudyConfig, done: dict[Cell, dict[str, Any]]) -> dict[str, Any]:
    pretrained = next(metrics["pretrained"] for cell, metrics in done.items() if cell.classifier == name)
    return {
        "name": name,
        "title": find_model(name).title,
        "image_size_px": classifier_size_px(name, config),
        "pretrained": pretrained,
        "augmented_versions": augmented_versions(name, config),
    }
