"""Carries out commands of the documentation in the current folder; run by test_docs.py where only a wheel is installed.

Reads a JSON list of commands, each a list of words, from stdin, and prints a JSON list of [exit code, output].
"""

import json
import shutil
import sys
import time
from pathlib import Path

from click.testing import CliRunner

import ganbal
from ganbal.cli import main
from ganbal.data.phantom.dataset import ensure_phantom_set
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console


def prepare() -> None:
    """The files that the documentation's commands name: a data set, two folders and an image."""
    data = Path("path/to/chest_xray")
    shutil.copytree(ensure_phantom_set(cache_folder(), 120, Console(quiet=True)), data)
    for name in ("scans", "PATH"):
        shutil.copytree(data / "train", name)
    for number, file in enumerate(sorted(Path("scans").rglob("*.jpeg"))):
        file.rename(file.with_name(f"ABC{number // 2}_{number}.jpeg"))
    normal, other = (sorted((data / "train" / name).glob("*.jpeg")) for name in ("NORMAL", "PNEUMONIA"))
    real, synthetic = other[:20], other[20:40]
    folders = {"real": real, "synthetic": synthetic, "REAL": real, "SYNTHETIC": synthetic, "folder": normal[:2]}
    for name, files in folders.items():
        Path(name).mkdir()
        for file in files:
            shutil.copy(file, name)
    shutil.copy(normal[0], "image.jpeg")


def carry_out(words: list[str]) -> tuple[int, str]:
    start = time.monotonic()
    done = CliRunner().invoke(main, words)
    print(f"{time.monotonic() - start:6.1f} s  {words[0]} {words[-3:]}", file=sys.stderr)
    newest = max(Path("outputs").glob("2*"), default=None) if Path("outputs").is_dir() else None
    if newest is not None and not Path("outputs/NAME").exists():
        Path("outputs/NAME").symlink_to(newest.name)
    return done.exit_code, done.output


if __name__ == "__main__":
    prepare()
    results = [carry_out(words) for words in json.load(sys.stdin)]
    print(json.dumps({"package": ganbal.__file__, "results": results}))
