"""CPU seconds and peak memory of commands on 5,000, 10,000 and 20,000 images, and of `score` on huge ones.

    python benchmarks/scale.py [--images 5000,10000,20000] [--huge 16] [--json FILE]

The images are smooth random JPEGs of 224 px, three quarters of them of one class, a fifth of them for testing; the huge
ones have 79 megapixels each. Every size has an empty cache. The GAN and the classifier train for a few steps only: what
grows with the number of images is reading, decoding, caching, scoring and predicting.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

SMALL_PX, HUGE_PX = 224, 8900
SETTINGS = ["gan.image_size_px=32", "gan.base_channels=8", "gan.steps=20", "gan.sample_every_steps=20"]
SETTINGS += ["gan.score_every_steps=20", "synthesis.num_images=500", "study.image_size_px=32", "study.seeds=1"]
SETTINGS += ["study.arms=[imbalanced,duplicated,gan]", "study.classifiers=[baseline_cnn]", "study.steps=20"]
SETTINGS += ["study.checks=1", "study.workers=1", "score.extractor=untrained"]


def main() -> None:
    given = parse()
    found = {}
    with tempfile.TemporaryDirectory(prefix="ganbal-scale-") as folder:
        for number in given.images:
            place = Path(folder) / str(number)
            write_set(place / "data", number)
            for command in ("inspect", "train-gan", "synthesize", "score", "compare", "report"):
                words = [command, "--run", str(place / "run")]
                words += ["--data", str(place / "data")] if command != "report" else []
                words += ["--config", str(write_settings(place))] if command == "inspect" else []
                name = f"{command}, {number} images"
                found[name] = measure(words, place / "cache")
                print(f"{name}: {found[name]}", flush=True)
        if given.huge:
            for side in ("real", "synthetic"):
                write_huge(Path(folder) / side, given.huge, seed=len(side))
            words = ["score", str(Path(folder) / "real"), str(Path(folder) / "synthetic")]
            words += ["--set", "score.extractor=untrained"]
            megapixels = HUGE_PX**2 / 1e6
            name = f"score, {given.huge} + {given.huge} images of {megapixels:.0f} megapixels"
            found[name] = measure(words, Path(folder) / "cache")
            print(f"{name}: {found[name]}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = {"type": lambda text: [int(part) for part in text.split(",") if part], "metavar": "N,…"}
    parser.add_argument("--images", default=[5000, 10000, 20000], **numbers)
    parser.add_argument("--huge", type=int, default=16, metavar="N")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def write_settings(place: Path) -> Path:
    file = place / "settings.yaml"
    sections: dict[str, list[str]] = {}
    for setting in SETTINGS:
        name, value = setting.split("=", 1)
        section, field = name.split(".")
        sections.setdefault(section, []).append(f"  {field}: {value}")
    file.write_text("".join(f"{section}:\n" + "\n".join(lines) + "\n" for section, lines in sections.items()))
    return file


def write_set(folder: Path, number: int) -> None:
    generator = np.random.default_rng(number)
    for split, share in (("train", 0.8), ("test", 0.2)):
        for name, part in (("NORMAL", 0.25), ("PNEUMONIA", 0.75)):
            target = folder / split / name
            target.mkdir(parents=True)
            for index in range(round(number * share * part)):
                write_image(target / f"person{index}_{split}_{index}.jpeg", SMALL_PX, generator)


def write_huge(folder: Path, number: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    folder.mkdir()
    for index in range(number):
        write_image(folder / f"{index}.jpeg", HUGE_PX, generator)


def write_image(file: Path, size_px: int, generator: np.random.Generator) -> None:
    coarse = Image.fromarray(generator.integers(0, 256, (14, 14), dtype=np.uint8))
    coarse.resize((size_px, size_px), Image.Resampling.BICUBIC).save(file, quality=80)


def measure(words: list[str], cache: Path) -> dict[str, float]:
    """CPU seconds (user and system) and peak resident memory of one command, its worker processes apart."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ganbal", *words, "--quiet"],
        env=os.environ | {"GANBAL_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"`ganbal {' '.join(words)}` failed.")
    figures = {"cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1), "peak_mb": round(usage.ru_maxrss / 1024)}
    return figures


if __name__ == "__main__":
    main()
