import math

import numpy as np
import pytest
import torch

from classifiers.errors import ClassifierInputError
from classifiers.tensor_files import content_digest
from classifiers.training import network_inputs


@pytest.mark.parametrize("augment", ["none", "anatomical", "published"])
def test_same_seed_same_predictions_bit_for_bit(train, unseen_pixels, augment):
    pixels, _ = unseen_pixels()
    first = train(seed=3, augment=augment, num_workers=1)
    again = train(seed=3, augment=augment, num_workers=4)
    other = train(seed=4, augment=augment)
    assert np.array_equal(first.predict(pixels), again.predict(pixels))
    assert first.history == again.history
    assert not np.array_equal(first.predict(pixels), other.predict(pixels))


def test_random_state_of_others_is_untouched_and_does_not_matter(train, unseen_pixels):
    pixels, _ = unseen_pixels()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = train()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert np.array_equal(first.predict(pixels), train().predict(pixels))


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_learns_what_is_easy(train, unseen_pixels, num_classes, precision):
    pixels, labels = unseen_pixels(num_classes=num_classes)
    trained = train(num_classes=num_classes, steps=60, checks=6, batch_size=16, precision=precision)
    probabilities = trained.predict(pixels)
    assert probabilities.shape == (30, num_classes)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.9
    assert trained.history[-1]["val_accuracy"] > 0.9
    assert trained.precision == precision


def test_history_has_a_row_for_every_check(train):
    rows, steps = [], []
    trained = train(steps=10, checks=4, on_check=rows.append, on_step=steps.append)
    assert [row["step"] for row in trained.history] == [3, 5, 8, 10]
    assert list(trained.history[0]) == ["step", "train_loss", "val_loss", "val_accuracy", "learning_rate"]
    assert all(math.isfinite(value) for row in trained.history for value in row.values())
    assert rows == trained.history
    assert steps == [1] * 10
    assert trained.steps_taken == 10
    assert trained.pretrained is None


def test_stops_when_the_callback_raises_and_leaves_nothing_behind(train):
    def stop_at_three(count):
        taken.append(count)
        if len(taken) == 3:
            raise InterruptedError("enough")

    taken, before = [], torch.get_rng_state()
    with pytest.raises(InterruptedError, match="enough"):
        train(augment="anatomical", on_step=stop_at_three)
    assert len(taken) == 3
    assert torch.equal(torch.get_rng_state(), before)


def test_stops_early_slows_down_and_keeps_the_best_weights(train, unseen_pixels):
    pixels, _ = unseen_pixels()
    # Validation labels the wrong way round: the better the network learns, the worse validation becomes.
    wrong = {"steps": 60, "checks": 30, "val_labels": 1 - np.arange(20) % 2, "learning_rate": 3e-3}
    trained = train(patience=4, **wrong)
    losses = [row["val_loss"] for row in trained.history]
    best = int(np.argmin(losses))
    assert trained.best_step == trained.history[best]["step"]
    assert len(losses) == best + 1 + 4
    assert trained.steps_taken == trained.history[-1]["step"] < 60
    rates = [row["learning_rate"] for row in trained.history]
    assert rates[: best + 3] == [3e-3] * (best + 3)
    assert rates[best + 3] == pytest.approx(9e-4)
    # The same training, stopped by its budget at the best step, predicts the same.
    assert best + 1 < len(losses)
    assert losses[best] == min(losses)
    shorter = train(**(wrong | {"steps": trained.best_step, "checks": trained.best_step // 2}))
    assert np.array_equal(trained.predict(pixels), shorter.predict(pixels))


def test_class_weights_pull_towards_their_class(train, unseen_pixels):
    pixels, _ = unseen_pixels()
    # Labels that have nothing to do with the images: what is left to learn is how much each class weighs. 60 steps are
    # enough for that and too few to memorize the labels of the images, which would say nothing of unseen ones.
    labels = np.arange(48) // 2 % 2
    towards_0, towards_1 = (
        train(steps=60, checks=1, train_labels=labels, class_weights=weights).predict(pixels)[:, 1].mean()
        for weights in ((1.9, 0.1), (0.1, 1.9))
    )
    assert towards_0 < 0.35
    assert towards_1 > 0.65


def test_features_of_a_frozen_backbone_computed_once_train_as_the_whole_network_does(
    train, unseen_pixels, tensor_cache, monkeypatch
):
    pixels, _ = unseen_pixels(32)
    settings = {"size": 32, "num_train": 24, "steps": 5, "seed": 1}
    cached = train("vgg16", cache=tensor_cache, **settings)
    in_memory = train("vgg16", **settings)
    monkeypatch.setattr(network_inputs, "MAX_FEATURE_BYTES", 0)
    progress = []
    whole = train("vgg16", on_features=lambda done, total: progress.append(done), **settings)
    assert progress == []  # images go through the backbone in every step
    assert np.array_equal(cached.predict(pixels), in_memory.predict(pixels))
    assert [row["train_loss"] for row in cached.history] == pytest.approx([row["train_loss"] for row in whole.history])
    assert cached.predict(pixels) == pytest.approx(whole.predict(pixels), abs=2e-3)
    assert cached.pretrained == "none"


def test_cached_features_are_read_not_computed_again(train, unseen_pixels, tensor_cache):
    pixels, _ = unseen_pixels(32)
    settings = {"size": 32, "num_train": 40, "steps": 3, "cache": tensor_cache}
    progress = []
    report = {"on_features": lambda done, total: progress.append((done, total))}
    first = train("vgg16", **report, **settings).predict(pixels)
    assert progress == [(20, 20), (32, 40), (40, 40)]  # validation, then training images in batches of 32
    progress.clear()
    assert np.array_equal(train("vgg16", **report, **settings).predict(pixels), first)
    assert progress == []


def test_a_frozen_backbone_stays_as_it_was_with_augmentation_as_well(train, tmp_path):
    before = content_digest(train("vgg16", size=32, steps=1, checks=1).network.backbone.state_dict())
    trained = train("vgg16", size=32, steps=3, augment="anatomical", learning_rate=0.1)
    assert content_digest(trained.network.backbone.state_dict()) == before
    assert trained.steps_taken == 3


def test_pretrained_names_the_origin_of_the_weights(train, tmp_path):
    file = tmp_path / "vgg.pth"
    torch.save(train("vgg16", size=32, steps=1, checks=1).network.backbone.state_dict(), file)
    assert train("vgg16", size=32, steps=1, checks=1, weights=str(file)).pretrained == "file"


def test_read_only_images_of_a_mapped_file_are_taken_as_they_are(train, tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).integers(0, 256, (48, 16, 16), dtype=np.uint8))
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert train(train_pixels=mapped).steps_taken == 6
    assert train(train_pixels=mapped, augment="published").steps_taken == 6


def test_fewer_images_than_a_batch_holds(train):
    assert train(num_train=3, batch_size=8).steps_taken == 6


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_training_that_diverges_is_an_error(train):
    with pytest.raises(ClassifierInputError, match=r"nan at every check up to step 6\. .*Lower the learning rate"):
        train(learning_rate=1e30)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train_pixels": np.zeros((48, 20, 20), np.uint8)}, r"\(48, 20, 20\) of uint8.*uint8 \(N, 16, 16\)"),
        ({"train_pixels": np.zeros((48, 16, 16), np.float32)}, r"\(48, 16, 16\) of float32.*uint8 \(N, 16, 16\)"),
        ({"train_pixels": np.zeros((0, 16, 16), np.uint8)}, r"\(0, 16, 16\) of uint8.*at least one"),
        ({"train_labels": np.zeros(47, np.int64)}, r"int64 \(47,\).*48 images need as many labels"),
        ({"train_labels": np.zeros(48)}, r"float64 .*whole numbers from 0 to 1"),
        ({"train_labels": np.full(48, 2)}, r"int64 \(48,\), from 2 to 2"),
        ({"val_labels": np.full(20, -1)}, r"from -1 to -1"),
        ({"class_weights": (1.0, 1.0, 1.0)}, "2 classes need as many weights"),
        ({"class_weights": (1.0, -1.0)}, "each a positive number"),
        ({"augment": "mirror"}, "There is no augmentation 'mirror'"),
        ({"model": "unheard-of"}, "There is no classifier 'unheard-of'"),
        ({"steps": 0, "learning_rate": -1.0}, r"cannot be used: steps = 0, learning_rate = -1\.0\."),
        ({"num_workers": 0, "plateau_factor": 1.0}, r"cannot be used: num_workers = 0, plateau_factor = 1\.0\."),
    ],
)
def test_wrong_input(train, given, message):
    with pytest.raises(ClassifierInputError, match=message):
        train(**given)
