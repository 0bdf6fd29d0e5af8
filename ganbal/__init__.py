"""Balance a medical image set with a GAN, and measure whether that helped."""

import os
from typing import Any

from ganbal.runtime.cpus import configure_openmp

__version__ = "0.1.0"
__all__ = ["GANOverSampler", "__version__"]

configure_openmp(os.environ)


def __getattr__(name: str) -> Any:
    # Imported on first use: it imports torch, and `ganbal --help` should not wait for that.
    if name == "GANOverSampler":
        from ganbal.over_sampling.gan_over_sampler import GANOverSampler

        return GANOverSampler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
