"""Everything a GPU can report about ganbal, in one command.

    python benchmarks/gpu.py prepare --data DIR --weights DIR       packs .gpu/pack.tar.xz and prints the next command
    python benchmarks/gpu.py run --budget 840 --out DIR             on the machine with the GPU; it needs PyTorch only
    python benchmarks/gpu.py run --device cpu --tiny --out DIR      every stage, smallest sizes, no pack: a check

Each stage runs in its own process with a time box: limits of the card, GAN step, classifier step, scoring against
pytorch-fid, `ganbal run` killed and continued, studies with 6, 4 and 1 workers, projection, speeds of the search's
variants, GPU tests. Each yields figures with a budget of 400 s on a fast card; more makes them longer. `--only search`
searches for a better generator (benchmarks/search_generator.py), `--only search,answer` also measures what the best one
is worth to classifiers (benchmarks/answer.py), `--only published` trains the systems of document 002 with and without
GAN images (VGG16 needs a pack of `prepare --content published`), `--only generators` trains variants of the search side
by side, `--only arms` measures every arm with generators from files, `--only profiles` shows where commands spend
their time. None of these is done otherwise.
DIR/results.json is rewritten after each stage. A stage that fails stops no other; one that no longer fits into the
budget is skipped.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from gpu_stages import pack
from gpu_stages.runner import STAGES, perform, run_stages
from gpu_stages.settings import REPOSITORY, Settings

PACK_FOLDER = REPOSITORY / ".gpu"


def main() -> None:
    given = parse()
    if given.action == "stage":
        perform(given.settings)
    elif given.action == "prepare":
        prepare(given)
    else:
        run(given)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    preparing = actions.add_parser("prepare", help="pack images, weights and wheels")
    preparing.add_argument("--data", type=Path, required=True, help="image set in Kaggle's layout")
    preparing.add_argument(
        "--weights", type=Path, required=True, help=f"folder with {pack.INCEPTION}, {pack.MOBILENET}, {pack.VGG16}"
    )
    preparing.add_argument("--content", choices=list(pack.CONTENTS), default="scores", help="which weights are packed")
    preparing.add_argument(
        "--quality", type=int, default=pack.IMAGE_QUALITY, help=f"of the images (WebP); default {pack.IMAGE_QUALITY}"
    )
    preparing.add_argument("--without", nargs="*", default=[], metavar="WHEEL", help="packages that the machine has")
    preparing.add_argument("--python", default="3.12", help="Python version of the machine with the GPU")
    running = actions.add_parser("run", help="run the stages")
    running.add_argument("--budget", type=float, default=840, metavar="SECONDS")
    running.add_argument("--out", type=Path, required=True, metavar="DIR")
    running.add_argument("--device", default="cuda", metavar="cuda|cuda:N|cpu")
    running.add_argument("--tiny", action="store_true", help="smallest sizes, made-up images; measures nothing")
    running.add_argument("--only", default="", metavar="STAGE,…", help=", ".join(stage.name for stage in STAGES))
    running.add_argument(
        "--pack",
        type=Path,
        default=PACK_FOLDER / pack.PACK_NAME,
        help="file that `prepare` wrote, or a folder with its content",
    )
    running.add_argument("--data", type=Path, help="image set to use in place of the packed one")
    actions.add_parser("stage").add_argument("settings", type=Path)
    return parser.parse_args()


def prepare(given: argparse.Namespace) -> None:
    file = pack.make_pack(
        given.data,
        given.weights,
        PACK_FOLDER,
        given.python,
        given.content,
        quality=given.quality,
        without=given.without,
    )
    place = PACK_FOLDER.relative_to(REPOSITORY)
    print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB. Copy the repository with {place}/, then there:")
    print("  python benchmarks/gpu.py run --budget 840 --out DIR")


def run(given: argparse.Namespace) -> None:
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    only = [name for name in given.only.split(",") if name]
    if given.tiny and not only:
        only = [stage.name for stage in STAGES]
    if unknown := set(only) - {stage.name for stage in STAGES}:
        sys.exit(f"--only {', '.join(sorted(unknown))}: choose among {', '.join(stage.name for stage in STAGES)}.")
    with tempfile.TemporaryDirectory(prefix="ganbal-gpu-") as folder:
        scratch = Path(folder)
        # Nothing goes online, and modules are compiled once, as in an installed package.
        environment = os.environ | {"GANBAL_CACHE": str(scratch / "cache"), "NO_ALBUMENTATIONS_UPDATE": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        python_path = [str(REPOSITORY)]
        if given.tiny:
            make_settings = tiny_settings(given, scratch, out)
        else:
            content = unpacked(given.pack, scratch)
            make_settings = full_settings(given, scratch, out, content)
            python_path += [str(wheel) for wheel in pack.missing_packages(content)]
        environment["PYTHONPATH"] = os.pathsep.join([*python_path, os.environ.get("PYTHONPATH", "")])
        results = run_stages(make_settings, environment, given.budget, only)
    failed = [name for name, outcome in results["stages"].items() if outcome["status"] != "done"]
    print(
        f"{out / 'results.json'}: {len(results['stages']) - len(failed)} of {len(results['stages'])} stages are done."
    )
    sys.exit(1 if failed else 0)


def unpacked(place: Path, scratch: Path) -> Path:
    """The folder with the content of the pack."""
    if place.is_dir():
        return place.resolve()
    if not place.is_file():
        sys.exit(f"{place} is missing: run `python benchmarks/gpu.py prepare` first, or name the file with --pack.")
    pack.unpack(place, scratch)
    return scratch


def full_settings(
    given: argparse.Namespace, scratch: Path, out: Path, content: Path
) -> Callable[[str, float], Settings]:
    weights = content / "weights"
    data = given.data.resolve() if given.data else content / "data"
    return lambda stage, seconds: Settings(
        stage=stage,
        device=given.device,
        tiny=False,
        seconds=seconds,
        data=data,
        inception=weights / pack.INCEPTION,
        dims=pack.DIMS,
        mobilenet=existing(weights / pack.MOBILENET),
        vgg16=existing(weights / pack.VGG16),
        scratch=scratch,
        out=out,
    )


def existing(file: Path) -> Path | None:
    return file if file.is_file() else None


def tiny_settings(given: argparse.Namespace, scratch: Path, out: Path) -> Callable[[str, float], Settings]:
    from gpu_stages.tiny_material import write_images, write_inception

    data = given.data.resolve() if given.data else write_images(scratch / "data")
    inception = write_inception(scratch / "inception.pth")
    return lambda stage, seconds: Settings(
        stage=stage,
        device=given.device,
        tiny=True,
        seconds=seconds,
        data=data,
        inception=inception,
        dims=64,
        mobilenet=None,
        vgg16=None,
        scratch=scratch,
        out=out,
    )


if __name__ == "__main__":
    main()
