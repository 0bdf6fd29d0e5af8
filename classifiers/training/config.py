"""The settings of one training."""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

from classifiers.errors import ClassifierInputError
from classifiers.models.recipe import LearningRateSchedule, Recipe
from classifiers.training.device_augmentation import AugmentationPlace
from classifiers.training.precision import Precision


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Every arm of a study gets the same number of steps, however many images it has.

    Raises:
        ClassifierInputError: values that no training can use; one message names them all.
    """

    steps: int
    """Optimizer steps at most."""
    checks: int = 20
    """How many times, evenly spaced over the steps, the validation loss is computed."""
    patience: int = 5
    """Checks in a row without a lower validation loss after which training stops."""
    batch_size: int = 32
    learning_rate: float = 1e-3
    augment: str = "none"
    """One of `augmentation.AUGMENTATIONS`; `published` is the augmentation of the model's publication."""
    augment_on: Literal["auto"] | AugmentationPlace = "auto"
    """Where augmented pixels are computed; see `device_augmentation.choose_augmentation_place`."""
    augmented_versions: int = 0
    """With a frozen backbone: how many augmented versions of each image are made once, of which every epoch takes one
    at random. 0 augments every image again in every epoch."""
    recipe: Literal["config", "published"] = "config"
    """`published`: batch size, learning rate and its schedule, L2, patience and the choice of weights are those of the
    model's publication, and the values given here are ignored."""
    seed: int = 0
    """Seed of initial weights, order of images, dropout and augmentation."""
    class_weights: tuple[float, ...] | None = None
    """One positive number per class, multiplied with the loss of its training images."""
    sampling: Literal["shuffled", "class-balanced"] = "shuffled"
    """`shuffled`: every image once per epoch. `class-balanced`: with replacement, all classes equally probable."""
    feature_oversampling: Literal["smote"] | None = None
    """How further examples are computed from features, for models that train on one fixed vector per image."""
    feature_additions: tuple[int, ...] = ()
    """How many examples it adds to each class."""
    synthetic_weight: float = 1.0
    """Multiplied with the loss of synthetic images."""
    synthetic_steps: float = 1.0
    """Below 1: the share of the steps, the first ones, that see all images; the others sample real images only, all
    classes equally often. Early stopping waits for them."""
    synthetic_batch_norm: Literal["shared", "separate"] = "shared"
    """`separate` normalizes synthetic images by statistics of their own (`separate_batch_norm`)."""
    l2: float = 0.0
    """Factor of the sum of squared kernels that is added to the loss, as by Keras' `l2`; biases are not penalized."""
    schedule: LearningRateSchedule = "plateau"
    """How the learning rate changes: lowered on plateaus, exponentially to `decay_to` of it, or constant."""
    decay_to: float = 0.1
    """Share of the learning rate that an exponential schedule leaves after all `steps`."""
    keep: Literal["best", "last"] = "best"
    """Keep the weights of the check with the lowest validation loss, or of the last check."""
    plateau_factor: float = 0.3
    """Factor of the learning rate on a plateau."""
    plateau_patience: int = 2
    """Checks in a row without a lower validation loss that make a plateau."""
    precision: Literal["auto"] | Precision = "auto"
    """See `precision.choose_precision`."""
    num_workers: int = 1
    """Threads that augment images on the host, ahead of training. Does not change results."""

    def __post_init__(self) -> None:
        minimum = {"steps": 1, "checks": 1, "patience": 1, "batch_size": 2, "plateau_patience": 1, "num_workers": 1}
        minimum |= {"seed": 0, "augmented_versions": 0}
        wrong = [f"{name} = {getattr(self, name)}" for name, low in minimum.items() if getattr(self, name) < low]
        in_range = {
            "learning_rate": 0 < self.learning_rate < math.inf,
            "plateau_factor": 0 < self.plateau_factor < 1,
            "decay_to": 0 < self.decay_to <= 1,
            "l2": 0 <= self.l2 < math.inf,
            "synthetic_weight": 0 <= self.synthetic_weight < math.inf,
            "synthetic_steps": 0 < self.synthetic_steps <= 1,
        }
        wrong += [f"{name} = {getattr(self, name)}" for name, is_right in in_range.items() if not is_right]
        choices = {
            "schedule": get_args(LearningRateSchedule),
            "keep": ("best", "last"),
            "recipe": ("config", "published"),
            "sampling": ("shuffled", "class-balanced"),
            "feature_oversampling": (None, "smote"),
            "synthetic_batch_norm": ("shared", "separate"),
            "augment_on": ("auto", *get_args(AugmentationPlace)),
        }
        wrong += [
            f"{name} = {getattr(self, name)!r}" for name, known in choices.items() if getattr(self, name) not in known
        ]
        if wrong:
            raise ClassifierInputError(
                found=f"Some training settings cannot be used: {', '.join(wrong)}.",
                expected="steps, checks, patience, plateau_patience and num_workers must be at least 1, batch_size "
                "at least 2 (for batch normalization), seed, augmented_versions, l2 and synthetic_weight at least 0, "
                "learning_rate above 0, plateau_factor between 0 and 1, decay_to and synthetic_steps above 0 and at "
                "most 1, "
                + ", ".join(f"{name} one of {', '.join(map(str, known))}" for name, known in choices.items())
                + ".",
                action="Correct the training settings.",
            )


def resolve_published(config: TrainingConfig, recipe: Recipe | None) -> TrainingConfig:
    """Replace `published` by the settings of the model's publication.

    Steps, checks, seed and class weights stay: they belong to the comparison that the training is part of. A model
    without a publication keeps the settings; `published` then augments as the Springboard report does.
    """
    if recipe is None:
        return replace(config, recipe="config")
    if config.augment == "published":
        config = replace(config, augment=recipe.augment)
    if config.recipe == "config":
        return config
    return replace(
        config,
        recipe="config",
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        l2=recipe.l2,
        schedule=recipe.schedule,
        plateau_factor=recipe.plateau_factor,
        plateau_patience=recipe.plateau_patience,
        decay_to=recipe.decay_to,
        patience=recipe.patience or config.checks,
        keep=recipe.keep,
    )
