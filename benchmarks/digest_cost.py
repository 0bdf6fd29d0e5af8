"""What digests cost `ganbal run`: with and without them, alternated, on fresh runs and on a finished one.

    python benchmarks/digest_cost.py [--data DIR] [--config FILE] [--set …] [--rounds 3] [--json FILE]

Without: a SHA-256 covers only the length and both ends of the content, checksums of cached pixels are 0, and archives
are not verified. The run is otherwise the same. A run "with" also adds up the seconds spent in digests, which is less
noisy than the difference of two whole runs. Every run has an empty cache of its own, and imports are not part of the
times.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import BinaryIO

TINY = ["data.phantom_images=400", "gan.image_size_px=32", "gan.base_channels=8", "gan.steps=200", "study.steps=100"]
TINY += ["study.image_size_px=32", "study.classifiers=[baseline_cnn]", "study.seeds=2", "score.extractor=untrained"]


def main() -> None:
    given = parse()
    words = ["--data", given.data, *(["--config", str(given.config)] if given.config else [])]
    words += [word for setting in given.set or TINY for word in ("--set", setting)]
    seconds = {"fresh": {"with": [], "without": []}, "finished": {"with": [], "without": []}}
    in_digests = {"fresh": [], "finished": []}
    with tempfile.TemporaryDirectory(prefix="ganbal-digests-") as folder:
        for number in range(given.rounds):
            for variant in ("with", "without") if number % 2 == 0 else ("without", "with"):
                place = Path(folder) / f"{number}-{variant}"
                for kind in ("fresh", "finished"):  # the second time, every stage is finished and verified
                    found = measure([*words, "--run", str(place / "run")], place, variant)
                    seconds[kind][variant].append(found["seconds"])
                    print(f"round {number + 1}, {variant} digests, {kind} run: {found['seconds']:.2f} s", flush=True)
                    if variant == "with":
                        in_digests[kind].append(found["in_digests"])
    result = {"seconds": seconds, "seconds_in_digests": in_digests}
    for kind, found in seconds.items():
        whole, without = statistics.median(found["with"]), statistics.median(found["without"])
        share = statistics.median(in_digests[kind]) / whole
        print(
            f"{kind} run: with {whole:.2f} s, without {without:.2f} s ({whole / without:.3f} x); in digests {share:.2%}"
        )
    if given.json:
        given.json.write_text(json.dumps(result, indent=2) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="phantom")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--set", action="append", metavar="FIELD=VALUE", help="settings; default: a minute on a laptop")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(words: list[str], place: Path, variant: str) -> dict[str, float]:
    place.mkdir(exist_ok=True)
    outcome = place / "outcome.json"
    environment = os.environ | {"GANBAL_CACHE": str(place / "cache")}
    subprocess.run(
        [sys.executable, __file__, "--one", variant, str(outcome), *words],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return json.loads(outcome.read_text())


class EndsDigest:
    """Stands in for SHA-256: of the length and the first and last bytes, equal for memory and files."""

    ENDS = 256

    def __init__(self, content: bytes = b"") -> None:
        self.length, self.head, self.tail = 0, b"", b""
        self.update(content)

    @classmethod
    def of_file(cls, file: BinaryIO, name: str) -> "EndsDigest":
        digest = cls()
        digest.length = os.fstat(file.fileno()).st_size
        digest.head = file.read(cls.ENDS)
        file.seek(max(0, digest.length - cls.ENDS))
        digest.tail = file.read(cls.ENDS)
        return digest

    def update(self, content: bytes) -> None:
        part = memoryview(content).cast("B")
        self.length += len(part)
        self.head += bytes(part[: self.ENDS - len(self.head)])
        self.tail = (self.tail + bytes(part[-self.ENDS :]))[-self.ENDS :]

    def hexdigest(self) -> str:
        return f"{zlib.crc32(self.head):08x}{zlib.crc32(self.tail):08x}{self.length:048x}"

    def digest(self) -> bytes:
        return bytes.fromhex(self.hexdigest())


def run_one(variant: str, outcome: Path, words: list[str]) -> None:
    """`ganbal run` in this process, with its digests timed or replaced."""
    import hashlib
    import zipfile
    from types import SimpleNamespace

    from ganbal.cli import main as ganbal
    from ganbal.data import pixel_cache

    spent = 0.0

    def timed(function):
        def call(*arguments):
            nonlocal spent
            start = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                spent += time.perf_counter() - start

        return call

    if variant == "with":
        hashlib.file_digest = timed(hashlib.file_digest)
        zipfile.ZipFile.testzip = timed(zipfile.ZipFile.testzip)
        pixel_cache.zlib = SimpleNamespace(crc32=timed(zlib.crc32))
    else:
        hashlib.sha256 = EndsDigest
        hashlib.file_digest = EndsDigest.of_file
        zipfile.ZipFile.testzip = lambda archive: None
        pixel_cache.zlib = SimpleNamespace(crc32=lambda content, before=0: 0)
    start = time.perf_counter()
    try:
        ganbal(["run", *words, "--device", "cpu", "--quiet"])
    except SystemExit as end:
        if end.code:
            raise
    outcome.write_text(json.dumps({"seconds": time.perf_counter() - start, "in_digests": spent}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    else:
        main()
