"""Settings of the generator and its training."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ganbal.config.section import Section

FEWEST_TO_LEARN_FROM = 4
"""Images of a class that a generator needs at least: the distance by which its checkpoints are chosen halves them."""

Augmentation = Literal["brightness", "contrast", "translation", "cutout", "affine"]

GAN_PRESETS: dict[str, dict[str, Any]] = {
    "dcgan": {
        "batch_size": 64,
        "augment": (),
        "discriminator_norm": "batch",
        "minibatch_stddev": False,
        "loss": "non-saturating",
        "r1_gamma": 0.0,
        "discriminator_learning_rate": 2e-4,
    },
    "small-data": {
        "batch_size": 32,
        "augment": ("brightness", "contrast", "translation", "cutout"),
        "discriminator_norm": "batch",
        "minibatch_stddev": True,
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
    base_channels: int = Field(64, ge=4, le=1024)
    """Channels of the layer next to the image; doubled at every halving of the side, 8-fold at most."""
    latent_dim: int = Field(100, ge=1, le=65_536)
    batch_size: int = Field(ge=2, le=65_536)
    steps: int = Field(60_000, ge=1, le=10_000_000)
    """Optimiser steps of the generator (and as many of the discriminator)."""
    learning_rate: float = Field(2e-4, gt=0, le=1)
    """Of the generator."""
    discriminator_learning_rate: float = Field(gt=0, le=1)
    adam_beta1: float = Field(0.5, ge=0, lt=1)
    loss: Literal["non-saturating", "hinge"]
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Real images are to be called real with probability 1 - this (non-saturating loss only)."""
    discriminator_norm: Literal["batch", "spectral"]
    minibatch_stddev: bool
    """The discriminator also sees how much the images of a batch differ (Karras et al. 2018)."""
    r1_gamma: float = Field(ge=0, le=1e6)
    """Weight of the R1 gradient penalty on real images; 0 leaves it out."""
    r1_every_steps: int = Field(16, ge=1, le=1_000_000)
    """The penalty is computed this seldom, and weighs as many times more (Karras et al. 2020)."""
    augment: tuple[Augmentation, ...]
    """Differentiable augmentation of what the discriminator sees, real and synthetic alike (Zhao et al. 2020)."""
    adaptive_augment: bool = False
    """Augment only as often as the discriminator overfits (Karras et al. 2020), instead of always."""
    adaptive_target: float = Field(0.5, gt=0, lt=1)
    """How far held-out images may fall from how training images are rated towards how synthetic ones are."""
    adaptive_images: int = Field(20_000, ge=1, le=1_000_000_000)
    """Images after which the probability of augmentation can have gone from 0 to 1."""
    held_out_fraction: float = Field(0.1, gt=0, lt=0.5)
    """Share of the class's training images kept from the discriminator to see whether it overfits (adaptive only)."""
    ema_half_life_images: float = Field(10_000, ge=0, le=1e9)
    """Images after which a weight's share in the moving average of the generator has halved; 0 switches it off."""
    compile: Literal["auto", "always", "never"] = "auto"
    """Kernels made by torch.compile: `auto` on CUDA, where a trial of a few steps works."""
    log_every_steps: int = Field(50, ge=1, le=10_000_000)
    sample_every_steps: int = Field(1000, ge=1, le=10_000_000)
    score_every_steps: int = Field(500, ge=1, le=10_000_000)
    """How often the generator is measured against the training images; the best checkpoint is kept."""
    score_images: int = Field(500, ge=2, le=1_000_000)
    max_rollbacks: int = Field(3, ge=0, le=100)
    """How many times a collapsed training is put back to its best checkpoint with lower learning rates."""
    checkpoint_every_steps: int = Field(500, ge=1, le=10_000_000)

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


def allowed_gan_sizes_px() -> list[int]:
    """The image sides a stack of doublings from 4 or 5 pixels reaches, 32 to 256."""
    return sorted(start * 2**k for start in (4, 5) for k in range(3, 7) if 32 <= start * 2**k <= 256)
