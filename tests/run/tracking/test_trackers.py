"""Stand-ins take the places of the packages; their calls are what each package documents."""

import json
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ganbal.errors import InputError
from ganbal.run.metrics_log import MetricsLog
from ganbal.run.tracking.callback import Callback
from ganbal.run.tracking.registry import TRACKERS, check_tracking, chosen_trackers, flat_settings

IMAGE = np.arange(6, dtype=np.uint8).reshape(2, 3)


class Recorder:
    """Any method may be called on it; `calls` holds the name, arguments and keywords of each."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple, dict]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*arguments: Any, **keywords: Any) -> "Recorder":
            self.calls.append((name, arguments, keywords))
            return self

        return call


@pytest.fixture
def stand_in(monkeypatch):
    def put(name: str, **entries: Any) -> Recorder:
        module, recorder = ModuleType(name), Recorder()
        module.__getattr__ = lambda attribute: getattr(recorder, attribute)  # type: ignore[method-assign]
        for entry, value in entries.items():
            setattr(module, entry, value)
        monkeypatch.setitem(sys.modules, name, module)
        return recorder

    return put


def follow(folder, name: str, settings: dict[str, Any]) -> None:
    """A short training, as the stage reports it."""
    log = MetricsLog(folder, chosen_trackers([name]))
    with log.following(settings):
        log.add("gan", {"step": 5, "generator_loss": 0.5})
        log.add_image("gan", 5, "samples", IMAGE)


def test_mlflow(stand_in, tmp_path):
    mlflow = stand_in("mlflow")
    follow(tmp_path / "run", "mlflow", {f"gan.field_{n}": "x" * 600 for n in range(150)})
    names = [name for name, _, _ in mlflow.calls]
    assert names == ["start_run", "log_params", "log_params", "log_metrics", "log_image", "end_run"]
    assert mlflow.calls[0][2] == {"run_name": "run"}
    assert [len(mlflow.calls[n][1][0]) for n in (1, 2)] == [100, 50]
    assert set(map(len, mlflow.calls[1][1][0].values())) == {500}
    assert mlflow.calls[3][1:] == (({"gan/generator_loss": 0.5},), {"step": 5})
    assert mlflow.calls[4][1][0] is IMAGE and mlflow.calls[4][2] == {"key": "gan_samples", "step": 5}


def test_weights_and_biases(stand_in, tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    wandb = stand_in("wandb", Image=lambda image: ("image", image.shape))
    follow(tmp_path / "run", "wandb", {"gan.steps": 5})
    assert [name for name, _, _ in wandb.calls] == ["init", "log", "log", "finish"]
    started = wandb.calls[0][2]
    assert (started["project"], started["name"], started["config"]) == ("ganbal", "run", {"gan.steps": 5})
    assert wandb.calls[1][1:] == (({"gan/generator_loss": 0.5},), {"step": 5})
    assert wandb.calls[2][1:] == (({"gan/samples": ("image", (2, 3))},), {"step": 5})


def test_tensorboard(stand_in, tmp_path):
    writer = Recorder()
    stand_in("tensorboard")
    stand_in("torch.utils.tensorboard", SummaryWriter=lambda place: writer)
    follow(tmp_path, "tensorboard", {})
    assert [name for name, _, _ in writer.calls] == ["add_scalar", "add_image", "close"]
    assert writer.calls[0][1] == ("gan/generator_loss", 0.5, 5)
    assert writer.calls[1][2] == {"dataformats": "HW"}


def test_a_tracker_that_fails_does_not_stop_the_training(tmp_path, caplog):
    class Broken(Callback):
        def on_metrics(self, step, values):
            raise ConnectionError("no server")

    class Counting(Callback):
        steps: list[int] = []  # noqa: RUF012

        def on_metrics(self, step, values):
            self.steps.append(step)

    log = MetricsLog(tmp_path, [Broken(), Counting()])
    with log.following({}):
        log.add("gan", {"step": 1})
        log.add("gan", {"step": 2})
    assert Counting.steps == [1, 2]
    assert caplog.text.count("Broken failed and is left out from here on: ConnectionError: no server") == 1
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


def test_the_end_is_told_after_an_interruption_too(tmp_path):
    class Ending(Callback):
        ended = False

        def on_end(self):
            self.ended = True

    callback = Ending()
    with pytest.raises(KeyboardInterrupt), MetricsLog(tmp_path, [callback]).following({}):
        raise KeyboardInterrupt
    assert callback.ended


def test_packages_are_checked_before_the_work(monkeypatch):
    for name in ("mlflow", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("mlflow", "wandb"):
        with pytest.raises(InputError, match=f"tracking names {name}.*`pip install {name}`"):
            check_tracking([name])
    check_tracking("auto")
    assert all(type(tracker).__name__ == "TensorBoard" for tracker in chosen_trackers("auto"))
    assert set(TRACKERS) == {"tensorboard", "mlflow", "wandb"}


def test_settings_leave_the_place_of_the_images_out():
    flat = flat_settings({"seed": 1, "data": {"root": "/home/x", "resplit": True}, "gan": {"steps": 3}})
    assert flat == {"seed": 1, "data.resplit": True, "gan.steps": 3}
