"""The command line as a user meets it: output and exit code both."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ganbal.cli import main
from ganbal.config.presets import preset_names
from ganbal.options import PRESETS

TINY = (
    *("--device", "cpu", "--set", "data.phantom_images=120", "--set", "gan.image_size_px=32"),
    *("--set", "gan.base_channels=4", "--set", "gan.batch_size=8", "--set", "gan.steps=6"),
    *("--set", "gan.log_every_steps=2", "--set", "gan.sample_every_steps=3", "--set", "gan.checkpoint_every_steps=2"),
    *("--set", "gan.score_every_steps=3", "--set", "gan.score_images=16", "--set", "score.extractor=untrained"),
    *("--set", "study.classifiers=[baseline_cnn]", "--set", "study.image_size_px=32", "--set", "study.seeds=2"),
    *("--set", "study.steps=4", "--set", "study.checks=2", "--set", "study.weights=none"),
    *("--set", "study.arms=[imbalanced,gan]"),
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Every test works in a folder of its own, with the decoded images shared between tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GANBAL_DATA", raising=False)


def ganbal(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def assert_wrong_use(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.output
    assert not Path("outputs").exists(), "nothing may be written for wrong input"


def test_help_names_the_commands_in_the_order_of_the_work():
    text = ganbal("--help").output
    places = [text.index(f"  {name} ") for name in ("inspect", "train-gan", "synthesize", "score", "compare", "report")]
    assert places == sorted(places)


def test_help_answers_at_once():
    def seconds(*command: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        return time.perf_counter() - start

    bare = min(seconds("-c", "pass") for _ in range(3))
    assert min(seconds("-m", "ganbal", "--help") for _ in range(3)) - bare < 0.5


def test_the_three_commands_typed_one_after_another(monkeypatch):
    trained = ganbal("train-gan", *TINY)
    assert trained.exit_code == 0, trained.output
    assert "embedded phantom set" in trained.output and "Next: ganbal synthesize" in trained.output
    drawn = ganbal("synthesize", "--n", "12")
    assert drawn.exit_code == 0, drawn.output
    compared = ganbal("compare")
    assert compared.exit_code == 0, compared.output
    (run,) = Path("outputs").glob("2*")
    assert len(list((run / "synthetic" / "NORMAL").glob("*.png"))) == 12
    assert (run / "report.html").is_file() and (run / "study" / "results.csv").is_file()
    assert "gan − imbalanced" in compared.output


def test_run_gives_json_skips_what_is_done_and_redoes_what_changed():
    first = ganbal("run", *TINY, "--json", "--run", "here")
    assert first.exit_code == 0, first.output
    assert set(json.loads(first.stdout)) >= {"run", "data", "scores", "study", "report"}
    before = times_of_change(Path("here"))

    again = ganbal("run", *TINY, "--run", "here")
    assert "train-gan: done before" in again.output and "compare: done before" in again.output
    changed = {path.name for path in changed_since(before)}
    assert not changed & {"last.pt", "manifest.csv", "scores.json", "predictions.csv", "results.csv"}

    more = ganbal("run", *TINY, "--run", "here", "--set", "synthesis.num_images=20")
    assert more.exit_code == 0, more.output
    changed = changed_since(before)
    assert {"manifest.csv", "scores.json"} <= {path.name for path in changed}
    assert "last.pt" not in {path.name for path in changed}
    retrained = {path.parts[3] for path in changed if path.name == "predictions.csv"}
    assert retrained == {"gan"}, "only the arm that uses the new images is trained again"


def times_of_change(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def changed_since(before: dict[Path, int]) -> set[Path]:
    return {path for path, time_ns in times_of_change(Path("here")).items() if before.get(path) != time_ns}


@pytest.mark.parametrize("command", ["inspect", "train-gan", "run"])
def test_a_missing_folder(command):
    assert_wrong_use(ganbal(command, "--data", "nowhere"), "nowhere")


def test_mistyped_settings_are_reported_together():
    result = ganbal("run", "--set", "gan.stepz=3", "--set", "score.dims=65")
    assert_wrong_use(result, "gan.stepz", "did you mean gan.steps", "score.dims", "2 mistakes")


@pytest.mark.parametrize("number", ["0", "-3"])
def test_generating_no_images(number):
    ganbal("train-gan", *TINY, "--run", "here")
    result = ganbal("synthesize", "--run", "here", "--n", number)
    assert result.exit_code == 2
    assert "must be at least 1" in result.output


@pytest.mark.parametrize("command", ["synthesize", "score", "compare", "report"])
def test_commands_that_need_a_run_name_the_missing_one(command):
    assert_wrong_use(ganbal(command), "train-gan")


def test_a_study_without_synthetic_images_needs_no_run():
    result = ganbal("compare", *TINY, "--run", "new", "--set", "study.arms=[imbalanced]", "--set", "study.seeds=1")
    assert result.exit_code == 0, result.output
    assert Path("new/data.json").is_file() and Path("new/report.html").is_file()
    assert not Path("new/gan").exists()


def test_cuda_where_there_is_none():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    assert_wrong_use(ganbal("train-gan", "--device", "cuda"), "CUDA", "--device cpu")


def test_all_missing_requirements_are_reported_together():
    result = ganbal("run", *TINY, "--set", "study.classifiers=[baselin_cnn]", "--set", "study.arms=[x]")
    assert_wrong_use(result, "baseline_cnn", "there is no arm", "2 ")


def test_a_study_without_a_second_arm_is_refused_before_any_training():
    arms = ("--set", "study.classifiers=[cnn_64]", "--set", "study.arms=[imbalanced,gan-advprop]")
    result = ganbal("run", *TINY, *arms, "--run", "here")
    assert_wrong_use(result, "No arm but imbalanced can be trained", "no batch normalization")
    assert not Path("here").exists()


def run_and_print_whether_torch_is_loaded(words):
    code = "import sys, ganbal.cli\ntry: ganbal.cli.main(sys.argv[1:])\nfinally: print('torch' in sys.modules)"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--config", "absent.yaml"], "absent.yaml"),
        (["run", "--preset", "quik"], "Did you mean quick"),
        (["inspect", "--data", "nowhere"], "nowhere"),
        (["score", "nowhere", "either"], "nowhere"),
        (["synthesize", "--run", "nowhere"], "ganbal train-gan"),
        (["train-gan", "--set", "gan.stepz=3"], "did you mean gan.steps"),
        (["train-gan", "--steps", "0"], "gan.steps"),
    ],
)
def test_wrong_input_is_reported_before_torch_is_loaded(words, told):
    done = run_and_print_whether_torch_is_loaded(words)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["inspect", "--data", "flat"], "There are no images in class folders in"),
        (["train-gan", "--data", "classes", "--class", "C"], "C"),
        (["train-gan", "--data", "notes.txt"], "notes.txt"),
        (["inspect", "--data", "hf:a/b/c"], "hf:a/b/c is no name of a data set"),
        (["synthesize", "--run", "empty"], "There is no trained generator in empty."),
        (["export", "--run", "empty"], "There is no trained generator in empty."),
        (["score", "--run", "empty"], "Run `ganbal train-gan --run empty`, then `ganbal synthesize --run empty`."),
        (["compare", "--run", "empty"], "There are no synthetic images"),
    ],
)
def test_wrong_images_and_missing_stages_are_reported_before_torch_is_loaded(words, told):
    for name in ("flat/a.png", *(f"classes/{label}/{n}.png" for label in "AB" for n in range(30)), "empty/config.yaml"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    Path("notes.txt").write_text("text")
    done = run_and_print_whether_torch_is_loaded(words)
    assert done.returncode == 2 and told in " ".join(done.stderr.split()) and "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "False"


def test_common_settings_are_options(tmp_path):
    typed = ["--preset", "quick", "--steps", "7", "--image-size", "32", "--class", "no", "--set", "seed=3"]
    words = ["--data", "phantom", "--out", "here", "--set", "data.phantom_images=60", "--set", "gan.base_channels=4"]
    result = ganbal("train-gan", *typed, *words, "--json")
    assert result.exit_code == 2 and "no" in result.output  # the phantom set has no such class
    result = ganbal("inspect", *words, "--preset", "quick")
    assert result.exit_code == 0, result.output
    assert "Next: ganbal train-gan --run here" in result.output
    assert "classifiers:\n  - cnn_64" in Path("here/config.yaml").read_text()


def test_every_setting_is_explained():
    text = ganbal("config", "--preset", "quick").output
    assert "  gan.steps = 8000\n" in text and "  study.classifiers = [cnn_64]\n" in text
    assert all(f"  {name} " in text for name in ("default", "demo", "quick"))
    assert PRESETS.split(", ") == preset_names()


def test_hours_of_work_are_announced_and_can_be_declined(monkeypatch):
    monkeypatch.setattr("ganbal.cli._ask", lambda question: False)
    words = [
        "--data",
        "phantom",
        "--device",
        "cpu",
        "--set",
        "data.phantom_images=60",
        "--set",
        "study.image_size_px=32",
    ]
    result = ganbal("train-gan", *words, "--run", "here", "--image-size", "32", "--steps", "1000000")
    assert_wrong_use(result, "hours here", "--preset quick")
    assert not Path("here").exists()


def test_an_output_folder_that_cannot_be_made():
    Path("file").write_text("")
    result = ganbal("train-gan", *TINY, "--run", "file/run")
    assert result.exit_code == 2 and "file is not a folder" in result.output


def test_a_checkpoint_of_other_settings():
    ganbal("train-gan", *TINY, "--run", "here")
    result = ganbal("train-gan", *TINY, "--run", "here", "--set", "gan.batch_size=4")
    assert result.exit_code == 2
    assert "gan.batch_size: 8 there, 4 now" in result.output


def test_score_wants_two_folders_or_none():
    assert ganbal("score", "one").exit_code == 2


def test_terminated_training_saves_exits_130_and_continues():
    often = ("--set", "gan.checkpoint_every_seconds=0", "--set", "gan.steps=100000")  # history.csv comes at once
    command = [sys.executable, "-m", "ganbal", "train-gan", *TINY, "--run", "here", *often]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    history = Path("here/gan/history.csv")
    while process.poll() is None and not history.exists():
        time.sleep(0.1)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "is saved" in errors and "Traceback" not in errors
    steps = int(history.read_text().splitlines()[-1].split(",")[0])
    result = ganbal("train-gan", *TINY, "--run", "here", "--set", f"gan.steps={steps + 4}")
    assert result.exit_code == 0 and "Continuing from step" in result.output
