"""Stage 6: how long configs/default.yaml and a 10-seed study of all arms take, projected from the other stages."""

from typing import Any

from ganbal.config import load_config
from ganbal.study.arms.registry import ARMS
from gpu_stages.end_to_end import DEFAULT_SIZE
from gpu_stages.settings import REPOSITORY, Record, Settings
from gpu_stages.workers import MPS

STUDY_SEEDS, STUDY_CLASSIFIERS = 10, 2


def measure(settings: Settings, record: Record) -> None:
    """A figure whose stage was skipped is left out and named in `missing`."""
    config = load_config(REPOSITORY / "configs" / "default.yaml", [])
    missing = []
    seconds: dict[str, Any] = {}
    speeds = settings.earlier("gan").get(DEFAULT_SIZE, {}).get("steps_per_second", {})
    speed = max((found for loop, found in speeds.items() if loop.startswith("small-data")), default=None)
    if speed:
        seconds["gan_training_s"] = config.gan.steps / speed
    else:
        missing.append("gan")
    times = start_and_seconds_per_cell(settings.earlier("workers"), config.study.steps)
    if times:
        start, cell = times
        cells = len(config.study.arms) * len(config.study.classifiers) * config.study.seeds
        seconds["default_study_s"] = start + cell * cells
        seconds["all_arms_10_seeds_2_classifiers_s"] = start + cell * len(ARMS) * STUDY_CLASSIFIERS * STUDY_SEEDS
    else:
        missing.append("workers")
    scoring = settings.earlier("scoring").get("seconds", {})
    first = scoring.get("ganbal score, every score, first time") if isinstance(scoring, dict) else None
    if first:
        seconds["scoring_s"] = first
    else:
        missing.append("scoring")
    parts = ("gan_training_s", "default_study_s", "scoring_s")
    if all(name in seconds for name in parts):
        seconds["default_yaml_end_to_end_s"] = sum(seconds[name] for name in parts)
    note = "each cell is taken to cost what a cell of baseline_cnn costs"
    record.add(**{name: round(value, 1) for name, value in seconds.items()}, missing=missing, note=note)


def start_and_seconds_per_cell(figures: dict[str, Any], steps: int) -> tuple[float, float] | None:
    """Of the best number of workers without MPS, for cells of so many steps at most; None where none was measured.

    Cells of fewer steps are assumed to cost as much per step.

    Returns:
        Seconds that a study costs besides its cells, and seconds per cell.
    """
    studies = [found for name, found in figures.items() if isinstance(found, dict) and not name.endswith(MPS)]
    if not studies:
        return None
    best = min(studies, key=lambda found: found["seconds_per_further_cell"])
    per_cell = best["seconds_per_further_cell"]
    return max(0.0, best["seconds"] - per_cell * best["cells"]), per_cell * max(1.0, steps / figures["steps"])
