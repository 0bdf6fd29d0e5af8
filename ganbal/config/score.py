"""Settings of the scores."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from classifiers.names import check_torchvision_network
from ganbal.config.section import Section, as_value_error

SCORE_NAMES = ("fid", "fid_infinity", "kid", "precision_recall", "density_coverage", "copies", "two_sample")


class ScoreConfig(Section):
    """How synthetic images are scored against real ones."""

    extractor: str = "inception"
    """Source of the features: `inception` (pytorch-fid's network), `untrained` (needs no weights), `auto` (Inception
    where its weights are given or cached, otherwise untrained), `xray` (TorchXRayVision's DenseNet),
    `torchvision:NAME`, or `classifier` (one that the study trained; `weights` is its model.safetensors)."""
    dims: Literal[64, 192, 768, 2048] = 2048
    """Number of Inception features, which selects the layer."""
    weights: Path | None = None
    """File with the extractor's weights; None means its usual cached download."""
    resize: Literal["pytorch-fid", "antialiased"] = "pytorch-fid"
    """Resizing to the network's input size: as in pytorch-fid, or antialiased as clean-fid defines it."""
    metrics: Literal["all"] | tuple[str, ...] = "all"
    """Scores to compute, by name: `fid`, `fid_infinity`, `kid`, `precision_recall`, `density_coverage`, `copies`,
    `two_sample`. `[fid]` is the fastest."""
    batch_size: int = Field(64, ge=1, le=65536)
    """Images resized and held in memory together; affects only speed and memory."""
    nearest_k: int = Field(5, ge=1, le=1000)
    """Neighbor that sets the ball radii of precision, recall, density and coverage."""
    floor_splits: int = Field(10, ge=2, le=1000)
    """Number of random halvings of the real images for the real-versus-real floor."""
    two_sample_size_px: int = Field(150, ge=32, le=4096)
    """Side of the images in the two-sample test of two folders; in a run it is the classifiers' input size."""

    @field_validator("metrics")
    @classmethod
    def _at_least_one_metric(cls, names: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not names:
            raise ValueError("must name at least one score, or be `all`")
        unknown = [name for name in names if name not in SCORE_NAMES] if names != "all" else []
        if unknown:
            raise ValueError(
                f"there is no score {' or '.join(map(repr, unknown))}. It must be `all`, or a list of names among "
                f"{', '.join(SCORE_NAMES)}."
            )
        return names

    @field_validator("extractor")
    @classmethod
    def _extractor_is_known(cls, name: str) -> str:
        if not re.fullmatch(r"inception|untrained|auto|xray|classifier|torchvision:\w+", name):
            raise ValueError("must be inception, untrained, auto, xray, classifier or torchvision:NAME")
        if name.startswith("torchvision:"):
            with as_value_error():
                check_torchvision_network(name.removeprefix("torchvision:"))
        return name
