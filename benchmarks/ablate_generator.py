"""The effect of each part of the small-data preset, on the training images of one class.

    python benchmarks/ablate_generator.py DATA --weights INCEPTION.pth [--images 48000] [--seeds 2] [--out DIR]
        [--only VARIANT …]

Every variant sees the same number of images at 64 px with 32 base channels, from the same seeds; 1,000 synthetic images
of the last step are then compared with the training images: FID and KID of Inception's 768-d layer, precision, recall,
density, coverage, diversity (1: they differ among each other as much as the real ones) and how far their mean image is
from that of the real ones (root mean square, in gray values). One line a training goes to DIR/ablation.csv as soon as
it is done; lines that are there are not done again.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from ganbal.config import load_config
from ganbal.data.dataset import load_dataset
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.collapse import diversity
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.sampling import latent_rows
from ganbal.gan.training import train_gan
from ganbal.metrics.density_coverage import coverage, density
from ganbal.metrics.features.feature_cache import SetFeatureCache
from ganbal.metrics.features.images import ArrayImages
from ganbal.metrics.features.registry import build_extractor
from ganbal.metrics.frechet import frechet_distance
from ganbal.metrics.kid import kernel_distance
from ganbal.metrics.precision_recall import precision, recall
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device

AUGMENT = "gan.augment=[brightness,contrast,translation,cutout]"
TWICE_AS_FAST = ("gan.learning_rate=4e-4", "gan.discriminator_learning_rate=4e-4")
SPECTRAL_HINGE = ("gan.discriminator_norm=spectral", "gan.loss=hinge")
SMALL_DATA = ("gan.preset=small-data",)
VARIANTS = {
    "plain": ("gan.ema_half_life_images=0",),
    "plain + EMA": (),
    "plain + augmentation": (AUGMENT, "gan.ema_half_life_images=0"),
    "augmentation + EMA": (AUGMENT,),
    "small-data": SMALL_DATA,
    "small-data, spectral norm, hinge": (*SMALL_DATA, *SPECTRAL_HINGE),
    "small-data, R1": (*SMALL_DATA, "gan.r1_gamma=1"),
    "small-data, adaptive augmentation": (*SMALL_DATA, "gan.adaptive_augment=true"),
    "small-data, learning rates x 2": (*SMALL_DATA, *TWICE_AS_FAST),
    "small-data, batches of 64": (*SMALL_DATA, "gan.batch_size=64"),
    "small-data, batches of 16": (*SMALL_DATA, "gan.batch_size=16"),
}
NUM_SYNTHETIC = 1000


def settings(given, variant, seed):
    generator = ("gan.preset=dcgan", *VARIANTS[variant])
    # Equal images, so smaller batches take more steps.
    steps = given.images // load_config(None, generator).gan.batch_size
    assignments = [
        *(f"data.root={given.data}", f"gan.image_size_px={given.size}", f"gan.steps={steps}"),
        *(f"gan.{name}_every_steps={steps}" for name in ("score", "sample", "checkpoint")),
        *(["gan.base_channels=32"] if given.size == 64 else []),
        *(f"seed={seed}", "score.dims=768", f"score.weights={given.weights}", *generator),
    ]
    return load_config(None, assignments)


def train(config, images, folder, device):
    fingerprint = TrainingFingerprint.of(config.gan, seed=config.seed, class_names=["NORMAL"], data_digest="ablation")
    place = GanFolder(folder)
    state = train_gan(
        images, config.gan, fingerprint=fingerprint, seed=config.seed, device=device, folder=place, console=Console()
    )
    generator = load_generator(place.last_checkpoint, device)
    latents = latent_rows(config.seed + 1000, NUM_SYNTHETIC, config.gan.latent_dim)
    return np.concatenate(list(generator.generate(latents, 64))), state.seconds


def score(real, synthetic):
    random = np.random.default_rng(0)
    return {
        "fid_768": frechet_distance(real, synthetic),
        "kid_768_x1000": 1000 * kernel_distance(real, synthetic, generator=random, num_subsets=0).value,
        "precision": precision(real, synthetic),
        "recall": recall(real, synthetic),
        "density": density(real, synthetic),
        "coverage": coverage(real, synthetic),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--images", type=int, default=48_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("outputs/ablation"))
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS), metavar="VARIANT")
    given = parser.parse_args()
    device, table = choose_device("auto"), given.out / "ablation.csv"
    given.out.mkdir(parents=True, exist_ok=True)
    done = {(row["variant"], row["seed"]) for row in csv.DictReader(table.open())} if table.is_file() else set()
    data = load_dataset(
        settings(given, "plain", 0).data, sizes_px=[given.size], cache_root=cache_folder(), console=Console()
    )
    images = np.array(data.pixels(given.size)[data.table.rows("train", data.table.minority_class)])
    store = SetFeatureCache(cache_folder(), Console())
    for seed in range(given.seeds):
        for number, variant in enumerate(VARIANTS):
            if variant not in given.only or (variant, str(seed)) in done:
                continue
            config = settings(given, variant, seed)
            synthetic, seconds = train(config, images, given.out / f"{number}_{seed}", device)
            extractor = build_extractor(config.score, device)
            real, drawn = (
                store.features(ArrayImages(pixels, name=name), [extractor])[0].values
                for name, pixels in (("real", images), ("synthetic", synthetic))
            )
            row = {"variant": variant, "seed": seed, "seconds": round(seconds)} | score(real, drawn)
            row |= {
                "diversity": diversity(synthetic) / diversity(images),
                "mean_image_difference": np.sqrt(np.square(synthetic.mean(0) - images.mean(0)).mean()),
            }
            is_new = not table.is_file()
            with table.open("a", newline="") as file:
                writer = csv.DictWriter(file, row)
                if is_new:
                    writer.writeheader()
                writer.writerow(row)


if __name__ == "__main__":
    main()
