"""The settings of one training."""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

from classifiers.errors import ClassifierInputError
from classifiers.models.recipe import Recipe, Schedule
from classifiers.training.precision import Precision


@dataclass(frozen=True)
class TrainingConfig:
    """How to train. Every arm of a study gets the same number of steps, however many images it has.

    Raises:
        ClassifierInputError: a number no training can work with; all such are told at once.
    """

    steps: int
    """Optimiser steps at most."""
    checks: int = 20
    """How many times, evenly spaced over the steps, the validation images are looked at."""
    patience: int = 5
    """Checks in a row without a lower validation loss after which training stops."""
    batch_size: int = 32
    learning_rate: float = 1e-3
    augment: str = "none"
    """One of `augmentation.AUGMENTATIONS`; `document` is that of the model's publication."""
    recipe: Literal["config", "document"] = "config"
    """`document`: batch size, learning rate and its schedule, L2, patience and the choice of weights are those of the
    model's publication, not those given here."""
    seed: int = 0
    """Of the initial weights, the order of the images, dropout and augmentation."""
    class_weights: tuple[float, ...] | None = None
    """One positive number a class, multiplied with the loss of its training images."""
    sampling: Literal["shuffled", "class-balanced"] = "shuffled"
    """Whether every image comes once a round, or every draw takes each class with the same probability."""
    feature_oversampling: Literal["smote"] | None = None
    """What makes further examples out of features, for models that train on one fixed vector an image."""
    feature_additions: tuple[int, ...] = ()
    """How many of each class it makes."""
    l2: float = 0.0
    """Times the sum of all squared kernels is added to the loss, as by Keras' `l2`; biases go free."""
    schedule: Schedule = "plateau"
    """How the learning rate goes down: on plateaus, exponentially to `decay_to` of it, or not at all."""
    decay_to: float = 0.1
    """Share of the learning rate that an exponential schedule leaves after all `steps`."""
    keep: Literal["best", "last"] = "best"
    """Whether the weights of the check with the lowest validation loss are taken, or the last ones."""
    plateau_factor: float = 0.3
    """What the learning rate is multiplied with on a plateau."""
    plateau_patience: int = 2
    """Checks in a row without a lower validation loss that make a plateau."""
    precision: Literal["auto"] | Precision = "auto"
    """`auto`: bfloat16 where the hardware multiplies it, else float32."""
    num_workers: int | None = None
    """Threads that augment images ahead of the training; None: as the machine has cores to spare."""

    def __post_init__(self) -> None:
        least = {"steps": 1, "checks": 1, "patience": 1, "batch_size": 2, "plateau_patience": 1, "seed": 0}
        wrong = [f"{name} = {getattr(self, name)}" for name, low in least.items() if getattr(self, name) < low]
        if self.num_workers is not None and self.num_workers < 1:
            wrong.append(f"num_workers = {self.num_workers}")
        if not self.learning_rate > 0:
            wrong.append(f"learning_rate = {self.learning_rate}")
        if not 0 < self.plateau_factor < 1:
            wrong.append(f"plateau_factor = {self.plateau_factor}")
        if not 0 < self.decay_to <= 1:
            wrong.append(f"decay_to = {self.decay_to}")
        if not 0 <= self.l2 < math.inf:
            wrong.append(f"l2 = {self.l2}")
        chosen = {"schedule": get_args(Schedule), "keep": ("best", "last"), "recipe": ("config", "document")}
        chosen |= {"sampling": ("shuffled", "class-balanced"), "feature_oversampling": (None, "smote")}
        wrong += [
            f"{name} = {getattr(self, name)!r}" for name, known in chosen.items() if getattr(self, name) not in known
        ]
        if wrong:
            raise ClassifierInputError(
                expected="at least 1 step, check, worker and patience, batches of 2 or more (batch normalisation needs "
                "them), a seed from 0, a learning rate above 0, a plateau factor between 0 and 1, an L2 factor from 0, "
                "a decay to a share above 0 and at most 1, a schedule among plateau, exponential, constant, the best "
                "or the last weights, the recipe of the config or the document, shuffled or class-balanced sampling, "
                "no feature oversampling or smote",
                found=", ".join(wrong),
                action="Correct the training settings.",
            )


def settle(config: TrainingConfig, recipe: Recipe | None) -> TrainingConfig:
    """The settings with `document` replaced by what the model's publication did.

    Steps, checks, seed and class weights stay: they belong to the comparison that the training is part of. A model
    without a publication keeps the settings; `document` then augments as the Springboard report does.
    """
    if recipe is None:
        return replace(config, recipe="config")
    if config.augment == "document":
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
