import csv
import signal

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.config import load_config
from ganbal.errors import GanbalError, InputError, InterruptedBySignal
from ganbal.gan.batches import to_network_range
from ganbal.gan.checkpoint import load_generator, read_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.training import train_gan
from ganbal.runtime.console import Console
from ganbal.runtime.memory import OutOfMemoryError
from ganbal.synthesis.synthetic_png import MARK

CPU = torch.device("cpu")


def settings(*assignments):
    small = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]
    every = ["gan.log_every_steps=2", "gan.sample_every_steps=4", "gan.checkpoint_every_steps=3"]
    every.append("gan.checkpoint_every_seconds=0")
    return load_config(None, [*small, *every, *assignments])


def images(count=20):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32), dtype=np.uint8)


def train(folder, config, on_log=lambda row: None, quality=None):
    fingerprint = TrainingFingerprint.of(config.gan, seed=config.seed, class_names=["NORMAL"], data_digest="abc")
    return train_gan(
        images(),
        config.gan,
        fingerprint=fingerprint,
        seed=config.seed,
        device=CPU,
        folder=GanFolder(folder),
        console=Console(quiet=True),
        on_log=on_log,
        quality=quality,
    )


def weights(folder):
    return read_checkpoint(GanFolder(folder).last_checkpoint)[0]


def history(folder):
    """The rows of history.csv without the measured speed."""
    rows = list(csv.DictReader(GanFolder(folder).history.open()))
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in rows]


def assert_same_weights(first, second):
    for part in ("generator", "discriminator", "generator_ema"):
        assert all(torch.equal(first[part][name], second[part][name]) for name in first[part])
    for part in ("generator_optimizer", "discriminator_optimizer"):
        for number, entry in first[part].items():
            assert torch.equal(entry["exp_avg_sq"], second[part][number]["exp_avg_sq"])


def test_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(tmp_path / name, settings("gan.steps=4", f"seed={seed}"))
    assert_same_weights(weights(tmp_path / "a"), weights(tmp_path / "b"))
    first, other = weights(tmp_path / "a")["generator"], weights(tmp_path / "c")["generator"]
    assert not torch.equal(first["layers.0.weight"], other["layers.0.weight"])


def test_stopped_by_a_signal_and_continued_ends_with_the_same_weights(tmp_path):
    def stop_at_six(row):
        if row["step"] == 6:
            signal.raise_signal(signal.SIGTERM)

    train(tmp_path / "undisturbed", settings("gan.steps=10"))
    with pytest.raises(InterruptedBySignal, match="Step 6 of 10 is saved"):
        train(tmp_path / "stopped", settings("gan.steps=10"), stop_at_six)
    train(tmp_path / "stopped", settings("gan.steps=10"))
    assert_same_weights(weights(tmp_path / "undisturbed"), weights(tmp_path / "stopped"))
    steps = [row["step"] for row in csv.DictReader((tmp_path / "stopped" / "history.csv").open())]
    assert steps == ["2", "4", "6", "8", "10"]


def test_killed_between_checkpoints_and_continued_ends_with_the_same_weights(tmp_path):
    def die_at_eight(row):
        if row["step"] == 8:
            raise KeyError("killed")

    train(tmp_path / "undisturbed", settings("gan.steps=10"))
    with pytest.raises(KeyError, match="killed"):
        train(tmp_path / "killed", settings("gan.steps=10"), die_at_eight)
    assert weights(tmp_path / "killed")["step"] == 6
    train(tmp_path / "killed", settings("gan.steps=10"))
    assert_same_weights(weights(tmp_path / "undisturbed"), weights(tmp_path / "killed"))


@pytest.mark.parametrize(("fault", "saved_step"), [(InterruptedBySignal, 6), (KeyError, 3)])
def test_a_training_that_stops_between_two_rows_and_continues_has_the_same_history(
    tmp_path, monkeypatch, fault, saved_step
):
    def stop(*_):
        if fault is KeyError:
            raise KeyError("killed")
        signal.raise_signal(signal.SIGTERM)  # noticed after the next step

    config = settings("gan.steps=9", "gan.log_every_steps=4", "gan.score_every_steps=4", "gan.sample_every_steps=5")
    train(tmp_path / "undisturbed", config)
    with monkeypatch.context() as at_step_five, pytest.raises(fault):
        at_step_five.setattr("ganbal.gan.training_writer.write_grid", stop)
        train(tmp_path / "stopped", config)
    assert weights(tmp_path / "stopped")["step"] == saved_step
    train(tmp_path / "stopped", config)
    assert history(tmp_path / "stopped") == history(tmp_path / "undisturbed")


def test_exhausted_memory_names_the_settings_to_lower(tmp_path):
    def exhaust(row):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with pytest.raises(OutOfMemoryError, match=r"while training the GAN .*Lower gan\.batch_size or gan\.base_channels"):
        train(tmp_path, settings("gan.steps=4"), exhaust)


def test_more_steps_continue_a_finished_training(tmp_path):
    train(tmp_path / "long", settings("gan.steps=6"))
    train(tmp_path / "short", settings("gan.steps=3"))
    train(tmp_path / "short", settings("gan.steps=6"))
    assert_same_weights(weights(tmp_path / "long"), weights(tmp_path / "short"))


def test_files_of_a_finished_training_that_are_lost_are_written_again(tmp_path):
    config, folder = settings("gan.steps=5"), GanFolder(tmp_path)
    train(tmp_path, config)
    before, grid = folder.history.read_text(), folder.sample_grid(config.gan.steps)
    pixels = grid.read_bytes()
    folder.history.write_text("not a table")
    grid.unlink()
    train(tmp_path, config)
    assert folder.history.read_text() == before
    assert grid.read_bytes() == pixels


def test_history_and_grids_are_written_and_marked(tmp_path):
    rows = []
    state = train(tmp_path, settings("gan.steps=5"), rows.append)
    assert [row["step"] for row in rows] == [2, 4, 5] == [row["step"] for row in state.history]
    assert rows[0]["images_seen"] == 16
    assert all(0 <= row["real_score"] <= 1 and row["images_per_second"] > 0 for row in rows)
    grid = Image.open(tmp_path / "samples" / "step_000005.png")
    assert grid.size == (8 * 34 - 2, 8 * 34 - 2)
    assert grid.text["Description"] == MARK
    assert (tmp_path / "samples" / "step_000004.png").exists()


def test_a_checkpoint_of_other_settings_is_refused_with_the_differences(tmp_path):
    train(tmp_path, settings("gan.steps=3"))
    with pytest.raises(InputError, match=r"gan.learning_rate: 0.0002 there, 0.001 now"):
        train(tmp_path, settings("gan.steps=3", "gan.learning_rate=0.001"))


@pytest.mark.parametrize("keep_bytes", [0, 100, 5000])
def test_a_truncated_checkpoint_is_an_input_error(tmp_path, keep_bytes):
    train(tmp_path, settings("gan.steps=3"))
    file = GanFolder(tmp_path).last_checkpoint
    file.write_bytes(file.read_bytes()[:keep_bytes])
    with pytest.raises(InputError, match="cannot be read"):
        train(tmp_path, settings("gan.steps=3"))


def test_a_pickle_in_place_of_a_checkpoint_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("this must never be printed",))

    file = GanFolder(tmp_path).last_checkpoint
    file.parent.mkdir(parents=True)
    torch.save(Evil(), file)
    with pytest.raises(InputError, match="cannot be read"):
        load_generator(file, CPU)


def test_a_missing_checkpoint_names_the_command_to_run(tmp_path):
    with pytest.raises(InputError, match="Run `ganbal train-gan` first"):
        load_generator(tmp_path / "absent.pt", CPU)


def test_pixels_map_to_minus_one_to_one():
    mapped = to_network_range(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    assert mapped.flatten().tolist() == [-1.0, 1.0]


def test_the_generator_learns_the_brightness_of_its_images(tmp_path):
    config = settings("gan.steps=150", "gan.augment=[]", "gan.learning_rate=0.001")
    dark = np.full((16, 32, 32), 40, dtype=np.uint8)
    fingerprint = TrainingFingerprint.of(config.gan, seed=0, class_names=["X"], data_digest="")
    folder = GanFolder(tmp_path)
    train_gan(dark, config.gan, fingerprint=fingerprint, seed=0, device=CPU, folder=folder, console=Console(quiet=True))
    generator = load_generator(folder.last_checkpoint, CPU)
    images = np.concatenate(
        list(generator.generate(torch.randn(32, 8, generator=torch.Generator().manual_seed(0)), 32))
    )
    assert generator.step == 150
    assert images.mean() == pytest.approx(40, abs=25)


def test_the_checkpoint_with_the_least_distance_is_kept(tmp_path):
    distances = iter([3.0, 1.0, 2.0])
    config = settings("gan.steps=6", "gan.score_every_steps=2", "gan.score_images=4")
    state = train(tmp_path, config, quality=lambda images: next(distances))
    assert (state.best_distance, state.best_step) == (1.0, 4)
    assert read_checkpoint(GanFolder(tmp_path).best_checkpoint)[0]["step"] == 4
    assert [row.get("kernel_distance") for row in state.history] == [3.0, 1.0, 2.0]


def test_a_collapse_is_rolled_back_with_lower_learning_rates_and_ends_when_it_repeats(tmp_path, monkeypatch, capsys):
    restored = []

    def detect(rows, num_restored):
        restored.append(num_restored)
        return "it broke" if len(rows) == 3 else None

    monkeypatch.setattr("ganbal.gan.monitor.detect_collapse", detect)
    every = ["gan.score_every_steps=2", "gan.score_images=4", "gan.max_rollbacks=2"]
    distances = iter([1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    rows = []
    with pytest.raises(GanbalError, match="collapsed at step 6: it broke"):
        train(tmp_path, settings("gan.steps=8", *every), rows.append, lambda images: next(distances))
    assert [row["step"] for row in rows] == [2, 4, 6, 4, 6, 4, 6]
    assert restored == [0, 0, 0, 1, 1, 1, 1]
    assert "Back to step 2 with learning rates × 0.25" in capsys.readouterr().err


def test_spectral_norm_hinge_and_penalty_train_and_resume_too(tmp_path):
    options = ["gan.discriminator_norm=spectral", "gan.loss=hinge", "gan.r1_gamma=1", "gan.r1_every_steps=2"]
    train(tmp_path / "whole", settings("gan.steps=6", *options))
    train(tmp_path / "parts", settings("gan.steps=3", *options))
    train(tmp_path / "parts", settings("gan.steps=6", *options))
    assert_same_weights(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
