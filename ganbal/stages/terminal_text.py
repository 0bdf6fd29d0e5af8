"""Results of the stages as text for a terminal."""

from collections.abc import Callable, Sequence
from typing import Any

from ganbal.runtime import number_text
from ganbal.runtime.number_text import UNKNOWN
from ganbal.runtime.shared_text import FIT_RULES, POSITIVE_CLASS_REASONS, channels_sentence, import_text
from ganbal.runtime.tables import table
from ganbal.runtime.text import printable
from ganbal.runtime.warning_text import warning_text


def inspection(content: dict[str, Any]) -> str:
    """Counts, imbalance, sizes, duplicates and shared patients."""
    classes, source = content["classes"], content["source"]
    rows = [[split, *(str(counts.get(name, 0)) for name in classes)] for split, counts in content["counts"].items()]
    sizes, duplicates, missing = content["sizes"], content["duplicates"], content["missing_to_balance"]
    lines = [
        *(["PHANTOM SET: simulated images."] if source["is_phantom"] else []),
        f"{source['root']} ({source['layout']} layout)",
        *(f"Imported from {import_text(record)}." for record in source["imports"]),
        table(["split", *classes], rows),
        f"Imbalance 1 : {content['imbalance_ratio']:.2f}; the minority class is {content['minority_class']}.",
        *_positive_class(content),
        "To balance: " + (", ".join(f"{n} {name}" for name, n in missing.items() if n) or "nothing is missing") + ".",
        f"Sizes (width × height, px): {_size(sizes['min'])} to {_size(sizes['max'])}, median {_size(sizes['median'])}.",
        f"Exact duplicates: {duplicates['images']} images in {duplicates['groups']} groups, "
        f"{duplicates['across_splits']} groups across splits, {duplicates['across_classes']} across classes.",
        f"Channels: {channels_sentence(content['channels'])}.",
        *_fit(content["fit"]),
        *_dicom(content["sizes"]["modes"]),
        *_intensity(content),
        *(
            f"Patient ids in both {' and '.join(shared['splits'])}: {shared['count']}, e.g. {shared['examples'][0]}."
            for shared in content["patients_shared"]
            if shared["count"]
        ),
        *(
            ["(Whether an id is the same person in two splits is not known.)"]
            if any(shared["count"] for shared in content["patients_shared"])
            and not content["patients_recognized"]["are_certain"]
            else []
        ),
        f"Unreadable files: {len(content['unreadable'])}.",
        content["validation_rule"],
    ]
    return "\n".join(lines)


def _positive_class(content: dict[str, Any]) -> list[str]:
    if content["positive_class"] is None:
        return []
    reason = POSITIVE_CLASS_REASONS[content["positive_class_reason"]]
    return [f"The positive class is {content['positive_class']} ({reason})."]


def _fit(fit: dict[str, Any]) -> list[str]:
    ratios = ", ".join(f"{name} {ratio:.2f}" for name, ratio in fit["aspect_ratios"].items())
    return [] if fit["elongation"] == 1 else [f"Fit: {FIT_RULES[fit['rule']]}; median width / height: {ratios}."]


def _dicom(modes: dict[str, int]) -> list[str]:
    shown_by = {mode.removeprefix("DICOM "): number for mode, number in modes.items() if mode.startswith("DICOM ")}
    ways = {"window": "their own window", "range": "the range of the set", "bits": "their 8 bits", "color": "color"}
    listed = ", ".join(f"{number} by {ways.get(way, way)}" for way, number in shown_by.items())
    return [f"DICOM images are shown {listed}."] if listed else []


def _intensity(content: dict[str, Any]) -> list[str]:
    found = content["intensity"]
    if found is None:
        return []
    low, high = found["range"]
    return [f"Intensity range of {found['images']} images with more than 8 bits: {low:g} to {high:g}."]


def training(content: dict[str, Any]) -> str:
    """What was trained and for how long, for the whole minority class and for every fraction of it."""
    return "\n".join([*map(_one_training, content.get("classes", [content])), *_of_fractions(content, training)])


def _of_fractions(content: dict[str, Any], text_of: Callable[[dict[str, Any]], str]) -> list[str]:
    parts = content.get("minority_fractions", [])
    return [f"With {100 * part['minority_fraction']:g} % of the minority class: {text_of(part)}" for part in parts]


def _one_training(content: dict[str, Any]) -> str:
    start = f"Generator of {content['class_name']} at {content['image_size_px']} px: {content['steps']} steps, "
    if "imported" in content:
        images = "the training images of this run" if content["imported"]["same_training_images"] else "other images"
        return f"{start}trained elsewhere on {images}."
    return (
        f"{start}{content['images_seen']} images seen of {content['num_images']}, "
        f"{content['seconds'] / 60:.1f} min on {content['device']}."
    )


def synthesis(content: dict[str, Any]) -> str:
    """How many images are where, for the whole minority class and for every fraction of it."""
    return "\n".join([_one_synthesis(content), *_of_fractions(content, synthesis)])


def _one_synthesis(content: dict[str, Any]) -> str:
    by_class = content.get("classes") or {content["class_name"]: {"num_images": content["num_images"]}}
    counts = " and ".join(f"{made['num_images']} synthetic {name} images" for name, made in by_class.items())
    text = f"{counts} in {content['folder']}."
    if content.get("without_training_images"):
        text += " No training images were available, so copy rejection, selection and matching were skipped."
    if content["num_rejected"] is None:
        return text
    rejected = content["num_rejected"]
    share = rejected / (content.get("selected_from", content["num_images"]) + rejected)
    return f"{text} {rejected} images too close to a training image ({share:.1%}) were rejected and replaced."


def exported(content: dict[str, Any]) -> str:
    """Where the export is, and what it holds."""
    if "classes" in content:
        what = f"Generator of {', '.join(content['classes'])}"
    else:
        what = " and ".join(f"{number} synthetic {name} images" for name, number in content["num_synthetic"].items())
        what += f" and {content['num_real']} real images" if content["num_real"] else ""
    lines = [f"{what} as {content['format']}: {content['folder']} ({len(content['files'])} files)."]
    return "\n".join([*lines, *([f"Uploaded to {content['uploaded_to']}."] if content["uploaded_to"] else [])])


def scores(content: dict[str, Any]) -> str:
    """Every score with what is needed to interpret it: N, extractor, resize, real-versus-real floor."""
    comparison = content["comparison"]
    lines = [
        f"Real: {comparison['real']['name']}. Synthetic: {comparison['synthetic']['name']}.",
        table(*score_rows(content)),
        *score_notes(content),
    ]
    return "\n".join(lines)


def score_rows(content: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the table of scores."""
    rows = [
        [
            score["title"],
            number_text.score(score["value"]),
            number_text.score_interval(*(score.get("interval") or (None, None))),
            _floor(score.get("floor")),
        ]
        for score in content["scores"]
    ]
    return ["score", "value", "95 %", "real versus real"], rows


def score_notes(content: dict[str, Any]) -> list[str]:
    """What belongs to the table of scores: number of images, features, warnings."""
    return [
        *_by_value("Images (real / synthetic)", content["scores"], lambda s: f"{s['n_real']} / {s['n_synthetic']}"),
        *_by_value("Features", content["scores"], lambda score: _extractor(score.get("extractor"))),
        *(f"! {printable(warning_text(record).text)}" for record in content.get("warnings", [])),
    ]


def _by_value(what: str, scores: Sequence[dict[str, Any]], value_of: Callable[[dict[str, Any]], str]) -> list[str]:
    """What most scores have in common, then the scores that differ: columns of equal values would fill a terminal."""
    titles: dict[str, list[str]] = {}
    if not scores:
        return []
    for score in scores:
        titles.setdefault(value_of(score), []).append(score["title"])
    first, *others = sorted(titles, key=lambda value: -len(titles[value]))
    return [f"{what}: {first}" + "".join(f"; of {', '.join(titles[value])}: {value}" for value in others) + "."]


def study(content: dict[str, Any]) -> str:
    """Means per arm, differences from the baseline, the verdict."""
    metrics = ["accuracy", "balanced_accuracy", "roc_auc", *(f"recall_{name}" for name in content["classes"])]
    cells = {(row["classifier"], _arm(row), row["metric"]): row for row in content["per_arm"]}
    means = [
        [classifier, arm, *(_mean(cells.get((classifier, arm, metric))) for metric in metrics)]
        for classifier, arm in dict.fromkeys((classifier, arm) for classifier, arm, _ in cells)
    ]
    lines = [
        f"{len(content['seeds'])} seeds, {content['num_test']} test images; mean ± sd over seeds",
        table(["classifier", "arm", *(metric.replace("_", " ") for metric in metrics)], means),
        "",
        f"Paired differences of {content['main_metric'].replace('_', ' ')}",
        table(*difference_rows(content)),
        *(f"! {warning_text(record).text}" for record in content["warnings"]),
        "",
        content["verdict_sentence"],
    ]
    return "\n".join(lines)


def difference_rows(content: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the table of paired differences of a study's main metric."""
    rows = [
        [
            row["classifier"],
            f"{_arm(row)} − {row['baseline']}",
            number_text.difference(row["mean"]),
            number_text.difference_interval(row["low"], row["high"]),
            row["verdict"],
        ]
        for row in content["differences"]
        if row["metric"] == content["main_metric"]
    ]
    return ["classifier", "arms", "mean", "95 % interval", "verdict"], rows


def _size(size: Sequence[float]) -> str:
    return f"{size[0]:.0f}×{size[1]:.0f}"


def _floor(floor: dict[str, Any] | None) -> str:
    if floor is None:
        return UNKNOWN
    interval = number_text.score_interval(floor["low"], floor["high"])
    return f"{number_text.score(floor['value'])} ({interval}, N {floor['n']})"


def _extractor(extractor: dict[str, Any] | None) -> str:
    return UNKNOWN if extractor is None else f"{extractor['name']} {extractor['dims']}-d, resize {extractor['resize']}"


def _arm(row: dict[str, Any]) -> str:
    """The arm with its synthetic ratio and minority fraction, if it has any."""
    ratio, fraction = row["synthetic_ratio"], row["minority_fraction"]
    return (
        row["arm"]
        + ("" if ratio is None else f", {ratio:g} × missing")
        + ("" if fraction == 1 else f", {100 * fraction:g} % of minority")
    )


def _mean(row: dict[str, Any] | None) -> str:
    return UNKNOWN if row is None else number_text.mean_sd(row["mean"], row["sd"])
