"""All sections together."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ganbal.config.data import DataConfig
from ganbal.config.gan import GanConfig
from ganbal.config.score import ScoreConfig
from ganbal.config.section import Section
from ganbal.config.study import StudyConfig
from ganbal.config.synthesis import SynthesisConfig
from ganbal.runtime.device import check_device_name


class Config(Section):
    """All settings of one run."""

    seed: int = Field(0, ge=0, lt=2**31)
    device: Annotated[str, AfterValidator(check_device_name)] = "auto"
    """`auto` (CUDA where available), `cpu`, `cuda` or `cuda:N`."""
    tracking: Literal["auto"] | tuple[Literal["tensorboard", "mlflow", "wandb"], ...] = "auto"
    """Programs that the training reports to; each needs its package. `auto`: TensorBoard where it is installed."""
    data: DataConfig = DataConfig()
    gan: GanConfig = GanConfig.model_validate({})
    synthesis: SynthesisConfig = SynthesisConfig()
    score: ScoreConfig = ScoreConfig()
    study: StudyConfig = StudyConfig()
