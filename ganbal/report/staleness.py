"""Which results of a run are out of date: made before something they depend on, or changed since they were made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ganbal.report.run_reader import RunFiles
from ganbal.runtime.hashing import file_digest

_DEPENDS_ON = {
    "inspect": (),
    "train-gan": ("inspect",),
    "synthesize": ("train-gan",),
    "score": ("synthesize",),
    "compare": ("synthesize",),
}
_FILES = {"score": "scores.json", "compare": "study/summary.json", "synthesize": "synthetic/manifest.csv"}
_CHECKED = (".json", ".csv", ".png")
"""Suffixes of what the report shows; weights are left to the stages."""


def stale_stages(run: RunFiles) -> dict[str, str]:
    """Stage → what makes its results out of date, in words; nothing where provenance.json records no stages."""
    stages = run.provenance["stages"]
    found: dict[str, str] = {}
    for stage, inputs in _DEPENDS_ON.items():
        if stage not in stages:
            if stages and stage in _FILES and (run.folder / _FILES[stage]).is_file():
                found[stage] = f"{stage} was begun again and not finished"
            continue
        if changed := _changed_file(run, stages[stage]):
            found[stage] = f"{changed} is not as {stage} left it"
        elif stage != "compare" or _uses_synthetic_images(run):
            for name in inputs:
                if name in found:
                    found[stage] = found[name]
                elif _is_newer(stages.get(name), stages[stage]):
                    found[stage] = f"{name} was run again later"
    return found


def _changed_file(run: RunFiles, stage: Mapping[str, Any]) -> str | None:
    """The first file of a stage that is missing or has another content than the stage gave it."""
    for name, digest in stage["outputs"].items():
        path = run.folder / name
        if path.suffix in _CHECKED and run.reader.inside(path):
            try:
                is_changed = file_digest(path) != digest
            except OSError:
                is_changed = True
            if is_changed:
                return str(name)
    return None


def _is_newer(earlier_stage: Mapping[str, Any] | None, stage: Mapping[str, Any]) -> bool:
    first, second = (_time((one or {}).get("finished")) for one in (earlier_stage, stage))
    return first is not None and second is not None and first > second


def _time(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text or "").timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _uses_synthetic_images(run: RunFiles) -> bool:
    results = run.results
    if results is None or "num_train_synthetic" not in results.columns:
        return True
    return bool((results["num_train_synthetic"].astype(str).str.strip("0.") != "").any())
