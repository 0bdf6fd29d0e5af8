"""How long a command takes without a GPU, estimated from its settings before the work starts."""

from collections.abc import Iterable, Mapping, Sequence

import torch

from classifiers.registry import find_model
from classifiers.training.feature_oversampling import has_fixed_vectors
from classifiers.training.precision import Precision, choose_precision
from ganbal.config import Config, StudyConfig
from ganbal.data.dataset import check_source
from ganbal.errors import InputError
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.runtime.cpus import usable_cpus
from ganbal.stages.context import RunContext
from ganbal.stages.generators import generators_of
from ganbal.stages.requirements import Requirement
from ganbal.study.plan import augmented_versions, classifier_size_px, planned_cells

_GAN_STEP_SECONDS: dict[Precision, float] = {"bfloat16": 0.15, "float32": 0.3}
"""One step at 64 px, 32 channels, batch 32, on one core of a server with AMX, and of one without it."""
_FULL_SIZE_LAYER = 1.15
"""Factor of `gan.full_size_channels`."""
_CLASSIFIER_STEP_SECONDS: dict[Precision, float] = {"bfloat16": 0.03, "float32": 0.09}
"""One step of a small CNN at 64 px, batch 32, on one such core."""
_BACKBONE_IMAGE_SECONDS = 0.15
"""One image of 150 px through the convolutions of VGG16 on one core of a server without AMX."""
_PARALLEL_GAIN = 0.8
"""Exponent of the number of cores in the speed of a GAN step."""
_WORTH_ASKING_HOURS = 2.0
_SHORT_STAGE_SECONDS, _SCORE_SECONDS = 3.0, 60.0
"""Of stages that take about as long whatever the settings are."""


def announce_cost(context: RunContext, *requirements: Requirement) -> None:
    """Say what hours of work on a CPU are ahead, and ask whether to start.

    Raises:
        InputError: the user declines.
    """
    wanted = {"train-gan": Requirement.GAN, "compare": Requirement.STUDY}
    if context.device.type == "cpu":
        seconds = expected_seconds(context)
        hours = {name: seconds[name] / 3600 for name, requirement in wanted.items() if requirement in requirements}
        _announce(context, hours, "`--preset quick` takes about an hour on two cores.")


def announce_reproduction(context: RunContext, trainings: Sequence[tuple[str, Config]]) -> None:
    """The same for published systems.

    Args:
        trainings: name and settings of every study that is not finished.

    Raises:
        InputError: the user declines.
    """
    if context.device.type == "cpu":
        config, hours = context.config, dict[str, float]()
        num_train = check_source(config.data, context.cache, context.console).values()
        for name, settings in trainings:
            hours[name] = hours.get(name, 0.0) + study_hours(settings, num_train)
        _announce(context, hours, "`--only NAME` trains one of them, `--seeds` and `--protocol` make it shorter.")


def _announce(context: RunContext, hours: Mapping[str, float], advice: str) -> None:
    total = sum(hours.values())
    if total < _WORTH_ASKING_HOURS:
        return
    parts = ", ".join(f"{name} about {value:.1f} h" for name, value in hours.items() if value >= 0.1)
    context.console.say(f"Without a GPU this takes roughly {total:.0f} hours here ({parts}). {advice}")
    if not context.console.confirm("Start?"):
        raise InputError(
            found="You answered no, so nothing was started.",
            expected="Work that takes this long starts after a yes (or with --yes).",
            action="Choose less work, or a machine with a GPU.",
        )


def expected_seconds(context: RunContext) -> dict[str, float]:
    """Seconds that every stage of a whole run is expected to take on a CPU, nearly 0 for those that are done."""
    run, config, short = context.run, context.config, _SHORT_STAGE_SECONDS
    is_compared = (run.study_folder / "summary.json").is_file()
    return {
        "inspect": short,
        "train-gan": num_trainings(context) * gan_hours(config) * 3600,
        "synthesize": short,
        "score": short if run.scores_file.is_file() else _SCORE_SECONDS,
        "compare": 0.0 if is_compared else study_hours(config, context.dataset.table.counts()["train"].values()) * 3600,
        "report": short,
    }


def num_trainings(context: RunContext) -> int:
    """How many generators are still to be trained, for the whole minority class and for fractions of it.

    Those with the same images at several fractions are trained once.
    """
    known, number = list[TrainingFingerprint](), 0
    for part in (context, *context.fractions_with_generators()):
        is_done = (part.run.gan_folder / "training.json").is_file()
        for generator in generators_of(part.run, part.config, part.dataset):
            if not is_done and not generator.folder.is_imported:
                number += generator.fingerprint not in known
            known.append(generator.fingerprint)
    return number


def gan_hours(config: Config) -> float:
    """Of one generator. Rough: the work of a step grows with pixels, with channels squared and with the batch."""
    gan = config.gan
    work = (gan.image_size_px / 64) ** 2 * (gan.base_channels / 32) ** 2 * gan.batch_size / 32
    work *= _FULL_SIZE_LAYER if gan.full_size_channels else 1
    return gan.steps * work * _GAN_STEP_SECONDS[_precision()] / usable_cpus() ** _PARALLEL_GAIN / 3600


def study_hours(config: Config, num_train: Iterable[int]) -> float:
    """Rough: every cell trains to its last step, at a cost per step that grows with pixels and batch.

    Args:
        num_train: training images of each class.
    """
    study, classifiers = config.study, [cell.classifier for cell in planned_cells(config.study, config.seed)]
    steps = 0.0
    for name in classifiers:
        is_small = not _is_frozen(name)  # the head of a frozen backbone costs the same at any size
        steps += study.steps * study.batch_size / 32 * ((classifier_size_px(name, study) / 64) ** 2 if is_small else 1)
    num_images = sum(num_train)
    backbones = sum(_backbone_seconds(name, study, classifiers.count(name), num_images) for name in study.classifiers)
    return (steps * _CLASSIFIER_STEP_SECONDS[_precision()] + backbones) / usable_cpus() / 3600


def _backbone_seconds(name: str, study: StudyConfig, num_cells: int, num_images: int) -> float:
    """Seconds in which the images of all cells pass through a frozen backbone; 0 for other classifiers."""
    if not _is_frozen(name):
        return 0.0
    versions = augmented_versions(name, study)
    passes = num_cells * study.steps * study.batch_size
    if versions or has_fixed_vectors(find_model(name), study.augment):
        passes = num_images * max(1, versions)  # features are stored
    return passes * _BACKBONE_IMAGE_SECONDS * (classifier_size_px(name, study) / 150) ** 2


def _precision() -> Precision:
    return choose_precision("auto", torch.device("cpu"))


def _is_frozen(name: str) -> bool:
    model = find_model(name)
    return model.frozen_backbone and not model.trained_blocks
