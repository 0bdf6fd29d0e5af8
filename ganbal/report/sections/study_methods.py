"""How the arms were trained and compared, as sentences for a paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganbal.report.conditions import condition_of
from ganbal.report.metric_names import is_at_chosen_threshold
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.references import Citations
from ganbal.report.study_view import StudyView, study_view
from ganbal.runtime.number_text import count, listing, plural

_FITTED = {
    "pixel_svm": "{} is fitted to all images at once, without steps.",
    "svm_on_cnn": "{}: the network is trained in this way, then the support vector machine is fitted to its features.",
    "forest_on_cnn": "{}: the network is trained in this way, then the random forest is fitted to its features.",
}
_WEIGHTS = {"imagenet": ", ImageNet weights", "none": ", not pretrained", "file": ", pretrained weights"}


def study_methods(run: RunFiles, cite: Citations) -> str:
    """Training, metrics and statistics; empty where there is no study."""
    study = study_view(run)
    if study is None:
        return ""
    parts = (
        _training(study, run.config.get("study") or {}, cite),
        _conditions(study.summary),
        _metrics(study, cite),
        _statistics(study, cite),
        _tests(study, cite),
    )
    return " ".join(part for part in parts if part)


def setting(settings: Mapping[str, Any], name: str, form: str) -> str:
    """`form` filled with the setting's value; empty where it is unknown."""
    value = settings.get(name)
    return "" if value is None else form.format(value)


def _training(study: StudyView, settings: Mapping[str, Any], cite: Citations) -> str:
    summary = study.summary
    models = [
        f"{model['title']}{f' ({cite(vgg)})' if (vgg := model['name']) == 'vgg16' else ''} at "
        f"{count(model['image_size_px'])} px{_WEIGHTS.get(model['pretrained'], '')}"
        for model in study.classifiers
    ]
    stopped = "the validation images"
    if summary["protocol"] == "documents":
        stopped = "the test images, as in the publication reproduced"
    how = _own_recipes(settings, stopped) if settings.get("recipe") == "published" else _one_recipe(settings, stopped)
    smote = f"; SMOTE: {cite('smote')}" if "smote" in study.arms else ""
    trained = (
        f"{listing(models)} {'was' if len(models) == 1 else 'were each'} trained on every training set "
        f"({listing(study.arms)}{smote}) with {plural(len(study.seeds), 'seed')} and Adam ({cite('adam')}) for at most "
        f"{count(summary['steps'])} optimizer steps per training{how}. All classifiers were tested on the same "
        f"{count(summary['num_test'])} images."
    )
    fitted = [_FITTED[model["name"]].format(model["title"]) for model in study.classifiers if model["name"] in _FITTED]
    versions = [
        f"{model['title']} was trained on {plural(number, 'augmented version')} of each image, of which every epoch "
        "took one at random, in place of new ones in every epoch."
        for model in study.classifiers
        if (number := model["augmented_versions"])
    ]
    return " ".join([trained, *fitted, *versions])


def _one_recipe(settings: Mapping[str, Any], stopped: str) -> str:
    details = [
        setting(settings, "batch_size", "batch size {}"),
        setting(settings, "learning_rate", "learning rate {:g}"),
        setting(settings, "augment", "augmentation: {}"),
    ]
    listed = "; ".join(detail for detail in details if detail)
    checks = setting(settings, "patience", " for {} checks")
    return f"{f' ({listed})' if listed else ''}, stopped early when the loss on {stopped} did not improve{checks}"


def _own_recipes(settings: Mapping[str, Any], stopped: str) -> str:
    return (
        f"{setting(settings, 'augment', ' (augmentation: {})')}; batch size, learning rate and its schedule, L2 "
        "penalty, early stopping and the choice of weights follow each classifier's publication, and where one uses a "
        f"loss, it is that on {stopped}"
    )


def _conditions(summary: Mapping[str, Any]) -> str:
    found = [condition_of(row) for row in summary["differences"]]
    ratios = sorted({condition.synthetic_ratio for condition in found if condition.synthetic_ratio is not None})
    fractions = sorted({condition.fraction for condition in found})
    phrases = []
    if ratios:
        phrases.append(f"Arms that add images added {_numbers(ratios)} times what each class lacks.")
    if len(fractions) > 1:
        phrases.append(f"This was repeated with {_numbers(fractions)} of the minority class's training images.")
    elif fractions and fractions != [1]:
        phrases.append(f"Only {_numbers(fractions)} of the minority class's training images were used.")
    return " ".join(phrases)


def _metrics(study: StudyView, cite: Citations) -> str:
    metrics = set(study.compared_metrics)
    others = {
        "mcc": f"the Matthews correlation coefficient ({cite('mcc')})" if "mcc" in metrics else "",
        "brier": f"the Brier score ({cite('brier')})" if "brier" in metrics else "",
        "ece": f"the expected calibration error ({cite('ece')})" if "ece" in metrics else "",
    }
    phrases = [text for text in others.values() if text]
    positive = f" (positive class: {study.positive_class})" if study.positive_class else ""
    text = f"Metrics were accuracy, balanced accuracy, recall per class, ROC-AUC and PR-AUC{positive}"
    text += f", {listing(phrases)}." if phrases else "."
    if any(is_at_chosen_threshold(metric) for metric in metrics):
        text += (
            " Classes were predicted at a threshold of 0.5 and, separately, at the threshold that maximizes Youden's "
            f"index ({cite('youden')}) on the validation images of the same training."
        )
    return text


def _statistics(study: StudyView, cite: Citations) -> str:
    baselines = [study.baseline, *study.other_baselines()]
    return (
        f"Differences to {'the arms' if len(baselines) > 1 else 'the arm'} {listing(baselines)} were paired by seed "
        f"and given with {study.confidence} intervals{_interval_method(study.summary, cite)}, which cover "
        f"{study.interval_covers}."
    )


def _interval_method(summary: Mapping[str, Any], cite: Citations) -> str:
    method = summary["interval_method"]
    if method and "Banerjee" in method:
        cite("banerjee")
    phrases = [method] if method else []
    samples, patients = summary["patient_draws"], summary["num_test_patients"]
    if samples and patients:
        phrases.append(
            f"{count(samples)} bootstrap samples of the {count(patients)} test patients, {cite('bootstrap')}"
        )
    return f" ({'; '.join(phrases)})" if phrases else ""


def _tests(study: StudyView, cite: Citations) -> str:
    summary = study.summary
    phrases = []
    if any(row["p_holm"] is not None for row in summary["differences"]):
        phrases.append(
            f"P-values were corrected after Holm ({cite('holm')}) within each metric and baseline, over all arms, "
            "conditions and classifiers; a difference counts as found where the corrected p is at most "
            f"{study.significance}."
        )
    named = (("mcnemar", "McNemar"), ("delong", "DeLong"))
    tests = [f"{title}'s test ({cite(key)})" for key, title in named if any(row[key] for row in summary["pairs"])]
    if tests:
        phrases.append(
            f"Test predictions averaged over the seeds were also compared by {listing(tests)}, corrected likewise."
        )
    return " ".join(phrases)


def _numbers(values: Sequence[float]) -> str:
    return listing([f"{value:g}" for value in values])
