"""Every setting of a run: typed, frozen, complete.

Settings come from a YAML file and `--set section.field=value`; unknown names are errors, and all mistakes are told
in one message.
"""

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ganbal.errors import InputError


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(Section):
    """Where the images are and how they are split."""

    root: Literal["phantom"] | Path | None = None
    """Image folder or CSV, or `phantom` for the embedded drawn set; None means: GANBAL_DATA, then data/chest_xray,
    then phantom."""
    val_fraction: float = Field(0.15, ge=0, lt=0.9)
    """Share of the training patients set aside for validation; 0 uses the set's own `val` images."""
    test_fraction: float = Field(0.2, gt=0, lt=0.9)
    """Share of the patients that becomes `test` where the set brings no split of its own."""
    resplit: bool = False
    """Take no notice of the set's own split and cut validation and test anew, by patient."""
    max_unreadable_fraction: float = Field(0.05, ge=0, le=1)
    """More unreadable files than this share is an error."""
    phantom_images: int = Field(400, ge=60)
    """How many images the embedded phantom set has."""


Augmentation = Literal["brightness", "contrast", "translation", "cutout", "affine"]

GAN_PRESETS: dict[str, dict[str, Any]] = {
    "dcgan": {
        "augment": (),
        "discriminator_norm": "batch",
        "loss": "non-saturating",
        "r1_gamma": 0.0,
        "discriminator_learning_rate": 2e-4,
    },
    "small-data": {
        "augment": ("brightness", "contrast", "translation", "cutout"),
        "discriminator_norm": "batch",
        "loss": "non-saturating",
        "r1_gamma": 0.0,
        "discriminator_learning_rate": 2e-4,
    },
}
"""What each `gan.preset` sets, where the field itself is not given."""


class GanConfig(Section):
    """The DCGAN and its training."""

    preset: Literal["dcgan", "small-data"] = "small-data"
    """`dcgan` is the paper's; `small-data` is what measured best on a thousand images (docs/generator.md)."""
    class_name: str | None = None
    """The class to synthesise; None means the minority class, or with three classes and more every smaller one."""
    class_names: tuple[str, ...] = ()
    """Several classes to synthesise, a generator each; of these, `class_name` is the one that is scored first."""
    conditional: bool = False
    """One generator that is told the class and trained on all classes, in place of one a class."""
    image_size_px: int = 160
    """Side of the square images: 4·2^k or 5·2^k from 32 to 256."""
    base_channels: int = Field(64, ge=4)
    """Channels of the layer next to the image; doubled at every halving of the side, 8-fold at most."""
    latent_dim: int = Field(100, ge=1)
    batch_size: int = Field(64, ge=2)
    steps: int = Field(30_000, ge=1)
    """Optimiser steps of the generator (and as many of the discriminator)."""
    learning_rate: float = Field(2e-4, gt=0)
    """Of the generator."""
    discriminator_learning_rate: float = Field(gt=0)
    adam_beta1: float = Field(0.5, ge=0, lt=1)
    loss: Literal["non-saturating", "hinge"]
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Real images are to be called real with probability 1 - this (non-saturating loss only)."""
    discriminator_norm: Literal["batch", "spectral"]
    r1_gamma: float = Field(ge=0)
    """Weight of the R1 gradient penalty on real images; 0 leaves it out."""
    r1_every_steps: int = Field(16, ge=1)
    """The penalty is computed this seldom, and weighs as many times more (Karras et al. 2020)."""
    augment: tuple[Augmentation, ...]
    """Differentiable augmentation of what the discriminator sees, real and synthetic alike (Zhao et al. 2020)."""
    adaptive_augment: bool = False
    """Augment only as often as the discriminator overfits (Karras et al. 2020), instead of always."""
    adaptive_target: float = Field(0.5, gt=0, lt=1)
    """How far held-out images may fall from how training images are rated towards how synthetic ones are."""
    adaptive_images: int = Field(20_000, ge=1)
    """Images after which the probability of augmentation can have gone from 0 to 1."""
    held_out_fraction: float = Field(0.1, gt=0, lt=0.5)
    """Share of the class's training images kept from the discriminator to see whether it overfits (adaptive only)."""
    ema_half_life_images: float = Field(10_000, ge=0)
    """Images after which a weight's share in the moving average of the generator has halved; 0 switches it off."""
    compile: Literal["auto", "always", "never"] = "auto"
    """Kernels made by torch.compile: `auto` on CUDA, where a trial of a few steps works."""
    log_every_steps: int = Field(50, ge=1)
    sample_every_steps: int = Field(1000, ge=1)
    score_every_steps: int = Field(500, ge=1)
    """How often the generator is measured against the training images; the best checkpoint is kept."""
    score_images: int = Field(500, ge=2)
    max_rollbacks: int = Field(3, ge=0)
    """How many times a collapsed training is put back to its best checkpoint with lower learning rates."""
    checkpoint_every_steps: int = Field(500, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        return GAN_PRESETS.get(str(given.get("preset", "small-data")), GAN_PRESETS["small-data"]) | dict(given)

    @model_validator(mode="after")
    def _classes_agree(self) -> "GanConfig":
        if len(set(self.class_names)) != len(self.class_names):
            raise ValueError("gan.class_names must be different classes")
        if self.class_names and self.class_name not in (None, *self.class_names):
            raise ValueError("gan.class_name must be one of gan.class_names, or null")
        if self.conditional and self.class_names:
            raise ValueError("gan.conditional trains on all classes: leave gan.class_names empty")
        if self.conditional and self.adaptive_augment:
            raise ValueError("gan.adaptive_augment works without gan.conditional only")
        return self

    @field_validator("image_size_px")
    @classmethod
    def _size_is_buildable(cls, size: int) -> int:
        allowed = allowed_gan_sizes_px()
        if size not in allowed:
            raise ValueError(f"must be one of {', '.join(map(str, allowed))} (4·2^k or 5·2^k)")
        return size


class SynthesisConfig(Section):
    """Drawing images from the trained generator."""

    num_images: int | Literal["balance"] | dict[str, int] = "balance"
    """How many, or {class: how many}; `balance` gives every class with a generator as many images as the largest."""
    ratio: float = Field(1.0, gt=0, le=1)
    """With `balance`: the share of what each class lacks that is drawn."""
    batch_size: int = Field(64, ge=1)
    reject_copies: bool = False
    """Draw anew what comes nearer to a training image than real images that the generator never saw."""

    @field_validator("num_images")
    @classmethod
    def _at_least_one(cls, number: int | str | dict[str, int]) -> int | str | dict[str, int]:
        numbers = [number] if isinstance(number, int) else number.values() if isinstance(number, dict) else [1]
        if min(numbers, default=0) < 1:
            raise ValueError("must be at least 1, or `balance`")
        return number

    @model_validator(mode="after")
    def _ratio_is_of_the_balance(self) -> "SynthesisConfig":
        if self.ratio != 1 and self.num_images != "balance":
            raise ValueError("synthesis.ratio goes with synthesis.num_images: balance only")
        return self


class ScoreConfig(Section):
    """How synthetic images are scored against real ones."""

    extractor: str = "inception"
    """What gives the features: `inception` (pytorch-fid's network), `untrained` (needs no weights), `auto` (Inception
    where its weights are given or cached, else untrained), `xray` (TorchXRayVision's DenseNet),
    `torchvision:NAME`, or `classifier` (one that the study trained; `weights` is its model.safetensors)."""
    dims: Literal[64, 192, 768, 2048] = 2048
    """Which Inception layer gives the features."""
    weights: Path | None = None
    """File with the extractor's weights; None means its usual cached download."""
    resize: Literal["pytorch-fid", "antialiased"] = "pytorch-fid"
    """How images reach the network's input size: as pytorch-fid does it, or anti-aliased as clean-fid defines it."""
    metrics: tuple[
        Literal["fid", "fid_infinity", "kid", "precision_recall", "density_coverage", "copies", "two_sample"],
        ...,
    ] = ("fid", "fid_infinity", "kid", "precision_recall", "density_coverage", "copies", "two_sample")
    """What is computed; `fid` alone is the fastest."""
    batch_size: int = Field(64, ge=1)
    """Images that are decoded, resized and held in memory together; changes nothing but speed."""
    nearest_k: int = Field(5, ge=1)
    """Which nearest neighbour sets the balls of precision, recall, density and coverage."""
    floor_splits: int = Field(10, ge=2)
    """How many times the real images are halved for the real-versus-real floor."""
    two_sample_size_px: int = Field(150, ge=32)
    """Side at which the two-sample test sees the images: the classifiers' input size."""

    @field_validator("extractor")
    @classmethod
    def _extractor_is_known(cls, name: str) -> str:
        if not re.fullmatch(r"inception|untrained|auto|xray|classifier|torchvision:\w+", name):
            raise ValueError("must be inception, untrained, auto, xray, classifier or torchvision:NAME")
        return name


class StudyConfig(Section):
    """Retraining classifiers on every arm."""

    arms: tuple[str, ...] = ("imbalanced", "gan")
    classifiers: tuple[str, ...] = ("baseline_cnn", "vgg16")
    seeds: int = Field(5, ge=1)
    """How many seeds, counted from `seed`."""
    doses: tuple[float, ...] = ()
    """Shares of the missing images, e.g. [0.25, 0.5, 1, 2]: every arm that adds images is trained with each. Empty:
    once, with all synthetic images there are."""
    minority_fractions: tuple[float, ...] = (1.0,)
    """Shares of the minority class's training images, e.g. [0.1, 0.25, 0.5, 1]: every arm is trained with each, and a
    generator for each that sees no others."""
    steps: int = Field(3000, ge=1)
    """Optimiser steps every cell may take at most, the same in every arm."""
    checks: int = Field(20, ge=1)
    """How many times, evenly spaced over the steps, the validation part is looked at."""
    patience: int = Field(5, ge=1)
    """Checks without a better validation loss after which training stops."""
    image_size_px: int | None = Field(None, ge=16, le=1024)
    """Side of the classifiers' input; None means each model's own."""
    batch_size: int = Field(32, ge=2)
    learning_rate: float = Field(1e-3, gt=0)
    augment: Literal["none", "anatomical", "document"] = "anatomical"
    """`anatomical`: zoom, shift, small rotation, no mirroring. `document`: that of the model's publication."""
    recipe: Literal["config", "document"] = "config"
    """`document`: batch size, learning rate and its schedule, L2 and patience are those of the model's publication."""
    weights: str = "imagenet"
    """Weights of frozen backbones: `imagenet`, `none` (random, reported as not pretrained) or a file."""
    protocol: Literal["honest", "documents"] = "honest"
    """`documents` stops early on the test set as the published reports did, and says so."""
    threads: int = Field(1, ge=1)
    """CPU threads that one training computes with. Figures depend on it in their last digits, but not on `workers`."""
    workers: Literal["auto"] | int = "auto"
    """Trainings at a time. `auto`: one a CPU core, up to 8; one in all on CUDA. Several workers share the cards."""
    executor: Literal["processes", "ray"] = "processes"
    """Where they run: processes of this machine, or a Ray cluster (`pip install "ganbal[ray]"`)."""
    keep_models: bool = True
    """Keep every trained classifier for `ganbal predict`; a frozen backbone is kept once a run."""

    @field_validator("doses", "minority_fractions")
    @classmethod
    def _different_shares(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < share < math.inf for share in shares):
            raise ValueError("must be numbers above 0")
        if len({f"{share:g}" for share in shares}) != len(shares):  # folders are named so
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
        if isinstance(number, int) and number < 1:
            raise ValueError("must be at least 1, or `auto`")
        return number


class Config(Section):
    """All settings of one run."""

    seed: int = Field(0, ge=0, lt=2**31)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    data: DataConfig = DataConfig()
    gan: GanConfig = GanConfig.model_validate({})
    synthesis: SynthesisConfig = SynthesisConfig()
    score: ScoreConfig = ScoreConfig()
    study: StudyConfig = StudyConfig()


def allowed_gan_sizes_px() -> list[int]:
    """The image sides a stack of doublings from 4 or 5 pixels reaches, 32 to 256."""
    return sorted(start * 2**k for start in (4, 5) for k in range(3, 7) if 32 <= start * 2**k <= 256)


def load_config(file: Path | None, assignments: Sequence[str] = (), base: Mapping[str, Any] | None = None) -> Config:
    """Settle the settings: defaults, then `base`, then the YAML `file`, then `section.field=value` assignments.

    Raises:
        InputError: the file cannot be read, or any name or value is wrong; the message lists every mistake.
    """
    given: dict[str, Any] = _read_yaml(file) if file is not None else {}
    mistakes: list[str] = []
    for assignment in assignments:
        _assign(given, assignment, mistakes)
    settings = _without_old_counts(_without_old_preset(_deep_copy(base or {}), given), given)
    _merge(settings, given)
    config = None
    try:
        config = Config.model_validate(settings)
    except ValidationError as error:
        mistakes += [_describe(detail) for detail in error.errors()]
    if mistakes or config is None:
        raise InputError(
            expected="settings that ganbal knows, each with a value it can use",
            found=f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}:\n  " + "\n  ".join(mistakes),
            action=f"Correct {'them' if len(mistakes) > 1 else 'it'} in {file or 'the --set options'}; "
            "configs/default.yaml lists every setting.",
        )
    return config


def dump_config(config: Config) -> str:
    """The settings as YAML that `load_config` reads back to an equal Config."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _without_old_preset(base: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A preset named now overrides what an earlier one had filled in; otherwise its name would be a lie."""
    now, gan = given.get("gan"), base.get("gan")
    if isinstance(now, Mapping) and "preset" in now and isinstance(gan, dict):
        base["gan"] = {name: value for name, value in gan.items() if name not in GAN_PRESETS["dcgan"]}
    return base


def _without_old_counts(base: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of images named now replace those named earlier; they are not to be merged as sections are."""
    now, synthesis = given.get("synthesis"), base.get("synthesis")
    if isinstance(now, Mapping) and "num_images" in now and isinstance(synthesis, dict):
        synthesis.pop("num_images", None)
    return base


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(
            expected=f"a YAML file of settings at {file}",
            found=" ".join(str(error).split()),
            action="Give --config a readable YAML file, such as configs/quick.yaml.",
        ) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(
            expected=f"sections and fields (`gan: {{steps: 2000}}`) in {file}",
            found=f"a {type(content).__name__}",
            action="See configs/default.yaml for the shape.",
        )
    return content


def _assign(settings: dict[str, Any], assignment: str, mistakes: list[str]) -> None:
    name, equals, text = assignment.partition("=")
    if not equals or not name.strip():
        mistakes.append(f"--set {assignment}: write it as section.field=value, e.g. gan.steps=2000")
        return
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        mistakes.append(f"--set {assignment}: the value is not readable")
        return
    *sections, field = name.strip().split(".")
    place = settings
    for section in sections:
        if not isinstance(place.setdefault(section, {}), dict):
            mistakes.append(f"--set {assignment}: {section} is a value, not a section")
            return
        place = place[section]
    place[field] = value


def _merge(settings: dict[str, Any], additions: Mapping[str, Any]) -> None:
    for name, value in additions.items():
        if isinstance(value, dict) and isinstance(settings.get(name), dict):
            _merge(settings[name], value)
        else:
            settings[name] = value


def _deep_copy(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deep_copy(value) if isinstance(value, Mapping) else value for name, value in settings.items()}


def _describe(detail: Mapping[str, Any]) -> str:
    location = [part for part in detail["loc"] if isinstance(part, str)]
    name = ".".join(location)
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, list(_field_names(Config)), n=1, cutoff=0.6)
        return f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else "")
    message = detail["msg"].removeprefix("Value error, ")
    if len(location) < 2 and detail["type"] == "value_error":  # of a whole section: it names its fields itself
        return message
    return f"{name}: {message[0].lower()}{message[1:]}, found {detail['input']!r}"


def _field_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _field_names(field.annotation, f"{prefix}{name}.")
