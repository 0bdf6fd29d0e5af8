"""Which results of a run were made before something that they depend on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ganbal.report.run_reader import RunFiles

_DEPENDS_ON = {
    "train-gan": ("inspect",),
    "synthesize": ("train-gan",),
    "score": ("synthesize",),
    "compare": ("synthesize",),
}
_FILES = {"score": "scores.json", "compare": "study/summary.json", "synthesize": "synthetic/manifest.csv"}


def stale_stages(run: RunFiles) -> dict[str, str]:
    """Stage → what makes its results out of date, in words; nothing where provenance.json records no stages."""
    stages = run.provenance["stages"]
    found: dict[str, str] = {}
    for stage, inputs in _DEPENDS_ON.items():
        if stage == "compare" and not _uses_synthetic_images(run):
            continue
        if stage not in stages:
            if stages and stage in _FILES and (run.folder / _FILES[stage]).is_file():
                found[stage] = f"{stage} was begun again and not finished"
            continue
        for name in inputs:
            if name in found or _is_newer(stages.get(name), stages[stage]):
                found[stage] = f"{name} was run again later"
    return found


def _is_newer(earlier_stage: Mapping[str, Any] | None, stage: Mapping[str, Any]) -> bool:
    first, second = ((_time((one or {}).get("finished"))) for one in (earlier_stage, stage))
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
