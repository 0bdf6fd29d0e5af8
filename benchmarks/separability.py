"""At which scale a small network separates the synthetic gray images of a run from real ones.

    python benchmarks/separability.py --run DIR [--class NAME] [--epochs 4] [--seeds 1] [--only VIEW …] [--json FILE]

Both sets are reduced in the same way before the network sees them: to fewer pixels, without fine structures, without
coarse ones, without brightness and contrast, with noise, to the center or the border. Where the AUC falls, the network
had used what the reduction removes. The network is trained from scratch on training and synthetic images of one class
and tested on validation images and other synthetic ones; the test images are not read.
"""

import argparse
import functools
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from ganbal.config import load_config
from ganbal.data.dataset import load_dataset
from ganbal.metrics.two_sample_cnn import cnn_two_sample_aucs
from ganbal.run.folder import Run
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.synthesis.manifest import SyntheticFolder, read_synthetic

Reduction = Callable[[np.ndarray], np.ndarray]
"""uint8 (N, S, S) to uint8 (N, s, s)."""


def fewer_pixels(factor: int, images: np.ndarray) -> np.ndarray:
    """Means of blocks; rows and columns that fill no block are left out."""
    size_px = images.shape[1] // factor
    whole = images[:, : size_px * factor, : size_px * factor]
    return as_pixels(whole.reshape(len(images), size_px, factor, size_px, factor).mean(axis=(2, 4)))


def blurred(sigma_px: float, images: np.ndarray) -> np.ndarray:
    return as_pixels(gaussian_filter(images.astype(float), (0, sigma_px, sigma_px)))


def fine_structures(sigma_px: float, images: np.ndarray) -> np.ndarray:
    """What blurring removes, around mid-gray."""
    return as_pixels(images - gaussian_filter(images.astype(float), (0, sigma_px, sigma_px)) + 128)


def noisy(deviation: float, images: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(len(images))
    return as_pixels(images + random.normal(0, deviation, images.shape))


def equal_exposure(images: np.ndarray) -> np.ndarray:
    """Every image with mean 128 and a standard deviation of 50 gray levels."""
    mean, deviation = (getattr(images, name)(axis=(1, 2), keepdims=True) for name in ("mean", "std"))
    return as_pixels((images - mean) / np.maximum(deviation, 1) * 50 + 128)


def center(images: np.ndarray) -> np.ndarray:
    quarter = images.shape[1] // 4
    return images[:, quarter:-quarter, quarter:-quarter]


def border(images: np.ndarray) -> np.ndarray:
    """The outer eighth on each side; the rest is mid-gray."""
    eighth, changed = images.shape[1] // 8, images.copy()
    changed[:, eighth:-eighth, eighth:-eighth] = 128
    return changed


def as_pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


VIEWS: dict[str, Reduction] = {
    "as they are": lambda images: images,
    "half the size": functools.partial(fewer_pixels, 2),
    "a quarter of the size": functools.partial(fewer_pixels, 4),
    "blurred, sigma 1 px": functools.partial(blurred, 1),
    "blurred, sigma 2 px": functools.partial(blurred, 2),
    "only what a blur of 1 px removes": functools.partial(fine_structures, 1),
    "noise of 8 gray levels": functools.partial(noisy, 8),
    "noise of 16 gray levels": functools.partial(noisy, 16),
    "equal mean and contrast": equal_exposure,
    "center": center,
    "center, half the size": lambda images: fewer_pixels(2, center(images)),
    "border": border,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="a run folder with synthetic images")
    parser.add_argument("--class", dest="class_name", help="default: the minority class")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(VIEWS), default=list(VIEWS), metavar="VIEW")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    device = choose_device("cpu")
    training, validation, synthetic = read(given.run, given.class_name)
    half = min(len(training), len(synthetic) // 2)
    print(f"{half} training and synthetic images; tested on {len(validation)} and {len(synthetic) - half}.\n")
    print("| images | AUC after epoch " + " | ".join(map(str, range(1, given.epochs + 1))) + " |")
    print("|---" * (given.epochs + 1) + "|")
    rows = {}
    for name in given.only:
        reduce = VIEWS[name]
        sets = [reduce(images) for images in (training[:half], synthetic[:half], validation, synthetic[half:])]
        rows[name] = [
            cnn_two_sample_aucs(*sets, epochs=given.epochs, seed=seed, device=device) for seed in range(given.seeds)
        ]
        cells = [", ".join(f"{area:.3f}" for area in areas) for areas in zip(*rows[name], strict=True)]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    if given.json:
        last = {name: statistics.fmean(areas[-1] for areas in found) for name, found in rows.items()}
        given.json.write_text(json.dumps({"aucs": rows, "mean of the last epoch": last}, indent=2) + "\n")


def read(folder: Path, class_name: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training, validation and synthetic images of a class at the size of the generator, in random order."""
    config = load_config(None, base=Run(folder).settings())
    found = read_synthetic(SyntheticFolder(folder / "synthetic"))
    size_px = found.pixels.shape[1]
    dataset = load_dataset(config.data, sizes_px=[size_px], cache_root=cache_folder(), console=Console(quiet=True))
    name, table = class_name or dataset.table.minority_class, dataset.table
    training, validation = (np.array(dataset.pixels(size_px)[table.rows(split, name)]) for split in ("train", "val"))
    random = np.random.default_rng(config.seed)
    return random.permutation(training), validation, random.permutation(found.of_class(name).pixels)


if __name__ == "__main__":
    main()
