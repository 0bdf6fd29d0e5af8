"""What early stopping costs a published system: validation and test images at every check of its trainings.

    python benchmarks/early_stopping.py --run DIR --system springboard_vgg16 [--arm gan …] [--seed 0 …]
        [--set FIELD=VALUE …] --out FILE

The trainings are those of `ganbal reproduce --protocol honest`, but none is stopped, and after each check the test
images are predicted too. They determine neither the learning rate nor the weights. Rows are appended to FILE, a CSV,
and trainings that it holds already are skipped.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from classifiers.evaluation.metrics import predicted_classes
from classifiers.models.network import Network
from classifiers.tensor_files import TensorCache
from classifiers.trained_classifier import predict_logits
from classifiers.training.config import TrainingConfig
from classifiers.training.loop import TrainingCallbacks, fit
from classifiers.training.losses import probabilities_of
from classifiers.training.network_inputs import NetworkInputs
from classifiers.training.train import train_classifier
from ganbal.config import Config, StudyConfig, load_config
from ganbal.data.dataset import load_dataset
from ganbal.run.folder import Run
from ganbal.runtime.atomic_files import write_bytes, write_text
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.cpus import torch_threads
from ganbal.runtime.device import choose_device
from ganbal.study.arms import ARMS, ImageSet
from ganbal.study.cell import Cell
from ganbal.study.cell_training import training_config
from ganbal.study.plan import classifier_size_px
from ganbal.study.source import StudyImages, study_source, training_set
from ganbal.synthesis.manifest import SyntheticFolder, read_synthetic

DOCUMENTS = Path(__file__).parents[1] / "configs" / "documents"


def main() -> None:
    arguments = parse()
    run = Run(arguments.run)
    base = {"data": load_config(run.config_file, []).data.model_dump(mode="json")}
    config = load_config(DOCUMENTS / f"{arguments.system}.yaml", arguments.set, base=base)
    study = config.study.model_copy(update={"protocol": "honest", "arms": tuple(arguments.arm)})
    images = images_of(run, config, study)
    done = pd.read_csv(arguments.out) if arguments.out.is_file() else pd.DataFrame(columns=["arm", "seed"])
    for arm in arguments.arm:
        for seed in arguments.seed:
            if ((done["arm"] == arm) & (done["seed"] == seed)).any():
                continue
            rows = course(Cell(arm, study.classifiers[0], seed), images, study, choose_device(config.device))
            done = pd.concat([done, pd.DataFrame([{"arm": arm, "seed": seed} | row for row in rows])])
            write_text(arguments.out, done.to_csv(index=False, float_format="%.6g"))
    print(summary(done, study.patience).to_string(index=False, float_format="%.3f"))


def images_of(run: Run, config: Config, study: StudyConfig) -> StudyImages:
    size_px = classifier_size_px(study.classifiers[0], study)
    dataset = load_dataset(config.data, sizes_px=[size_px], cache_root=cache_folder(), console=Console())
    needs_synthetic = any(ARMS[arm].needs_synthetic for arm in study.arms)
    synthetic = read_synthetic(SyntheticFolder(run.synthetic_folder)) if needs_synthetic else None
    return study_source(dataset, study.protocol, lambda fraction: synthetic).at_size(size_px)


def course(cell: Cell, images: StudyImages, study: StudyConfig, device: torch.device) -> list[dict[str, Any]]:
    """One row per check of the training: its history, and the test images at that step."""
    training, rows = training_set(cell, images), list[dict[str, Any]]()
    settings = replace(training_config(study, cell, training, device), patience=study.checks)
    size_px, weights = images.real.pixels.shape[1], study.weights_of(cell.classifier)
    cache = TensorCache(cache_folder() / "features", write_bytes)

    def fit_and_test(network: Network, *arguments: Any, config: TrainingConfig, **keywords: Any) -> Any:
        inputs = NetworkInputs.of(network, cell.classifier, size_px, device, cache, config.precision)
        test = images.test.images
        prepared = inputs.prepare(test.pixels)

        def on_check(row: dict[str, float]) -> None:
            logits = predict_logits(network, prepared, inputs.precision)
            probabilities = probabilities_of(logits, len(images.test.classes)).cpu().numpy()
            rows.append(row | test_figures(test, probabilities))
            print(cell.arm, cell.seed, {name: round(value, 4) for name, value in rows[-1].items()}, flush=True)

        keywords["callbacks"] = TrainingCallbacks(on_check=on_check)
        return fit(network, *arguments, config=config, **keywords)

    with torch_threads(study.threads), mock.patch("classifiers.training.train.fit", fit_and_test):
        train_classifier(
            cell.classifier,
            train_pixels=training.images.pixels,
            train_labels=training.images.labels,
            val_pixels=images.validation.pixels,
            val_labels=images.validation.labels,
            train_is_synthetic=training.is_synthetic,
            num_classes=len(images.test.classes),
            image_size_px=size_px,
            weights=weights,
            config=settings,
            device=device,
            cache=cache,
        )
    return rows


def test_figures(test: ImageSet, probabilities: np.ndarray) -> dict[str, float]:
    """Of two classes; `probabilities` (N, 2)."""
    predicted, of_label = predicted_classes(probabilities), probabilities[np.arange(len(test.labels)), test.labels]
    return {
        "test_loss": float(-np.log(np.maximum(of_label, np.finfo(np.float32).tiny)).mean()),
        "test_accuracy": float((predicted == test.labels).mean()),
        "test_balanced_accuracy": float(balanced_accuracy_score(test.labels, predicted)),
        "test_roc_auc": float(roc_auc_score(test.labels, probabilities[:, 1])),
    }


def summary(rows: pd.DataFrame, patience: int) -> pd.DataFrame:
    """One row per arm and way of ending: mean and standard deviation of the test figures over seeds."""
    chosen = [
        {"arm": arm, "ending": ending} | training.loc[index].to_dict()
        for (arm, _), training in rows.reset_index(drop=True).groupby(["arm", "seed"])
        for ending, index in endings(training["val_loss"], patience)
    ]
    figures = ["step", "val_loss", "test_loss", "test_accuracy", "test_balanced_accuracy", "test_roc_auc"]
    return pd.DataFrame(chosen).groupby(["arm", "ending"])[figures].agg(["mean", "std"]).reset_index()


def endings(losses: "pd.Series[float]", patience: int) -> Iterator[tuple[str, Any]]:
    """How the training could have ended, with the index of the check whose weights would have been kept."""
    waited, best = 0, losses.index[0]
    for index, loss in losses.items():
        waited = 0 if loss < losses[best] or index == best else waited + 1
        best = index if loss < losses[best] else best
        if waited >= patience:
            break
    yield "stopped early, best check", best
    yield "all steps, best check", losses.idxmin()
    yield "all steps, last check", losses.index[-1]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="run folder with synthetic images")
    parser.add_argument("--system", required=True, help="a file of configs/documents, without its suffix")
    parser.add_argument("--arm", nargs="+", default=["imbalanced", "gan"])
    parser.add_argument("--seed", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--out", type=Path, required=True, help="CSV of all checks")
    return parser.parse_args()


if __name__ == "__main__":
    main()
