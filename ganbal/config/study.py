"""Settings of the study."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from classifiers.names import check_model_name, near_names
from ganbal.config.section import Section, as_value_error
from ganbal.errors import InputError

_ARMS_WITH_SYNTHETIC = (
    *("gan", "gan+augmented", "gan-both", "gan-weighted", "gan-pretrain", "gan-degraded", "gan-advprop"),
)
ARM_NAMES = (
    *("imbalanced", "class-weights", "sampler", "undersampled", "duplicated", "augmented", "smote"),
    *_ARMS_WITH_SYNTHETIC,
)


BASELINE = "imbalanced"
"""The arm with which the others are compared."""


class StudyConfig(Section):
    """Training classifiers on every arm."""

    arms: tuple[str, ...] = ("imbalanced", "class-weights", "duplicated", "gan")
    """Ways of building the training set, `imbalanced` among them (docs/study.md lists all)."""
    classifiers: tuple[str, ...] = ("baseline_cnn", "vgg16")
    seeds: int = Field(5, ge=1, le=1000)
    """Number of seeds per arm and classifier, counted from `seed`."""
    synthetic_ratios: tuple[float, ...] = ()
    """Ratios of added to missing images, e.g. [0.25, 0.5, 1, 2]: every arm that adds images is trained with each.
    Empty: once, with all available synthetic images."""
    synthetic_weight: float = Field(0.25, gt=0, le=1)
    """Arm `gan-weighted`: the loss of a synthetic image is multiplied by this."""
    synthetic_steps: float = Field(0.5, gt=0, lt=1)
    """Arm `gan-pretrain`: the share of the steps, the first ones, that see synthetic images."""
    minority_fractions: tuple[float, ...] = (1.0,)
    """Fractions of the minority class's training images, e.g. [0.1, 0.25, 0.5, 1]: every arm is trained with each, and
    for each a generator that sees no other images."""
    steps: int = Field(3000, ge=1, le=10_000_000)
    """Maximum number of optimizer steps per cell, the same in every arm."""
    checks: int = Field(20, ge=1, le=10_000)
    """Number of evaluations on the validation images, evenly spaced over the steps."""
    patience: int = Field(5, ge=1, le=10_000)
    """Evaluations without a lower validation loss after which training stops."""
    image_size_px: int | None = Field(None, ge=16, le=1024)
    """Side of the classifiers' input images; None means the size of each model's publication."""
    batch_size: int = Field(32, ge=2, le=65_536)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    augment: Literal["none", "anatomical", "published"] = "anatomical"
    """`anatomical`: zoom, shift, small rotation, no mirroring. `published`: as in the model's publication."""
    augmented_versions: int = Field(0, ge=0, le=1000)
    """For classifiers with a frozen backbone: how many augmented versions of each training image are made once, of
    which every epoch takes one at random. `0` augments every image again in every epoch, as published, and
    passes it through the backbone in every epoch."""
    recipe: Literal["config", "published"] = "config"
    """`published`: batch size, learning rate and its schedule, L2 and patience are those of the model's publication."""
    weights: str | dict[str, str] = "imagenet"
    """Weights of frozen backbones: `imagenet`, `none` (random, reported as not pretrained) or a file; or a mapping from
    classifier to one of these, e.g. `{vgg16: FILE, xception: FILE}`, where others get `imagenet`."""
    protocol: Literal["honest", "documents"] = "honest"
    """`honest` stops early on validation images; `documents` on the test set, as the published reports did."""
    threads: int = Field(1, ge=1, le=1024)
    """CPU threads per training. Results depend on it in their last digits, but not on `workers`."""
    workers: Literal["auto"] | int = "auto"
    """Trainings at the same time. `auto`: one per CPU core up to 8; on CUDA as many as fit into memory, up to 6 per
    GPU."""
    executor: Literal["processes", "ray"] = "processes"
    """Where trainings run: processes of this machine, or a Ray cluster (`pip install "ganbal[ray]"`)."""
    keep_models: bool = True
    """Keep every trained classifier for `ganbal predict`; a frozen backbone is kept once per run."""

    @property
    def needs_synthetic(self) -> bool:
        """Whether an arm trains on synthetic images."""
        return not set(_ARMS_WITH_SYNTHETIC).isdisjoint(self.arms)

    def weights_of(self, classifier: str) -> str:
        """`imagenet`, `none` or a file: the weights of this classifier's frozen backbone."""
        return self.weights if isinstance(self.weights, str) else self.weights.get(classifier, "imagenet")

    @field_validator("arms")
    @classmethod
    def _arms_are_known(cls, arms: tuple[str, ...]) -> tuple[str, ...]:
        for name in arms:
            if name not in ARM_NAMES:
                near = near_names(name, ARM_NAMES)
                advice = f" Did you mean {' or '.join(near)}?" if near else ""
                raise ValueError(f"there is no arm {name!r}. The arms are {', '.join(ARM_NAMES)}.{advice}")
        return arms

    @field_validator("classifiers")
    @classmethod
    def _classifiers_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            with as_value_error():
                check_model_name(name)
        return names

    @field_validator("weights")
    @classmethod
    def _weights_are_of_known_classifiers(cls, weights: str | dict[str, str]) -> str | dict[str, str]:
        for name in weights if isinstance(weights, dict) else ():
            with as_value_error():
                check_model_name(name)
        return weights

    @field_validator("synthetic_ratios", "minority_fractions")
    @classmethod
    def _different_shares(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < share <= 1000 for share in shares):
            raise ValueError("must be numbers above 0 and at most 1000")
        if len({f"{share:g}" for share in shares}) != len(shares):  # folders have these names
            raise ValueError("must be different numbers")
        return shares

    @field_validator("minority_fractions")
    @classmethod
    def _shares_of_what_is_there(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not shares or max(shares) > 1:
            raise ValueError("must be at least one number, each at most 1")
        return shares

    @model_validator(mode="after")
    def _shares_are_of_the_training_part(self) -> "StudyConfig":
        if self.protocol == "documents" and self.minority_fractions != (1.0,):
            raise ValueError("study.minority_fractions goes with study.protocol: honest only")
        return self

    @field_validator("workers")
    @classmethod
    def _at_least_one_worker(cls, number: int | str) -> int | str:
        if isinstance(number, int) and not 1 <= number <= 1024:
            raise ValueError("must be at least 1 and at most 1024, or `auto`")
        return number


def check_arms(study: StudyConfig) -> None:
    """Check that the arms of a study can be compared.

    Raises:
        InputError: one is named twice, or the baseline is missing.
    """
    if BASELINE not in study.arms or len(set(study.arms)) != len(study.arms):
        raise InputError(
            found=f"study.arms is [{', '.join(study.arms)}].",
            expected=f"It must name different arms, `{BASELINE}` among them, with which every other arm is compared.",
            action=f"Correct study.arms, e.g. --set 'study.arms=[{BASELINE},gan]'.",
        )
