import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from PIL import Image

from ganbal.errors import InputError
from ganbal.report import build_report
from ganbal.report.build import page_of
from ganbal.report.cards import CARDS
from ganbal.report.page import Fold, Notice, Table, walk
from ganbal.report.run_reader import PHANTOM_MARK, read_run_folder
from ganbal.report.sections.published import published_blocks
from ganbal.report.sections.warnings import warning_notices
from ganbal.reproduction.published import published_beside_study

GIVEN_UP = "could not be made from the run's files"


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def html_of(folder: Path) -> str:
    return build_report(folder).html.read_text(encoding="utf-8")


def table_file(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_real_run_has_everything_and_nothing_damaged(finished_run, run_with_ratios):
    for folder in (finished_run, run_with_ratios):
        html = (folder / "report.html").read_text(encoding="utf-8")
        assert GIVEN_UP not in html and "Damaged file" not in html and "Out of date" not in html
    for title in (
        "Answer",
        "Warnings",
        "Images",
        "Generator",
        "Scores",
        "Classifiers",
        "Methods",
        "Reproduce",
        "Terms",
    ):
        assert f">{title}</a>" in html


def test_writes_everything_it_names(finished_run):
    listed = json.loads((finished_run / "figures/report_files.json").read_text())
    assert all((finished_run / name).stat().st_size > 0 for name in listed)
    listed = [name for name in listed if name not in CARDS]
    assert {Path(name).suffix for name in listed} == {".svg", ".png", ".jpg", ".csv"}
    html = (finished_run / "report.html").read_text(encoding="utf-8")
    markdown = (finished_run / "report.md").read_text(encoding="utf-8")
    for name in listed:
        assert f'href="{name}"' in html
        assert name in markdown or name.endswith(".svg")
    assert set(re.findall(r"\]\(((?:figures|tables)/[^)]*)\)", markdown)) <= set(listed)


def test_needs_no_other_file_and_no_network(finished_run):
    html = (finished_run / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'\b(?:src|srcset)="(?!data:)', html) == []
    assert "@import" not in html and "url(http" not in html
    assert "default-src 'none'" in html
    assert html.count("<script>") == 1
    assert (finished_run / "report.html").stat().st_size < 3_000_000


def test_same_files_same_report_wherever_they_are(small_run, tmp_path):
    build_report(small_run)
    before = digests(small_run)
    copy = tmp_path / "elsewhere" / "outputs" / "tiny"
    shutil.copytree(small_run, copy)
    (copy / "report.html").unlink()
    build_report(copy)
    assert digests(copy) == before


FILES = {
    "inspect": "data.json",
    "train-gan": "gan/training.json",
    "synthesize": "synthetic/manifest.csv",
    "score": "scores.json",
    "compare": "study/summary.json",
}


@pytest.mark.parametrize("missing", [("inspect", "synthesize", "compare"), ("train-gan", "score")])
def test_parts_that_are_not_done_name_their_command(small_run, missing):
    for stage in missing:
        (small_run / FILES[stage]).unlink()
    html = html_of(small_run)
    assert {command for command in FILES if f"ganbal {command} --run outputs/tiny<" in html} == set(missing)
    assert GIVEN_UP not in html
    assert ("Not known yet" in html) == ("compare" in missing)
    assert ("The study is not finished: 4 finished" in html) == ("compare" in missing)


def test_settings_alone_make_a_report(tmp_path, finished_run):
    shutil.copy(finished_run / "config.yaml", tmp_path / "config.yaml")
    html = html_of(tmp_path)
    assert GIVEN_UP not in html and "Not known yet" in html


def odd_everywhere(value, odd):
    """The JSON value with every scalar replaced."""
    if isinstance(value, dict):
        return {name: odd_everywhere(inner, odd) for name, inner in value.items()}
    return [odd_everywhere(inner, odd) for inner in value] if isinstance(value, list) else odd


@pytest.mark.parametrize("odd", [None, "x", -1], ids=str)
def test_odd_values_in_all_files_at_once_stop_nothing(small_run, odd):
    for file in (*small_run.glob("*.json"), *small_run.glob("*/*.json"), *small_run.glob("study/cells/*/*/*/*.json")):
        file.write_text(json.dumps(odd_everywhere(json.loads(file.read_text()), odd)))
    html = html_of(small_run)
    assert "Damaged file" in html
    assert "Reproduce</a>" in html


ODD_VALUES = [
    ("provenance.json", ("stages", "inspect", "seconds"), "x"),
    ("study/summary.json", ("classifiers", 1, "name"), []),
    ("study/summary.json", ("differences", 0, "mean"), 1e300),
    ("study/summary.json", ("verdict", "answers"), {"a": 1}),
    ("scores.json", ("scores", 0, "value"), float("inf")),
    ("scores.json", ("scores", 1, "floor"), "none"),
    ("data.json", ("counts", "train", "NORMAL"), "many"),
    ("data.json", ("sizes", "min"), [1]),
    ("gan/training.json", ("parameters",), 3),
]


def test_single_odd_values_are_named_and_the_rest_shown(run, edit):
    for name, place, odd in ODD_VALUES:

        def change(content, place=place, odd=odd):
            for part in place[:-1]:
                content = content[part]
            content[place[-1]] = odd

        edit(run / name, change)
    found = read_run_folder(run)
    page = page_of(found)
    unread = dict(found.unread)
    assert set(unread) == {name for name, _, _ in ODD_VALUES}
    assert "differences[0].mean is '1e+300', not a number" in unread["study/summary.json"]
    assert "counts.train.NORMAL is 'many', not a number" in unread["data.json"]
    notices = [block.text for section in page.sections for block in walk(section.blocks) if isinstance(block, Notice)]
    assert "scores.json could not be used in full" in " ".join(notices)
    assert GIVEN_UP not in " ".join(notices)
    assert {section.anchor for section in page.sections} >= {"data", "generator", "scores", "classifiers"}


def test_damaged_tables_stop_nothing(small_run):
    for file in (small_run / "gan" / "history.csv", small_run / "study" / "results.csv"):
        lines = file.read_text().splitlines()
        file.write_text("\n".join([lines[0], lines[1].replace(",", ",inf,", 1), "x" * 9, *lines[2:]]))
    for file in small_run.glob("study/cells/*/*/*/predictions.csv"):
        file.write_text(re.sub(r"0\.\d+", "-7.5", file.read_text()))
    assert "Reproduce</a>" in html_of(small_run)


def test_phantom_runs_are_marked_everywhere(small_run):
    files = build_report(small_run)
    html = files.html.read_text(encoding="utf-8")
    assert f"({PHANTOM_MARK})</title>" in html
    headings = re.findall(r'<h2 id="\w+-title">(.*?)</h2>', html)
    assert len(headings) == 9
    assert all(PHANTOM_MARK in heading for heading in headings[1:])  # the first is the answer, right below the band
    for path in files.figures:
        if path.suffix == ".svg":
            assert PHANTOM_MARK.upper() in path.read_text(encoding="utf-8")


def test_reports_of_real_images_do_not(as_real_images):
    found = read_run_folder(as_real_images)
    assert found.mark is None
    assert "Phantom set" not in {notice.kind for notice in warning_notices(found)}


HOSTILE = '<script>alert(1)</script> a|b `c` *d* [e](f)\x1b[31m"><img src=x>'


def rename_class(folder: Path, name: str) -> None:
    """NORMAL, in every file of the run, becomes `name`."""
    for file in folder.rglob("*.json"):
        file.write_text(file.read_text().replace("NORMAL", json.dumps(name)[1:-1]))
    for file in folder.rglob("*.csv"):
        rows = list(csv.reader(file.read_text().splitlines()))
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([[entry.replace("NORMAL", name) for entry in row] for row in rows])


def test_hostile_names_are_escaped(small_run):
    rename_class(small_run, HOSTILE)
    files = build_report(small_run)
    html, markdown = (path.read_text(encoding="utf-8") for path in (files.html, files.markdown))
    assert "<script>alert" not in html and "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; a|b `c`" in html
    outside_code = re.sub(r"^(```+)\n.*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in outside_code and "<img" not in outside_code
    assert not re.search(r"(?<!\\)\]\(f\)", outside_code)
    assert "\x1b" not in html + markdown
    for path in (*files.figures, *files.tables):
        if path.suffix == ".svg":
            ElementTree.parse(path)
        if path.suffix in (".svg", ".csv"):
            assert "\x1b" not in path.read_text(encoding="utf-8")
    row = next(line for line in outside_code.splitlines() if line.startswith("| train |"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 7


def test_tables_keep_the_values_behind_the_texts(finished_run):
    rows = table_file(finished_run, "differences-all-cnn_64-imbalanced")
    summary = json.loads((finished_run / "study" / "summary.json").read_text())
    expected = [
        row["mean"]
        for row in summary["differences"]
        if (row["classifier"], row["baseline"]) == ("cnn_64", "imbalanced")
    ]
    assert sorted(float(row["Difference"]) for row in rows) == sorted(expected)
    assert rows[0]["Arm"] == "gan" and rows[0]["Metric"] == "Balanced accuracy"


def test_no_bare_fid(finished_run):
    fid = table_file(finished_run, "scores")[0]
    score = json.loads((finished_run / "scores.json").read_text())["scores"][0]
    assert fid["Score"] == "FID (lower is better)"
    assert (float(fid["Value"]), float(fid["Floor (real against real)"])) == (score["value"], score["floor"]["value"])
    assert (fid["N real"], fid["N synthetic"]) == (str(score["n_real"]), str(score["n_synthetic"]))
    assert fid["Features, dimensions, resize"].startswith("untrained, 256 dimensions, resize")


def test_secondary_metrics_are_folded(finished_page):
    blocks = next(section for section in finished_page.sections if section.anchor == "classifiers").blocks
    shown = [[c.title for c in b.columns] for b in blocks if isinstance(b, Table) and b.name.startswith("means-")]
    assert shown == [["Arm", "Balanced accuracy", "ROC-AUC", "Recall NORMAL", "Recall PNEUMONIA"]] * 2
    folded = [b for b in walk(blocks) if isinstance(b, Table) and b.name.startswith("other-metrics-")]
    assert "Precision NORMAL" in [column.title for column in folded[0].columns]
    assert any(isinstance(block, Fold) and "other metrics" in block.title for block in blocks)


def test_the_positive_class_is_named_where_it_matters(finished_run):
    text = (finished_run / "report.md").read_text(encoding="utf-8")
    captions = re.findall(r"^\*(.*)\* \[CSV\]", text, re.MULTILINE)
    for words in ("on the test images", "other metrics", "predictions at threshold 0", "difference of each arm"):
        found = [caption for caption in captions if words in caption]
        assert found and all("positive class" in caption and "PNEUMONIA" in caption for caption in found), words
    assert "The positive class is PNEUMONIA." in text[text.index("### Confusion matrices") :]
    assert "curves (positive class PNEUMONIA)" in text.replace("\\", "")


def test_curves_without_a_course_are_left_out(small_run):
    history = small_run / "gan" / "history.csv"
    lines = history.read_text().splitlines()
    assert "figures/gan-losses.png" in html_of(small_run)
    history.write_text("\n".join(lines[:3]))
    assert "figures/gan-" not in re.sub(r"gan-(step|interp|augmentation\.)", "", html_of(small_run))


def test_synthetic_pictures_are_marked_in_the_file(finished_run):
    for name in ("samples-synthetic", "gan-step-000004", "copies-nearest-pairs"):
        with Image.open(finished_run / "figures" / f"{name}.jpg") as image:
            assert image.info["comment"].startswith(b"SYNTHETIC")


def test_cases_show_predictions_of_the_first_seed(finished_run):
    html = (finished_run / "report.html").read_text(encoding="utf-8")
    assert "Correct and wrong predictions" in html
    names = {path.name for path in (finished_run / "figures").glob("cases-*")}
    assert names == {f"cases-{name}-{arm}.jpg" for name in ("cnn_64", "pixel_svm") for arm in ("imbalanced", "gan")}
    assert re.search(r'alt="Test images with the class that 64-px CNN predicted\. \w+ predicted \w+ with [01]\.', html)


def test_methods_state_each_fact_once_and_cite_what_they_use(finished_run):
    markdown = (finished_run / "report.md").read_text(encoding="utf-8")
    methods = markdown[markdown.index("## Methods") : markdown.index("## To reproduce")]
    paragraph, references = methods.split("**References**")
    for fact in ("32 × 32 pixels", "8 steps", "2 seeds", "at most 6 optimizer steps", "batch size 8"):
        assert fact in paragraph
    for once in ("paired by seed", "stopped early", "SMOTE"):
        assert paragraph.count(once) <= 1
    years = re.findall(r"([A-Z][\w-]+)(?: et al\.| and [A-Z][\w-]+)? (\d{4})", paragraph)
    cited = [(name, year) for name, year in years if name not in ("Software",)]
    lines = [line for line in references.splitlines() if re.search(r"\d{4}", line)]
    assert len(lines) == len(set(lines)) == len(dict.fromkeys(cited))
    for (name, year), line in zip(dict.fromkeys(cited), lines, strict=True):
        assert line.startswith(name) and year in line
    assert "Miyato" not in methods  # no spectral normalization in these settings


def test_methods_name_the_parts_of_the_generator_s_training(small_run, edit):
    settings = yaml.safe_load((small_run / "config.yaml").read_text())
    settings["gan"] |= {"generator": "residual", "noise_inputs": True, "discriminators": ["patches", "dcgan"]}
    (small_run / "config.yaml").write_text(yaml.safe_dump(settings))
    edit(
        small_run / "gan" / "training.json",
        lambda training: training.update(pretraining={"steps": 3, "num_images": 77}),
    )
    build_report(small_run)
    methods = (small_run / "report.md").read_text(encoding="utf-8").split("## Methods")[1]
    assert "a generator of residual blocks (Huang et al. 2024), with noise inputs (Karras et al. 2020), was" in methods
    assert "places of the image at several scales (Isola et al. 2017) and the DCGAN" in methods
    assert "The first 3 of the steps were on the 77 training images of all classes." in methods
    assert "Sauer" not in methods and "Radford" not in methods


def test_methods_name_the_layer_at_the_size_of_the_images(small_run):
    settings = yaml.safe_load((small_run / "config.yaml").read_text())
    settings["gan"]["full_size_channels"] = 16
    (small_run / "config.yaml").write_text(yaml.safe_dump(settings))
    build_report(small_run)
    methods = (small_run / "report.md").read_text(encoding="utf-8").split("## Methods")[1]
    assert (
        "(DCGAN, Radford et al. 2016) with a further layer of 16 channels at the size of the images and noise inputs "
        "(Karras et al. 2020) was trained"
    ) in methods


def test_published_figures_beside_this_runs(as_real_images, edit):
    found = published_beside_study(
        ("NORMAL", "PNEUMONIA"), ["cnn_64", "pixel_svm"], ["imbalanced", "gan"], is_augmented=True, is_phantom=False
    )
    edit(as_real_images / "study" / "summary.json", lambda summary: summary.update(published=found))
    blocks = published_blocks(read_run_folder(as_real_images))
    table = next(block for block in blocks if isinstance(block, Table))
    assert {row[1].text for row in table.rows} == {"published", "this run, 2 seeds"}
    assert any(row[2].value == 0.9263 for row in table.rows)  # the 64-px CNN, as published


def test_phantom_runs_have_no_published_figures(finished_page):
    assert "published" not in {section.anchor for section in finished_page.sections}


def test_files_of_an_earlier_report_are_removed_and_others_stay(small_run):
    (small_run / "figures" / "made_by_others.png").touch()
    build_report(small_run)
    assert (small_run / "figures" / "roc-cnn_64.png").is_file()
    (small_run / "study" / "summary.json").unlink()
    build_report(small_run)
    assert not (small_run / "figures" / "roc-cnn_64.png").exists()
    assert not (small_run / "tables" / "means-cnn_64.csv").exists()
    assert (small_run / "figures" / "made_by_others.png").exists()
    assert (small_run / "figures" / "real_samples.png").exists()


def test_a_forged_list_of_files_deletes_nothing_outside(tmp_path, finished_run):
    folder = tmp_path / "run"
    (folder / "figures").mkdir(parents=True)
    shutil.copy(finished_run / "config.yaml", folder / "config.yaml")
    (tmp_path / "precious").touch()
    names = ["../precious", "figures/../../precious", "config.yaml", 7]
    (folder / "figures" / "report_files.json").write_text(json.dumps(names))
    build_report(folder)
    assert (tmp_path / "precious").exists() and (folder / "config.yaml").exists()


@pytest.mark.parametrize("name", ["figures", "tables", "report.html", "report.md"])
def test_a_link_out_of_the_run_is_refused(tmp_path, finished_run, name):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    shutil.copy(finished_run / "config.yaml", folder / "config.yaml")
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(InputError, match=f"{name} is a link to .*elsewhere, outside the run"):
        build_report(folder)
    assert list(elsewhere.iterdir()) == [] and {path.name for path in folder.iterdir()} == {"config.yaml", name}


def test_imports_no_torch_and_no_other_stage():
    code = (
        "import sys, ganbal.report; "
        "others = ('torch', 'classifiers', 'ganbal.data', 'ganbal.gan', 'ganbal.metrics', 'ganbal.study', "
        "'matplotlib.pyplot'); print([name for name in others if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
