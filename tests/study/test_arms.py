"""Every arm by hand: images of one pixel, whose value tells which one it is."""

import numpy as np
import pytest

from ganbal.config.study import ARM_NAMES, StudyConfig
from ganbal.errors import InputError
from ganbal.study.arms import ARMS, ImageSet, find_arm
from ganbal.study.arms.generated import gan_both_needs


def image_set(labels, first_value=0):
    pixels = np.arange(first_value, first_value + len(labels), dtype=np.uint8).reshape(-1, 1, 1)
    return ImageSet(pixels, np.array(labels))


REAL = image_set([0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
SYNTHETIC = image_set([0, 0, 0, 0, 0, 1, 1, 1, 1], 100)
MISSING = [4, 0]


def build(name, seed=0, additions=MISSING, real=REAL, synthetic=SYNTHETIC):
    return ARMS[name].build(real, synthetic, np.array(additions), np.random.default_rng(seed))


def counts(training):
    return np.bincount(training.images.labels).tolist()


def values(training, label=None):
    chosen = slice(None) if label is None else training.images.labels == label
    return training.images.pixels[chosen, 0, 0].tolist()


def test_imbalanced_is_the_real_set():
    training = build("imbalanced")
    assert training.images is REAL and training.num_synthetic == 0 and training.class_weights is None
    assert training.sampling == "shuffled" and training.feature_oversampling is None


def test_class_weights_by_hand_and_each_class_weighs_the_same():
    training = build("class-weights")
    assert training.class_weights == pytest.approx((10 / (2 * 3), 10 / (2 * 7)))
    assert 3 * training.class_weights[0] == pytest.approx(7 * training.class_weights[1])


def test_sampler_samples_the_real_set_class_by_class():
    training = build("sampler")
    assert training.images is REAL and training.sampling == "class-balanced" and training.class_weights is None


def test_undersampled_keeps_the_small_class_and_as_many_of_the_others_none_twice():
    training = build("undersampled")
    assert counts(training) == [3, 3] and values(training, 0) == [0, 1, 2]
    kept = values(training, 1)
    assert len(set(kept)) == 3 and set(kept) <= set(range(3, 10))
    assert len({tuple(values(build("undersampled", seed), 1)) for seed in range(10)}) > 1


def test_undersampled_has_the_counts_of_imbalanced_learn():
    under = pytest.importorskip("imblearn.under_sampling")
    labels = [0] * 4 + [1] * 9 + [2] * 6
    real = image_set(labels)
    _, theirs = under.RandomUnderSampler(random_state=0).fit_resample(real.pixels.reshape(len(labels), 1), real.labels)
    ours = build("undersampled", additions=[5, 0, 3], real=real)
    assert counts(ours) == np.bincount(theirs).tolist() == [4, 4, 4]


def test_duplicated_fills_the_minority_with_evenly_distributed_copies():
    training = build("duplicated")
    assert counts(training) == [7, 7]
    seen, times = np.unique(values(training, 0), return_counts=True)
    assert seen.tolist() == [0, 1, 2]
    assert sorted(times) == [2, 2, 3]
    assert training.num_synthetic == 0


def test_duplicated_adds_the_requested_number():
    assert counts(build("duplicated", additions=[2, 3])) == [5, 10]
    assert counts(build("duplicated", additions=[0, 0])) == [3, 7]


def test_gan_adds_so_many_synthetic_images_and_counts_them():
    training = build("gan")
    assert counts(training) == [7, 7]
    assert training.num_synthetic == 4
    assert len(set(values(training, 0)) & set(range(100, 105))) == 4


def test_gan_with_all_there_are_keeps_their_order():
    assert values(build("gan", additions=[5, 4])) == [*range(10), *range(100, 109)]


def test_a_smaller_ratio_of_one_seed_is_part_of_a_larger_one():
    small, large = (set(values(build("gan", 3, [number, 0]))) for number in (2, 4))
    assert small < large
    assert len({tuple(values(build("gan", seed, [2, 0]))) for seed in range(10)}) > 1


def test_gan_both_gives_every_class_the_same_share_and_weighs_the_rest():
    real = image_set([0] * 10 + [1] * 30)
    synthetic = image_set([0] * 20 + [1] * 20, 100)
    training = build("gan-both", additions=[20, 0], real=real, synthetic=synthetic)
    assert counts(training) == [10 + 5, 30 + 15] and training.num_synthetic == 20
    assert training.class_weights == pytest.approx((60 / (2 * 15), 60 / (2 * 45)))


def test_gan_both_rounds_so_that_the_number_stays():
    # 4 · (3, 7) / 10 = (1.2, 2.8): one is left over and goes to the larger remainder.
    assert gan_both_needs(np.array([3, 7]), np.array([4, 0])).tolist() == [1, 3]
    # 5 · (1, 1) / 2 = (2.5, 2.5): the first class gains.
    assert gan_both_needs(np.array([4, 4]), np.array([5, 0])).tolist() == [3, 2]
    for added in range(50):
        assert gan_both_needs(np.array([1, 5, 7]), np.array([added, 0, 2])).sum() == added + 2


def test_smote_leaves_the_images_and_requests_additions_in_feature_space():
    training = build("smote")
    assert training.images is REAL
    assert (training.feature_oversampling, training.feature_additions) == ("smote", (4, 0))
    assert training.num_examples == 14


@pytest.mark.parametrize("name", list(ARMS))
def test_every_arm_uses_its_random_generator_only(name):
    real, synthetic = gradients(), gradients()
    first, again = (build(name, 1, [3, 0], real, synthetic) for _ in range(2))
    assert np.array_equal(first.images.pixels, again.images.pixels)
    assert np.array_equal(first.images.labels, again.images.labels)


@pytest.mark.parametrize("name", list(ARMS))
def test_every_arm_is_the_real_set_where_nothing_is_to_be_added(name):
    training = build(name, additions=[0, 0])
    assert counts(training) == ([3, 3] if name == "undersampled" else [3, 7])
    assert training.num_synthetic == 0 and sum(training.feature_additions) == 0


def gradients():
    """3 and 7 images of 16 px, each with a slope of its own."""
    slope = np.arange(16, dtype=np.uint8)
    pixels = np.stack([np.add.outer((i + 1) * slope // 2, 5 * slope) for i in range(10)]).astype(np.uint8)
    return ImageSet(pixels, REAL.labels)


def test_augmented_changes_every_copy_a_little_and_leaves_the_originals():
    real = gradients()
    training = build("augmented", real=real)
    assert counts(training) == [7, 7]
    assert np.array_equal(training.images.pixels[:10], real.pixels)
    copies = training.images.pixels[10:]
    assert training.images.labels[10:].tolist() == [0] * 4
    for copy in copies:
        assert not any(np.array_equal(copy, image) for image in training.images.pixels[:10])
        nearest = min(np.abs(copy.astype(int) - image).mean() for image in real.pixels[:3])
        assert 0 < nearest < 8
    assert len({copy.tobytes() for copy in copies}) == 4
    assert not np.array_equal(build("augmented", 1, real=real).images.pixels, training.images.pixels)


@pytest.mark.parametrize(("added", "from_gan"), [(4, 2), (5, 3), (1, 1)])
def test_gan_and_augmented_is_half_of_each(added, from_gan):
    synthetic = ImageSet(np.full((5, 16, 16), 255, np.uint8), np.zeros(5, np.int64))
    training = build("gan+augmented", additions=[added, 0], real=gradients(), synthetic=synthetic)
    assert counts(training) == [3 + added, 7]
    assert training.num_synthetic == from_gan == (training.images.pixels == 255).all(axis=(1, 2)).sum()


def test_which_arms_need_synthetic_images_and_which_add():
    assert [name for name, arm in ARMS.items() if arm.needs_synthetic] == [
        *("gan", "gan+augmented", "gan-both", "gan-weighted", "gan-pretrain", "gan-degraded", "gan-advprop")
    ]
    assert [name for name, arm in ARMS.items() if not arm.adds_images] == [
        *("imbalanced", "class-weights", "sampler", "undersampled")
    ]


def test_an_unknown_arm_is_an_input_error():
    with pytest.raises(InputError, match=r"no arm 'smoote'\. The arms are imbalanced, .*, gan-both, "):
        find_arm("smoote")


def test_the_settings_know_the_names_of_all_arms():
    assert tuple(ARMS) == ARM_NAMES
    for name, arm in ARMS.items():
        assert StudyConfig(arms=(name,)).needs_synthetic == arm.needs_synthetic
