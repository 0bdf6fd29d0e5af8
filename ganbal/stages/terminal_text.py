"""Results of the stages as text for a terminal."""

from collections.abc import Callable, Sequence
from typing import Any

from ganbal.runtime.tables import table
from ganbal.runtime.text import printable
from ganbal.runtime.warning_text import warning_text


def inspection(facts: dict[str, Any]) -> str:
    """Counts, imbalance, sizes, duplicates and shared patients."""
    classes, source = facts["classes"], facts["source"]
    rows = [[split, *(str(counts.get(name, 0)) for name in classes)] for split, counts in facts["counts"].items()]
    sizes, duplicates, missing = facts["sizes"], facts["duplicates"], facts["missing_to_balance"]
    lines = [
        *(["PHANTOM SET: simulated images."] if source["is_phantom"] else []),
        f"{source['root']} ({source['layout']} layout)",
        table(["split", *classes], rows),
        f"Imbalance 1 : {facts['imbalance_ratio']:.2f}; the minority class is {facts['minority_class']}.",
        *_positive_class(facts),
        "To balance: " + (", ".join(f"{n} {name}" for name, n in missing.items() if n) or "nothing is missing") + ".",
        f"Sizes (width × height, px): {_size(sizes['min'])} to {_size(sizes['max'])}, median {_size(sizes['median'])}.",
        f"Exact duplicates: {duplicates['images']} images in {duplicates['groups']} groups, "
        f"{duplicates['across_splits']} groups across splits.",
        *_intensity(facts),
        *(
            f"Patient ids in both {' and '.join(shared['splits'])}: {shared['count']}, e.g. {shared['examples'][0]}."
            for shared in facts["patients_shared"]
            if shared["count"]
        ),
        *(
            ["(Whether an id is the same person in two splits is not known.)"]
            if any(shared["count"] for shared in facts["patients_shared"])
            else []
        ),
        f"Unreadable files: {len(facts['unreadable'])}.",
        facts["validation_rule"],
    ]
    return "\n".join(lines)


def _positive_class(facts: dict[str, Any]) -> list[str]:
    reasons = {"setting": "data.positive_class", "name": "by its name", "order": "second in the alphabet"}
    if facts["positive_class"] is None:
        return []
    return [f"The positive class is {facts['positive_class']} ({reasons[facts['positive_class_reason']]})."]


def _intensity(facts: dict[str, Any]) -> list[str]:
    found = facts["intensity"]
    if found is None:
        return []
    low, high = found["range"]
    return [f"Intensity range of {found['images']} images with more than 8 bits: {low:g} to {high:g}."]


def training(facts: dict[str, Any]) -> str:
    """What was trained and for how long, for the whole minority class and for every fraction of it."""
    return "\n".join([*map(_one_training, facts.get("classes", [facts])), *_of_fractions(facts, training)])


def _of_fractions(facts: dict[str, Any], text_of: Callable[[dict[str, Any]], str]) -> list[str]:
    parts = facts.get("minority_fractions", [])
    return [f"With {100 * part['minority_fraction']:g} % of the minority class: {text_of(part)}" for part in parts]


def _one_training(facts: dict[str, Any]) -> str:
    return (
        f"Generator of {facts['class_name']} at {facts['image_size_px']} px: {facts['steps']} steps, "
        f"{facts['images_seen']} images seen of {facts['num_images']}, "
        f"{facts['seconds'] / 60:.1f} min on {facts['device']}."
    )


def synthesis(facts: dict[str, Any]) -> str:
    """How many images are where, for the whole minority class and for every fraction of it."""
    return "\n".join([_one_synthesis(facts), *_of_fractions(facts, synthesis)])


def _one_synthesis(facts: dict[str, Any]) -> str:
    by_class = facts.get("classes") or {facts["class_name"]: {"num_images": facts["num_images"]}}
    counts = " and ".join(f"{made['num_images']} synthetic {name} images" for name, made in by_class.items())
    text = f"{counts} in {facts['folder']}."
    if facts["num_rejected"] is None:
        return text
    share = facts["num_rejected"] / (facts["num_images"] + facts["num_rejected"])
    return f"{text} {facts['num_rejected']} copies of training images ({share:.1%}) were generated again."


def scores(facts: dict[str, Any]) -> str:
    """Every score with what is needed to interpret it: N, extractor, resize, real-versus-real floor."""
    rows = [
        [
            score["title"],
            _number(score["value"]),
            _interval(score.get("interval")),
            _floor(score.get("floor")),
            f"{score['n_real']} / {score['n_synthetic']}",
            _extractor(score.get("extractor")),
        ]
        for score in facts["scores"]
    ]
    comparison = facts["comparison"]
    lines = [
        f"Real: {comparison['real']['name']}. Synthetic: {comparison['synthetic']['name']}.",
        table(["score", "value", "95 %", "real versus real", "N real / synthetic", "features"], rows),
        *(f"! {printable(warning_text(record).text)}" for record in facts.get("warnings", [])),
    ]
    return "\n".join(lines)


def study(facts: dict[str, Any]) -> str:
    """Means per arm, differences from the baseline, the verdict."""
    metrics = ["accuracy", "balanced_accuracy", "roc_auc", *(f"recall_{name}" for name in facts["classes"])]
    cells = {(row["classifier"], _arm(row), row["metric"]): row for row in facts["per_arm"]}
    means = [
        [classifier, arm, *(_mean(cells.get((classifier, arm, metric))) for metric in metrics)]
        for classifier, arm in dict.fromkeys((classifier, arm) for classifier, arm, _ in cells)
    ]
    differences = [
        [
            row["classifier"],
            f"{_arm(row)} − {row['baseline']}",
            _number(row["mean"], sign=True),
            _reach(row),
            row["verdict"],
        ]
        for row in facts["differences"]
        if row["metric"] == facts["main_metric"]
    ]
    lines = [
        f"{len(facts['seeds'])} seeds, {facts['num_test']} test images; mean ± sd over seeds",
        table(["classifier", "arm", *(metric.replace("_", " ") for metric in metrics)], means),
        "",
        f"Paired differences of {facts['main_metric'].replace('_', ' ')}",
        table(["classifier", "arms", "mean", "95 % interval", "verdict"], differences),
        *(f"! {warning_text(record).text}" for record in facts["warnings"]),
        "",
        facts["verdict_sentence"],
    ]
    return "\n".join(lines)


def _size(size: Sequence[float]) -> str:
    return f"{size[0]:.0f}×{size[1]:.0f}"


def _number(value: float | None, *, sign: bool = False) -> str:
    return "–" if value is None else f"{value:+.4g}" if sign else f"{value:.4g}"


def _interval(interval: Sequence[float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}"


def _floor(floor: dict[str, Any] | None) -> str:
    return (
        "–"
        if floor is None
        else f"{_number(floor['value'])} ({_interval([floor['low'], floor['high']])}, N {floor['n']})"
    )


def _extractor(extractor: dict[str, Any] | None) -> str:
    return "–" if extractor is None else f"{extractor['name']} {extractor['dims']}-d, resize {extractor['resize']}"


def _arm(row: dict[str, Any]) -> str:
    """The arm with its synthetic ratio and minority fraction, if it has any."""
    ratio, fraction = row.get("synthetic_ratio"), row.get("minority_fraction", 1.0)
    return (
        row["arm"]
        + ("" if ratio is None else f", {ratio:g} × missing")
        + ("" if fraction == 1 else f", {fraction:.0%} of minority")
    )


def _mean(row: dict[str, Any] | None) -> str:
    if row is None or row["mean"] is None:
        return "–"
    return f"{row['mean']:.3f}" + (f" ± {row['sd']:.3f}" if row["sd"] is not None else "")


def _reach(row: dict[str, Any]) -> str:
    return "–" if row["low"] is None else f"{row['low']:+.3f} to {row['high']:+.3f}"
