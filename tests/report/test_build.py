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
from PIL import Image

from ganbal.errors import InputError
from ganbal.report import build_report


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def html_of(folder: Path) -> str:
    return build_report(folder).html.read_text(encoding="utf-8")


def test_writes_everything_it_names(reported_run):
    listed = json.loads((reported_run / "figures/report_files.json").read_text())
    assert all((reported_run / name).stat().st_size > 0 for name in listed)
    suffixes = {Path(name).suffix for name in listed}
    assert suffixes == {".svg", ".png", ".jpg", ".csv"}
    html = (reported_run / "report.html").read_text(encoding="utf-8")
    markdown = (reported_run / "report.md").read_text(encoding="utf-8")
    for name in listed:
        assert f'href="{name}"' in html
        assert name in markdown or name.endswith(".svg")
    linked = re.findall(r"\]\(((?:figures|tables)/[^)]*)\)", markdown)
    assert set(linked) <= set(listed)


def test_needs_no_other_file_and_no_network(reported_run):
    html = (reported_run / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'\b(?:src|srcset)="(?!data:)', html) == []
    assert "@import" not in html and "url(http" not in html
    assert "default-src 'none'" in html
    assert html.count("<script>") == 1
    assert (reported_run / "report.html").stat().st_size < 3_000_000


def test_same_files_same_report(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=2, num_test=20).write(tmp_path / "run")
    build_report(folder)
    before = digests(folder)
    build_report(folder)
    assert digests(folder) == before


def test_a_run_folder_can_be_reported_elsewhere(tmp_path, reported_run):
    copy = tmp_path / "made-up"
    shutil.copytree(reported_run, copy)
    (copy / "report.html").unlink()
    for name in ("report.html", "report.md"):
        written = html_of(copy) if name == "report.html" else (copy / name).read_text(encoding="utf-8")
        assert written == (reported_run / name).read_text(encoding="utf-8")


PARTS = ("config", "provenance", "data", "gan", "synthetic", "scores", "study")
COMMANDS = {
    "inspect": "data",
    "train-gan": "gan",
    "synthesize": "synthetic",
    "score": "scores",
    "compare": "study",
}


@pytest.mark.parametrize("number_of_parts", range(1, len(PARTS)))
def test_parts_not_done_yet_name_their_command(tmp_path, made_up_run, number_of_parts):
    parts = PARTS[:number_of_parts]
    folder = made_up_run(parts=parts).write(tmp_path / "outputs" / "half")
    html = html_of(folder)
    told = {command for command in COMMANDS if f"ganbal {command} --run outputs/half" in html}
    assert told == {command for command, part in COMMANDS.items() if part not in parts}
    assert "Not known yet" in html


@pytest.mark.parametrize("missing", PARTS)
def test_any_part_may_be_missing(tmp_path, made_up_run, missing):
    parts = [part for part in PARTS if part != missing]
    arms = {"imbalanced": 0.0, "gan": 0.2}
    run = made_up_run(parts=parts, arms=arms, classifiers=("vgg16",), seeds=1, num_test=20, steps=500)
    assert html_of(run.write(tmp_path / "run"))


def test_an_unfinished_study_tells_how_far_it_is(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=1, num_test=20).write(tmp_path / "run")
    (folder / "study" / "summary.json").unlink()
    assert "The study is not finished: 4 cells of it stand on disk." in html_of(folder)


def test_phantom_runs_say_so_everywhere(tmp_path, made_up_run):
    run = made_up_run(is_phantom=True, classifiers=("vgg16",), seeds=2, num_test=20)
    files = build_report(run.write(tmp_path / "run"))
    html = files.html.read_text(encoding="utf-8")
    mark = "phantom: drawn, not photographed"
    assert f"({mark})</title>" in html
    headings = re.findall(r'<h2 id="\w+-title">(.*?)</h2>', html)
    assert len(headings) == 9
    assert all(mark in heading for heading in headings[1:])  # the first is the answer, right below the band
    for path in files.figures:
        if path.suffix == ".svg":
            assert mark.upper() in path.read_text(encoding="utf-8")
    markdown = files.markdown.read_text(encoding="utf-8")
    assert markdown.count(f"*{mark}*") == 8 and mark.upper() in markdown


def test_real_runs_do_not(reported_run):
    assert "phantom" not in (reported_run / "report.md").read_text(encoding="utf-8").lower()


def test_hostile_names_are_escaped(tmp_path, made_up_run):
    classes = ("<script>alert(1)</script>", "a|b `c` *d* [e](f)", '"><img src=x>')
    folder = made_up_run(classes=classes, classifiers=("vgg16",), seeds=1, num_test=30).write(tmp_path / "run")
    files = build_report(folder)
    html, markdown = (path.read_text(encoding="utf-8") for path in (files.html, files.markdown))
    assert "<script>alert" not in html and "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    outside_code = re.sub(r"^(```+)\n.*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    assert "<script" not in outside_code and "<img" not in outside_code
    for path in files.figures:
        if path.suffix == ".svg":
            ElementTree.parse(path)
    rows = [line for line in outside_code.splitlines() if line.startswith("| train |")]
    assert rows and rows[0].count("|") == 8


def test_tables_keep_the_values_behind_the_texts(reported_run):
    with (reported_run / "tables" / "differences-vgg16-imbalanced.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    summary = json.loads((reported_run / "study" / "summary.json").read_text())
    expected = {
        (row["arm"], row["metric"]): row["mean"]
        for row in summary["differences"]
        if (row["classifier"], row["baseline"]) == ("vgg16", "imbalanced")
    }
    assert len(rows) == len(expected) == 18
    assert float(rows[0]["Difference"]) == expected["gan", "balanced_accuracy"]
    assert rows[0]["Arm"] == "gan" and rows[0]["Measure"] == "Balanced accuracy"


def test_no_bare_fid(reported_run):
    with (reported_run / "tables" / "scores.csv").open(encoding="utf-8") as file:
        fid, kid, *_ = csv.DictReader(file)
    assert (fid["Interval low"], kid["Interval low"], kid["Interval high"]) == ("", "0.0038", "0.0046")
    assert fid["Score"] == "FID (lower is better)"
    assert (fid["N real"], fid["N synthetic"], fid["Real against real"]) == ("1140", "2154", "0.2241")
    assert fid["Synthetic at the same N"] == "1.113"
    assert fid["Features, dimensions, resize"] == "inception, 768 dimensions, resize pytorch-fid 299"


def test_the_gan_shows_its_latents_its_augmentation_and_a_strength_that_changes(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=2, num_test=20).write(tmp_path / "run")
    html = html_of(folder)
    assert "From one latent to another" in html
    assert "Columns: as it is; brightness and contrast, each alone" in html
    assert "Strength of augmentation" not in html  # always 1 in this run
    history = folder / "gan" / "history.csv"
    history.write_text(re.sub(r",1\.0,190\.0", ",0.5,190.0", history.read_text(), count=1))
    assert "Strength of augmentation" in html_of(folder)


def test_synthetic_pictures_say_so_in_the_file(reported_run):
    for name in ("samples-synthetic", "gan-step-000500", "copies-nearest-pairs"):
        with Image.open(reported_run / "figures" / f"{name}.jpg") as image:
            assert image.info["comment"].startswith(b"SYNTHETIC")


def test_methods_are_written_from_the_settings(reported_run):
    markdown = (reported_run / "report.md").read_text(encoding="utf-8")
    methods = markdown[markdown.index("## Methods") :]
    for fact in (
        "1,140 training images of NORMAL only",
        "64 × 64 pixels",
        "2,500 steps",
        "batch size 64",
        "brightness and contrast; Zhao et al. 2020",
        "5 seeds",
        "at most 800 optimiser steps",
        "stopped by the loss on the validation images",
        "Radford A",
        "Heusel M",
    ):
        assert fact in methods
    assert "minibatch standard deviation (Karras et al. 2018)" in methods and "Progressive growing of GANs" in methods
    assert "Miyato" not in methods  # no spectral normalisation in these settings


def test_methods_name_the_statistics_and_their_papers(run_with_conditions):
    markdown = (run_with_conditions / "report.md").read_text(encoding="utf-8")
    methods = markdown[markdown.index("## Methods") :]
    for fact in (
        "added 0.25, 1 and 2 times what each class lacks",
        "0.1, 0.5 and 1 of the minority class's training images",
        "paired by seed",
        "1,000 bootstrap draws of the 40 test patients",
        "corrected after Holm (1979)",
        "McNemar's test (McNemar 1947) and DeLong's test (DeLong et al. 1988)",
        "Youden's index",
    ):
        assert fact in methods
    for paper in (
        "Holm S.",
        "McNemar Q.",
        "DeLong ER,",
        "Efron B,",
        "Youden WJ.",
        "Brier GW.",
        "Guo C,",
        "Matthews BW.",
    ):
        assert paper in methods
    assert "Chawla" not in methods  # no SMOTE in this study


def test_what_an_earlier_report_left_goes_and_what_others_made_stays(tmp_path, made_up_run):
    folder = made_up_run(classifiers=("vgg16",), seeds=1, num_test=20).write(tmp_path / "run")
    (folder / "figures" / "made_by_others.png").touch()
    build_report(folder)
    assert (folder / "figures" / "roc-vgg16.png").is_file()
    (folder / "study" / "summary.json").unlink()
    build_report(folder)
    assert not (folder / "figures" / "roc-vgg16.png").exists()
    assert not (folder / "tables" / "means-vgg16.csv").exists()
    assert (folder / "figures" / "made_by_others.png").exists()
    assert (folder / "figures" / "real_samples.png").exists()


def test_a_false_list_of_files_deletes_nothing_outside(tmp_path, made_up_run):
    folder = made_up_run(parts=("config", "data")).write(tmp_path / "run")
    (tmp_path / "precious").touch()
    names = ["../precious", "figures/../../precious", "config.yaml", 7]
    (folder / "figures" / "report_files.json").write_text(json.dumps(names))
    build_report(folder)
    assert (tmp_path / "precious").exists() and (folder / "config.yaml").exists()


def test_not_a_run_folder(tmp_path):
    with pytest.raises(InputError, match="run folder"):
        build_report(tmp_path / "nowhere")


def test_imports_no_torch_and_no_other_stage():
    code = (
        "import sys, ganbal.report; "
        "others = ('torch', 'classifiers', 'ganbal.data', 'ganbal.gan', 'ganbal.metrics', 'ganbal.study', "
        "'matplotlib.pyplot'); print([name for name in others if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
