"""How the arms were trained and compared, as sentences for a paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report.conditions import condition_of
from ganbal.report.number_text import count, listing, plural
from ganbal.report.run_reader import RunFiles
from ganbal.report.study_view import interval_covers

_CALIBRATION = {"brier": "the Brier score (Brier 1950)", "ece": "the expected calibration error (Guo et al. 2017)"}
_FITTED = {
    "pixel_svm": "{} is fitted to all images at once, without steps.",
    "svm_on_cnn": "{}: the network is trained so, the machine then fitted to its features.",
    "forest_on_cnn": "{}: the network is trained so, the forest then fitted to its features.",
}
_WEIGHTS = {"imagenet": ", ImageNet weights", "none": ", not pretrained", "file": ", pretrained weights"}


def study_methods(run: RunFiles) -> str:
    """Training, measures and statistics; empty where there is no study."""
    summary = run.summary
    if summary is None:
        return ""
    parts = (_training(summary, run.config.get("study") or {}), _conditions(summary), _measures(summary))
    return " ".join(part for part in (*parts, _statistics(summary), _tests(summary)) if part)


def setting(settings: Mapping[str, Any], name: str, form: str) -> str:
    """`form` filled with the setting's value; empty where it is not known."""
    value = settings.get(name)
    return "" if value is None else form.format(value)


def _training(summary: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    models = [
        f"{model['title']} ({model['image_size_px']} px{_WEIGHTS.get(str(model.get('pretrained')), '')})"
        for model in summary["classifiers"]
    ]
    stopped = "the validation images"
    if summary.get("protocol") == "documents":
        stopped = "the test images, as in the report reproduced"
    how = _own_recipes(settings, stopped) if settings.get("recipe") == "document" else _one_recipe(settings, stopped)
    fitted = [
        _FITTED[model["name"]].format(model["title"]) for model in summary["classifiers"] if model["name"] in _FITTED
    ]
    return " ".join([_trained(models, summary, how), *fitted])


def _one_recipe(settings: Mapping[str, Any], stopped: str) -> str:
    details = [
        setting(settings, "batch_size", "batch size {}"),
        setting(settings, "learning_rate", "learning rate {:g}"),
        setting(settings, "augment", "augmentation: {}"),
        setting(settings, "patience", "early stopping after {} checks without improvement"),
    ]
    listed = "; ".join(detail for detail in details if detail)
    return f"{f' ({listed})' if listed else ''}; training was stopped by the loss on {stopped}"


def _own_recipes(settings: Mapping[str, Any], stopped: str) -> str:
    return (
        f"{setting(settings, 'augment', ' (augmentation: {})')}; batch size, learning rate and its schedule, the L2 "
        "penalty, early stopping and which weights are kept were those of each classifier's publication, and where one "
        f"goes by a loss, it was that on {stopped}"
    )


def _trained(models: list[str], summary: Mapping[str, Any], how: str) -> str:
    return (
        f"Each of the classifiers {listing(models)} was trained on each training set "
        f"({listing([str(arm) for arm in summary['arms']])}) with {plural(len(summary['seeds']), 'seed')}, "
        f"with Adam for at most {count(summary.get('steps'))} optimiser steps in every arm{how}. "
        f"All were tested on the same {count(summary.get('num_test'))} images."
    )


def _conditions(summary: Mapping[str, Any]) -> str:
    found = [condition_of(row) for row in summary["differences"]]
    ratios = sorted({condition.synthetic_ratio for condition in found if condition.synthetic_ratio is not None})
    fractions = sorted({condition.fraction for condition in found})
    told = []
    if ratios:
        told.append(f"Arms that add images added {_numbers(ratios)} times what each class lacks.")
    if len(fractions) > 1:
        told.append(f"This was repeated with {_numbers(fractions)} of the minority class's training images.")
    return " ".join(told)


def _measures(summary: Mapping[str, Any]) -> str:
    metrics = {str(row["metric"]) for row in summary["differences"]}
    told = ["the Matthews correlation coefficient (Matthews 1975)"] if "mcc" in metrics else []
    told += [text for name, text in _CALIBRATION.items() if name in metrics]
    text = f"Besides accuracies, recalls and areas under curves, {listing(told)} were computed. " if told else ""
    if any(metric.endswith("_chosen") for metric in metrics):
        text += (
            "Images were called at a threshold of 0.5 and, separately, at the one that maximises Youden's index "
            "(Youden 1950) on the validation images of the same training."
        )
    return text.strip()


def _statistics(summary: Mapping[str, Any]) -> str:
    confidence = f"{100 * float(summary.get('confidence') or 0.95):g} %"
    covers = f" They cover {interval_covers(summary)}."
    baselines = dict.fromkeys(str(row["baseline"]) for row in summary["differences"] if row.get("baseline"))
    to_arms = listing(list(baselines) or [str(summary.get("baseline_arm") or "imbalanced")])
    return (
        f"Differences to {'the arms' if len(baselines) > 1 else 'the arm'} {to_arms} are paired by seed and given with "
        f"{confidence} intervals{_interval_method(summary)}.{covers}"
    )


def _interval_method(summary: Mapping[str, Any]) -> str:
    draws, patients, method = (summary.get(name) for name in ("patient_draws", "num_test_patients", "interval_method"))
    told = [str(method)] if method else []
    if draws and patients:
        told.append(f"{count(draws)} bootstrap draws of the {count(patients)} test patients, Efron and Tibshirani 1993")
    return f" ({'; '.join(told)})" if told else ""


def _tests(summary: Mapping[str, Any]) -> str:
    told, pairs = [], [row for row in summary.get("pairs") or [] if isinstance(row, Mapping)]
    if any(row.get("p_holm") is not None for row in summary["differences"]):
        told.append(
            "Their p-values were corrected after Holm (1979) within each measure and baseline, over all arms, "
            "conditions and classifiers; a difference is called found where the corrected p is at most 0.05."
        )
    tests = [f"{title}'s test ({paper})" for key, title, paper in _PAIR_TESTS if any(row.get(key) for row in pairs)]
    if tests:
        told.append(
            f"Test predictions averaged over the seeds were also compared by {listing(tests)}, corrected likewise."
        )
    return " ".join(told)


_PAIR_TESTS = (("mcnemar", "McNemar", "McNemar 1947"), ("delong", "DeLong", "DeLong et al. 1988"))


def _numbers(values: Sequence[float]) -> str:
    return listing([f"{value:g}" for value in values])
