"""Settings of the images and their split."""

import math
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ganbal.config.section import Section


class DataConfig(Section):
    """Where the images are and how they are split."""

    root: Literal["phantom"] | Path | None = None
    """Image folder or CSV file, or `phantom` for the embedded simulated set; None means: GANBAL_DATA, then
    data/chest_xray, then phantom."""
    positive_class: str | None = None
    """The positive class of two: recall, precision and probabilities refer to it, and its label is 1. None takes the
    one whose name means abnormal (pneumonia, tumor, positive …), else the second in the alphabet."""
    patient_pattern: str | None = None
    """Regular expression, searched in each image's path, whose group `patient` (or first group, or whole match) is the
    patient; None recognizes usual names of files and folders."""
    patient_column: str | None = None
    """Column of the CSV file with the patient; None looks for `patient`, `patient_id`, `subject` and the like."""
    val_fraction: float = Field(0.15, ge=0, lt=0.9)
    """Share of the training patients set aside for validation; 0 uses the set's own `val` images."""
    test_fraction: float = Field(0.2, gt=0, lt=0.9)
    """Share of the patients that becomes `test` where the set has no test images."""
    resplit: bool = False
    """Ignore the set's own split and split validation and test again, by patient."""
    intensity_range: Literal["auto"] | tuple[float, float] = "auto"
    """Values of images with more than 8 bits per channel that become black and white. `auto`: one range for the whole
    set, the smallest of 8, 12 or 16 bits that holds all values."""
    max_unreadable_fraction: float = Field(0.05, ge=0, le=1)
    """A larger share of unreadable files is an error."""
    phantom_images: int = Field(400, ge=60, le=100_000)
    """Number of images in the embedded phantom set."""

    @field_validator("patient_pattern")
    @classmethod
    def _pattern_compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"must be a regular expression ({error})") from error
        return pattern

    @field_validator("intensity_range")
    @classmethod
    def _range_ascends(cls, value: str | tuple[float, float]) -> str | tuple[float, float]:
        if isinstance(value, tuple) and not (all(map(math.isfinite, value)) and value[0] < value[1]):
            raise ValueError("must be `auto` or [black, white] with black below white")
        return value
