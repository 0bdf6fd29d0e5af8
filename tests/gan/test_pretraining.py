"""The first steps of a training may be on the training images of all classes."""

import numpy as np
import pytest
import torch

from ganbal.config import load_config
from ganbal.data.dataset import load_dataset
from ganbal.errors import InputError
from ganbal.gan.checkpoint import load_generator, read_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.folder import GanFolder
from ganbal.gan.state import new_state
from ganbal.gan.train_step import TrainStep
from ganbal.gan.training import train_gan
from ganbal.run.folder import Run
from ganbal.runtime.console import Console
from ganbal.stages.generators import generators_of

CPU = torch.device("cpu")
SMALL = ["gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.latent_dim=8"]
EVERY = ["gan.log_every_steps=1", "gan.sample_every_steps=4", "gan.checkpoint_every_steps=1"]


def settings(*assignments):
    return load_config(None, [*SMALL, *EVERY, "gan.checkpoint_every_seconds=0", *assignments])


def images(number, seed):
    return np.random.default_rng(seed).integers(0, 256, (number, 32, 32), dtype=np.uint8)


OF_CLASS, OF_ALL = images(10, 0), images(24, 1)


def train(folder, config, quality=None):
    return train_gan(
        OF_CLASS,
        config.gan,
        pretraining_images=OF_ALL,
        fingerprint=TrainingFingerprint.of(config.gan, seed=0, class_names=["NORMAL"], data_digest="x"),
        seed=0,
        device=CPU,
        folder=GanFolder(folder),
        console=Console(quiet=True),
        quality=quality,
    )


def same(first, second):
    ours, theirs = (state.generator.state_dict() for state in (first, second))
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("loss", ["non-saturating", "relativistic"])
def test_the_first_steps_are_a_training_on_all_images_and_the_others_one_on_the_class(loss):
    config = settings("gan.pretrain_steps=2", f"gan.loss={loss}").gan
    of_class, of_all = torch.from_numpy(OF_CLASS), torch.from_numpy(OF_ALL)
    state = new_state(config, 1, CPU)
    step = TrainStep(state, of_class, config, pretraining=of_all)
    step(), step()

    plain = settings(f"gan.loss={loss}").gan
    expected = new_state(plain, 1, CPU)
    on_all = TrainStep(expected, of_all, plain)
    on_all(), on_all()
    assert same(state, expected)

    step()
    TrainStep(expected, of_class, plain)()
    assert same(state, expected)


def test_a_training_continued_in_its_pretraining_ends_with_the_same_weights(tmp_path):
    undisturbed = train(tmp_path / "a", settings("gan.steps=5", "gan.pretrain_steps=3"))
    for steps in (4, 5):  # step 3 is the last of the pretraining
        continued = train(tmp_path / "b", settings(f"gan.steps={steps}", "gan.pretrain_steps=3"))
    assert same(undisturbed, continued)
    assert undisturbed.history[-1]["generator_loss"] == continued.history[-1]["generator_loss"]
    load_generator(GanFolder(tmp_path / "b").last_checkpoint, CPU)


def test_the_best_checkpoint_is_one_that_has_seen_the_class_alone(tmp_path):
    distances = iter([1.0, 2.0, 5.0, 4.0, 6.0])
    config = settings("gan.steps=5", "gan.pretrain_steps=2", "gan.score_every_steps=1")
    state = train(tmp_path, config, quality=lambda synthetic: next(distances))
    assert (state.best_step, state.best_distance) == (4, 4.0)
    assert read_checkpoint(GanFolder(tmp_path).best_checkpoint)[0]["step"] == 4


def test_other_pretraining_images_are_another_training_and_only_training_images_are_used(tmp_path):
    config = load_config(None, ["data.root=phantom", "data.phantom_images=60", *SMALL, "gan.pretrain_steps=3"])
    dataset = load_dataset(config.data, sizes_px=[32], cache_root=tmp_path, console=Console(quiet=True))
    (generator,) = generators_of(Run(tmp_path), config, dataset)
    splits, labels = (dataset.table.frame[name].iloc[generator.pretraining_rows] for name in ("split", "label"))
    assert set(splits) == {"train"}
    assert len(set(labels)) == 2
    assert len(splits) == sum(dataset.table.counts()["train"].values())
    assert set(generator.rows) < set(generator.pretraining_rows)
    plain = config.model_copy(update={"gan": config.gan.model_copy(update={"pretrain_steps": 0})})
    (without,) = generators_of(Run(tmp_path), plain, dataset)
    assert without.pretraining_rows is None
    assert without.fingerprint.data_digest != generator.fingerprint.data_digest


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["gan.steps=5", "gan.pretrain_steps=5"], "must be fewer than gan.steps"),
        (["gan.pretrain_steps=5", "gan.conditional=true"], "does not work with"),
        (["gan.pretrain_steps=5", "gan.adaptive_augment=true"], "does not work with"),
    ],
)
def test_settings_that_do_not_fit_are_refused(assignments, message):
    with pytest.raises(InputError, match=message):
        settings(*assignments)
