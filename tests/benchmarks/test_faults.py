import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def fault_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # importing fault_kinds sets it
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_random_settings_are_accepted_or_refused(tmp_path: Path) -> None:
    from fault_kinds import settings

    tried = [trial for trial, _ in zip(settings.trials(None, tmp_path, random.Random(1)), range(150), strict=False)]
    assert len(tried) == 150
    assert not [(trial.fault, trial.trouble) for trial in tried if trial.trouble]


def test_a_number_beyond_the_limit_and_a_wrong_exception_are_not_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    from fault_kinds import settings

    assert settings.trouble_of(None, ["gan.steps=100"]) is None
    monkeypatch.setattr(settings, "LARGEST_NUMBER", 50)
    assert "gan.steps=100" in settings.trouble_of(None, ["gan.steps=100"])

    def fail(*_: object) -> None:
        raise KeyError("steps")

    monkeypatch.setattr(settings, "load_config", fail)
    assert settings.trouble_of(None, []) == "KeyError: 'steps'"


@pytest.mark.parametrize(
    ("code", "errors", "trouble"),
    [
        (0, "", None),
        (2, "error: There is no a.", None),
        (130, "Interrupted.", None),
        (3, "odd", "exit code 3: odd"),
        (-9, "", "exit code -9: nothing on stderr"),
        (1, "Traceback (most recent call last):\n  …\nValueError: x", "traceback: ValueError: x"),
    ],
)
def test_which_endings_are_faults(code: int, errors: str, trouble: str | None) -> None:
    from fault_kinds.commands import Ending

    assert Ending(("run",), code, errors).trouble() == trouble


def test_results_differ_by_pixels_and_numbers_but_not_by_times_or_metadata(tmp_path: Path) -> None:
    from fault_kinds.results import differing, results_of

    image, scores, history = (tmp_path / name for name in ("synthetic/A/0.png", "scores.json", "gan/history.csv"))
    image.parent.mkdir(parents=True)
    history.parent.mkdir()
    Image.new("L", (4, 4), 7).save(image)
    scores.write_text('{"fid": 1.5, "seconds": 3}')
    history.write_text("step,loss,seconds\n10,0.5,2\n")
    before = results_of(tmp_path)
    scores.write_text('{"fid": 1.5, "seconds": 4}')
    history.write_text("step,loss,seconds\n10,0.5,9\n")
    Image.new("L", (4, 4), 7).save(image, optimize=True)
    assert differing(tmp_path, before) == []
    scores.write_text('{"fid": 1.6, "seconds": 4}')
    Image.new("L", (4, 4), 8).save(image)
    history.unlink()
    assert differing(tmp_path, before) == ["gan/history.csv", "scores.json", "synthetic/A/0.png"]


def test_every_damage_changes_the_file(tmp_path: Path) -> None:
    from fault_kinds.damages import DAMAGES

    for damage, apply in DAMAGES.items():
        file = tmp_path / "file"
        file.write_bytes(b"0123456789" * 10)
        apply(file, random.Random(0))
        assert not file.exists() if damage == "delete" else file.read_bytes() != b"0123456789" * 10


def test_the_command_prints_survived_of_tried() -> None:
    command = [sys.executable, str(BENCHMARKS / "faults.py"), "--only", "settings", "--limit", "5"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "settings: 5/5 survived" in done.stdout
