from pathlib import Path

import numpy as np
import pytest

import ganbal
from ganbal.api.choices import Choices, carry_out
from ganbal.errors import GanbalError, InputError, SeveralInputErrors
from ganbal.pipeline import Outcome


def settings_of(choices: Choices):
    return choices.choice().settings()


def test_fields_override_settings_which_override_the_file_which_overrides_the_preset(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text("gan: {steps: 11, batch_size: 12, latent_dim: 13}", encoding="utf-8")
    choices = Choices().updated(
        "gan",
        {"batch_size": 20, "class_name": None},
        config=file,
        preset="quick",
        settings={"gan.latent_dim": 30, "study": {"seeds": np.int64(2), "arms": ("imbalanced", "gan")}, "seed": 5},
    )
    found = settings_of(choices)
    assert (found.gan.steps, found.gan.batch_size, found.gan.latent_dim) == (11, 20, 30)
    assert found.gan.image_size_px == 64, "of the preset"
    assert (found.study.seeds, found.study.arms, found.seed) == (2, ("imbalanced", "gan"), 5)


def test_a_later_call_overrides_single_fields_of_an_earlier_one():
    first = Choices().updated("gan", {"steps": 5, "batch_size": 6})
    found = settings_of(first.updated("gan", {"steps": 7}, config={"gan": {"latent_dim": 9}}))
    assert (found.gan.steps, found.gan.batch_size, found.gan.latent_dim) == (7, 6, 9)
    assert settings_of(first).gan.steps == 5


def test_seed_and_device_override_settings():
    given = {"seed": 5, "device": "cuda", "gan.steps": 11}
    found = settings_of(Choices().updated("gan", {}, settings=given, seed=7, device="cpu"))
    assert (found.seed, found.device, found.gan.steps) == (7, "cpu", 11)
    assert settings_of(Choices().updated("gan", {}, settings=given)).seed == 5


def test_text_that_looks_like_a_number_stays_text():
    found = settings_of(Choices().updated("gan", {"class_name": "007"}, settings={"data.root": Path("a b/ü: 1")}))
    assert found.gan.class_name == "007" and found.data.root == Path("a b/ü: 1")


def test_the_environment_names_a_file_for_calls_without_config(tmp_path, monkeypatch):
    named, other = tmp_path / "named.yaml", tmp_path / "other.yaml"
    named.write_text("gan: {steps: 1}", encoding="utf-8")
    other.write_text("gan: {steps: 2}", encoding="utf-8")
    monkeypatch.setenv("GANBAL_CONFIG", str(named))
    assert settings_of(Choices.given("gan", {})).gan.steps == 1
    assert settings_of(Choices.given("gan", {}, config=other)).gan.steps == 2
    assert settings_of(Choices.given("gan", {"steps": 3})).gan.steps == 3


def test_wrong_settings_are_value_errors_before_any_work():
    def work(choice, console):
        raise AssertionError("no work may start")

    with pytest.raises(ValueError, match=r"gan\.stepz: no such setting; did you mean gan\.steps") as caught:
        carry_out(work, Choices().updated("gan", {"stepz": 5}).choice(), quiet=True)
    assert isinstance(caught.value, InputError)
    with pytest.raises(InputError, match=r"The setting gan\.steps is <object"):
        Choices().updated("gan", {"steps": object()})


def test_errors_of_wrong_input_are_value_errors_and_failures_of_the_work_are_not():
    assert issubclass(InputError, ValueError) and issubclass(SeveralInputErrors, ValueError)
    assert not issubclass(GanbalError, ValueError)


def test_messages_are_printed_and_quiet_prints_none(capsys):
    def work(choice, console):
        console.say("a message")
        console.warn("a warning")
        with console.progress(3, "counting", "thing") as bar:
            bar.update(3)
        return Outcome({}, "")

    carry_out(work, Choices().choice(), quiet=False)
    loud = capsys.readouterr()
    assert "a message" in loud.out and "warning: a warning" in loud.err and "counting" in loud.err
    carry_out(work, Choices().choice(), quiet=True)
    silent = capsys.readouterr()
    assert silent.out == "" and "a warning" in silent.err and "counting" not in silent.err


def test_the_api_is_listed_and_other_names_are_refused():
    assert {"load", "train_gan", "Generator", "score", "compare", "GANOverSampler"} <= set(dir(ganbal))
    assert all(getattr(ganbal, name) is not None for name in dir(ganbal))
    with pytest.raises(AttributeError, match="no attribute 'GANUnderSampler'"):
        _ = ganbal.GANUnderSampler
