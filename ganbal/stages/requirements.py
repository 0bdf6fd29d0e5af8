"""What a command requires: missing requirements are reported before any work starts, all at once."""

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from classifiers.registry import check_model
from classifiers.training.feature_oversampling import check_oversampling
from ganbal.config import Config
from ganbal.config.data import is_remote_name
from ganbal.config.study import BASELINE, check_arms
from ganbal.data.dataset import check_source
from ganbal.errors import InputError, SeveralInputErrors
from ganbal.gan.discriminators.projected import check_projection
from ganbal.metrics.num_images import MIN_IMAGES
from ganbal.metrics.scoring import check_score
from ganbal.run.folder import Run
from ganbal.run.tracking.registry import check_tracking
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.classifier_errors import as_input_error
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.disk_space import check_writable
from ganbal.runtime.warning_text import warning_text
from ganbal.stages.context import RunContext
from ganbal.study.arms.supply import check_supply, class_counts, planned_images
from ganbal.study.plan import arms_left_out, classifier_size_px, conditions, planned_cells
from ganbal.synthesis.counts import check_have_generators, classes_to_train

# For a run of a few thousand images with its checkpoints and samples, and for the decoded images.
_RUN_BYTES, _CACHE_BYTES = 500_000_000, 1_500_000_000
_OTHER_CACHE = "Name another folder for decoded images and features with the environment variable GANBAL_CACHE."


class Requirement(enum.Enum):
    """What a command does, and so requires."""

    IMAGES = enum.auto()
    """Reads the images at the sizes that the settings name."""
    GAN = enum.auto()
    SCORE = enum.auto()
    STUDY = enum.auto()
    PUBLISHED = enum.auto()
    """Trains the published systems, each at an image size of its own."""


def check_requirements(run: Run, config: Config, requirements: Sequence[Requirement], console: Console) -> None:
    """Check that everything the command requires is available.

    Raises:
        InputError: one requirement is missing.
        SeveralInputErrors: several are missing.
    """
    checks: list[Callable[[], Any]] = [lambda: choose_device(config.device)]
    if Requirement.GAN in requirements:
        checks += [lambda: check_projection(config.gan), lambda: check_tracking(config.tracking)]
    if Requirement.SCORE in requirements:
        checks.append(lambda: check_score(config.score))
    if Requirement.STUDY in requirements:
        checks += [
            lambda: _check_arms(config),
            *(_model_check(name, config) for name in config.study.classifiers),
        ]
    problems = [problem for check in checks if (problem := _problem(check)) is not None]
    # Nothing is downloaded for a command that is refused anyway.
    if not (problems and is_remote_name(config.data.root or "")):
        problem = _problem(lambda: _check_images(config, requirements, console))
        problems += [problem] if problem is not None else []
    # Folders come last: their space matters only for work that can start.
    if not problems:
        places = [
            lambda: check_writable(run.folder, _RUN_BYTES),
            lambda: check_writable(cache_folder(), _CACHE_BYTES, _OTHER_CACHE),
        ]
        problems = [problem for check in places if (problem := _problem(check)) is not None]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise SeveralInputErrors(problems)


def _problem(check: Callable[[], Any]) -> InputError | None:
    try:
        with as_input_error():
            check()
    except InputError as error:
        return error
    return None


def _check_images(config: Config, requirements: Sequence[Requirement], console: Console) -> None:
    counts = check_source(config.data, cache_folder(), console)
    number = config.synthesis.num_images
    name = config.gan.class_name or classes_to_train(counts, config.gan)[0]
    if Requirement.GAN in requirements and Requirement.STUDY in requirements and config.study.needs_synthetic:
        check_planned_supply(counts, config)
    if Requirement.GAN in requirements and isinstance(number, dict):
        check_have_generators(number, counts, config.gan)
    if Requirement.SCORE in requirements and counts[name] < MIN_IMAGES:
        raise InputError(
            found=f"There are {counts[name]} training images of {name}.",
            expected=f"Scores of its synthetic images need at least {MIN_IMAGES}; from fewer they are meaningless.",
            action="Add images.",
        )
    most = max(number.values()) if isinstance(number, dict) else number
    if (
        Requirement.GAN in requirements
        and Requirement.SCORE in requirements
        and most != "balance"
        and most < MIN_IMAGES
    ):
        raise InputError(
            found=f"synthesis.num_images is {most}.",
            expected=f"Scores need at least {MIN_IMAGES} synthetic images.",
            action="Generate more, or use `ganbal synthesize --n N`, which does not score.",
        )


def check_planned_supply(counts: Mapping[str, int], config: Config) -> None:
    """Check that the images that will be generated suffice for the study.

    Args:
        counts: training images of each class.

    Raises:
        InputError: they do not.
    """
    planned = planned_images(lambda: conditions(config.study), counts, config.gan, config.synthesis)
    check_supply(conditions(config.study), class_counts(counts, planned), sorted(counts))


def check_study(context: RunContext, *, generates: bool) -> None:
    """Check with the images themselves that every arm, ratio and fraction of the minority class is possible.

    Args:
        generates: the same command generates the synthetic images; otherwise they have to exist.

    Raises:
        InputError: a fraction leaves too few images, or there are or will be too few synthetic ones.
    """
    study = context.config.study
    if not generates:
        # What trains classifiers takes a second or two to load, which other commands do without.
        from ganbal.stages.compare import source_of_run
        from ganbal.study.running import check_synthetic

        check_synthetic(source_of_run(context), study)
        return
    for part in map(context.at_fraction, study.minority_fractions):
        counts = part.dataset.table.counts()["train"]
        if study.needs_synthetic:
            check_planned_supply(counts, context.config)


def _check_arms(config: Config) -> None:
    check_arms(config.study)
    trained = {cell.arm for cell in planned_cells(config.study, config.seed)}
    if len(config.study.arms) > 1 and trained <= {BASELINE}:
        left_out = dict.fromkeys(warning_text(record).text for record in arms_left_out(config.study))
        raise InputError(
            found=f"No arm but {BASELINE} can be trained. {' '.join(left_out)}",
            expected="A study compares at least one other arm.",
            action="Correct study.arms or study.classifiers.",
        )
    # Classifiers that cannot use it leave the arm out.
    if "smote" in config.study.arms and any(cell.arm == "smote" for cell in planned_cells(config.study, config.seed)):
        check_oversampling()


def _model_check(name: str, config: Config) -> Callable[[], Any]:
    # Two classes stand for any number: it does not change what a model requires, and images are not read yet.
    return lambda: check_model(name, config.study.weights_of(name), classifier_size_px(name, config.study), 2)
