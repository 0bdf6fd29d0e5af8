"""The report in a real browser: no errors, no requests, no overflow, sortable, readable, printable."""

import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS_PX = (390, 1000, 1440)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)


# The protocol lives on file descriptors 3 and 4 of the browser; the copies at 100 keep one from overwriting the other.
LAUNCHER = """
import os, sys
high = [os.dup2(int(end), 100 + place) for place, end in enumerate(sys.argv[1:3])]
for place, end in enumerate(high):
    os.dup2(end, 3 + place)
    os.close(end)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """Headless Chromium, controlled through a pipe in its DevTools protocol; `events` keeps its messages."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM is not None
        child_reads, self._write = os.pipe()
        self._read, child_writes = os.pipe()
        ends = [str(child_reads), str(child_writes)]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, *ends, CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(child_reads, child_writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(child_reads)
        os.close(child_writes)
        self._unread, self._number = b"", 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def open(self, address: str, width_px: int, scheme: str = "light", height_px: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width_px,
            height=height_px,
            deviceScaleFactor=1,
            mobile=width_px < 500,
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next_message())

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives on the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def screenshot(self, whole_page: bool = False) -> bytes:
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole_page)
        return base64.b64decode(shot["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True)["data"])

    def close(self) -> None:
        os.close(self._write)
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._read)

    def _next_message(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "the browser has gone"
            self._unread += chunk
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium or Chrome on the PATH")
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


def console_errors(browser: Browser) -> list[Any]:
    kinds = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}
    return [event["params"] for event in browser.events if event.get("method") in kinds]


def requests(browser: Browser) -> list[str]:
    sent = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    return [address for address in sent if not address.startswith("data:")]


OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNFOLD = "document.querySelectorAll('details').forEach(fold => fold.open = true)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", WIDTHS_PX)
def test_opens_without_errors_requests_or_overflow(browser, finished_run, width_px, scheme):
    address = (finished_run / "report.html").as_uri()
    browser.open(address, width_px, scheme)
    browser.value(UNFOLD)
    assert browser.value(OVERFLOW) <= 0
    assert console_errors(browser) == []
    assert requests(browser) == [address]


def test_dark_mode_changes_page_and_figures(browser, finished_run):
    colors = (
        "[getComputedStyle(document.body).backgroundColor, "
        "getComputedStyle(document.querySelector('.drawing svg text')).fill]"
    )
    browser.open((finished_run / "report.html").as_uri(), 800, "light")
    light = browser.value(colors)
    browser.open((finished_run / "report.html").as_uri(), 800, "dark")
    dark = browser.value(colors)
    assert light == ["rgb(251, 250, 247)", "rgb(90, 100, 110)"]
    assert dark == ["rgb(20, 24, 27)", "rgb(164, 173, 181)"]


def test_tables_sort_by_value_and_mark_the_order(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 1400)
    found = browser.value(
        """(() => {
            const table = document.querySelector("table[aria-labelledby=table-other-metrics-cnn_64]");
            const heading = [...table.tHead.rows[0].cells].find(cell => cell.textContent.startsWith("Brier"));
            const column = heading.cellIndex;
            const values = () => [...table.tBodies[0].rows].map(row => Number(row.cells[column].dataset.value));
            heading.querySelector("button").click();
            const rising = [values(), heading.getAttribute("aria-sort")];
            heading.querySelector("button").click();
            return [rising, [values(), heading.getAttribute("aria-sort")]];
        })()"""
    )
    (rising, ascending), (falling, descending) = found
    assert (ascending, descending) == ("ascending", "descending")
    assert rising == sorted(rising) and falling == sorted(rising, reverse=True) and len(set(rising)) > 1


def test_tables_sort_by_keyboard(browser, run_with_ratios):
    browser.open((run_with_ratios / "report.html").as_uri(), 1000)
    browser.value(UNFOLD)
    table = 'document.querySelector("table[aria-labelledby=table-differences-all-pixel_svm-imbalanced]")'
    browser.value(f'[...{table}.querySelectorAll("th button")].find(one => one.textContent == "p (Holm)").focus()')
    column = browser.value("document.activeElement.closest('th').cellIndex")
    for _ in range(2):
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if kind == "keyDown" else {}
            browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", windowsVirtualKeyCode=13, **text)
    assert browser.value("document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"
    values = browser.value(f"[...{table}.tBodies[0].rows].map(row => Number(row.cells[{column}].dataset.value))")
    assert values == sorted(values, reverse=True) and len(set(values)) > 2


def test_a_study_with_ratios_fits_a_phone(browser, run_with_ratios):
    browser.open((run_with_ratios / "report.html").as_uri(), 390)
    browser.value(UNFOLD)
    assert browser.value(OVERFLOW) <= 0
    assert console_errors(browser) == []


def test_landmarks_and_a_way_past_them(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 800)
    counts = browser.value("['header', 'nav', 'main', 'footer'].map(one => document.querySelectorAll(one).length)")
    assert counts == [1, 1, 1, 1]
    assert browser.value("document.body.firstElementChild.className") == "skip"
    browser.value("document.querySelector('.skip').click()")
    assert browser.value("location.hash") == "#answer"
    assert browser.value("document.activeElement.id") == "answer"
    unnamed = "[...document.querySelectorAll('section, nav, [role=region]')]"
    unnamed += ".filter(one => !one.ariaLabel && !document.getElementById(one.getAttribute('aria-labelledby'))).length"
    assert browser.value(unnamed) == 0


def test_every_link_leads_somewhere(browser, run_with_ratios):
    browser.open((run_with_ratios / "report.html").as_uri(), 800)
    targets = browser.value("[...document.querySelectorAll('a')].map(link => link.getAttribute('href'))")
    files = {target for target in targets if not target.startswith(("#", "http"))}
    assert len(files) > 30
    assert [name for name in files if not (run_with_ratios / name).is_file()] == []
    places = [target for target in targets if target.startswith("#")]
    assert [place for place in places if not browser.value(f"!!document.querySelector({place!r})")] == []


def test_heading_levels_increase_by_one_and_ids_are_unique(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 800)
    levels = browser.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(heading => Number(heading.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    repeated = browser.value(
        "(ids => ids.filter((id, place) => ids.indexOf(id) !== place))"
        "([...document.querySelectorAll('[id]')].map(element => element.id))"
    )
    assert repeated == []


def test_every_image_has_a_text_alternative(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 800)
    words = browser.value(
        "[...document.querySelectorAll('img, svg')].map(one => one.alt || one.getAttribute('aria-label'))"
    )
    assert len(words) > 10
    assert all(words)


def test_contrast_is_sufficient_in_both_schemes(browser, finished_run):
    for scheme in ("light", "dark"):
        browser.open((finished_run / "report.html").as_uri(), 1400, scheme)
        assert browser.value(LOW_CONTRAST) == [], scheme


LOW_CONTRAST = """(() => {
    const numbers = color => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const color = numbers(getComputedStyle(at).backgroundColor);
            if (color.length < 4 || color[3] > 0) return color;
        }
        return [255, 255, 255];
    };
    const found = new Set();
    for (const element of document.querySelectorAll("body *:not(script):not(style):not(path):not(g):not(svg)")) {
        const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
        if (!own || !element.getClientRects().length) continue;
        const style = getComputedStyle(element);
        const text = light(numbers(element.closest("svg") ? style.fill : style.color));
        const [low, high] = [text, light(behind(element))].sort((a, b) => a - b);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5) found.add(element.tagName + "." + element.className + " " + contrast.toFixed(2));
    }
    return [...found];
})()"""


@pytest.mark.skipif("AXE_CORE" not in os.environ, reason="AXE_CORE does not name the axe.min.js of npm's axe-core")
@pytest.mark.parametrize(("width_px", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
def test_axe_finds_nothing_serious(browser, finished_run, width_px, scheme):
    browser.open((finished_run / "report.html").as_uri(), width_px, scheme)
    browser.value(UNFOLD)
    browser.value(Path(os.environ["AXE_CORE"]).read_text(encoding="utf-8") + "; 0")
    # Parts of plots are left out: each plot is one image with a text alternative.
    run = "axe.run({exclude: [['svg > *']]}, {resultTypes: ['violations']})"
    found = browser.value(f"{run}.then(all => all.violations.map(one => [one.impact, one.id, one.nodes[0].html]))")
    assert [one for one in found if one[0] in ("serious", "critical")] == []


def test_tables_are_lists_of_rows_on_a_phone(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 390)
    browser.value(UNFOLD)
    wide = "[...document.querySelectorAll('.table-box')].filter(box => box.scrollWidth > box.clientWidth + 1).length"
    assert browser.value(wide) == 0
    labels = browser.value(
        "[document.querySelector('table[aria-labelledby=table-counts]').tBodies[0].rows[0]]"
        ".flatMap(row => [...row.cells].map(cell => getComputedStyle(cell, '::before').content.split('\"')[1]))"
    )
    assert labels == ["Split", "NORMAL", "PNEUMONIA", "All", "Share of NORMAL", "Patients"]
    roles = browser.value("document.querySelector('table[aria-labelledby=table-counts]').role")
    assert roles == "table"


def test_a_wide_window_is_used(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 1440)
    assert browser.value("document.querySelector('main').getBoundingClientRect().width") >= 1400
    assert browser.value("document.querySelector('#answer .samples').getBoundingClientRect().left") > 1000


def test_figures_enlarge_on_click_and_close_again(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 1440)
    for kind in ("img", "svg"):
        small = browser.value(f"document.querySelector('#answer figure {kind}').getBoundingClientRect().width")
        browser.value(
            f"document.querySelector('#answer figure {kind}').closest('.view').querySelector('button').click()"
        )
        assert browser.value("document.querySelector('dialog').open")
        assert browser.value(f"document.querySelector('dialog {kind}').getBoundingClientRect().width") > 1.5 * small
        browser.value("document.querySelector('.stage').click()")
        assert not browser.value("document.querySelector('dialog').open")
    assert console_errors(browser) == []


def test_terms_lead_to_their_meaning(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 1000)
    terms = browser.value("[...document.querySelectorAll('#terms dt')].map(one => one.textContent)")
    assert {"arm", "cell", "seed", "floor", "Holm", "ROC-AUC", "points", "FID"} <= set(terms)
    links = browser.value("[...document.querySelectorAll('a.term')].map(one => [one.title.length, one.hash])")
    assert len(links) > 5 and all(length > 20 for length, _ in links)


def test_hostile_names_stay_text(browser, small_run):
    from ganbal.report import build_report

    name = '<script>alert(1)</script>" onload="alert(2) $x$ `y` | z & ' + "long " * 20
    for file in small_run.rglob("*.json"):
        file.write_text(file.read_text().replace("NORMAL", json.dumps(name)[1:-1]))
    browser.open(build_report(small_run).html.as_uri(), 390)
    browser.value(UNFOLD)
    assert console_errors(browser) == []
    assert browser.value("document.scripts.length") == 1
    assert browser.value("document.querySelectorAll('[onload]').length") == 0
    assert browser.value(OVERFLOW) <= 0
    assert "<script>alert(1)</script>" in browser.value("document.querySelector('#data').innerText")


def test_paper_is_wide_enough(browser, run_with_ratios):
    browser.open((run_with_ratios / "report.html").as_uri(), 688)  # A4 without its margins
    browser.call("Emulation.setEmulatedMedia", media="print")
    browser.value(UNFOLD)
    wide = "[...document.querySelectorAll('table')].filter(one => one.getBoundingClientRect().right > 689)"
    found = browser.value(wide + ".map(one => one.getAttribute('aria-labelledby'))")
    browser.call("Emulation.setEmulatedMedia", media="")
    assert found == []


def test_prints_on_few_pages_in_letters_that_can_be_read(browser, finished_run):
    browser.open((finished_run / "report.html").as_uri(), 1440, "dark")
    assert len(re.findall(rb"/Type\s*/Page\b", browser.pdf())) <= 12
    browser.call("Emulation.setEmulatedMedia", media="print")
    sizes = "[...document.querySelectorAll('td, tbody th')].map(one => parseFloat(getComputedStyle(one).fontSize))"
    found = min(browser.value(sizes))
    browser.call("Emulation.setEmulatedMedia", media="")
    assert found >= 6.5 * 96 / 72  # points to CSS pixels
