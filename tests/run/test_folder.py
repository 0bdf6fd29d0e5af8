import os
from pathlib import Path

import pytest

from ganbal.config import dump_config, load_config
from ganbal.errors import InputError
from ganbal.run.folder import Run, create_new_run, new_run, newest_run
from ganbal.run.selection import RunChoice, select_run_to_begin, select_run_to_continue
from ganbal.runtime.console import Console
from ganbal.runtime.disk_space import check_writable
from ganbal.runtime.hashing import digest_of


def make_run(folder, assignments=(), age_seconds=0):
    run = Run(folder)
    run.save_settings(dump_config(load_config(None, assignments)))
    moment = run.config_file.stat().st_mtime - age_seconds
    os.utime(run.config_file, (moment, moment))
    return run


def begun(outputs, assignments, folder=None):
    return select_run_to_begin(
        RunChoice(folder, None, ["data.root=phantom", *assignments]), Console(quiet=True), outputs
    )


def test_the_newest_run_is_the_one_whose_settings_were_written_last(tmp_path):
    make_run(tmp_path / "b", age_seconds=100)
    newer = make_run(tmp_path / "a")
    make_run(tmp_path / ".cache", age_seconds=-100)
    assert newest_run(tmp_path) == newer
    assert newest_run(tmp_path / "nowhere") is None


def test_new_runs_never_share_a_folder_and_have_safe_names(tmp_path):
    first = new_run("../chest x-ray", tmp_path)
    second = create_new_run(first)
    third = create_new_run(first)  # a command that chose the same name in the same second
    assert first.folder.parent == third.folder.parent == tmp_path
    assert second == first and third.folder != first.folder and third.folder.is_dir()
    assert "chest-x-ray" in first.folder.name


def test_same_settings_continue_the_newest_run_and_others_begin_a_new_one(tmp_path):
    run = make_run(tmp_path / "one", ["gan.steps=7", "data.root=phantom"])
    assert begun(tmp_path, ["gan.steps=7"]).run == run
    assert begun(tmp_path, ["gan.steps=8"]).run != run


def test_a_named_run_keeps_its_settings_under_those_given_now(tmp_path):
    make_run(tmp_path / "one", ["gan.steps=7", "seed=5"])
    config = begun(tmp_path, ["gan.steps=9"], tmp_path / "one").config
    assert (config.gan.steps, config.seed) == (9, 5)
    config = select_run_to_continue(RunChoice(assignments=["study.seeds=2"]), tmp_path).config
    assert (config.gan.steps, config.study.seeds) == (7, 2)


def test_continuing_without_a_run_is_an_error_with_advice(tmp_path):
    with pytest.raises(InputError, match="Run `ganbal train-gan` first"):
        select_run_to_continue(RunChoice(), tmp_path)
    with pytest.raises(InputError, match=r"no run at .*absent"):
        select_run_to_continue(RunChoice(tmp_path / "absent"), tmp_path)


def test_damaged_settings_are_an_input_error(tmp_path):
    run = make_run(tmp_path / "one")
    run.config_file.write_text("gan: [")
    with pytest.raises(InputError, match="Restore the file"):
        run.settings()


def test_a_stage_is_done_only_for_the_inputs_it_was_done_from(tmp_path):
    run = Run(tmp_path)
    assert not run.stage_is_done("score", "abc")
    run.mark_stage("score", "abc", [], 1.0)
    assert run.stage_is_done("score", "abc")
    assert not run.stage_is_done("score", "abd")
    run.forget_stage("score")
    assert not run.stage_is_done("score", "abc")


def test_every_changed_or_missing_file_of_a_stage_is_named(tmp_path):
    run, names = Run(tmp_path), ["a.json", "b/c.png", "d.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    run.mark_stage("score", "abc", [tmp_path / name for name in names], 1.0)
    assert run.changed_outputs("score") == []
    (tmp_path / "a.json").write_text("A.json")
    (tmp_path / "b" / "c.png").unlink()
    assert run.changed_outputs("score") == ["a.json", "b/c.png"]


@pytest.mark.parametrize("content", ["", "[1", "[]", '{"stages": 3}', '{"stages": {"score": []}}'])
def test_a_damaged_provenance_file_makes_every_stage_unfinished(tmp_path, content):
    run = Run(tmp_path)
    run.provenance_file.write_text(content)
    assert not run.stage_is_done("score", "abc")
    run.mark_stage("score", "abc", [], 1.0)
    assert run.stage_is_done("score", "abc")


@pytest.mark.parametrize(
    ("advice", "completed"),
    [
        ("Run `ganbal synthesize` first.", "Run `ganbal synthesize --run 'a b'` first."),
        (
            "Run `ganbal synthesize --n A=1` or `ganbal run`.",
            "Run `ganbal synthesize --run 'a b' --n A=1` or `ganbal run --run 'a b'`.",
        ),
        ("Run `ganbal train-gan --run other --n 1`.", "Run `ganbal train-gan --run other --n 1`."),
        (
            "Add --overwrite; see ganbal run, or `ganbal score A B`.",
            "Add --overwrite; see ganbal run, or `ganbal score A B`.",
        ),
    ],
)
def test_advice_names_the_run(advice, completed):
    assert Run(Path("a b")).named_in(advice) == completed


def test_a_folder_that_cannot_be_made_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is not a folder"):
        check_writable(tmp_path / "file" / "run", 0)
    with pytest.raises(InputError, match="GB free"):
        check_writable(tmp_path / "run", 10**18)


def test_digests_depend_on_content_not_on_order_of_keys():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
