"""Every setting of a run: typed, frozen, complete; one file per section."""

from ganbal.config.data import DataConfig
from ganbal.config.gan import FEWEST_TO_LEARN_FROM, GanConfig, allowed_gan_sizes_px
from ganbal.config.loading import dump_config, load_config
from ganbal.config.score import ScoreConfig
from ganbal.config.study import StudyConfig
from ganbal.config.synthesis import SynthesisConfig
from ganbal.config.whole import Config

__all__ = [
    "FEWEST_TO_LEARN_FROM",
    "Config",
    "DataConfig",
    "GanConfig",
    "ScoreConfig",
    "StudyConfig",
    "SynthesisConfig",
    "allowed_gan_sizes_px",
    "dump_config",
    "load_config",
]
