"""Times `ganbal score` against pytorch-fid: whole processes, alternated, on the same folders and weights.

    python benchmarks/score.py --data ../shared/data/chest_xray \
        --weights ../shared/weights/fid_inception_2015-12-05_dims768.pth

Real: the NORMAL training images. Synthetic: `--synthetic FOLDER`, else PNEUMONIA training images written as PNG, which
cost the same to score. The second ganbal run scores another synthetic folder (the first one mirrored) with the real
side cached. `--share 0.1` uses a tenth of the images. The distance step is timed on random features.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

REFERENCE = Path(__file__).resolve().with_name("reference_fid.py")
WARM_UP_IMAGES = 64
HUB_NAME = "pt_inception-2015-12-05-6726825d.pth"


def main() -> None:
    options = parse_options()
    with tempfile.TemporaryDirectory(prefix="ganbal-benchmark-") as scratch:
        report = run(options, Path(scratch))
    print(json.dumps(report, indent=2))
    print(as_markdown(report), file=sys.stderr)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="chest X-ray set in Kaggle's layout")
    parser.add_argument("--weights", type=Path, required=True, help="Inception weights valid up to --dims")
    parser.add_argument("--synthetic", type=Path, help="folder of synthetic PNG files, flat")
    parser.add_argument("--num-synthetic", type=int, default=2500)
    parser.add_argument("--dims", type=int, default=768)
    parser.add_argument("--distance-dims", type=int, default=2048, help="features of the distance step")
    parser.add_argument("--share", type=float, default=1.0, help="share of the images to use")
    parser.add_argument("--fid-only", action="store_true", help="leave out the time of all scores together")
    parser.add_argument("--first-only", action="store_true", help="only pytorch-fid and ganbal's first FID")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    return parser.parse_args()


def run(options: argparse.Namespace, scratch: Path, on_figures: Callable[[dict], None] = lambda figures: None) -> dict:
    """The report; `on_figures` gets the times and distances so far after each program.

    Raises:
        RuntimeError: a program failed.
    """
    real, first, second = prepare_folders(options, scratch)
    hub = scratch / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    shutil.copyfile(options.weights, hub / HUB_NAME)
    environment = os.environ | {"TORCH_HOME": str(scratch / "torch")}
    seconds: dict[str, list[float]] = {}
    values: dict[str, float] = {}

    def take(name: str, command: list[str], value_of: Callable[[str], float], **extra: str) -> None:
        start = time.perf_counter()
        done = subprocess.run(command, env=environment | extra, capture_output=True, text=True, cwd=scratch)
        seconds.setdefault(name, []).append(time.perf_counter() - start)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        values[name] = value_of(done.stdout)
        print(f"{name}: {seconds[name][-1]:.1f} s, FID {values[name]:.6f}", file=sys.stderr, flush=True)
        on_figures({"seconds": {name: statistics.median(taken) for name, taken in seconds.items()}, "fid": values})

    for number in range(options.rounds):
        cache = {"GANBAL_CACHE": str(scratch / f"cache-{number}")}
        reference = [sys.executable, str(REFERENCE), str(real), str(first)]
        reference += ["--dims", str(options.dims), "--device", options.device]
        take("pytorch-fid", reference, lambda text: float(text.split()[-1]))
        take("ganbal score, FID only, first time", ours(options, real, first, "[fid]"), fid_of, **cache)
        if not options.fid_only and not options.first_only:
            empty = {"GANBAL_CACHE": str(scratch / f"empty-cache-{number}")}
            take("ganbal score, every score, first time", ours(options, real, first, None), fid_of, **empty)
        if not options.first_only:
            take("ganbal score, FID only, real side cached", ours(options, real, second, "[fid]"), fid_of, **cache)
    loaded = time_loaded(options, real, first, scratch)
    on_figures({"seconds_in_a_process_that_has_loaded_everything": loaded})
    agreement = values["ganbal score, FID only, first time"] / values["pytorch-fid"] - 1
    return {
        "images": [len(list(real.iterdir())), len(list(first.iterdir()))],
        "dims": options.dims,
        "seconds": {name: statistics.median(taken) for name, taken in seconds.items()},
        "all_seconds": seconds,
        "seconds_in_a_process_that_has_loaded_everything": loaded,
        "fid": values,
        "relative_difference_of_fid": agreement,
        "distance_step_seconds": time_distance_step(options.share, options.distance_dims),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {options.device}",
    }


def time_loaded(options: argparse.Namespace, real: Path, synthetic: Path, scratch: Path) -> dict[str, float]:
    """Seconds from two folders to FID in this process, after both programs have loaded their libraries and have used
    the device once: what remains besides the start of a process.
    """
    import torch
    from pytorch_fid.fid_score import calculate_fid_given_paths
    from reference_fid import restore_disp

    from ganbal.config import load_config
    from ganbal.runtime.console import Console
    from ganbal.stages.score import score_two_sets

    restore_disp()
    few = [scratch / f"few-{side.name}" for side in (real, synthetic)]
    for folder, side in zip(few, (real, synthetic), strict=True):
        folder.mkdir()
        for file in sorted(side.iterdir())[:WARM_UP_IMAGES]:
            shutil.copyfile(file, folder / file.name)
    given = [f"score.dims={options.dims}", f"score.weights={options.weights.resolve()}", "score.metrics=[fid]"]
    config = load_config(None, [*given, f"device={options.device}"])

    def with_pytorch_fid(sides: list[Path]) -> None:
        paths, workers = [str(side) for side in sides], min(8, os.cpu_count() or 1)
        calculate_fid_given_paths(paths, 50, torch.device(options.device), options.dims, num_workers=workers)

    def with_ganbal(sides: list[Path]) -> None:
        score_two_sets(*sides, config, Console(quiet=True))

    before = dict(os.environ)
    os.environ |= {"TORCH_HOME": str(scratch / "torch"), "GANBAL_CACHE": str(scratch / "cache-loaded")}
    try:
        seconds = {}
        for name, compute in (("pytorch-fid", with_pytorch_fid), ("ganbal score, FID only", with_ganbal)):
            compute(few)
            start = time.perf_counter()
            compute([real, synthetic])
            seconds[name] = time.perf_counter() - start
        return seconds
    finally:
        os.environ.clear()
        os.environ.update(before)


def ours(options: argparse.Namespace, real: Path, synthetic: Path, metrics: str | None) -> list[str]:
    command = [sys.executable, "-m", "ganbal", "score", str(real), str(synthetic), "--json", "--quiet"]
    command += ["--dims", str(options.dims), "--weights", str(options.weights.resolve()), "--device", options.device]
    return command + (["--set", f"score.metrics={metrics}"] if metrics else [])


def fid_of(text: str) -> float:
    return next(score["value"] for score in json.loads(text)["scores"] if score["metric"] == "fid")


def prepare_folders(options: argparse.Namespace, scratch: Path) -> tuple[Path, Path, Path]:
    """The real folder and two synthetic ones, flat and lower-case, as pytorch-fid needs them."""
    real, first, second = (scratch / name for name in ("real", "synthetic-1", "synthetic-2"))
    for folder in (real, first, second):
        folder.mkdir()
    files = sorted((options.data / "train" / "NORMAL").iterdir())
    for file in files[: round(len(files) * options.share)]:
        shutil.copyfile(file, real / file.name.lower())
    source = options.synthetic or options.data / "train" / "PNEUMONIA"

    def write(file: Path) -> None:
        with Image.open(file) as image:
            image.save(first / f"{file.stem}.png")
            ImageOps.mirror(image).save(second / f"{file.stem}.png")

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, sorted(source.iterdir())[: round(options.num_synthetic * options.share)]))
    return real, first, second


def time_distance_step(share: float, dims: int) -> dict[str, float]:
    """From features to the distance at `dims` dimensions, pytorch-fid's functions against ours."""
    from pytorch_fid.fid_score import calculate_frechet_distance
    from reference_fid import restore_disp

    from ganbal.metrics.frechet import frechet_distance

    restore_disp()

    rng = np.random.default_rng(0)
    spectrum = np.linspace(1, 0.05, dims) ** 3
    shapes = [(round(number * share), dims) for number in (1341, 2500)]
    sides = [np.abs(rng.normal(size=shape) * spectrum).astype(np.float32) for shape in shapes]

    start = time.perf_counter()
    ours = frechet_distance(*sides)
    middle = time.perf_counter()
    moments = [(np.mean(side, axis=0), np.cov(side, rowvar=False)) for side in map(np.float64, sides)]
    theirs = calculate_frechet_distance(*moments[0], *moments[1])
    end = time.perf_counter()
    return {
        "pytorch-fid": end - middle,
        "ganbal": middle - start,
        "times_faster": (end - middle) / (middle - start),
        "relative_difference": ours / float(theirs) - 1,
    }


def as_markdown(report: dict) -> str:
    base = report["seconds"]["pytorch-fid"]
    lines = ["| program | seconds | times faster | FID |", "|---|---|---|---|"]
    for name, seconds in report["seconds"].items():
        lines.append(f"| {name} | {seconds:.1f} | {base / seconds:.2f} | {report['fid'][name]:.6f} |")
    step = report["distance_step_seconds"]
    lines.append(f"| distance step, pytorch-fid | {step['pytorch-fid']:.2f} | 1.00 | |")
    lines.append(f"| distance step, ganbal | {step['ganbal']:.2f} | {step['times_faster']:.1f} | |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
