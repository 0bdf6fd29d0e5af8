"""Scores with a known answer, on real chest X-rays: copies, blur, a missing mode, identical and fresh sets.

python benchmarks/score_known_answers.py --data ../shared/data/chest_xray [--extractor untrained]
    [--weights FILE --dims 768] [--images 400] [--seed 0]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganbal.config import ScoreConfig
from ganbal.data.patients import patient_in_name
from ganbal.metrics.density_coverage import coverage, density
from ganbal.metrics.features.feature_cache import SetFeatureCache
from ganbal.metrics.features.images import ArrayImages
from ganbal.metrics.features.registry import build_extractor
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.frechet import frechet_distance
from ganbal.metrics.memorization.copies import CopyThresholds, Views, copy_thresholds, find_copies, nearest_training
from ganbal.metrics.memorization.originals import find_originals
from ganbal.metrics.precision_recall import precision, recall
from ganbal.metrics.two_sample import two_sample_auc
from ganbal.runtime.console import Console

SIZE_PX = 150


def main() -> None:
    options = parse_options()
    store, rng = SetFeatureCache(None, Console()), np.random.default_rng(options.seed)
    config = ScoreConfig(extractor=options.extractor, weights=options.weights, dims=options.dims)
    device = torch.device("cpu")
    extractor, thumbnails = build_extractor(config, device), thumbnail_extractor(device)
    texture = untrained_extractor(device, size_px=SIZE_PX)

    def features(images: np.ndarray, *extractors: object) -> list[np.ndarray]:
        return [found.values for found in store.features(ArrayImages(images, name="images"), extractors)]

    normal, ill = (read(options.data / "train" / name, options.images, rng) for name in ("NORMAL", "PNEUMONIA"))
    half, quarter = options.images // 2, options.images // 4
    training, held_out, fresh = normal[:half], normal[half : half + quarter], normal[half + quarter :]
    result: dict = {"extractor": str(extractor.identity), "seed": options.seed, "training": half, "held_out": quarter}

    views = [Views(*features(images, extractor, thumbnails)) for images in (training, held_out, fresh)]
    thresholds = copy_thresholds(find_originals(views[0], views[1]).near)
    result["false alarms"] = {
        name: share_of_copies(view, views[0], thresholds)
        for name, view in (("held-out", views[1]), ("other fresh", views[2]))
    }
    result["copies found"] = {
        name: share_of_copies(Views(*features(copies, extractor, thumbnails)), views[0], thresholds)
        for name, copies in planted(training[: min(half, 60)], rng).items()
    }

    sides = [features(images, texture)[0] for images in (training, normal[half:], blurred(normal[half:], 0.75))]
    result["two-sample AUC"] = {
        name: vars(two_sample_auc(sides[0], side, generator=np.random.default_rng(options.seed)))
        for name, side in (("fresh reals", sides[1]), ("reals shrunk to 3/4 and back", sides[2]))
    }

    both = np.concatenate([views[0].features, features(ill[:half], extractor)[0]])
    whole = np.concatenate([features(normal[half:], extractor)[0], features(ill[half:], extractor)[0]])
    result["precision, recall, density, coverage"] = {
        "both classes": manifold(both, whole),
        "one class dropped": manifold(both, whole[: len(normal) - half]),
    }
    own = views[0].features
    result["identical sets, FID over trace of covariance"] = frechet_distance(own, own) / own.var(axis=0).sum()
    print(json.dumps(result, indent=2, default=float))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="chest X-ray set in Kaggle's layout")
    parser.add_argument("--extractor", default="untrained")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--dims", type=int, default=768)
    parser.add_argument("--images", type=int, default=400, help="of each class")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def read(folder: Path, number: int, rng: np.random.Generator) -> np.ndarray:
    """Images in random order, those of one patient together, so that slices contain different patients."""
    files = sorted(folder.iterdir())
    patients = [patient_in_name(file.name) or file.stem for file in files]
    place = {patient: position for position, patient in enumerate(rng.permutation(sorted(set(patients))))}
    order = sorted(range(len(files)), key=lambda i: place[patients[i]])[:number]
    return np.stack([resized(np.asarray(Image.open(files[i]).convert("L")), SIZE_PX) for i in order])


def resized(image: np.ndarray, size_px: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((size_px, size_px), Image.Resampling.BICUBIC))


def blurred(images: np.ndarray, share: float) -> np.ndarray:
    return np.stack([resized(resized(image, round(SIZE_PX * share)), SIZE_PX) for image in images])


def planted(images: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    noisy = np.clip(images + rng.normal(0, 10, images.shape), 0, 255).astype(np.uint8)
    return {
        "exact": images,
        "noise of 10 gray levels": noisy,
        "shrunk to 48 px and back": blurred(images, 48 / SIZE_PX),
        "darker by a fifth": (images * 0.8).astype(np.uint8),
        "shifted by 2 px": np.roll(images, (2, 2), (1, 2)),
    }


def share_of_copies(images: Views, training: Views, thresholds: CopyThresholds) -> float:
    return float(find_copies(nearest_training(images, training), thresholds).is_copy.mean())


def manifold(real: np.ndarray, synthetic: np.ndarray) -> list[float]:
    return [score(real, synthetic) for score in (precision, recall, density, coverage)]


if __name__ == "__main__":
    main()
