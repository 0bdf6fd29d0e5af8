"""The first screen: does it help, how sure is that, what do the images look like."""

from collections.abc import Sequence
from typing import Any

from ganbal.report import number_text, pictures
from ganbal.report.conditions import Condition, in_words
from ganbal.report.figures.forest import ForestGroup, draw_forest, shared_limit
from ganbal.report.names import file_stem
from ganbal.report.number_text import count, listing, plural
from ganbal.report.page import Answer, Drawing, Missing, Tone
from ganbal.report.run_reader import RunFiles
from ganbal.report.study_view import StudyView, study_view
from ganbal.report.warning_signs import warning_signs

MOST_FOREST_ROWS, MOST_FOREST_METRICS = 18, 3
GAN_ARM, COPIES_ARM = "gan", "duplicated"
RANKING_METRIC = "roc_auc"


def answer_of(run: RunFiles) -> Answer:
    """The answer, or what is still to be done for one."""
    study = study_view(run)
    samples = [picture for picture in (pictures.real_samples(run), pictures.synthetic_samples(run)) if picture]
    if study is None:
        headline, tone = "Not known yet", "caution"
        sentence = "The classifiers have not been retrained with and without the synthetic images."
        missing = Missing("Whether they help is measured by", run.command("run" if run.manifest is None else "compare"))
        return Answer(headline, "caution", sentence, missing, [], _facts(run, None), [], "", samples)
    headline, tone = headline_of(study)
    sentence = str(study.summary["verdict_sentence"])
    forest = _forest(study)
    remark = _reading_aid(study) if forest else ""
    return Answer(headline, tone, sentence, None, _remarks(study), _facts(run, study), forest, remark, samples)


def headline_of(study: StudyView) -> tuple[str, Tone]:
    """The answer in a few words, from the verdicts on the main metric and the ranking of every classifier."""
    if (study.summary.get("verdict") or {}).get("kind") == "not-learned":
        return "Cannot tell: the classifiers did not learn", "caution"
    verdicts = _verdicts(study, study.baseline, study.main_metric)
    if not verdicts:
        return "The study has no GAN arm", "caution"
    kinds = set(verdicts)
    if "hurts" in _verdicts(study, study.baseline, RANKING_METRIC):
        # Harm to the ranking is harm, whatever a threshold makes of it.
        if kinds == {"helps"}:
            return "They helped by one measure and did harm by another", "caution"
        kinds |= {"hurts"}
    if kinds == {"helps"}:
        against_copies = _verdicts(study, COPIES_ARM, study.main_metric)
        if against_copies and set(against_copies) != {"helps"}:
            return "They helped, but not provably more than plain copies", "caution"
        return "Yes: they helped", "good"
    if kinds == {"hurts"}:
        return "No: they did harm", "bad"
    if kinds == {"no difference found"}:
        return "No difference found", "plain"
    if "too few seeds" in kinds:
        return "Too few seeds to tell", "caution"
    if kinds == {"hurts", "no difference found"}:
        return "No: no gain found, and some harm", "bad"
    return "It depends on the classifier", "caution"


def _verdicts(study: StudyView, baseline: str, metric: str) -> list[str]:
    return [
        str(row["verdict"])
        for classifier in study.classifiers
        for row in study.differences(str(classifier["name"]), baseline)
        if row["arm"] == GAN_ARM and row["metric"] == metric
    ]


def _remarks(study: StudyView) -> list[str]:
    """What has to stand beside the answer: plain copies, the cheap remedies, a protocol that flatters."""
    is_told = "plain copies" in str(study.summary["verdict_sentence"])
    against_copies = "" if is_told else _against_copies(study)
    remarks = [remark for remark in (against_copies, _cheap_remedies(study)) if remark]
    if study.summary.get("protocol") == "documents":
        remarks.append("Training was stopped by looking at the test set (protocol `documents`): likely too good.")
    return remarks


def _against_copies(study: StudyView) -> str:
    told = [
        f"{classifier['title']} {number_text.points(row['mean'])} points"
        f" ({number_text.points_interval(row['low'], row['high'])}), {row['verdict']}"
        for classifier in study.classifiers
        for row in study.differences(str(classifier["name"]), COPIES_ARM)
        if row["arm"] == GAN_ARM and row["metric"] == study.main_metric and number_text.is_known(row["low"])
    ]
    return f"Measured against plain copies of real images: {'; '.join(told)}." if told else ""


def _cheap_remedies(study: StudyView) -> str:
    """Arms without synthetic images that helped, and with which classifiers unless it was all of them."""
    helped: dict[str, list[str]] = {}
    for classifier in study.classifiers:
        for row in study.differences(str(classifier["name"])):
            if row["metric"] == study.main_metric and row["verdict"] == "helps" and GAN_ARM not in str(row["arm"]):
                helped.setdefault(str(row["arm"]), []).append(str(classifier["title"]))
    everywhere = len(study.classifiers)
    told = [arm + ("" if len(titles) == everywhere else f" ({listing(titles)})") for arm, titles in helped.items()]
    return f"Without any synthetic image, this helped: {listing(told)}." if told else ""


def _facts(run: RunFiles, study: StudyView | None) -> list[tuple[str, str]]:
    facts = []
    if run.data is not None:
        by_class = run.data["counts"].get("train") or {}
        facts.append(("Training images", " · ".join(f"{count(n)} {name}" for name, n in by_class.items())))
    if run.manifest is not None:
        size = f" at {run.training['image_size_px']} px" if run.training else ""
        facts.append(("Synthetic", f"{count(len(run.manifest))} {run.gan_class or ''}{size}"))
    if study is not None:
        facts.append(("Trainings", f"{plural(len(study.seeds), 'seed')} × {plural(len(study.arms), 'arm')}"))
        facts.append(("Tested on", f"{count(study.summary.get('num_test'))} images"))
    facts.append(("Warnings", plural(len(warning_signs(run)), "warning")))
    return facts


def _forest(study: StudyView) -> list[Drawing]:
    """One plot a classifier against the baseline, then one against plain copies, all on one scale.

    As many metrics as a first screen holds, the main one first; against plain copies the main one only.
    """
    arms = max(1, len(study.other_arms))
    metrics = study.compared_metrics[: max(1, min(MOST_FOREST_METRICS, MOST_FOREST_ROWS // arms))]
    plots = [(study.baseline, metrics)]
    if COPIES_ARM in study.other_baselines():
        plots.append((COPIES_ARM, metrics[:1]))
    groups = {
        (baseline, str(c["name"])): _groups(study, str(c["name"]), baseline, shown)
        for baseline, shown in plots
        for c in study.classifiers
    }
    limit = shared_limit([row for found in groups.values() for group in found for row in group.rows])
    return [
        draw_forest(
            groups[baseline, str(classifier["name"])],
            name=_forest_name(study, str(classifier["name"]), baseline),
            title=f"{classifier['title']}, against {baseline}",
            baseline=baseline,
            limit=limit,
            mark=study.run.mark,
        )
        for baseline, _ in plots
        for classifier in study.classifiers
        if groups[baseline, str(classifier["name"])]
    ]


def _groups(study: StudyView, classifier: str, baseline: str, metrics: Sequence[str]) -> list[ForestGroup]:
    rows = study.differences(classifier, baseline)
    found = ((metric, _of_metric(rows, metric)) for metric in metrics)
    return [ForestGroup(study.metric_title(metric), of_metric) for metric, of_metric in found if of_metric]


def _forest_name(study: StudyView, classifier: str, baseline: str) -> str:
    name = f"forest-{file_stem(classifier)}"
    return name if baseline == study.baseline else f"{name}-against-{file_stem(baseline)}"


def _reading_aid(study: StudyView) -> str:
    return (
        f"Squares: mean difference to the arm named below the axis over {plural(len(study.seeds), 'seed')}, in points "
        f"(hundredths); lines: {study.confidence} interval{_covered(study)}. "
        f"Right of zero is more{_usual_ratio(study)}. Green helps, red hurts, grey is no difference found."
    )


def _usual_ratio(study: StudyView) -> str:
    """Which of several ratios and fractions the plots are about."""
    told = in_words(study.usual.get(GAN_ARM, Condition()))
    return f"; arms that add images: {told}" if told else ""


def _covered(study: StudyView) -> str:
    return f", which covers {study.interval_covers}"


def _of_metric(rows: Sequence[dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    """The GAN arm first, since the question is about it."""
    return sorted((row for row in rows if row["metric"] == metric), key=lambda row: row["arm"] != GAN_ARM)
