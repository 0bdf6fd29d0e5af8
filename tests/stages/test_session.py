"""What a command does to a run folder besides its work: locks it, checks it, undoes what is refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from ganbal.cli import main
from ganbal.errors import InputError, SeveralInputErrors
from ganbal.run.selection import RunChoice, select_run_to_begin
from ganbal.runtime.console import Console
from ganbal.runtime.locks import folder_lock
from ganbal.stages.session import open_run

SETTINGS = ("data.phantom_images=60", "gan.image_size_px=32", "study.image_size_px=32", "study.classifiers=[cnn_64]")
TINY = ("--data", "phantom", "--device", "cpu", *(word for setting in SETTINGS for word in ("--set", setting)))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ganbal(*arguments: str):
    return CliRunner().invoke(main, arguments)


def inspected():
    done = ganbal("inspect", *TINY, "--run", "run")
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture(scope="module")
def inspected_run(tmp_path_factory):
    """An inspected run; only read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("inspected"))
        inspected()
        return Path("run").absolute()


@pytest.mark.parametrize("command", ["inspect", "train-gan", "synthesize", "score", "compare", "report", "run"])
def test_a_locked_run_folder_is_refused_with_the_holder(here, command):
    (here / "run").mkdir()
    (here / "run" / "config.yaml").write_text("data: {root: phantom}")
    with folder_lock(here / "run", "counting"):
        before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
        done = ganbal(command, "--run", "run")
        assert done.exit_code == 2
        assert f"process {os.getpid()}" in done.output and "counting, since" in done.output
        assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("number", [1, 2])
def test_the_advice_of_an_error_names_the_run(here, number):
    error = InputError(found="Found.", expected="Expected.", action="Run `ganbal synthesize --n 5`.")
    selected = select_run_to_begin(RunChoice(here / "run", assignments=["data.root=phantom"]), Console(quiet=True))
    with pytest.raises((InputError, SeveralInputErrors)) as raised, open_run(selected, Console(quiet=True), "test"):
        raise error if number == 1 else SeveralInputErrors([error, error])
    assert str(raised.value).count(f"Found. Expected. Run `ganbal synthesize --run {here / 'run'} --n 5`.") == number


def test_the_advice_names_no_run_that_was_never_made(here):
    selected = select_run_to_begin(RunChoice(assignments=["data.root=phantom"]), Console(quiet=True))
    with pytest.raises(InputError, match="Run `ganbal run`"), open_run(selected, Console(quiet=True), "test"):
        raise InputError(found="Found.", expected="Expected.", action="Run `ganbal run`.")


def test_two_starts_in_one_second_get_two_folders(here):
    console = Console(quiet=True)
    # Both commands chose the name before either of them created the folder.
    selected = select_run_to_begin(RunChoice(assignments=["data.root=phantom"]), console)
    with open_run(selected, console, "first") as first, open_run(selected, console, "second") as second:
        assert first.run.folder == selected.run.folder
        assert second.run.folder.name == f"{selected.run.folder.name}-2"
        assert second.run.folder.is_dir()


def test_a_refused_setting_is_not_kept(here, inspected_run):
    shutil.copytree(inspected_run, here / "run")
    settings = Path("run/config.yaml").read_bytes()
    Path("run/gan/checkpoints").mkdir(parents=True)
    Path("run/gan/checkpoints/last.pt").write_bytes(b"damaged")
    done = ganbal("synthesize", "--run", "run", "--set", "synthesis.batch_size=3")
    assert done.exit_code == 2 and "Run folder: run" in done.output and "last.pt cannot be read" in done.output
    assert Path("run/config.yaml").read_bytes() == settings


def test_a_late_refusal_leaves_the_earlier_inspection(here):
    inspected()
    Path("run/gan/checkpoints").mkdir(parents=True)
    Path("run/gan/checkpoints/last.pt").write_bytes(b"damaged")
    before = files_of(here / "run")
    # Another data setting: the inspection is done again before the checkpoint is read.
    done = ganbal("train-gan", "--run", "run", "--yes", "--set", "data.phantom_images=70")
    assert done.exit_code == 2 and "last.pt cannot be read" in done.output
    assert files_of(here / "run") == before


@pytest.mark.parametrize("name", ["log.txt", ".lock", "figures", "gan"])
def test_a_link_out_of_the_run_is_refused_and_not_followed(here, name):
    inspected()
    shutil.rmtree("run/figures")
    Path("run", name).unlink(missing_ok=True)
    Path("run", name).symlink_to(here / "elsewhere")
    before = files_of(here / "run")
    done = ganbal("train-gan", "--run", "run", "--yes")
    assert done.exit_code == 2 and f"run/{name} is a link to" in done.output
    assert files_of(here / "run") == before and not (here / "elsewhere").exists()


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of every file, except for the log."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "log.txt"}


def test_a_new_run_that_is_refused_leaves_nothing(here):
    done = ganbal("train-gan", *TINY, "--run", "a/b", "--set", "gan.class_name=ABSENT")
    assert done.exit_code == 2 and "ABSENT" in done.output
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "damage"), [("figures/samples.png", "delete"), ("data.json", "truncate"), ("data.json", "flip")]
)
def test_a_stage_with_a_damaged_file_is_done_again(here, inspected_run, name, damage):
    shutil.copytree(inspected_run, here / "run")
    file = here / "run" / name
    content = file.read_bytes()
    if damage == "delete":
        file.unlink()
    else:
        file.write_bytes(content[:20] if damage == "truncate" else bytes([content[0] ^ 1]) + content[1:])
    assert f"inspect is done again: {name} changed or disappeared" in inspected().output
    assert file.read_bytes() == content
    assert "inspect: done before" in inspected().output


def test_leftovers_of_killed_commands_are_removed(here, inspected_run):
    shutil.copytree(inspected_run, here / "run")
    code = "import os; from ganbal.runtime.atomic_files import Path, atomic_path\n"
    code += "with atomic_path(Path('run/figures/x.png')): os._exit(1)"
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(here.glob("run/figures/.*"))) == 1
    inspected()
    assert list((here / "run").rglob(".*")) == []


def test_termination_at_any_moment_cleans_up(here):
    process = subprocess.Popen(
        [sys.executable, "-m", "ganbal", "inspect", *TINY, "--run", "run"], stderr=subprocess.PIPE, text=True
    )
    while not (here / "run" / ".lock").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143 and "Terminated." in errors and "Traceback" not in errors
    assert not (here / "run").exists(), "a folder made for a run that never began"


def test_output_in_any_encoding(here):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "ganbal", "inspect", *TINY, "--run", "run"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert json.loads(Path("run/data.json").read_text())


@pytest.mark.parametrize(
    ("run", "found"), [("x" * 300, "too long"), ("y/" * 3000, "too long"), (os.fsdecode(b"caf\xe9"), "not UTF-8")]
)
def test_run_folders_that_cannot_be(here, run, found):
    done = ganbal("inspect", *TINY, "--run", run)
    assert done.exit_code == 2 and found in done.output and "--run DIR" in done.output


def test_an_unexpected_error_is_one_paragraph(here, monkeypatch):
    def fail(*arguments, **options):
        raise ZeroDivisionError("of nothing")

    monkeypatch.setattr("ganbal.pipeline.inspect", fail)
    done = ganbal("inspect", *TINY)
    assert done.exit_code == 1 and "Traceback" not in done.output
    assert "error: ZeroDivisionError: of nothing" in done.output
