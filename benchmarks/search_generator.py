"""Searches for a better generator: trains variants on equally many images, ranks them on validation images.

    python benchmarks/search_generator.py DATA --extractor inception=FILE --extractor torchvision:mobilenet_v2=FILE
        [--images 128000] [--seeds 1] [--out DIR] [--only VARIANT …] [--variants FILE.yaml] [--hours H]
    python benchmarks/search_generator.py DATA --extractor … --measure GENERATOR … [--out DIR]
    python benchmarks/search_generator.py phantom --tiny --out DIR

The variants are in generator_search/variants.yaml, the measures in generator_search/measures.py; the rule of the
ranking is stated in generator_search/ranking.py. A search that was ended goes on where it was: a training from its last
checkpoint, finished ones from their measures.json. Other settings train in another folder. After each training DIR
holds table.md, table.csv (all measures, one line per training) and a grid of synthetic images beside validation images.
The test images are not read. With `--measure`, nothing is trained: generators in files (exports or checkpoints) are
measured in the same way, one file of measures and one grid each under DIR/measured, with the row of real images.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from generator_search.measures import Judge
from generator_search.ranking import ranked_variants

from ganbal.config import Config, load_config
from ganbal.data.dataset import load_dataset
from ganbal.errors import GanbalError, InputError
from ganbal.gan.checkpoint import load_generator
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.sampling import latent_rows
from ganbal.gan.training import train_gan
from ganbal.metrics.features.registry import build_extractor
from ganbal.runtime.atomic_files import atomic_path, read_json, write_json, write_text
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.runtime.hashing import digest_of
from ganbal.runtime.locks import folder_lock
from ganbal.synthesis.synthetic_png import tile, write_synthetic_png

MEASURES_FILE = "measures.json"
VARIANTS_FILE = Path(__file__).resolve().with_name("generator_search") / "variants.yaml"
GRID_ROWS, GRID_COLUMNS = 8, 6
LATENT_SEED = 1000
"""Added to the seed of a training: images of latent vectors that no sample grid shows."""
TINY = ["gan.base_channels=4", "gan.latent_dim=8", "gan.batch_size=8"]
TINY_DATA = ["data.phantom_images=160", "data.val_fraction=0.4"]
LEAST_VALIDATION_IMAGES = 8
"""Neighbors and halves need so many; estimates from so few are worth little."""


@dataclass(frozen=True)
class Variant:
    """A way of training.

    Attributes:
        settings: those of all variants and its own, as `--set` takes them.
        pretrain_share: the share of the steps that are on images of all classes, the first ones.
    """

    name: str
    settings: Sequence[str]
    pretrain_share: float | None = None


@dataclass(frozen=True)
class Search:
    """What is searched: everything that all trainings have in common.

    Attributes:
        images: training images shown to each discriminator, with repetitions.
        every_class, labels: training images (N, S, S) uint8 of all classes and their labels (N,) int64, for
            class-conditional variants and for those that are pretrained on them.
        classes: their names.
        common: settings of all variants, as `--set` takes them.
        data_digest: digest of the image table.
    """

    judge: Judge
    every_class: np.ndarray
    labels: np.ndarray
    classes: Sequence[str]
    class_name: str
    images: int
    common: Sequence[str]
    data_digest: str
    out: Path

    def train_and_measure(self, variant: "Variant", seed: int) -> dict[str, Any] | None:
        """The row of one training: variant, seed, seconds, measures; `failed` says why there are none.

        None where another process is training it.
        """
        config = self.config_of(variant, seed)
        folder = self.folder_of(variant.name, config)
        with ExitStack() as locks:
            try:
                locks.enter_context(folder_lock(folder, f"training {variant.name}"))
            except InputError:
                return None
            if (row := self.finished(variant, seed)) is None:
                row = {"variant": variant.name, "seed": seed} | self._train_and_measure(config, folder)
                write_json(folder / MEASURES_FILE, row)
            return row

    def measure_file(self, file: Path, folder: Path) -> dict[str, Any]:
        """The measures of the generator in a file; `folder` gets its grid."""
        generator = load_generator(file, self.judge.device, self.class_name)
        latents = latent_rows(LATENT_SEED, self.judge.num_synthetic, generator.latent_dim)
        synthetic = np.concatenate(list(generator.generate(latents, 64)))
        self._write_grid(folder / "grid.png", synthetic)
        return {"file": str(file), "step": generator.step} | self.judge.measure(synthetic, 0)

    def finished(self, variant: "Variant", seed: int) -> dict[str, Any] | None:
        """The row of a finished training."""
        file = self.folder_of(variant.name, self.config_of(variant, seed)) / MEASURES_FILE
        return read_json(file) if file.is_file() else None

    def reference(self) -> dict[str, Any]:
        """The row of real images; its numbers bound what a generator can reach."""
        file = self.out / f"real-{self._data_identity[:8]}.json"
        if not file.is_file():
            write_json(file, {"variant": "(half of the training images)", "seed": 0} | self.judge.measure_real(0))
        return read_json(file)

    def _train_and_measure(self, config: Config, folder: Path) -> dict[str, Any]:
        start = time.perf_counter()
        try:
            synthetic = self._train(config, folder)
        except GanbalError as error:
            return {"failed": str(error)}
        seconds = round(time.perf_counter() - start, 1)
        self._write_grid(folder / "grid.png", synthetic)
        return {"seconds": seconds} | self.judge.measure(synthetic, config.seed)

    def config_of(self, variant: "Variant", seed: int) -> Config:
        """Equal images for all, so smaller batches take more steps."""
        assignments = [*self.common, *variant.settings, f"seed={seed}"]
        steps = max(1, self.images // load_config(None, assignments).gan.batch_size)
        intervals = [f"gan.{name}_every_steps={steps}" for name in ("score", "sample")]
        pretraining = (
            [] if variant.pretrain_share is None else [f"gan.pretrain_steps={int(variant.pretrain_share * steps)}"]
        )
        return load_config(None, [*assignments, f"gan.steps={steps}", *pretraining, *intervals])

    def folder_of(self, variant: str, config: Config) -> Path:
        content = self._fingerprint(config).to_dict()
        identity = digest_of(content["settings"], content["is_conditional"], self.images, self._data_identity)
        name = "".join(character if character.isalnum() else "_" for character in variant)
        return self.out / f"{name}-{identity[:8]}" / str(config.seed)

    def _fingerprint(self, config: Config) -> TrainingFingerprint:
        return TrainingFingerprint.of(
            config.gan,
            seed=config.seed,
            class_names=self.classes if config.gan.conditional else [self.class_name],
            data_digest=self.data_digest,
            is_conditional=config.gan.conditional,
        )

    @property
    def _data_identity(self) -> str:
        """Of everything besides a training that its measures depend on."""
        identities = [extractor.identity.to_json() for extractor in self.judge.extractors.values()]
        return digest_of(self.data_digest, len(self.judge.training), self.judge.training.shape, identities)

    def _train(self, config: Config, folder: Path) -> np.ndarray:
        place, gan = GanFolder(folder), config.gan
        train_gan(
            self.every_class if gan.conditional else self.judge.training,
            gan,
            labels=self.labels if gan.conditional else None,
            pretraining_images=self.every_class if gan.pretrain_steps else None,
            fingerprint=self._fingerprint(config),
            seed=config.seed,
            device=self.judge.device,
            folder=place,
            console=Console(),
        )
        generator = load_generator(place.last_checkpoint, self.judge.device, self.class_name)
        latents = latent_rows(config.seed + LATENT_SEED, self.judge.num_synthetic, gan.latent_dim)
        return np.concatenate(list(generator.generate(latents, 64)))

    def _write_grid(self, file: Path, synthetic: np.ndarray) -> None:
        """Synthetic images on the left, validation images on the right of a white line."""
        count = GRID_ROWS * GRID_COLUMNS
        sheets = [tile(images[:count], GRID_COLUMNS) for images in (synthetic, self.judge.validation)]
        height = min(len(sheet) for sheet in sheets)
        line = np.full((height, 4), 255, dtype=np.uint8)
        sheet = np.hstack([sheets[0][:height], line, sheets[1][:height]])
        write_synthetic_png(file, sheet, {"content": "left: synthetic images; right: validation images"})


def run(
    search: Search,
    variants: Sequence[Variant],
    seeds: Sequence[int],
    *,
    only: Collection[str],
    may_start: Callable[[], bool] = lambda: True,
) -> Iterator[dict[str, Any]]:
    """Train variants with the first seed, then with the next, and yield each row.

    Several processes may do this at once in one folder: each trains what no other does.

    Args:
        variants: all variants; the tables hold those of them that are finished.
        only: names of the variants to train.
        may_start: asked before each training; False ends the search.
    """
    search.out.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for variant in (variant for variant in variants if variant.name in only):
            if not may_start():
                return
            row = search.train_and_measure(variant, seed)
            done = [search.finished(one, each) for one in variants for each in seeds]
            write_tables([search.reference(), *(row for row in done if row is not None)], search.out)
            if row is not None:
                yield row


def write_tables(rows: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """table.csv has one line per training, table.md one per variant in the order of the ranking."""
    with atomic_path(folder / "table.csv") as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.6g")
    reference, trained = rows[0], rows[1:]
    names = [name for name in reference if name not in ("variant", "seed")] + ["copies"]
    measured: dict[str, list[dict[str, float] | None]] = {}
    for row in trained:
        measures = None if "failed" in row else {name: row[name] for name in [*names, "seconds"]}
        measured.setdefault(row["variant"], []).append(measures)
    lines = [
        f"| | variant | seeds | mean rank | {' | '.join(names)} | seconds |",
        "|---" * (len(names) + 5) + "|",
    ]
    for place, (variant, rank, means) in enumerate(ranked_variants(measured), 1):
        shown = [f"{means[name]:.3g}" if means else "failed" for name in [*names, "seconds"]]
        mean_rank = "–" if rank is None else f"{rank:.2f}"
        lines.append(f"| {place} | {variant} | {len(measured[variant])} | {mean_rank} | {' | '.join(shown)} |")
    shown = [f"{reference[name]:.3g}" if name in reference else "" for name in names]
    lines.append(f"| | {reference['variant']} | | | {' | '.join(shown)} | |")
    write_text(folder / "table.md", "\n".join(lines) + "\n")


def read_variants(file: Path) -> list[Variant]:
    """The variants of a file such as generator_search/variants.yaml."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    merged = {name: content["common"] | own for name, own in content["variants"].items()}
    shares = {name: settings.pop("pretrain_share", None) for name, settings in merged.items()}
    return [
        Variant(name, [f"gan.{key}={json.dumps(value)}" for key, value in settings.items()], shares[name])
        for name, settings in merged.items()
    ]


def make_search(
    data: str,
    *,
    size_px: int,
    images: int,
    extractors: Sequence[str],
    common: Sequence[str],
    out: Path,
    device: torch.device,
    tiny: bool,
) -> Search:
    """Read the images and build the extractors, each `NAME` or `NAME=FILE` with its weights."""
    common = [
        f"data.root={data}",
        f"gan.image_size_px={size_px}",
        *(TINY if tiny else ["gan.base_channels=32"]),
        *common,
    ]
    config, console = load_config(None, [*common, *(TINY_DATA if tiny else [])]), Console()
    dataset = load_dataset(config.data, sizes_px=[size_px], cache_root=cache_folder(), console=console)
    table, pixels, name = dataset.table, dataset.pixels(size_px), dataset.table.minority_class
    training, validation = (np.array(pixels[table.rows(split, name)]) for split in ("train", "val"))
    rows = table.rows("train")
    if len(validation) < LEAST_VALIDATION_IMAGES:
        sys.exit(f"{data}: {len(validation)} validation images of {name}; {LEAST_VALIDATION_IMAGES} are needed.")
    built = {}
    for text in extractors:
        extractor, _, weights = text.partition("=")
        given = [f"score.extractor={extractor}", "score.dims=768", *([f"score.weights={weights}"] if weights else [])]
        built[extractor.removeprefix("torchvision:")] = build_extractor(load_config(None, given).score, device)
    return Search(
        judge=Judge(training, validation, built, device),
        every_class=np.array(pixels[rows]),
        labels=table.frame["label"].to_numpy(dtype=np.int64)[rows],
        classes=table.classes,
        class_name=name,
        images=images,
        common=common,
        data_digest=table.digest(),
        out=out,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="image set, or `phantom`")
    parser.add_argument("--extractor", action="append", metavar="NAME[=FILE]", help="as score.extractor; repeatable")
    parser.add_argument("--set", action="append", default=[], metavar="SETTING", help="of all variants; repeatable")
    parser.add_argument("--images", type=int, default=128_000)
    parser.add_argument("--size", type=int, default=64, help="side in pixels")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--variants", type=Path, default=VARIANTS_FILE, metavar="FILE.yaml")
    parser.add_argument("--only", nargs="+", metavar="VARIANT")
    parser.add_argument("--measure", nargs="+", type=Path, metavar="GENERATOR", help="measure these files, train none")
    parser.add_argument("--hours", type=float, default=float("inf"), help="after this time no training starts")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tiny", action="store_true", help="smallest sizes: shows that it works, measures nothing")
    parser.add_argument("--out", type=Path, default=Path("outputs/generator-search"), metavar="DIR")
    given = parser.parse_args()
    variants = read_variants(given.variants)
    names = [variant.name for variant in variants]
    if unknown := set(given.only or ()) - set(names):
        parser.error(f"--only {', '.join(sorted(unknown))}: choose among {', '.join(names)}")
    search = make_search(
        given.data,
        size_px=32 if given.tiny else given.size,
        images=32 if given.tiny else given.images,
        extractors=given.extractor or ["untrained"],
        common=given.set,
        out=given.out,
        device=choose_device(given.device),
        tiny=given.tiny,
    )
    if given.measure:
        for number, file in enumerate(given.measure):
            folder = given.out / "measured" / f"{number}-{file.stem}"
            row = search.measure_file(file, folder)
            write_json(folder / MEASURES_FILE, row)
            print(json.dumps(row), flush=True)
        print(json.dumps(search.reference()))
        return
    end = time.monotonic() + 3600 * given.hours
    only = given.only or names
    for row in run(search, variants, range(given.seeds), only=only, may_start=lambda: time.monotonic() < end):
        print(json.dumps(row), flush=True)
    print((given.out / "table.md").read_text())


if __name__ == "__main__":
    main()
