"""The example report of the site and a picture of its first screen, from a finished run on the phantom set.

ganbal demo --run DIR && python docs/scripts/gallery.py DIR
"""

import argparse
import base64
import io
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from ganbal.report import build_report
from ganbal.report.run_reader import read_run_folder

DOCS = Path(__file__).resolve().parents[1]
REPORT, PICTURE = DOCS / "gallery" / "phantom-report.html", DOCS / "images" / "report.png"
MOST_REPORT_BYTES, MOST_PICTURE_BYTES = 1_000_000, 200_000
WINDOW_PX = (1280, 900)
COLORS = 128
PICTURE_QUALITY = 40
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def example_report(run: Path) -> str:
    """The HTML of a run's report, built in a copy of the run at outputs/demo."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "outputs" / "demo"
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns("checkpoints", "*.safetensors"))
        files = read_run_folder(copy)
        html = build_report(copy).html.read_text(encoding="utf-8")
        root = files.data["source"]["root"] if files.data else ""
    cache = root.partition("/phantom/")[0]
    replaced = (
        html.replace(cache, "~/.cache/ganbal").replace(str(copy), "outputs/demo").replace(str(run), "outputs/demo")
    )
    linked = r'<span class="files">.*?</span>|<a class="file".*?</a>'
    return re.sub(r"(?<=data:image/)jpeg;base64,([^\"]+)", _compressed, re.sub(linked, "", replaced, flags=re.DOTALL))


def _compressed(match: re.Match[str]) -> str:
    image = Image.open(io.BytesIO(base64.b64decode(match[1])))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=PICTURE_QUALITY, method=6)
    return f"webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def screenshot(page: Path, target: Path) -> None:
    """The first screen of an HTML page as a PNG with few colors."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("The picture needs Chromium or Chrome.")
    with tempfile.TemporaryDirectory() as place:
        shot = Path(place) / "shot.png"
        size = f"--window-size={WINDOW_PX[0]},{WINDOW_PX[1]}"
        command = [browser, *FLAGS, "--hide-scrollbars", size, f"--user-data-dir={place}", f"--screenshot={shot}"]
        subprocess.run([*command, page.resolve().as_uri()], check=True, capture_output=True)
        Image.open(shot).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(target, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run folder")
    run = parser.parse_args().run
    if not read_run_folder(run).is_phantom:
        raise SystemExit(f"{run} shows real images; only a run on the phantom set may be published.")
    REPORT.write_text(example_report(run), encoding="utf-8")
    screenshot(REPORT, PICTURE)
    for file, most in ((REPORT, MOST_REPORT_BYTES), (PICTURE, MOST_PICTURE_BYTES)):
        print(f"{file}: {file.stat().st_size} bytes")
        if file.stat().st_size > most:
            raise SystemExit(f"{file} has more than {most} bytes.")


if __name__ == "__main__":
    main()
