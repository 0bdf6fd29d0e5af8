"""Scoring folders of images that belong to no run."""

from pathlib import Path
from typing import Any

from ganbal.config import Config
from ganbal.metrics.features.registry import build_extractor
from ganbal.metrics.scoring import check_score, score_folders
from ganbal.metrics.statistics_scoring import save_statistics
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.runtime.device import choose_device
from ganbal.stages.trained_extractor import chosen_extractor


def score_two_folders(real: Path, synthetic: Path, config: Config, console: Console) -> dict[str, Any]:
    """Scores of any two folders of images, as in scores.json."""
    check_score(config.score)
    device = choose_device(config.device)
    return score_folders(
        real,
        synthetic,
        config=config.score,
        device=device,
        cache_root=cache_folder(),
        seed=config.seed,
        console=console,
        extractor=chosen_extractor(config.score, device),
    )


def save_folder_statistics(folder: Path, target: Path, config: Config, console: Console) -> dict[str, Any]:
    """Write mean and covariance of a folder's features as a `.npz` file that pytorch-fid and `ganbal score` read."""
    check_score(config.score)
    device = choose_device(config.device)
    extractor = chosen_extractor(config.score, device) or build_extractor(config.score, device)
    save_statistics(folder, target, extractor=extractor, cache_root=cache_folder(), console=console)
    return {"statistics": str(target), "extractor": extractor.identity.to_json()}
