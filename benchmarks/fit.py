"""Accuracy of a classifier by how images that are not square become squares (`data.fit`).

    python benchmarks/fit.py --data DIR [--images 600] [--steps 150] [--seeds 3] [--classifier cnn_64] [--json FILE]

DIR has train/CLASS and test/CLASS with square images of two classes. Every image is stretched to a random aspect ratio
and then becomes a square by each fit. `alike`: both classes have the same distribution of aspect ratios. `by class`:
the second class is wider on average. The last column tests the classifier of `by class` on images of `alike`: what it
loses there, it had learned from the proportions instead of the image.
"""

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import balanced_accuracy_score

from classifiers.registry import find_model
from classifiers.training.config import TrainingConfig
from classifiers.training.train import TrainedClassifier, train_classifier
from ganbal.config.data import Fit
from ganbal.data.decoding import Conversion, decode_file
from ganbal.data.image_formats import find_image_files
from ganbal.data.squares import to_square

FITS: tuple[Fit, ...] = ("stretch", "pad", "crop")
# Mean width / height of the two classes, and the standard deviation of its logarithm.
RATIOS = {"alike": (1.35, 1.35), "by class": (1.25, 1.45)}
SPREAD = 0.12
VALIDATION_SHARE = 0.2


def main() -> None:
    given = parse()
    size_px = find_model(given.classifier).image_size_px
    training, labels = read(given.data / "train", given.images, seed=0)
    unseen, truth = read(given.data / "test", given.images // 2, seed=1)
    rows = []
    for fit in FITS:
        found: dict[str, list[float]] = {name: [] for name in ("alike", "by class", "by class, tested on alike")}
        for seed in range(given.seeds):
            tests = {world: squares(unseen, truth, world, fit, size_px, seed + 1000) for world in RATIOS}
            for world in RATIOS:
                pixels = squares(training, labels, world, fit, size_px, seed)
                classifier = trained(given, pixels, labels, size_px, seed)
                found[world].append(accuracy(classifier, tests[world], truth))
                if world == "by class":
                    found["by class, tested on alike"].append(accuracy(classifier, tests["alike"], truth))
        rows.append({"fit": fit} | {name: [round(value, 4) for value in values] for name, values in found.items()})
        print(", ".join(f"{name} {shown(value)}" for name, value in rows[-1].items()), flush=True)
    if given.json:
        given.json.write_text(json.dumps(vars(given) | {"rows": rows}, indent=2, default=str) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--images", type=int, default=600, help="training images, half of each class")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--classifier", default="cnn_64")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def read(folder: Path, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 224, 224) uint8, half of each class, and labels (N,)."""
    random, pixels, labels = np.random.default_rng(seed), [], []
    for label, place in enumerate(sorted(path for path in folder.iterdir() if path.is_dir())):
        files = find_image_files(place).files
        for row in random.permutation(len(files))[: number // 2]:
            pixels.append(decode_file(files[row], [224], Conversion()).squares[224])
            labels.append(label)
    return np.stack(pixels), np.array(labels)


def squares(images: np.ndarray, labels: np.ndarray, world: str, fit: Fit, size_px: int, seed: int) -> np.ndarray:
    """Stretch each image to its aspect ratio, the same for every fit, at an area of 224² pixels; then make squares."""
    random = np.random.default_rng(seed)
    ratios = np.exp(np.log(np.array(RATIOS[world])[labels]) + SPREAD * random.standard_normal(len(images)))
    made = []
    for image, ratio in zip(images, ratios, strict=True):
        shape = round(224 * ratio**0.5), round(224 / ratio**0.5)
        wide = np.asarray(Image.fromarray(image).resize(shape, Image.Resampling.BICUBIC))
        made.append(to_square(wide, size_px, fit))
    return np.stack(made)


def trained(
    given: argparse.Namespace, pixels: np.ndarray, labels: np.ndarray, size_px: int, seed: int
) -> TrainedClassifier:
    order = np.random.default_rng(seed).permutation(len(pixels))
    held_out, rest = np.split(order, [round(VALIDATION_SHARE * len(pixels))])
    return train_classifier(
        given.classifier,
        train_pixels=pixels[rest],
        train_labels=labels[rest],
        val_pixels=pixels[held_out],
        val_labels=labels[held_out],
        num_classes=2,
        image_size_px=size_px,
        weights="none",
        config=TrainingConfig(steps=given.steps, checks=5, seed=seed),
        device=torch.device("cpu"),
        cache=None,
    )


def accuracy(classifier: TrainedClassifier, pixels: np.ndarray, labels: np.ndarray) -> float:
    return float(balanced_accuracy_score(labels, classifier.predict(pixels).argmax(axis=1)))


def shown(values: object) -> str:
    if not isinstance(values, list):
        return str(values)
    return f"{statistics.fmean(values):.3f} ± {statistics.stdev(values) if len(values) > 1 else 0:.3f}"


if __name__ == "__main__":
    main()
