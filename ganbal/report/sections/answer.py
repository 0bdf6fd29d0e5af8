"""The first screen: does it help, how sure is that, what to do next."""

import shlex
from collections.abc import Mapping
from typing import Any

from ganbal.report import pictures
from ganbal.report.conditions import Condition, condition_of, in_words
from ganbal.report.figures.forest import forest_drawings
from ganbal.report.page import Answer, Card, Missing, Notice, Tone, code
from ganbal.report.run_reader import RunFiles
from ganbal.report.sections.warnings import warning_notices
from ganbal.report.study_view import GAN_ARM, VERDICT_TONES, StudyView, study_view
from ganbal.runtime import number_text
from ganbal.runtime.number_text import count, listing, of_hundred, plural, points, points_interval, share
from ganbal.runtime.shared_text import CHEAP_ALTERNATIVES

HEADLINES: dict[str | None, tuple[str, Tone]] = {
    "helps": ("GAN images helped.", "good"),
    "helps-untested": ("GAN images helped, but not every cheap alternative was tested.", "caution"),
    "helps-like-alternatives": ("GAN images helped, but not provably more than cheap alternatives.", "caution"),
    "helps-less-than-alternatives": ("GAN images helped, but less than a cheap alternative.", "caution"),
    "helps-and-hurts": ("GAN images helped by one metric and hurt by another.", "caution"),
    "hurts": ("GAN images hurt.", "bad"),
    "some-harm": ("No evidence that GAN images help, and some harm.", "bad"),
    "no-difference": ("No evidence that GAN images help.", "plain"),
    "depends": ("GAN images helped with some classifiers, not with all.", "caution"),
    "too-few-seeds": ("Cannot tell: too few seeds.", "caution"),
    "not-learned": ("Cannot tell: the classifiers did not learn.", "caution"),
    "no-gan-arm": ("Cannot tell: the study has no arm with GAN images.", "caution"),
}


def answer_of(run: RunFiles) -> Answer:
    """The answer, or what is still to be done for one."""
    study = study_view(run)
    # The report has pictures only of the generator of the whole class.
    is_of_whole = study is None or study.fraction_of_answer == 1
    synthetic = pictures.synthetic_samples(run) if is_of_whole else None
    samples = [picture for picture in (pictures.real_samples(run), synthetic) if picture]
    notices = warning_notices(run)
    severe = [notice for notice in notices if notice.tone == "bad"]
    cards = [*_effect_cards(study), *_cards(run, study), _warnings_card(notices)]
    if study is None:
        command = run.command("run" if run.manifest is None else "compare")
        text = (
            "The classifiers have not been retrained with and without synthetic images. To measure whether these help:"
        )
        return Answer("Not known yet.", "caution", [], Missing(text, command), cards, severe, [], "", samples)
    headline, tone = headline_of(study)
    forest = forest_drawings(study)
    remark = _reading_aid(study) if forest else ""
    return Answer(headline, tone, _findings(study), None, cards, severe, forest, remark, samples)


def headline_of(study: StudyView) -> tuple[str, Tone]:
    """The verdict in one line."""
    unknown: tuple[str, Tone] = ("Cannot tell: the study's verdict is not readable.", "caution")
    return HEADLINES.get(study.summary["verdict"]["kind"], unknown)


def _findings(study: StudyView) -> list[tuple[str, str]]:
    found = [(model["title"], text) for model in study.classifiers if (text := _effect(study, model["name"]))]
    found += [
        *((f"Against {_alternative_title(arm)}", _against(study, arm)) for arm in study.alternatives),
        ("Used in other ways", _other_uses(study)),
        ("Without synthetic images", _cheap_arms(study)),
        ("What the study could not see", _unseen(study)),
        ("Next step", _next_step(study)),
    ]
    return [(label, text) for label, text in found if text]


def _effect(study: StudyView, classifier: str) -> str:
    """`Balanced accuracy 0.712 → 0.731: +1.9 points (95 % interval …, 5 seeds), helps. Finds 45 → 28 of 100 NORMAL "
    "…`."""
    row = study.difference(classifier, GAN_ARM, study.main_metric)
    if row is None:
        return ""
    answers = study.summary["verdict"]["answers"]
    if any((answer["classifier"], answer["main"]) == (classifier, "did not learn") for answer in answers):
        return "Cannot tell, because it did not learn: its balanced accuracy is at chance in every arm."
    parts = [f"{_change(study, classifier, study.main_metric)}: {_difference(study, row)}."]
    ranking = study.difference(classifier, GAN_ARM, "roc_auc")
    if ranking is not None and ranking["verdict"] in ("helps", "hurts"):
        parts.append(f"{_change(study, classifier, 'roc_auc')}: {_difference(study, ranking)}.")
    found = [
        f"{of_hundred(before)} → {of_hundred(after)} of 100 {name}"
        for name in study.classes
        for before, after in [_before_after(study, classifier, f"recall_{name}")]
        if before is not None and after is not None
    ]
    return " ".join([*parts, *([f"Finds {listing(found)}."] if found else [])])


def _change(study: StudyView, classifier: str, metric: str) -> str:
    before, after = _before_after(study, classifier, metric)
    return f"{study.metric_title(metric)} {share(before)} → {share(after)}"


def _before_after(study: StudyView, classifier: str, metric: str) -> tuple[float | None, float | None]:
    return study.mean(study.baseline, classifier, metric)[0], study.mean(GAN_ARM, classifier, metric)[0]


def _difference(study: StudyView, row: Mapping[str, Any]) -> str:
    interval = points_interval(row["low"], row["high"])
    seeds = plural(row["n"] or 0, "seed")
    known = seeds if interval == number_text.UNKNOWN else f"{study.confidence} interval {interval}, {seeds}"
    return f"{points(row['mean'])} points ({known}), {row['verdict'] or 'no verdict'}"


def _alternative_title(alternative: str) -> str:
    return CHEAP_ALTERNATIVES.get(alternative, alternative)


def _against(study: StudyView, alternative: str) -> str:
    rows = [
        (model["title"], row)
        for model in study.classifiers
        if (row := study.difference(model["name"], GAN_ARM, study.main_metric, alternative)) is not None
    ]
    return _sentence([f"{title}: {_difference(study, row)}" for title, row in rows])


def _other_uses(study: StudyView) -> str:
    """What the other arms with synthetic images changed, and whether that is more than the cheap alternatives do."""
    if study.summary["verdict"]["kind"] == "not-learned":
        return ""
    arms, phrases, verdicts = [arm for arm in study.other_arms if GAN_ARM in arm and arm != GAN_ARM], [], set()
    for model in study.classifiers:
        for arm in arms:
            row = study.difference(model["name"], arm, study.main_metric)
            if row is None:
                continue
            verdicts.add(row["verdict"])
            if row["verdict"] in ("helps", "hurts"):
                with_model = f" with {model['title']}" if len(study.classifiers) > 1 else ""
                phrase = f"{arm}{with_model} {points(row['mean'])} points ({row['verdict']})"
                against = [
                    f"against {alternative} {points(other['mean'])} ({other['verdict']})"
                    for alternative in study.alternatives
                    if (other := study.difference(model["name"], arm, study.main_metric, alternative)) is not None
                ]
                phrases.append(", ".join([phrase, *against]))
    if verdicts == {"no difference found"}:
        return f"No difference found with {listing(arms)}."
    return f"{study.metric_title(study.main_metric)}: {_sentence(phrases)}" if phrases else ""


def _cheap_arms(study: StudyView) -> str:
    """What arms without synthetic images changed, by every metric of the answer."""
    cheap, found = [arm for arm in study.other_arms if GAN_ARM not in arm], _findings_of_cheap_arms(study)
    rows = [study.difference(model["name"], arm, study.main_metric) for model in study.classifiers for arm in cheap]
    verdicts = {row["verdict"] for row in rows if row is not None}
    if study.summary["verdict"]["kind"] == "not-learned" or not (found or verdicts == {"no difference found"}):
        return ""
    if not found:
        return f"No difference found with {listing(cheap)}."
    phrases: dict[tuple[str, str], list[str]] = {}
    for row in found:
        change = f"{study.metric_title(row['metric'])} {points(row['mean'])} points"
        phrases.setdefault((row["arm"], row["classifier"]), []).append(f"{change} ({row['verdict']})")
    titles = {model["name"]: model["title"] for model in study.classifiers}
    several = len(titles) > 1
    return _sentence(
        [
            f"{arm}{f' with {titles.get(classifier, classifier)}' if several else ''}: {listing(changes)}"
            for (arm, classifier), changes in phrases.items()
        ]
    )


def _findings_of_cheap_arms(study: StudyView) -> list[dict[str, Any]]:
    """Those at each arm's usual condition, which the answer is about."""
    found = study.summary["verdict"]["findings"]
    return [row for row in found if study.is_usual(row["arm"], condition_of(row))]


def _unseen(study: StudyView) -> str:
    """The smallest effect the study could detect, and what its intervals do not cover."""
    rows = (study.difference(model["name"], GAN_ARM, study.main_metric) for model in study.classifiers)
    limits = [row["smallest_detectable"] for row in rows if row is not None and row["smallest_detectable"] is not None]
    parts = []
    if limits:
        low, high = (f"{100 * min(limit, 1):.1f}" for limit in (min(limits), max(limits)))
        size = low if low == high else f"{low} to {high}, depending on the classifier,"
        title = study.metric_title(study.main_metric).lower()
        parts.append(f"A true effect on {title} below {size} points would likely have been missed.")
    parts.append(f"The intervals cover {study.interval_covers}.")
    return " ".join(parts)


def _next_step(study: StudyView) -> str:
    kind, run = study.summary["verdict"]["kind"], study.run
    kinds = {record["kind"] for record in study.summary["warnings"]}
    helpful = list(
        dict.fromkeys(
            row["arm"]
            for row in _findings_of_cheap_arms(study)
            if row["verdict"] == "helps" and row["metric"] == study.main_metric
        )
    )
    instead = ""
    if len(helpful) == 1:
        instead = f" Use {helpful[0]} instead: it helped here and needs no synthetic images."
    elif helpful:
        instead = f" Use one of {listing(helpful)} instead: each helped here and needs no synthetic images."
    if kind == "not-learned":
        longer = f"--set study.steps={4 * int(study.summary['steps'] or 1000)}"
        return f"Train the classifiers longer: {code(run.command('compare', longer))}, or use more images."
    if kind == "no-gan-arm":
        arms = "--set 'study.arms=[imbalanced,class-weights,duplicated,gan]'"
        return f"Add the arm: {code(run.command('compare', arms))}."
    if kind == "too-few-seeds" or "few-seeds" in kinds:
        return f"Repeat with more seeds: {code(run.command('compare', '--set study.seeds=5'))}."
    if kind in ("hurts", "some-harm"):
        return f"Do not add these images.{instead or ' Keep the original training set, or try the cheap arms.'}"
    if kind == "helps-untested":
        missing = [arm for arm in CHEAP_ALTERNATIVES if arm not in study.alternatives]
        arms = shlex.join(["--set", f"study.arms=[{','.join([*study.arms, *missing])}]"])
        return (
            f"Test {listing([_alternative_title(arm) for arm in missing])}, too: {code(run.command('compare', arms))}."
        )
    if kind in ("helps-like-alternatives", "helps-less-than-alternatives"):
        return _cheaper_step(study, kind)
    if kind in ("helps", "helps-and-hurts", "depends"):
        return "Read the warnings below, then confirm the effect on images of another hospital before relying on it."
    return f"There is no reason to add these images.{instead or ' Keep the original training set.'}"


def _cheaper_step(study: StudyView, kind: str) -> str:
    """Which cheap alternative to use instead: one that GAN images lost to, else all that they did not beat."""
    found = {
        _alternative_title(arm): {answer["against"].get(arm) for answer in study.summary["verdict"]["answers"]} - {None}
        for arm in study.alternatives
    }
    if kind == "helps-less-than-alternatives":
        better = [words for words, verdicts in found.items() if "hurts" in verdicts and "helps" not in verdicts]
        return f"Use {' or '.join(better)} instead: they are simpler and helped more."
    not_beaten = [words for words, verdicts in found.items() if verdicts - {"helps"}]
    return f"Use {' or '.join(not_beaten)}, which are simpler, or test more synthetic images or seeds."


def _sentence(parts: list[str]) -> str:
    return f"{'; '.join(parts)}." if parts else ""


def _effect_cards(study: StudyView | None) -> list[Card]:
    """The effect on the main metric and on the minority class, with the first classifier."""
    if study is None or not study.classifiers:
        return []
    model, cards = study.classifiers[0], []
    of_model = f", {model['title']}" if len(study.classifiers) > 1 else ""
    minority = (study.run.data or {}).get("minority_class")
    for metric in (study.main_metric, *([f"recall_{minority}"] if minority in study.classes else [])):
        row = study.difference(model["name"], GAN_ARM, metric)
        before, after = _before_after(study, model["name"], metric)
        if row is not None and before is not None and after is not None:
            is_recall = metric.startswith("recall_")
            value = (
                f"{of_hundred(before)} → {of_hundred(after)} of 100"
                if is_recall
                else f"{share(before)} → {share(after)}"
            )
            note = f"{points(row['mean'])} points ({points_interval(row['low'], row['high'])})"
            term = f"{minority} found" if is_recall else study.metric_title(metric)
            cards.append(Card(f"{term}{of_model}", value, note, VERDICT_TONES.get(row["verdict"], "plain")))
    return cards


def _cards(run: RunFiles, study: StudyView | None) -> list[Card]:
    cards, fraction = [], 1.0 if study is None else study.fraction_of_answer
    if run.data is not None:
        by_class = run.data["counts"].get("train", {})
        note = f"the answer is for {100 * fraction:g} % of {run.data['minority_class']}" if fraction != 1 else ""
        counts = " · ".join(f"{count(n)} {name}" for name, n in by_class.items())
        cards.append(Card("Real training images", counts, note))
    is_of_whole = fraction == 1  # otherwise images and scores are of a generator that the answer is not about
    if run.synthetic_counts and is_of_whole:
        size = (run.training or {}).get("image_size_px")
        by_class = run.synthetic_counts
        made = " · ".join(f"{count(n)} {name}" for name, n in by_class.items())
        cards.append(Card("Synthetic images", made, f"at {count(size)} px" if size else ""))
    separable = [score for score in (run.scores or {}).get("scores", []) if score["metric"] == "two_sample_auc"]
    if is_of_whole and separable and separable[0]["value"] is not None:
        value = separable[0]["value"]
        note = "AUC of a simple classifier; 0.5 is best, at 1 a shortcut is possible"
        cards.append(Card("Synthetic or real?", share(value, 2), note, "bad" if value >= 0.9 else "plain"))
    if study is not None:
        patients = study.summary["num_test_patients"]
        tested = f"tested on {plural(study.summary['num_test'], 'image')}"
        note = tested + (f" of {plural(patients, 'patient')}" if patients else "")
        cards.append(Card("Study", f"{plural(len(study.seeds), 'seed')} × {plural(len(study.arms), 'arm')}", note))
    return cards


def _warnings_card(notices: list[Notice]) -> Card:
    severe = sum(notice.tone == "bad" for notice in notices)
    tone: Tone = "bad" if severe else "plain"
    return Card("Warnings", f"{severe} severe" if severe else "none severe", f"{len(notices) - severe} mild", tone)


def _reading_aid(study: StudyView) -> str:
    condition = in_words(study.usual.get(GAN_ARM, Condition()))
    usual = f" Arms that add images: {condition}." if condition else ""
    return (
        f"Squares: mean difference to the arm named below the axis over {plural(len(study.seeds), 'seed')}, in points; "
        f"lines: {study.confidence} interval. Right of zero is better. Green helps, red hurts, gray is no difference "
        f"found.{usual}"
    )
