"""The first screen: does it help, how sure is that, what do the images look like."""

from collections.abc import Sequence
from typing import Any

from ganbal.report import number_text, pictures
from ganbal.report.figures.forest import ForestGroup, draw_forest, shared_limit
from ganbal.report.names import file_stem
from ganbal.report.number_text import count, listing, plural
from ganbal.report.page import Answer, Drawing, Missing, Tone
from ganbal.report.run_files import RunFiles
from ganbal.report.study_view import StudyView, study_view
from ganbal.report.warning_signs import warning_signs

MOST_FOREST_ROWS = 18
GAN_ARM, COPIES_ARM = "gan", "duplicated"


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
    """The answer in a few words, from the verdicts on the main metric of every classifier."""
    verdicts = _verdicts(study, study.baseline)
    if not verdicts:
        return "The study has no GAN arm", "caution"
    kinds = set(verdicts)
    if kinds == {"helps"}:
        against_copies = _verdicts(study, COPIES_ARM)
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


def _verdicts(study: StudyView, baseline: str) -> list[str]:
    return [
        str(row["verdict"])
        for classifier in study.classifiers
        for row in study.differences(str(classifier["name"]), baseline)
        if row["arm"] == GAN_ARM and row["metric"] == study.main_metric
    ]


def _remarks(study: StudyView) -> list[str]:
    """What has to stand beside the answer: plain copies, the cheap remedies, a protocol that flatters."""
    remarks = [remark for remark in (_against_copies(study), _cheap_remedies(study)) if remark]
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
    """One plot a classifier, on one scale; as many metrics as a first screen holds, the main one first."""
    arms = max(1, len(study.other_arms))
    metrics = study.compared_metrics[: max(1, MOST_FOREST_ROWS // arms)]
    shown = [row for c in study.classifiers for row in study.differences(str(c["name"])) if row["metric"] in metrics]
    limit = shared_limit(shown)
    drawings = []
    for classifier in study.classifiers:
        rows = study.differences(str(classifier["name"]))
        groups = [
            ForestGroup(study.metric_title(metric), found) for metric in metrics if (found := _of_metric(rows, metric))
        ]
        if groups:
            drawings.append(
                draw_forest(
                    groups,
                    name=f"forest-{file_stem(str(classifier['name']))}",
                    title=str(classifier["title"]),
                    baseline=study.baseline,
                    limit=limit,
                    mark=study.run.mark,
                )
            )
    return drawings


def _reading_aid(study: StudyView) -> str:
    return (
        f"Squares: mean difference to the arm `{study.baseline}` over {plural(len(study.seeds), 'seed')}, in points "
        f"(hundredths); lines: {study.confidence} interval{_covered(study)}. "
        "Right of zero is more. Green helps, red hurts, grey is no difference found."
    )


def _covered(study: StudyView) -> str:
    covers = study.summary.get("interval_covers")
    return f", which covers {covers}" if covers else ""


def _of_metric(rows: Sequence[dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    """The GAN arm first, since the question is about it."""
    return sorted((row for row in rows if row["metric"] == metric), key=lambda row: row["arm"] != GAN_ARM)
