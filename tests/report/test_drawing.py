import re
import xml.etree.ElementTree as ElementTree

from ganbal.report.figures.drawing import COLORS, LegendEntry, legend_rows, render, shorten
from ganbal.report.page import file_stem

HOSTILE = '<script>alert("1")</script> $x^2$ & _y'


def draw_something(sheet):
    axes = sheet.axes(40, 30, 10, 40)
    axes.plot([0, 1], [0, 1], color=COLORS["teal"])
    axes.fill_between([0, 1], [0, 1], color=COLORS["slate"], alpha=0.2)
    axes.set_xlabel(HOSTILE)
    sheet.title(HOSTILE)
    sheet.legend([LegendEntry("_hidden by others", "teal")], 28)


def drawing(name="one", mark=None):
    return render(draw_something, name=name, width_px=300, height_px=200, caption="", alt=f'"{HOSTILE}"', mark=mark)


def test_same_drawing_same_bytes():
    assert drawing() == drawing()


def test_the_page_chooses_the_colors():
    svg = drawing().svg
    outside_variables = re.sub(r"var\(--figure-\w+,#[0-9a-f]{6}\)", "", svg)
    assert re.findall(r"#[0-9a-f]{6}\b", outside_variables) == []
    assert f"var(--figure-teal,{COLORS['teal']})" in svg
    assert "font-family: inherit" in svg and "DejaVu" not in svg


def test_ids_belong_to_one_figure():
    ids = [set(re.findall(r'\bid="([^"]*)"', drawing(name).svg)) for name in ("one", "two")]
    assert ids[0] and not ids[0] & ids[1]
    svg = drawing().svg
    assert set(re.findall(r"(?:href=\"|url\()#([^\")]*)", svg)) <= ids[0]


def test_names_stay_text():
    found = drawing()
    assert "<script" not in found.svg + found.svg_file
    root = ElementTree.fromstring(found.svg)
    assert root.attrib["aria-label"] == f'"{HOSTILE}"'
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert HOSTILE in texts and "_hidden by others" in texts


def test_a_mark_is_part_of_the_figure_and_makes_it_taller():
    plain, marked = drawing(), drawing(mark="phantom: simulated, not real patients")
    assert 'viewBox="0 0 300 200"' in plain.svg
    assert 'viewBox="0 0 300 220"' in marked.svg
    assert "PHANTOM: SIMULATED, NOT REAL PATIENTS" in marked.svg_file
    assert marked.png.startswith(b"\x89PNG")


def test_letters_that_the_font_lacks_are_no_reason_to_complain(recwarn):
    render(lambda sheet: sheet.title("肺炎"), name="n", width_px=100, height_px=50, caption="", alt="", mark=None)
    assert [warning for warning in recwarn if "Glyph" in str(warning.message)] == []


def test_legends_wrap():
    entries = [LegendEntry(name, "teal") for name in ("imbalanced", "class-weights", "duplicated", "gan")]
    assert [[entry.name for entry in row] for row in legend_rows(entries, 240)] == [
        ["imbalanced", "class-weights"],
        ["duplicated", "gan"],
    ]


def test_shorten():
    assert shorten("short", 10) == "short"
    assert shorten("two\nlines", 20) == "two lines"
    assert shorten("rather long", 7) == "rather…"


def test_file_stems_are_safe_and_differ():
    assert file_stem("class-weights") == "class-weights"
    stems = [file_stem(name) for name in ("../up", "/up", "Up", "up", "上", "<b>", "gan+augmented", "a" * 300)]
    assert len(set(stems)) == len(stems)
    assert all(re.fullmatch(r"[a-z0-9_-]{1,50}", stem) for stem in stems)
