import os
from typing import get_args

import pytest
from PIL import Image

from ganbal.data.source import Layout
from ganbal.errors import InputError
from ganbal.report.run_reader import read_run_folder
from ganbal.report.sections.data import LAYOUTS


def test_reads_everything_a_run_leaves(finished_run):
    run = read_run_folder(finished_run)
    assert run.unread == ()
    assert run.set_name == "phantom set"
    assert run.gan_class == "NORMAL"
    assert [step for step, _ in run.sample_grids] == [4, 8]
    assert len(run.cells) == 3 * 2 * 2
    assert run.setting("gan.batch_size") == 8
    assert run.setting("gan.no_such") is None
    assert run.synthetic_counts == {"NORMAL": len(run.manifest)}


def test_every_layout_has_a_title():
    assert set(LAYOUTS) == set(get_args(Layout))


def test_class_names_stay_text(run):
    for file in (run / "synthetic" / "manifest.csv", *run.glob("study/cells/*/*/*/predictions.csv")):
        file.write_text(file.read_text().replace(",NORMAL,", ",01,").replace(",PNEUMONIA,", ",NA,"))
    found = read_run_folder(run)
    assert set(found.cells[0].predictions["label"]) == {"01", "NA"}
    assert set(found.manifest["label"]) == {"01"}


@pytest.mark.parametrize("make", ["nothing", "a file", "a folder of something else"])
def test_what_is_no_run_folder(tmp_path, make):
    place = tmp_path / "place"
    if make == "a file":
        place.touch()
    elif make != "nothing":
        place.mkdir()
        (place / "notes.txt").touch()
    with pytest.raises(InputError, match="run"):
        read_run_folder(place)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("scores.json", '{"scores": [', "Expecting value"),
        ("scores.json", "[" * 100_000, "recursion"),
        ("data.json", "[1, 2]", "not an object"),
        ("data.json", "{}", "lacks minority_class"),
        ("gan/history.csv", "a,b\n1,2\n", "it lacks step"),
        ("gan/history.csv", "", "No columns"),
        ("synthetic/manifest.csv", 'file_name,label\n"a', "EOF"),
        ("config.yaml", "gan: [", "parsing a flow node"),
        ("config.yaml", "\0", "not an object"),
        ("study/cells/gan/cnn_64/0/predictions.csv", "label\0\n", "it lacks label"),
    ],
)
def test_damaged_files_are_named_and_left_out(run, name, content, reason):
    (run / name).write_text(content, encoding="utf-8")
    unread = dict(read_run_folder(run).unread)
    assert list(unread) == [name]
    assert reason in unread[name]


def test_bytes_that_are_no_text_are_named(run):
    (run / "study" / "summary.json").write_bytes(b"\xff\xfe{}")
    assert [name for name, _ in read_run_folder(run).unread] == ["study/summary.json"]


def test_links_out_of_the_run_folder_are_not_followed(run, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    Image.new("L", (8, 8)).save(outside / "secret.png")
    (outside / "data.json").write_text((run / "data.json").read_text())
    (run / "data.json").unlink()
    (run / "data.json").symlink_to(outside / "data.json")
    (run / "figures" / "real_samples.png").unlink()
    (run / "figures" / "real_samples.png").symlink_to(outside / "secret.png")
    found = read_run_folder(run)
    assert found.data is None
    assert ("data.json", "it is a link that leads out of the run folder") in found.unread
    assert found.image("figures", "real_samples.png") is None
    for name in ("../../../outside/secret.png", str(outside / "secret.png"), "\0"):
        assert found.image("synthetic", name) is None


def test_a_pipe_in_place_of_a_file_blocks_nothing(run):
    for name in ("scores.json", "figures/real_samples.png", "figures/report_files.json"):
        (run / name).unlink(missing_ok=True)
        os.mkfifo(run / name)
    found = read_run_folder(run)
    assert found.scores is None and found.image("figures", "real_samples.png") is None


def test_commands_name_the_run(run, tmp_path):
    assert read_run_folder(run).command("score") == "ganbal score --run outputs/tiny"
    spaced = tmp_path / "my runs"
    run.rename(spaced)
    assert read_run_folder(spaced).command("compare", "--set a=1") == f"ganbal compare --run '{spaced}' --set a=1"
