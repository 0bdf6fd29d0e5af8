"""Settings of the scores."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ganbal.config.section import Section


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
    batch_size: int = Field(64, ge=1, le=65_536)
    """Images that are decoded, resized and held in memory together; changes nothing but speed."""
    nearest_k: int = Field(5, ge=1, le=1000)
    """Which nearest neighbour sets the balls of precision, recall, density and coverage."""
    floor_splits: int = Field(10, ge=2, le=1000)
    """How many times the real images are halved for the real-versus-real floor."""
    two_sample_size_px: int = Field(150, ge=32, le=4096)
    """Side at which the two-sample test sees the images: the classifiers' input size."""

    @field_validator("extractor")
    @classmethod
    def _extractor_is_known(cls, name: str) -> str:
        if not re.fullmatch(r"inception|untrained|auto|xray|classifier|torchvision:\w+", name):
            raise ValueError("must be inception, untrained, auto, xray, classifier or torchvision:NAME")
        return name
