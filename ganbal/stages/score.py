"""`score`: the synthetic images of a run against real ones, or any two folders of images."""

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbal.config import Config, ScoreConfig, StudyConfig
from ganbal.errors import InputError
from ganbal.metrics.features.extractor import Extractor
from ganbal.metrics.features.registry import build_extractor
from ganbal.metrics.score_warnings import score_warning
from ganbal.metrics.scoring import RunImages, check_score, score_run, score_sets
from ganbal.metrics.statistics_file import save_statistics
from ganbal.runtime.atomic_files import read_json, write_json
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.disk_space import check_writable_file
from ganbal.runtime.hashing import digest_of
from ganbal.stages.context import HELD_OUT_SPLIT, RunContext
from ganbal.stages.downloads import fetch_missing
from ganbal.stages.requirements import Requirement
from ganbal.study.plan import classifier_size_px
from ganbal.synthesis.manifest import SyntheticImages


def score(context: RunContext) -> dict[str, Any]:
    """The content of scores.json."""
    run, config, first = context.run, context.config, context.config.gan.class_name
    context.do_stage(
        "score",
        inputs=digest_of(
            config.score.model_dump(mode="json"),
            largest_classifier_size_px(config.study),
            context.dataset.table.digest(),
            context.synthetic.digest,
            config.seed,
            *([first] if first else []),
        ),
        outputs=lambda: [run.scores_file, *run.figures_folder.glob("nearest_pairs.png")],
        work=lambda: write_json(run.scores_file, _score_classes(context)),
    )
    return read_json(run.scores_file)


def score_two_sets(
    real: Path | np.ndarray, synthetic: Path | np.ndarray, config: Config, console: Console
) -> dict[str, Any]:
    """Score any two folders or arrays of images, without a run; the content of a scores.json."""
    _check_paths(*(side for side in (real, synthetic) if isinstance(side, Path)))
    check_score(config.score)
    fetch_missing(config, [Requirement.SCORE], console)
    device = choose_device(config.device)
    return score_sets(
        real,
        synthetic,
        config=config.score,
        device=device,
        cache_root=cache_folder(),
        seed=config.seed,
        console=console,
        fit=config.data.fit,
        extractor=_chosen_extractor(config.score, device),
    )


def save_folder_statistics(folder: Path, target: Path, config: Config, console: Console) -> dict[str, Any]:
    """Write mean and covariance of a folder's features as a `.npz` file that pytorch-fid and `score` read."""
    _check_paths(folder)
    check_writable_file(target, "Name another file with --save-statistics FILE.npz.")
    check_score(config.score)
    fetch_missing(config, [Requirement.SCORE], console)
    device = choose_device(config.device)
    extractor = _chosen_extractor(config.score, device) or build_extractor(config.score, device)
    save_statistics(
        folder, target, extractor=extractor, cache_root=cache_folder(), console=console, fit=config.data.fit
    )
    return {"statistics": str(target), "extractor": extractor.identity.to_json()}


def _score_classes(context: RunContext) -> dict[str, Any]:
    """Every class's synthetic images; the class of the settings, or the one with most images, comes first."""
    synthetic = context.synthetic
    first, *others = classes_to_score(synthetic.class_names, context.config.gan.class_name)
    score_class = functools.partial(_score_class, context, synthetic)
    content = {"class_name": first} | score_class(first, figures_folder=context.run.figures_folder)
    return with_other_classes(content, others, score_class)


def _score_class(
    context: RunContext, synthetic: SyntheticImages, class_name: str, figures_folder: Path | None = None
) -> dict[str, Any]:
    table, config, of_class = context.dataset.table, context.config, synthetic.of_class(class_name)
    train, held_out = (table.rows(split, class_name) for split in ("train", HELD_OUT_SPLIT))

    def at_size(size_px: int) -> RunImages:
        pixels = context.dataset.pixels(size_px)
        return RunImages(pixels[train], of_class.resized(size_px), pixels[held_out])

    return score_run(
        at_size(of_class.pixels.shape[1]),
        train_names=table.frame["file_name"].iloc[train].tolist(),
        synthetic_names=of_class.names,
        config=config.score,
        device=context.device,
        cache_root=context.cache,
        seed=config.seed,
        console=context.console,
        classifier_images=at_size(largest_classifier_size_px(config.study)),
        figures_folder=figures_folder,
        extractor=_chosen_extractor(config.score, context.device),
    )


def largest_classifier_size_px(study: StudyConfig) -> int:
    """The largest input size of the study's classifiers, at which a difference in sharpness is most visible."""
    return max(classifier_size_px(name, study) for name in study.classifiers)


def classes_to_score(class_names: Sequence[str], first: str | None) -> list[str]:
    """The classes with synthetic images: `first` if it has any, then by decreasing number of images.

    Args:
        class_names: the class of every synthetic image.
        first: the class named in the settings.
    """
    counts = Counter(class_names)
    return sorted(counts, key=lambda name: (name != first, -counts[name], name))


def with_other_classes(
    content: dict[str, Any], others: Sequence[str], score: Callable[[str], dict[str, Any]]
) -> dict[str, Any]:
    """The content of scores.json with further classes under `other_classes`: {class: the same content}.

    A class that cannot be scored, for example one with too few images, is left out with a warning.

    Args:
        content: scores of the first class, with its `class_name`; unchanged if there are no others.
        others: further classes with synthetic images.
        score: scores one class; an InputError means that it cannot be scored.
    """
    if not others:
        return content
    warnings = [
        *content.get("warnings", []),
        score_warning("other-classes", class_name=content["class_name"], others=list(others)),
    ]
    found: dict[str, Any] = {}
    for name in others:
        try:
            found[name] = score(name)
        except InputError as error:
            warnings.append(
                score_warning("class-not-scored", class_name=name, reason=f"{error.found} {error.expected}")
            )
    return content | {"warnings": warnings, "other_classes": found}


def _chosen_extractor(config: ScoreConfig, device: torch.device) -> Extractor | None:
    """The classifier of `score.extractor: classifier`; None leaves the choice to the metrics."""
    if config.extractor != "classifier":
        return None
    # Loading classifiers takes a second, which all other extractors do without.
    from ganbal.stages.classifier_features import trained_extractor

    return trained_extractor(config, device)


def _check_paths(*paths: Path) -> None:
    """Report a wrong path before weights are read, which takes seconds."""
    for path in paths:
        if not path.exists():
            raise InputError(
                found=f"There is nothing at {path}.",
                expected="Scores need a folder of images, or a .npz file of statistics.",
                action="Correct the path.",
            )
