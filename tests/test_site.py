"""The documentation site builds strictly and needs nothing from elsewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""Attributes whose address a browser fetches by itself."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason='needs `pip install ".[docs]"`')
    pytest.importorskip("mkdocstrings", reason='needs `pip install ".[docs]"`')
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


class Addresses(HTMLParser):
    """What a page loads (`loaded`) and links to (`links`)."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
        elif tag in LOADING and (address := values.get(LOADING[tag])):
            is_relation = tag == "link" and values.get("rel") in ("canonical", "next", "prev")
            self.loaded += [] if is_relation else [address]


def test_no_page_loads_anything_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    loaded = {address for page in pages for address in Addresses(page).loaded}
    assert not [address for address in loaded if re.match(r"(\w+:)?//", address)]
    style = "".join(file.read_text(encoding="utf-8") for file in site.rglob("*.css"))
    assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style)


def test_every_link_within_the_site_leads_to_a_file(site):
    broken = [
        (page.name, link)
        for page in site.rglob("*.html")
        for link in Addresses(page).links
        if (path := re.split("[#?]", link)[0])
        and not re.match(r"\w+:", path)
        and page.name != "404.html"
        and not (page.parent / path).exists()
    ]
    assert not broken


def test_the_reference_is_made_from_the_docstrings(site):
    text = (site / "reference/over_sampling.html").read_text(encoding="utf-8")
    assert "fit_resample" in text and "Adds synthetic images to small classes" in text
    assert "image_size_px" in (site / "reference/config.html").read_text(encoding="utf-8")


def test_the_gallery_has_a_small_report_of_simulated_images_only():
    report = REPOSITORY / "docs/gallery/phantom-report.html"
    text = report.read_text(encoding="utf-8")
    assert report.stat().st_size <= 1_000_000
    assert "simulated, not real patients" in text
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)


@pytest.mark.parametrize("picture", sorted((REPOSITORY / "docs/images").glob("*")), ids=lambda path: path.name)
def test_pictures_are_small(picture):
    assert picture.suffix == ".png" and picture.stat().st_size <= 200_000
