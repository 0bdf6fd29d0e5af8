"""Wrong input is answered before anything heavy is loaded: that takes seconds, whatever else the machine does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganbal.config import load_config
from ganbal.config.given_paths import check_default_data
from ganbal.errors import InputError

HEAVY = ("torch", "torchvision", "sklearn", "scipy", "pandas", "matplotlib", "albumentations", "cv2", "skimage")

# What is typed, and words of the answer.
CASES = {
    "an unknown option": (["run", "--stepz", "3"], "No such option"),
    "a word for a number": (["run", "--steps", "many"], "not a valid integer"),
    "no such configuration": (["run", "--config", "absent.yaml"], "absent.yaml"),
    "a damaged configuration": (["run", "--config", "damaged.yaml"], "damaged.yaml"),
    "no such preset": (["run", "--preset", "quik"], "Did you mean quick"),
    "no such setting": (["run", "--set", "gan.stepz=3"], "did you mean gan.steps"),
    "a wrong value": (["train-gan", "--set", "gan.steps=zero"], "gan.steps"),
    "a value out of range": (["compare", "--set", "study.seeds=0"], "study.seeds"),
    "no such device": (["inspect", "--device", "gpu"], "device"),
    "no GPU": (["run", "--device", "cuda:7"], "--device cpu"),
    "no GPU to predict with": (["predict", "image.png", "--run", "run", "--device", "cuda"], "--device cpu"),
    "no such arm": (["compare", "--set", "study.arms=[imbalanced,gann]"], "Did you mean gan"),
    "no baseline": (["compare", "--set", "study.arms=[class-weights]"], "must name different arms"),
    "no baseline in a run": (["run", "--set", "study.arms=[gan]"], "must name different arms"),
    "no such classifier": (["run", "--set", "study.classifiers=[baselin_cnn]"], "Did you mean baseline_cnn"),
    "no such backbone": (["run", "--set", "study.classifiers=[transfer:resnt50]"], "Did you mean transfer:resnet50"),
    "weights of no classifier": (["compare", "--weights", "{vgg_16: none}"], "Did you mean vgg16"),
    "no such file of weights": (["compare", "--weights", "absent.pth"], "There is no file absent.pth"),
    "no such score": (["score", "--set", "score.metrics=[fidd]"], "no score 'fidd'"),
    "no such extractor": (["score", "--set", "score.extractor=resnet"], "score.extractor"),
    "no such network": (["score", "--set", "score.extractor=torchvision:resnt50"], "Did you mean resnet50"),
    "no such data": (["inspect", "--data", "nowhere"], "nothing at nowhere"),
    "no such data to train on": (["train-gan", "--data", "nowhere"], "nothing at nowhere"),
    "an empty folder": (["inspect", "--data", "empty"], "empty"),
    "no run to score": (["score"], "no run"),
    "no run to synthesize from": (["synthesize"], "no run"),
    "no such run": (["report", "--run", "nowhere"], "no run at nowhere"),
    "no run with images": (["compare"], "no run"),
    "no number": (["synthesize", "--n", "many"], "whole number"),
    "one folder of two": (["score", "one"], "two folders"),
    "no such folders": (["score", "nowhere", "elsewhere"], "nothing at nowhere"),
    "no images in a folder": (["score", "empty", "empty"], "empty"),
    "no weights": (["score", "images", "images", "--weights", "absent.pth"], "There is no file absent.pth"),
    "no such dims": (["score", "--dims", "65"], "score.dims"),
    "no such image": (["predict", "absent.png"], "nothing at absent.png"),
    "no run to predict with": (["predict", "image.png"], "no run"),
    "no classifier": (["predict", "image.png", "--run", "run"], "No classifier has been trained"),
    "no threshold": (["predict", "image.png", "--run", "run", "--threshold", "high"], "no threshold"),
    "no such published system": (["reproduce", "--only", "nothing"], "no published system"),
    "no such protocol": (["reproduce", "--protocol", "fair"], "fair"),
    "no such preset to show": (["config", "--preset", "quik"], "Did you mean quick"),
    "a preset for the demo": (["demo", "--preset", "quick"], "preset of its own"),
}

if any(Path("/dev", name).exists() for name in ("nvidiactl", "nvidia0", "dxg", "kfd")):
    CASES = {name: case for name, case in CASES.items() if not name.startswith("no GPU")}

PROGRAM = f"""
import contextlib, io, json, sys
from ganbal.cli import main

answers, before = [], set()
for words in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main(words, prog_name="ganbal")
            code = 0
        except SystemExit as end:
            code = end.code
    loaded = set({HEAVY!r}) & set(sys.modules)
    answers.append([code, out.getvalue(), sorted(loaded - before)])
    before |= loaded
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Case → exit code, output and the heavy packages that it loaded."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "damaged.yaml").write_text("gan: [")
    for name in ("empty", "run", "images"):
        (folder / name).mkdir()
    (folder / "run/config.yaml").write_text("seed: 0\n")
    for name in ("image.png", "images/image.png"):
        (folder / name).write_bytes(b"")
    found = answers_to([words for words, _ in CASES.values()], folder)
    assert not (folder / "outputs").exists(), "nothing may be written for wrong input"
    return dict(zip(CASES, found, strict=True))


def answers_to(commands, folder, **environment):
    """Exit code, output and newly loaded heavy packages of each command, all in one process."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(commands),
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "GANBAL_DATA"} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", CASES)
def test_wrong_input_is_refused_before_heavy_packages_are_loaded(answers, case):
    code, output, heavy = answers[case]
    assert code == 2, output
    assert CASES[case][1] in output and "Traceback" not in output
    assert heavy == []


def test_an_environment_variable_that_names_no_images_is_refused_at_once(tmp_path):
    for code, output, heavy in answers_to([["inspect"], ["train-gan"], ["run"]], tmp_path, GANBAL_DATA="nowhere"):
        assert (code, heavy) == (2, []) and "nothing at nowhere" in output and "GANBAL_DATA" in output


def test_a_data_set_of_a_service_is_not_looked_for_among_the_files(monkeypatch):
    for name in ("medmnist:pneumoniamnist", "hf:owner/name", "phantom", ""):
        monkeypatch.setenv("GANBAL_DATA", name)
        check_default_data(load_config(None))
    monkeypatch.setenv("GANBAL_DATA", "nowhere")
    check_default_data(load_config(None, ["data.root=phantom"]))
    with pytest.raises(InputError, match="nothing at nowhere"):
        check_default_data(load_config(None))


def test_the_first_words_of_a_command_come_before_heavy_packages(tmp_path: Path):
    program = (
        "import sys; from ganbal.cli import main; from ganbal.runtime.console import Console\n"
        f"def say(self, text=''): print(text, [n for n in {HEAVY!r} if n in sys.modules]); sys.exit()\n"
        "Console.say = say; main(sys.argv[1:])"
    )
    for words in (
        ["inspect"],
        ["train-gan"],
        ["run"],
        ["demo"],
        ["reproduce"],
        ["compare", "--set", "study.arms=[imbalanced]"],
    ):
        done = subprocess.run([sys.executable, "-c", program, *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.stdout.strip().endswith("[]") and len(done.stdout.strip()) > 2, (words, done.stdout, done.stderr)
