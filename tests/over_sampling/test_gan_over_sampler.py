import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import ganbal
from ganbal import GANOverSampler
from ganbal.errors import InputError

TINY = {"base_channels": 4, "latent_dim": 8, "batch_size": 4, "steps": 3, "score_every_steps": 3, "score_images": 8}


def images(size=32, counts=(6, 10)):
    """Dark images of the first class, bright ones of the second."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(counts)), counts)
    pixels = random.integers(0, 60, (sum(counts), size, size)) + 120 * labels[:, None, None] // len(counts)
    return pixels.astype(np.uint8), labels


def sampler(**given):
    return GANOverSampler(**({"random_state": 0, "gan": TINY, "device": "cpu"} | given))


def test_synthetic_images_come_after_the_given_ones_and_are_marked():
    pixels, labels = images()
    over = sampler()
    more, more_labels = over.fit_resample(pixels, labels)
    assert more.shape == (20, 32, 32) and more.dtype == np.uint8
    assert np.array_equal(more[:16], pixels) and np.array_equal(more_labels[:16], labels)
    assert more_labels[16:].tolist() == [0] * 4 and more_labels.dtype == labels.dtype
    assert over.sampling_strategy_ == {0: 4}
    assert over.sample_indices_.tolist() == list(range(16))
    assert np.array_equal(more[: len(over.sample_indices_)], pixels[over.sample_indices_])
    assert over.is_synthetic_.tolist() == [False] * 16 + [True] * 4


def test_synthetic_images_are_of_the_class_that_was_learned_and_all_different():
    pixels, labels = images()
    quick = {"steps": 80, "score_every_steps": 80, "learning_rate": 2e-3, "ema_half_life_images": 0}
    more, _ = sampler(gan=TINY | quick).fit_resample(pixels, labels)
    # Dark ones have a mean of 30, bright ones of 90; an untrained generator makes 128.
    assert np.all(np.abs(more[16:].mean(axis=(1, 2)) - 30) < 35)
    assert len({image.tobytes() for image in more[16:]}) == 4


def test_same_random_state_same_images():
    pixels, labels = images()
    visible = TINY | {"steps": 10, "score_every_steps": 10, "learning_rate": 5e-3, "ema_half_life_images": 0}
    first, again, other = (
        sampler(random_state=state, gan=visible).fit_resample(pixels, labels)[0] for state in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first[16:], other[16:])


def test_string_labels_a_channel_axis_and_several_classes():
    pixels, numbers = images(counts=(4, 7, 5))
    labels = np.array(["ill", "well", "unclear"])[numbers]
    over = sampler(sampling_strategy={"ill": 5, "unclear": 7})
    more, more_labels = over.fit_resample(X=pixels[..., None], y=labels)
    assert more.shape == (19, 32, 32, 1)
    assert more_labels[16:].tolist() == ["ill", "unclear", "unclear"]
    assert over.sampling_strategy_ == {"ill": 1, "unclear": 2}


def test_every_layout_gives_the_same_images():
    pixels, labels = images()
    plain, _ = sampler().fit_resample(pixels, labels)
    floats = (pixels / 255).astype(np.float32)
    layouts = {
        "floats": (floats, {}),
        "channel last": (pixels[..., None], {}),
        "channel first": (pixels[:, None], {}),
        "flat": (pixels.reshape(16, -1), {"image_shape": (32, 32)}),
        "flat floats, channel first": (floats.reshape(16, -1), {"image_shape": (1, 32, -1)}),
        "other range": (pixels * 2.0 - 100, {"value_range": (-100, 410)}),
    }
    for name, (given, parameters) in layouts.items():
        more, _ = sampler(**parameters).fit_resample(given, labels)
        assert more.shape == (20, *given.shape[1:]) and more.dtype == given.dtype, name
        assert np.array_equal(more[:16], given), name
        low, high = parameters.get("value_range", (0, 255 if given.dtype == np.uint8 else 1))
        assert np.allclose((more[16:].reshape(4, 32, 32) - low) / (high - low) * 255, plain[16:], atol=1e-3), name


def test_color_images_channel_last_and_first(tmp_path):
    gray, labels = images()
    color = np.stack([gray, gray // 2, 255 - gray], axis=3)
    last, _ = sampler().fit_resample(color, labels)
    first, _ = sampler().fit_resample(np.moveaxis(color, 3, 1), labels)
    assert last.shape == (20, 32, 32, 3) and last.dtype == np.uint8
    assert np.array_equal(first, np.moveaxis(last, 3, 1))
    assert not np.array_equal(last[16:, ..., 0], last[16:, ..., 2]), "the channels differ"


def test_generators_are_kept_and_give_more_images(tmp_path):
    pixels, labels = images()
    over = sampler(random_state=0)
    more, _ = over.fit_resample(pixels, labels)
    assert list(over.generators_) == [0]
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    assert np.array_equal(over.generators_[0].sample(9, seed)[:4], more[16:])
    file = over.generators_[0].save(tmp_path / "class_0.safetensors")
    assert np.array_equal(ganbal.Generator.load(file, "cpu").sample(2, seed), more[16:18])


def test_sizes_that_no_generator_has_are_resized_to_and_from():
    pixels, labels = images(size=28)
    more, _ = sampler().fit_resample(pixels, labels)
    assert more.shape == (20, 28, 28)
    assert sampler().fit_resample(pixels[:, :20], labels)[0].shape == (20, 20, 28)


def test_nothing_to_add_trains_nothing():
    pixels, labels = images(counts=(4, 4))
    more, _ = sampler(gan={"steps": 10**9}).fit_resample(pixels, labels)
    assert np.array_equal(more, pixels)


def test_fit_checks_and_counts_and_trains_nothing():
    over = sampler(gan={"steps": 10**9})
    assert over.fit(*images()) is over and over.sampling_strategy_ == {0: 4}
    assert not hasattr(over, "generators_")


def test_it_is_an_estimator_with_nested_parameters():
    over = sampler(sampling_strategy="minority")
    assert clone(over).get_params() == over.get_params()
    assert "minority" in repr(over)
    copy = clone(over).set_params(gan__steps=77, random_state=5)
    assert copy.get_params()["gan__steps"] == 77 and copy.gan["base_channels"] == 4 and copy.random_state == 5
    assert over.gan["steps"] == 3, "the original is unchanged"
    assert GANOverSampler().get_params()["gan__latent_dim"] == 100
    with pytest.raises(ValueError, match="no parameter gan__stepz"):
        over.set_params(gan__stepz=1)


def test_in_a_pipeline_with_a_grid_search_over_the_steps():
    pipelines = pytest.importorskip("imblearn.pipeline")
    pixels, labels = images(counts=(12, 18))
    steps = [("over", sampler(image_shape=(32, 32))), ("classify", LogisticRegression())]
    search = GridSearchCV(pipelines.Pipeline(steps), {"over__gan__steps": [1, 2]}, cv=2)
    search.fit(pixels.reshape(30, -1) / 255, labels)
    assert search.best_params_["over__gan__steps"] in (1, 2)
    assert search.best_estimator_["over"].sampling_strategy_ == {0: 6}


@pytest.mark.parametrize(
    ("change", "given", "message"),
    [
        (lambda p, y: (p.reshape(16, -1), y), {}, "flat vectors, and image_shape is not given"),
        (lambda p, y: (p.reshape(16, -1), y), {"image_shape": (32, 33)}, r"1024 values per image.*\(32, 33\)"),
        (lambda p, y: (p[:, None, None], y), {}, r"images of shape \(1, 1, 32, 32\)"),
        (lambda p, y: (np.where(p < 5, np.nan, p), y), {}, "not finite"),
        (lambda p, y: (p.astype(str), y), {}, "values of <U"),
        (lambda p, y: (p, y[:-1]), {}, r"array \(16, 32, 32\), with 15 labels"),
        (lambda p, y: (p, y / 3), {}, "Unknown label type: continuous"),
        (lambda p, y: (p[3:], y[3:]), {}, "3 images of 0.*at least 4"),
        (lambda p, y: (p, y), {"gan": {"stepps": 3}}, "did you mean gan.steps"),
        (lambda p, y: (p, y), {"gan": {"conditional": True}}, "trains one generator per class"),
        (lambda p, y: (p, y), {"sampling_strategy": "none"}, "sampling_strategy is 'none'"),
        (lambda p, y: (p, y), {"sampling_strategy": {0: 10.5}}, "asks for 10.5 images of 0"),
        (lambda p, y: (p, y), {"value_range": (0, 1)}, r"values from 0 to 119, and value_range is \(0, 1\)"),
        (lambda p, y: (np.zeros((16, 300, 300), np.uint8), y), {}, "have 300 px. The largest .* 256 px"),
    ],
)
def test_impossible_requests_are_reported_before_any_training(change, given, message):
    with pytest.raises(InputError, match=message):
        sampler(**given).fit_resample(*change(*images()))
