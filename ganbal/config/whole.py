"""All sections together."""

from typing import Literal

from pydantic import Field

from ganbal.config.data import DataConfig
from ganbal.config.gan import GanConfig
from ganbal.config.score import ScoreConfig
from ganbal.config.section import Section
from ganbal.config.study import StudyConfig
from ganbal.config.synthesis import SynthesisConfig


class Config(Section):
    """All settings of one run."""

    seed: int = Field(0, ge=0, lt=2**31)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    data: DataConfig = DataConfig()
    gan: GanConfig = GanConfig.model_validate({})
    synthesis: SynthesisConfig = SynthesisConfig()
    score: ScoreConfig = ScoreConfig()
    study: StudyConfig = StudyConfig()
