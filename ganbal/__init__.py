"""Balance a medical image set with a GAN, and measure whether that helped.

The functions do what the commands do, and write the same run folders:

    >>> import ganbal
    >>> data = ganbal.load("chest_xray")
    >>> generator = ganbal.train_gan(data, class_name="NORMAL", steps=8000)
    >>> images = generator.sample(2500, seed=0)
    >>> study = ganbal.compare(data, generator, arms=["imbalanced", "duplicated", "gan"], seeds=5)
    >>> print(study.verdict)
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from ganbal.runtime.cpus import configure_openmp

if TYPE_CHECKING:
    from ganbal.api.comparison import Study, compare
    from ganbal.api.data import Data, load
    from ganbal.api.scoring import Scores, score
    from ganbal.api.training import train_gan
    from ganbal.errors import GanbalError, InputError
    from ganbal.gan.image_generator import ImageGenerator as Generator
    from ganbal.over_sampling.gan_over_sampler import GANOverSampler
    from ganbal.run.tracking.callback import Callback

__version__ = "0.1.0"
__all__ = [
    "Callback",
    "Data",
    "GANOverSampler",
    "GanbalError",
    "Generator",
    "InputError",
    "Scores",
    "Study",
    "__version__",
    "compare",
    "load",
    "score",
    "train_gan",
]

_HOMES = {
    "Callback": "ganbal.run.tracking.callback",
    "Data": "ganbal.api.data",
    "GANOverSampler": "ganbal.over_sampling.gan_over_sampler",
    "GanbalError": "ganbal.errors",
    "Generator": "ganbal.gan.image_generator:ImageGenerator",
    "InputError": "ganbal.errors",
    "Scores": "ganbal.api.scoring",
    "Study": "ganbal.api.comparison",
    "compare": "ganbal.api.comparison",
    "load": "ganbal.api.data",
    "score": "ganbal.api.scoring",
    "train_gan": "ganbal.api.training",
}
"""Modules of the public names, and their names there where they differ."""

configure_openmp(os.environ)


def __getattr__(name: str) -> Any:
    # Imported on first use: most import torch, and `import ganbal` should not wait for that.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, other_name = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), other_name or name)


def __dir__() -> list[str]:
    return sorted(__all__)
