"""Scoring folders of images that belong to no run."""

from collections.abc import Sequence
from pathlib import Path

from ganbal.config import load_config
from ganbal.metrics.features.registry import build_extractor
from ganbal.metrics.scoring import check_score, score_folders
from ganbal.metrics.statistics_scoring import save_statistics
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.stages import results_text
from ganbal.stages.outcome import Outcome
from ganbal.stages.trained_extractor import chosen_extractor


def score_two_folders(
    real: Path, synthetic: Path, config_file: Path | None, assignments: Sequence[str], console: Console
) -> Outcome:
    """Score any two folders of images, without a run."""
    config = load_config(config_file, assignments)
    check_score(config.score)
    device = choose_device(config.device)
    facts = score_folders(
        real,
        synthetic,
        config=config.score,
        device=device,
        cache_root=cache_folder(),
        seed=config.seed,
        console=console,
        extractor=chosen_extractor(config.score, device),
    )
    return Outcome(facts, results_text.scores(facts), "Next: ganbal compare, to see whether such images help")


def save_folder_statistics(
    folder: Path, target: Path, config_file: Path | None, assignments: Sequence[str], console: Console
) -> Outcome:
    """Write mean and covariance of a folder's features as a `.npz` file that pytorch-fid and `ganbal score` read."""
    config = load_config(config_file, assignments).score
    check_score(config)
    device = choose_device(load_config(config_file, assignments).device)
    extractor = chosen_extractor(config, device) or build_extractor(config, device)
    save_statistics(folder, target, extractor=extractor, cache_root=cache_folder(), console=console)
    facts = {"statistics": str(target), "extractor": extractor.identity.to_json()}
    return Outcome(facts, f"Statistics of {folder}: {target}", f"Next: ganbal score {target} SYNTHETIC")
