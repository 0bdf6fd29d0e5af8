"""A run folder with made-up numbers and tiny images, in the shape that the stages leave."""

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from scipy import stats

from ganbal.reproduction.published import published_beside_study
from ganbal.study.warnings import study_warnings

ARM_EFFECTS = {"imbalanced": 0.0, "class-weights": 0.35, "duplicated": 0.1, "gan": 0.0}
CLASSIFIERS = {"baseline_cnn": ("Baseline CNN", "imagenet"), "vgg16": ("VGG16 transfer", "imagenet")}


@dataclass(frozen=True)
class MadeUpRun:
    """What the folder is to hold; every figure is drawn from `seed`."""

    classes: Sequence[str] = ("NORMAL", "PNEUMONIA")
    arms: dict[str, float] = field(default_factory=lambda: dict(ARM_EFFECTS))
    classifiers: Sequence[str] = ("baseline_cnn", "vgg16")
    seeds: int = 5
    num_test: int = 60
    is_phantom: bool = False
    protocol: str = "honest"
    parts: Sequence[str] = ("config", "provenance", "data", "gan", "synthetic", "scores", "study")
    steps: int = 2500
    seed: int = 0

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(self.seed)
        for part in self.parts:
            getattr(self, f"_write_{part}")(folder, random)
        return folder

    def _write_config(self, folder: Path, random: np.random.Generator) -> None:
        gan = {
            "preset": "small-data",
            "image_size_px": 64,
            "base_channels": 32,
            "latent_dim": 100,
            "batch_size": 64,
            "steps": self.steps,
            "learning_rate": 2e-4,
            "discriminator_learning_rate": 2e-4,
            "adam_beta1": 0.5,
            "loss": "non-saturating",
            "discriminator_norm": "batch",
            "minibatch_stddev": True,
            "r1_gamma": 0.0,
            "augment": ["brightness", "contrast"],
            "ema_half_life_images": 10000,
        }
        study = {
            "arms": list(self.arms),
            "classifiers": list(self.classifiers),
            "seeds": self.seeds,
            "steps": 800,
            "batch_size": 32,
            "learning_rate": 1e-3,
            "augment": "anatomical",
            "patience": 5,
            "protocol": self.protocol,
        }
        config = {"seed": 0, "device": "auto", "data": {"root": "data/chest_xray"}, "gan": gan, "study": study}
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")

    def _write_provenance(self, folder: Path, random: np.random.Generator) -> None:
        stages = ("inspect", "train-gan", "synthesize", "score", "compare")
        facts = {
            "ganbal_version": "0.1.0",
            "git_commit": "0123456789ab",
            "seed": 0,
            "created": "2026-01-02T03:04:05+0000",
            "command": "ganbal run --data data/chest_xray --config configs/quick.yaml",
            "versions": {"python": "3.11.9", "torch": "2.11.0", "pytorch-fid": "0.3.0"},
            "platform": "Linux x86_64, 2 threads",
            "gpu": None,
            "data_digest": "ab" * 32,
            "stages": {
                name: {"inputs": f"{number:016x}", "finished": "2026-01-02T03:14:05+0000", "seconds": 61.5 * number}
                for number, name in enumerate(stages)
            },
        }
        write_json(folder / "provenance.json", facts)

    def _write_data(self, folder: Path, random: np.random.Generator) -> None:
        first, *others = self.classes
        counts = {
            "train": {first: 1140} | dict.fromkeys(others, 3294),
            "val": {first: 201} | dict.fromkeys(others, 581),
            "test": {first: 234} | dict.fromkeys(others, 390),
            "unused": {first: 8} | dict.fromkeys(others, 8),
        }
        facts = {
            "source": {
                "root": "data/chest_xray",
                "origin": "data.root",
                "layout": "kaggle",
                "is_phantom": self.is_phantom,
            },
            "classes": list(self.classes),
            "minority_class": first,
            "counts": counts,
            "counts_found": {"train": {first: 1341, others[0]: 3875}, "test": {first: 234, others[0]: 390}},
            "imbalance_ratio": 2.8895,
            "missing_to_balance": {first: 2154} | dict.fromkeys(others, 0),
            "sizes": {
                "min": [384, 127],
                "median": [1281, 888],
                "max": [2916, 2713],
                "distinct": 4366,
                "modes": {"L": 5573, "RGB": 283},
            },
            "patients": {"train": 2241, "val": 390, "test": 387, "unused": 16},
            "patients_shared": [{"splits": ["train", "test"], "count": 61, "examples": ["person1", "person10"]}],
            "duplicates": {
                "groups": 30,
                "images": 62,
                "across_splits": 0,
                "examples": [["train/NORMAL/a.jpeg", "train/NORMAL/b.jpeg"]],
            },
            "unreadable": [{"file_name": f"train/{first}/broken.jpeg", "reason": "truncated JPEG"}],
            "digest": "cd" * 32,
            "validation_rule": "Validation is 15 % of the training patients, cut per class.",
        }
        write_json(folder / "data.json", facts)
        write_image(folder / "figures" / "real_samples.png", random, 262, 262)
        write_image(folder / "figures" / "samples.png", random, 900, 200)

    def _write_gan(self, folder: Path, random: np.random.Generator) -> None:
        steps = np.arange(50, self.steps + 1, 50)
        noise = random.normal(0, 0.05, (4, len(steps)))
        table = pd.DataFrame(
            {
                "step": steps,
                "images_seen": steps * 64,
                "discriminator_loss": 1.0 - 0.3 * steps / self.steps + noise[0],
                "generator_loss": 1.2 + 0.9 * steps / self.steps + noise[1],
                "real_score": 0.6 + 0.1 * steps / self.steps + noise[2] / 2,
                "synthetic_score": 0.42 - 0.1 * steps / self.steps + noise[3] / 2,
                "augment_probability": 1.0,
                "images_per_second": 190.0,
                "kernel_distance": np.where(steps % 500 == 0, 0.05 * np.exp(-steps / 1000) + 0.004, np.nan),
            }
        )
        (folder / "gan").mkdir(exist_ok=True)
        table.to_csv(folder / "gan" / "history.csv", index=False)
        for step in range(500, self.steps + 1, 500):
            write_image(folder / "gan" / "samples" / f"step_{step:06d}.png", random, 132, 132)
        for name in ("interpolation", "augmentation"):
            write_image(folder / "gan" / f"{name}.png", random, 200, 120)
        facts = {
            "steps": self.steps,
            "images_seen": self.steps * 64,
            "class_name": self.classes[0],
            "image_size_px": 64,
            "num_images": 1140,
            "seconds": 842.0,
            "device": "cpu",
            "parameters": {"generator": 895_000, "discriminator": 696_000},
            "augment": ["brightness", "contrast"],
        }
        write_json(folder / "gan" / "training.json", facts)

    def _write_synthetic(self, folder: Path, random: np.random.Generator) -> None:
        rows = []
        for index in range(20):
            name = f"class_0/synthetic_0_{index:06d}.png"
            write_image(folder / "synthetic" / name, random, 64, 64)
            rows.append([name, self.classes[0], 0, index, "ef" * 32])
        columns = ["file_name", "label", "seed", "index", "checkpoint_sha256"]
        pd.DataFrame(rows, columns=columns).to_csv(folder / "synthetic" / "manifest.csv", index=False)

    def _write_scores(self, folder: Path, random: np.random.Generator) -> None:
        inception = {
            "name": "inception",
            "dims": 768,
            "weights_sha256": "67" * 32,
            "resize": "pytorch-fid 299",
            "note": "trained on photographs of everyday things, not on radiographs",
        }
        common = {"n_real": 1140, "n_synthetic": 2154, "better": "lower", "held_out_floor": None, "note": ""}
        halves = {"n": 570, "splits": 5, "note": "two disjoint halves of the real images"}
        fid = {
            "metric": "fid",
            "title": "FID",
            "value": 1.0273,
            "interval": None,
            "extractor": inception,
            "floor": {"value": 0.2241, "low": 0.2102, "high": 0.238, "score_at_n": 1.113} | halves,
        }
        kid = {
            "metric": "kid",
            "title": "KID",
            "value": 0.00421,
            "interval": [0.0038, 0.0046],
            "extractor": inception,
            "floor": {"value": -0.00002, "low": -0.0002, "high": 0.0002} | halves,
        }
        two_sample = {
            "metric": "two_sample_auc",
            "title": "Two-sample AUC",
            "value": 0.981,
            "interval": [0.97, 0.99],
            "extractor": None,
            "floor": None,
        }
        held_out = {"value": 0.31, "low": 0.29, "high": 0.33, "n": 234, "splits": 5, "score_at_n": 1.2, "note": ""}
        pair = {"synthetic": "class_0/synthetic_0_000003.png", "training": "train/a.jpeg", "closeness": 1.2}
        write_image(folder / "figures" / "nearest_pairs.png", random, 330, 200)
        content = {
            "comparison": {
                "real": {"name": "training images", "n": 1140},
                "synthetic": {"name": "synthetic images", "n": 2154},
                "held_out": None,
                "image_size_px": 64,
            },
            "scores": [common | fid | {"held_out_floor": held_out}, common | kid, common | two_sample],
            "copies": {"number": 1, "rule_from": "held-out", "nearest_pairs": [pair | {"is_copy": True}]},
            "warnings": ["A simple classifier tells synthetic from real images with AUC 0.981."],
        }
        write_json(folder / "scores.json", content)

    def _write_study(self, folder: Path, random: np.random.Generator) -> None:
        labels = np.sort(random.integers(0, len(self.classes), self.num_test))
        results = []
        for classifier in self.classifiers:
            for arm, effect in self.arms.items():
                for seed in range(self.seeds):
                    place = folder / "study" / "cells" / arm / classifier / str(seed)
                    results.append(
                        {"arm": arm, "classifier": classifier, "seed": seed}
                        | self._write_cell(place, labels, effect, random)
                    )
        table = pd.DataFrame(results)
        table.to_csv(folder / "study" / "results.csv", index=False)
        write_json(folder / "study" / "summary.json", self._summary(table))

    def _write_cell(
        self, place: Path, labels: np.ndarray, effect: float, random: np.random.Generator
    ) -> dict[str, float]:
        place.mkdir(parents=True)
        logits = random.normal(0, 1, (len(labels), len(self.classes))) + random.normal(0, 0.2, len(self.classes))
        logits[np.arange(len(labels)), labels] += 1.6 + effect
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        columns = {f"probability_{name}": probabilities[:, number] for number, name in enumerate(self.classes)}
        names = {"file_name": [f"test/{n}.jpeg" for n in range(len(labels))]}
        true = {"label": [self.classes[label] for label in labels]}
        pd.DataFrame(names | true | columns).to_csv(place / "predictions.csv", index=False)
        history = pd.DataFrame(
            {
                "step": np.arange(80, 801, 80),
                "train_loss": 0.6 * np.exp(-np.arange(10) / 4) + random.normal(0, 0.01, 10),
                "val_loss": 0.55 * np.exp(-np.arange(10) / 4) + 0.03 * np.arange(10) + random.normal(0, 0.02, 10),
                "val_accuracy": 0.8,
                "learning_rate": 1e-3,
            }
        )
        history.to_csv(place / "history.csv", index=False)
        return self._metrics(place, labels, probabilities)

    def _metrics(self, place: Path, labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
        size = len(self.classes)
        matrix = np.zeros((size, size), dtype=int)
        np.add.at(matrix, (labels, probabilities.argmax(axis=1)), 1)
        recall = matrix.diagonal() / matrix.sum(axis=1)
        precision = matrix.diagonal() / np.maximum(matrix.sum(axis=0), 1)
        positive = probabilities[:, -1]
        is_positive = labels == size - 1
        auc = float((positive[is_positive][:, None] > positive[~is_positive]).mean())
        row = {
            "accuracy": float(matrix.trace() / matrix.sum()),
            "balanced_accuracy": float(recall.mean()),
            "roc_auc": auc,
            "pr_auc": auc,
        }
        per_class = {
            name: {
                "precision": precision[n],
                "recall": recall[n],
                "f1": 2 * precision[n] * recall[n] / (precision[n] + recall[n]),
            }
            for n, name in enumerate(self.classes)
        }
        counts = {"num_train": 4434, "num_train_synthetic": 0, "steps_taken": 800, "best_step": 320, "seconds": 12.0}
        write_json(
            place / "metrics.json",
            row | counts | {"confusion_matrix": matrix.tolist(), "per_class": per_class, "pretrained": "imagenet"},
        )
        flat = {f"{kind}_{name}": by[kind] for name, by in per_class.items() for kind in ("precision", "recall", "f1")}
        return row | flat | counts

    def _summary(self, results: pd.DataFrame) -> dict[str, Any]:
        metrics = ["accuracy", "balanced_accuracy", "roc_auc", "pr_auc", *(f"recall_{name}" for name in self.classes)]
        differences = [
            self._difference(results, classifier, arm, baseline, metric)
            for classifier in self.classifiers
            for arm in self.arms
            for baseline in ("imbalanced", "duplicated")
            if baseline in self.arms and arm not in ("imbalanced", baseline)
            for metric in metrics
        ]
        grouped = results.groupby(["arm", "classifier"], sort=False)
        per_arm = [
            {
                "arm": arm,
                "classifier": classifier,
                "metric": metric,
                "mean": rows[metric].mean(),
                "sd": rows[metric].std() if len(rows) > 1 else None,
                "n": len(rows),
            }
            for (arm, classifier), rows in grouped
            for metric in metrics
        ]
        titles = {name: CLASSIFIERS.get(name, (name, "none")) for name in self.classifiers}
        models = [
            {"name": name, "title": title, "image_size_px": 64, "pretrained": pretrained}
            for name, (title, pretrained) in titles.items()
        ]
        return {
            "protocol": self.protocol,
            "classes": list(self.classes),
            "positive_class": self.classes[1] if len(self.classes) == 2 else None,
            "arms": list(self.arms),
            "classifiers": models,
            "seeds": list(range(self.seeds)),
            "steps": 800,
            "num_test": self.num_test,
            "num_val": 782,
            "baseline_arm": "imbalanced",
            "main_metric": "balanced_accuracy",
            "confidence": 0.95,
            "interval_covers": ["seeds"],
            "per_arm": per_arm,
            "differences": differences,
            "verdict_sentence": "Adding GAN images — Baseline CNN: no difference found (balanced accuracy +0.4 points, "
            f"95 % interval −1.0 to +1.8, {self.seeds} seeds; a true effect under 2.1 points would likely be missed); "
            f"VGG16 transfer: no difference found (balanced accuracy −0.9 points, 95 % interval −2.6 to +0.8, "
            f"{self.seeds} seeds; a true effect under 2.4 points would likely be missed).",
            "warnings": study_warnings(
                num_seeds=self.seeds,
                protocol=self.protocol,
                classifiers=models,
                patients=[str(number) for number in range(500)],
                differences=[],
                devices={},
            ),
            "published": published_beside_study(
                self.classes, self.classifiers, list(self.arms), is_augmented=True, is_phantom=self.is_phantom
            ),
        }

    def _difference(
        self, results: pd.DataFrame, classifier: str, arm: str, baseline: str, metric: str
    ) -> dict[str, Any]:
        values = results[results["classifier"] == classifier].pivot(index="seed", columns="arm", values=metric)
        found = (values[arm] - values[baseline]).to_numpy()
        n, mean = len(found), float(found.mean())
        row = {"classifier": classifier, "metric": metric, "arm": arm, "baseline": baseline, "mean": mean, "n": n}
        if n < 2:
            return row | {"sd": None, "low": None, "high": None, "verdict": "too few seeds"}
        sd = float(found.std(ddof=1))
        reach = float(stats.t.ppf(0.975, n - 1)) * sd / math.sqrt(n)
        verdict = "helps" if mean > reach else "hurts" if mean < -reach else "no difference found"
        return row | {
            "sd": sd,
            "low": mean - reach,
            "high": mean + reach,
            "verdict": verdict,
            "smallest_detectable": 1.4 * reach,
        }


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


def write_image(path: Path, random: np.random.Generator, width: int, height: int) -> None:
    """A smooth blob with noise: not a chest, but not flat either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    pixels = 60 + 130 * np.exp(-2 * (x**2 + y**2)) + random.normal(0, 8, (height, width))
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


CONDITIONS = ((0.25, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 0.1), (1.0, 0.5))
"""Ratios and fractions of the minority class in a study that has both."""
ADDS_IMAGES = ("duplicated", "gan")


def write_conditions(folder: Path) -> Path:
    """Make a finished run into one of a study with ratios, fractions, all measures and tests."""
    for ratio, fraction in CONDITIONS:
        part = folder / "study" / "cells" / ("" if fraction == 1 else f"fraction_{fraction:g}")
        for arm in ADDS_IMAGES:
            shutil.copytree(folder / "study" / "cells" / arm, part / f"{arm}_ratio_{ratio:g}")
        if fraction != 1:
            shutil.copytree(folder / "study" / "cells" / "imbalanced", part / "imbalanced")
    for arm in ADDS_IMAGES:
        shutil.rmtree(folder / "study" / "cells" / arm)
    summary = json.loads((folder / "study" / "summary.json").read_text(encoding="utf-8"))
    differences = _with_tests(_at_conditions(_with_measures(summary["differences"])))
    new = {"per_arm": _at_conditions(_with_measures(summary["per_arm"])), "differences": differences}
    facts = {"num_test_patients": 40, "patient_draws": 1000, "interval_method": "variances of seeds and patients added"}
    write_json(folder / "study" / "summary.json", summary | new | facts | {"pairs": _pairs(differences)})
    results = pd.read_csv(folder / "study" / "results.csv").assign(mcc=0.6, brier=0.12, ece=0.05, threshold_chosen=0.7)
    pd.DataFrame(_at_conditions(results.to_dict("records"))).to_csv(folder / "study" / "results.csv", index=False)
    return folder


def _with_measures(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    copies = {"accuracy": ("mcc", "accuracy_chosen", "mcc_chosen"), "pr_auc": ("brier", "ece")}
    return rows + [row | {"metric": new} for row in rows for new in copies.get(row["metric"], ())]


def _at_conditions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        adds, in_fractions = row["arm"] in ADDS_IMAGES, row["arm"] in (*ADDS_IMAGES, "imbalanced")
        places = CONDITIONS if adds else [(None, f) for f in ((1.0, 0.5, 0.1) if in_fractions else (1.0,))]
        for ratio, fraction in places:
            shift = 0.02 * ((ratio or 1) - 1) + 0.1 * (1 - fraction)
            moved = {key: row[key] + shift for key in ("mean", "low", "high") if row.get(key) is not None}
            found.append(row | moved | {"synthetic_ratio": ratio, "minority_fraction": fraction})
    return found


def _with_tests(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for number, row in enumerate(rows):
        row["better"] = "lower" if row["metric"] in ("brier", "ece") else "higher"
        row |= {"p_value": 0.0004 + number / 1000 % 1, "p_holm": min(1.0, 0.004 + number / 500)}
        row |= {"seeds_needed": 7 + number if number % 3 else None, "family_size": 10}
    return rows


def _pairs(differences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    calls = {"b": 12, "c": 31, "statistic": 7.5, "p_value": 0.0061, "p_holm": 0.0244, "method": "chi-squared"}
    areas = {"auc": 0.93, "auc_baseline": 0.91, "difference": 0.02, "low": -0.01, "high": 0.05, "p_value": 0.19}
    names = ("classifier", "arm", "synthetic_ratio", "minority_fraction", "baseline")
    rows = [{name: row[name] for name in names} for row in differences if row["metric"] == "accuracy"]
    return [row | {"n_seeds": 5, "mcnemar": calls, "delong": areas | {"p_holm": 0.57}} for row in rows]


@pytest.fixture(scope="session")
def run_with_conditions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run whose study has ratios and fractions, with its report built once; tests only read it."""
    from ganbal.report import build_report

    folder = write_conditions(MadeUpRun(seeds=3, num_test=30).write(tmp_path_factory.mktemp("outputs") / "ratios"))
    build_report(folder)
    return folder


@pytest.fixture(scope="session")
def made_up_run() -> type[MadeUpRun]:
    """`made_up_run(classes=…, parts=…).write(folder)` makes a run folder."""
    return MadeUpRun


@pytest.fixture(scope="session")
def reported_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run with its report built once; tests only read it."""
    from ganbal.report import build_report

    folder = MadeUpRun().write(tmp_path_factory.mktemp("outputs") / "made-up")
    build_report(folder)
    return folder
