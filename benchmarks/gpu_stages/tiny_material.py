"""Made-up images and weights, so that every stage can be tested without data."""

from pathlib import Path

import numpy as np
from PIL import Image

COUNTS = {
    "train": {"NORMAL": 30, "PNEUMONIA": 64},
    "val": {"NORMAL": 4, "PNEUMONIA": 4},
    "test": {"NORMAL": 16, "PNEUMONIA": 16},
}
SIZE_PX = 32


def write_images(folder: Path) -> Path:
    """Blurred noise in Kaggle's layout, one patient per image, brighter in one class."""
    random = np.random.default_rng(0)
    number = 0
    for split, counts in COUNTS.items():
        for name, count in counts.items():
            place = folder / split / name
            place.mkdir(parents=True)
            for _ in range(count):
                number += 1
                coarse = random.normal(90 if name == "NORMAL" else 140, 40, (8, 8)).clip(0, 255).astype(np.uint8)
                file = f"IM-{number:04d}-0001.jpeg" if name == "NORMAL" else f"person{number}_virus_{number}.jpeg"
                Image.fromarray(coarse).resize((SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC).save(place / file)
    return folder


def write_inception(file: Path) -> Path:
    """Random weights in pytorch-fid's key names, scaled so that the features stay finite."""
    import torch

    from ganbal.metrics.features.inception import empty_inception

    network = empty_inception()
    random = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.ndim > 1:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=random)
        elif "running_mean" in name or name.endswith("bias"):
            tensor.zero_()
        elif tensor.is_floating_point():
            tensor.fill_(1)
    torch.save(network.state_dict(), file)
    return file
