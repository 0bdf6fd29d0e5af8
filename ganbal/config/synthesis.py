"""Settings of generating synthetic images."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from ganbal.config.section import Section

MOST_IMAGES = 10_000_000
"""More synthetic images of a class than this are a typing error."""


class SynthesisConfig(Section):
    """Generating images with the trained generator."""

    num_images: int | Literal["balance"] | dict[str, int] = "balance"
    """How many, or {class: how many}; `balance` makes every class with a generator as large as the largest class."""
    ratio: float = Field(1.0, gt=0, le=1)
    """With `balance`: the share of the missing images that is generated."""
    batch_size: int = Field(64, ge=1, le=65536)
    """Images generated at a time; affects only speed and memory."""
    reject_copies: bool = False
    """Replace images that are closer to a training image than real images outside the training set are."""
    match: tuple[Literal["spectrum", "intensity"], ...] = ()
    """What is changed in the images of a class to be distributed as in its training images: the radial power spectrum,
    mean and contrast of each image, or both."""
    select: int = Field(1, ge=1, le=1000)
    """Generate so many times as many images and keep those that a small network separates least from real ones, with
    the variety of the real ones and without duplicates; 1 keeps what is generated."""
    confirm_labels: bool = True
    """With `select` above 1: keep only images that classifiers trained on real images take for their class about as
    surely as real ones."""

    @field_validator("num_images")
    @classmethod
    def _at_least_one(cls, number: int | str | dict[str, int]) -> int | str | dict[str, int]:
        numbers = [number] if isinstance(number, int) else number.values() if isinstance(number, dict) else [1]
        if min(numbers, default=0) < 1 or max(numbers) > MOST_IMAGES:
            raise ValueError(f"must be at least 1 and at most {MOST_IMAGES:,}, or `balance`")
        return number

    @model_validator(mode="after")
    def _ratio_is_of_the_balance(self) -> "SynthesisConfig":
        if self.ratio != 1 and self.num_images != "balance":
            raise ValueError("synthesis.ratio requires synthesis.num_images: balance")
        return self
