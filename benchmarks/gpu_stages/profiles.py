"""Stage 14, only if named: where `train-gan`, `score` and `compare` spend their time, each in one profiled process."""

import pstats
import subprocess
from pathlib import Path

from gpu_stages.commands import Command
from gpu_stages.settings import REPOSITORY, Record, Settings

DEFAULT = REPOSITORY / "configs" / "default.yaml"
SHOWN = 25
SMALL = [
    *("gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8", "gan.score_images=16"),
    *("study.image_size_px=32", "study.steps=4", "study.batch_size=8"),
]


def measure(settings: Settings, record: Record) -> None:
    """Each profile is recorded as it comes.

    Raises:
        RuntimeError: a command fails.
    """
    run, small = settings.scratch / "profiled", SMALL if settings.tiny else []
    weights = [f"score.weights={settings.inception}", f"score.dims={settings.dims}", "score.metrics=[fid]"]
    study = ["study.arms=[imbalanced,duplicated]", "study.classifiers=[baseline_cnn]", "study.seeds=1"]
    study += ["study.workers=1", *([] if settings.tiny else ["study.steps=1000"])]
    commands = {
        "train-gan": ["gan.steps=4" if settings.tiny else "gan.steps=500"],
        "synthesize": ["synthesis.num_images=16" if settings.tiny else "synthesis.num_images=500"],
        "score": weights,
        "compare": study,
    }
    given = list(small)
    for name, assignments in commands.items():
        given += assignments
        config = DEFAULT if name == "train-gan" else None
        words = Command(name, settings, run, given, config=config).words()
        record.add(**{name: profile(words, settings.scratch / f"{name}.profile")})


def profile(words: list[str], file: Path) -> dict[str, object]:
    """Run `python -m MODULE …` with the profiler.

    Returns:
        The seconds of the whole process, of the project's functions with what they call, and of all functions alone.
    """
    python, _, *rest = words
    done = subprocess.run([python, "-m", "cProfile", "-o", str(file), "-m", *rest])
    if done.returncode:
        raise RuntimeError(f"{' '.join(rest[:2])} ended with exit code {done.returncode}; see the stage's log.")
    functions = pstats.Stats(str(file)).get_stats_profile()
    seconds = {
        f"{function.file_name.removeprefix(str(REPOSITORY))}:{name}": (function.cumtime, function.tottime)
        for name, function in functions.func_profiles.items()
    }
    own = {name: both[0] for name, both in seconds.items() if name.startswith("/")}
    return {
        "seconds": round(functions.total_tt, 1),
        "with_what_they_call": largest(own),
        "alone": largest({name: both[1] for name, both in seconds.items()}),
    }


def largest(seconds: dict[str, float]) -> dict[str, float]:
    names = sorted(seconds, key=lambda name: -seconds[name])[:SHOWN]
    return {name: round(seconds[name], 2) for name in names}
