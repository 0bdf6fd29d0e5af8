"""Every arm with the published 64-px CNN, in one study: is it the images that change a classifier, or a shortcut?

    python benchmarks/all_arms.py DATA --generator NORMAL.safetensors --generator PNEUMONIA.safetensors
        [--seeds 5] [--steps 4075] [--workers auto] [--device auto] --out DIR

The generators are files of `ganbal export`, one per class: with that of the minority class alone, `gan-both` is left
out. The study leaves out what the network cannot train (`smote`, `gan-advprop`) and says so. DIR is an ordinary run
folder with a report, continued by the same command; DIR/all_arms.md compares every arm with `imbalanced`,
`duplicated` and `class-weights`, paired by seed. Test images are used once per cell, and nothing is chosen.
"""

import argparse
from pathlib import Path

import pandas as pd
from answer_parts.table import table_text

import ganbal
from ganbal.runtime.atomic_files import write_text
from ganbal.study.arms.registry import ARMS

CLASSIFIER = "cnn_64"
EPOCHS, STEPS = 25, 4075
"""Of the publication, in batches of 32 of the 5,216 training images."""
OF_ALL_CLASSES = "gan-both"
TABLE = "all_arms.md"


def main() -> None:
    given = parse()
    generators = [ganbal.Generator.load(file) for file in given.generator]
    data = ganbal.load(given.data, device=given.device)
    is_of_all = {name for generator in generators for name in generator.class_names} >= set(data.classes)
    study = ganbal.compare(
        data,
        generators,
        arms=[name for name in ARMS if is_of_all or name != OF_ALL_CLASSES],
        classifiers=[CLASSIFIER],
        recipe="published",
        augment="published",
        image_size_px=generators[0].image_size_px,
        steps=given.steps,
        checks=min(EPOCHS, given.steps),
        seeds=given.seeds,
        workers=given.workers if given.workers == "auto" else int(given.workers),
        keep_models=False,
        run=given.out,
    )
    print(study)
    text = table_text(pd.read_csv(study.run / "study" / "results.csv"))
    write_text(study.run / TABLE, text)
    print(text)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--generator", type=Path, action="append", required=True, metavar="FILE", help="repeatable")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=STEPS, help=f"per classifier; default {STEPS}, as published")
    parser.add_argument("--workers", default="auto", metavar="auto|N", help="classifiers trained at a time")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    return parser.parse_args()


if __name__ == "__main__":
    main()
