"""Settings of the images and their split."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from ganbal.config.section import Section


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
    phantom_images: int = Field(400, ge=60, le=100_000)
    """How many images the embedded phantom set has."""
