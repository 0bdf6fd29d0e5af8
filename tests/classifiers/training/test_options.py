import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD

from classifiers.errors import ClassifierInputError
from classifiers.models.network import Network
from classifiers.models.recipe import Recipe
from classifiers.training import loop
from classifiers.training.batches import Examples
from classifiers.training.config import TrainingConfig, resolve_published
from classifiers.training.loop import TrainingCallbacks, fit, kernels_of, train_step
from classifiers.training.losses import choose_loss

RECIPE = Recipe(
    epochs=10,
    augment="shear-zoom-flip",
    batch_size=16,
    learning_rate=2e-3,
    l2=1e-3,
    schedule="exponential",
    decay_to=0.5,
    patience=None,
)


def dense_network():
    head = nn.Linear(2, 1)
    nn.init.constant_(head.weight, 0.5)
    nn.init.constant_(head.bias, 0.25)
    return Network(nn.Flatten(), head, mean=(0.0,), std=(1.0,), frozen_backbone=False)


def test_l2_adds_twice_its_factor_times_the_kernel_to_the_gradient_and_spares_biases():
    network = dense_network()
    inputs, labels = torch.ones(4, 2), torch.ones(4, dtype=torch.int64)
    value = train_step(
        network,
        inputs,
        labels,
        lambda logits, labels: logits.sum() * 0,
        SGD(network.parameters(), lr=1.0),
        "float32",
        kernels_of(network),
        0.1,
    )
    # From 0.5 by 2 · 0.1 · 0.5 with rate 1; the reported loss does not include the penalty.
    assert network.head.weight.flatten().tolist() == pytest.approx([0.4, 0.4])
    assert network.head.bias.item() == 0.25
    assert value.item() == 0


def test_l2_keeps_the_weights_of_a_training_smaller(train):
    free, held = (train(steps=30, l2=l2).network for l2 in (0.0, 0.1))
    squares = [sum(float((kernel.detach() ** 2).sum()) for kernel in kernels_of(network)) for network in (free, held)]
    assert squares[1] < 0.9 * squares[0]


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [1e-3, 1e-3, 1e-3, 1e-3]),
        ("exponential", [1e-3 * 0.01**0.25, 1e-4, 1e-3 * 0.01**0.75, 1e-5]),
        # After two checks in a row without a lower loss, the fourth step is taken at a tenth.
        ("plateau", [1e-3, 1e-3, 1e-3, 1e-4]),
    ],
)
def test_schedules_by_hand(monkeypatch, schedule, rates):
    config = TrainingConfig(steps=4, checks=4, schedule=schedule, decay_to=0.01, plateau_factor=0.1, plateau_patience=2)
    losses = iter((1.0, 1.0, 1.0, 0.5))
    monkeypatch.setattr(loop, "evaluate_on", lambda *arguments: {"val_loss": next(losses), "val_accuracy": 0.0})
    images, labels = torch.zeros(2, 1, 2, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64)
    result = fit(
        dense_network(),
        ((images, labels) for _ in range(4)),
        Examples(images, labels),
        num_classes=2,
        train_loss=choose_loss(1, None, torch.device("cpu")),
        val_loss=choose_loss(1, None, torch.device("cpu")),
        config=config,
        precision="float32",
        callbacks=TrainingCallbacks(),
    )
    assert [row["learning_rate"] for row in result.history] == pytest.approx(rates)


def test_keeping_the_last_weights(train, unseen_pixels):
    pixels, _ = unseen_pixels()
    wrong = {"steps": 30, "checks": 15, "val_labels": 1 - np.arange(20) % 2, "learning_rate": 3e-3, "patience": 15}
    best, last = train(**wrong), train(keep="last", **wrong)
    assert best.best_step < last.best_step == 30
    assert best.history == last.history
    assert not np.array_equal(best.predict(pixels), last.predict(pixels))


def test_a_recipe_takes_the_place_of_the_settings_it_names_and_of_no_others():
    given = TrainingConfig(steps=100, checks=7, seed=3, class_weights=(1.0, 2.0), augment="anatomical")
    assert resolve_published(given, RECIPE) == given
    settled = resolve_published(dataclasses.replace(given, recipe="published"), RECIPE)
    assert (settled.steps, settled.checks, settled.seed, settled.class_weights) == (100, 7, 3, (1.0, 2.0))
    assert settled.augment == "anatomical"
    assert (settled.batch_size, settled.learning_rate, settled.l2) == (16, 2e-3, 1e-3)
    assert (settled.schedule, settled.decay_to, settled.keep) == ("exponential", 0.5, "last")
    assert settled.patience == 7  # as many as there are: it never stops early
    assert resolve_published(dataclasses.replace(given, recipe="published"), None) == given


def test_published_is_the_augmentation_of_the_model_s_publication():
    given = TrainingConfig(steps=1, augment="published")
    assert resolve_published(given, RECIPE).augment == "shear-zoom-flip"
    assert resolve_published(given, None).augment == "published"


def test_steps_of_a_recipe_count_the_last_batch_of_an_epoch():
    assert Recipe(epochs=25).steps(5216) == 25 * 163
    assert Recipe(epochs=2, batch_size=10).steps(21) == 6


@pytest.mark.parametrize("num_classes", [2, 3])
def test_the_recipe_of_a_publication_trains_whatever_the_number_of_workers(train, unseen_pixels, num_classes):
    settings = {"size": 20, "num_classes": num_classes, "augment": "published", "recipe": "published", "steps": 20}
    pixels, _ = unseen_pixels(20, num_classes)
    first, again = (train("cnn_64", num_workers=workers, **settings) for workers in (1, 3))
    assert np.array_equal(first.predict(pixels), again.predict(pixels))
    assert first.predict(pixels).shape == (30, num_classes)
    assert first.predict(pixels).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert first.best_step == 20


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"l2": -1.0, "decay_to": 0.0}, r"cannot be used: decay_to = 0\.0, l2 = -1\.0"),
        ({"schedule": "cosine"}, "cannot be used: schedule = 'cosine'"),
        ({"keep": "first"}, "cannot be used: keep = 'first'"),
        ({"recipe": "mine"}, "cannot be used: recipe = 'mine'"),
    ],
)
def test_wrong_options(given, message):
    with pytest.raises(ClassifierInputError, match=message):
        TrainingConfig(steps=1, **given)
