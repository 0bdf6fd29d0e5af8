"""Settings of the generator and its training."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ganbal.config.section import Section

FEWEST_TO_LEARN_FROM = 4
"""Fewest images of a class to learn from: the distance by which checkpoints are chosen halves them."""

Augmentation = Literal["brightness", "contrast", "saturation", "translation", "cutout", "affine"]

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
        "augment": ("brightness", "contrast", "saturation", "translation", "cutout"),
        "discriminator_norm": "batch",
        "minibatch_stddev": True,
        "loss": "non-saturating",
        "r1_gamma": 0.0,
        "discriminator_learning_rate": 2e-4,
    },
}
"""Values that each `gan.preset` gives to fields that are not set."""


class GanConfig(Section):
    """The GAN and its training."""

    preset: Literal["dcgan", "small-data"] = "small-data"
    """`dcgan` follows the paper; `small-data` gave the best results on a thousand images (docs/generator.md)."""
    class_name: str | None = None
    """The class to synthesize; None means the minority class, or with three or more classes every smaller one."""
    class_names: tuple[str, ...] = ()
    """Several classes to synthesize, one generator each; `class_name` is the one of them that is scored first."""
    conditional: bool = False
    """One class-conditional generator trained on all classes, instead of one generator per class."""
    image_size_px: int = 160
    """Side of the square images: 4·2^k or 5·2^k from 32 to 256."""
    base_channels: int = Field(64, ge=4, le=512)
    """Channels of the layer next to the image; doubled at every halving of the side, up to 8-fold."""
    latent_dim: int = Field(100, ge=1, le=10_000)
    batch_size: int = Field(ge=2, le=4096)
    steps: int = Field(60_000, ge=1, le=1_000_000_000)
    """Optimizer steps of the generator, and as many of the discriminator."""
    pretrain_steps: int = Field(0, ge=0, le=1_000_000_000)
    """So many of `steps`, the first ones, are on the training images of all classes, so that a small class profits from
    what a larger one shows; the rest are on the class alone."""
    learning_rate: float = Field(2e-4, gt=0, le=1)
    """Of the generator."""
    discriminator_learning_rate: float = Field(gt=0, le=1)
    adam_beta1: float = Field(0.5, ge=0, lt=1)
    adam_beta2: float = Field(0.999, ge=0, lt=1)
    loss: Literal["non-saturating", "hinge", "relativistic"]
    """`relativistic` compares real and synthetic images in pairs; it needs `r1_gamma` and `r2_gamma`."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """The discriminator's target probability of real images is 1 - this (non-saturating loss only)."""
    generator: Literal["dcgan", "residual"] = "dcgan"
    """Body of the generator: transposed convolutions as in the paper, or residual blocks."""
    full_size_channels: int = Field(0, ge=0, le=512)
    """Channels of a further layer of `dcgan` at the full size of the images, with noise inputs, for the finest
    structures; 0 leaves it out, as in the paper. 16 make a step about 15 % slower."""
    generator_norm: Literal["batch", "none"] = "none"
    """Normalization in the blocks of `residual`."""
    output_skips: bool = False
    """Every block of `residual` makes an image of its resolution; their sum is the output (Karras et al. 2020)."""
    noise_inputs: bool = False
    """Every block of `residual` gets noise with a learned strength; it is computed from the latent vector, so that
    equal latent vectors give equal images."""
    discriminators: tuple[Literal["dcgan", "residual", "patches", "projected"], ...] = ("dcgan",)
    """One or several that score the same images: `dcgan`, `residual` (residual blocks without normalization), `patches`
    (places of the image at several scales), `projected` (heads on the features of a pretrained network)."""
    discriminator_weights: tuple[float, ...] = ()
    """Weight of each discriminator's loss; empty: all 1."""
    projection_backbone: str = "mobilenet_v2"
    """Network of torchvision whose features `projected` scores."""
    projection_weights: str = "imagenet"
    """Its weights: `imagenet` (downloaded once), `none` (random) or a file."""
    discriminator_norm: Literal["batch", "spectral", "none"]
    """Normalization of the layers of `dcgan`; `none` starts from weights that need none (He et al. 2015)."""
    minibatch_stddev: bool
    """The discriminator also sees how much the images of a batch differ (Karras et al. 2018)."""
    r1_gamma: float = Field(ge=0, le=1e6)
    """Weight of the R1 gradient penalty, on real images; 0 leaves it out."""
    r2_gamma: float = Field(0.0, ge=0, le=1e6)
    """Weight of the R2 gradient penalty, on synthetic images; 0 leaves it out."""
    r1_every_steps: int = Field(16, ge=1, le=1_000_000)
    """Both penalties are computed in one of this many steps and multiplied by this number (Karras et al. 2020)."""
    augment: tuple[Augmentation, ...]
    """Differentiable augmentation of what the discriminator sees, real and synthetic alike (Zhao et al. 2020).
    `saturation` applies to color images only."""
    adaptive_augment: bool = False
    """Augment only as often as the discriminator overfits (Karras et al. 2020), instead of always."""
    adaptive_target: float = Field(0.5, gt=0, lt=1)
    """Tolerated overfitting: 0 where held-out images are scored like training images, 1 like synthetic ones."""
    adaptive_images: int = Field(20_000, ge=1, le=1_000_000_000)
    """Images in which the probability of augmentation can go from 0 to 1."""
    held_out_fraction: float = Field(0.1, gt=0, lt=0.5)
    """Share of the training images kept from the discriminator to measure its overfitting (adaptive only)."""
    ema_half_life_images: float = Field(10_000, ge=0, le=1e9)
    """Images after which a weight's share in the generator's moving average has halved; 0 switches averaging off."""
    compile: Literal["auto", "always", "never"] = "auto"
    """On CUDA, `auto` records whole steps as graphs and `always` compiles their kernels as well; on a CPU, `always`
    compiles kernels. Each is used where a rehearsal of a few steps gives the same losses."""
    log_every_steps: int = Field(50, ge=1, le=1_000_000)
    sample_every_steps: int = Field(1000, ge=1, le=100_000_000)
    score_every_steps: int = Field(500, ge=1, le=100_000_000)
    """Steps between measurements of the generator against the training images; the best state is kept."""
    score_images: int = Field(500, ge=4, le=100_000)
    """Images generated per measurement."""
    max_rollbacks: int = Field(3, ge=0, le=1000)
    """How often a collapsed training returns to its best state with lower learning rates."""
    checkpoint_every_steps: int = Field(500, ge=1, le=100_000_000)
    """A checkpoint is written every so many steps, unless the previous one is younger than the next setting."""
    checkpoint_every_seconds: float = Field(60.0, ge=0, le=1e6)

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
        if len(self.discriminator_weights) not in (0, len(self.discriminators)):
            raise ValueError("gan.discriminator_weights must have one number per discriminator, or none")
        if self.conditional and "projected" in self.discriminators:
            raise ValueError("gan.conditional needs the discriminators dcgan, residual or patches")
        if self.conditional and self.adaptive_augment:
            raise ValueError("gan.adaptive_augment does not work with gan.conditional")
        if self.pretrain_steps and (self.conditional or self.adaptive_augment):
            raise ValueError("gan.pretrain_steps does not work with gan.conditional or gan.adaptive_augment")
        if self.pretrain_steps >= self.steps:
            raise ValueError("gan.pretrain_steps must be fewer than gan.steps")
        return self

    @model_validator(mode="after")
    def _parts_belong_to_the_body(self) -> "GanConfig":
        if self.generator == "dcgan" and (self.output_skips or self.noise_inputs or self.generator_norm != "none"):
            raise ValueError(
                "gan.output_skips, gan.noise_inputs, gan.generator_norm: they require gan.generator: residual"
            )
        if self.generator != "dcgan" and self.full_size_channels:
            raise ValueError("gan.full_size_channels requires gan.generator: dcgan; set it to 0 for other generators")
        return self

    @field_validator("discriminators")
    @classmethod
    def _different_discriminators(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or len(set(names)) != len(names):
            raise ValueError("must be one or several different discriminators")
        return names

    @field_validator("discriminator_weights")
    @classmethod
    def _weights_are_positive(cls, weights: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < weight <= 1e6 for weight in weights):
            raise ValueError("must be numbers above 0")
        return weights

    @field_validator("image_size_px")
    @classmethod
    def _size_is_buildable(cls, size: int) -> int:
        allowed = allowed_gan_sizes_px()
        if size not in allowed:
            raise ValueError(f"must be one of {', '.join(map(str, allowed))} (4·2^k or 5·2^k)")
        return size


def allowed_gan_sizes_px() -> list[int]:
    """Sides that doublings of 4 or 5 pixels reach, 32 to 256."""
    return sorted(start * 2**k for start in (4, 5) for k in range(3, 7) if 32 <= start * 2**k <= 256)
