import pytest
import torch

from ganbal.gan.augmentation import AUGMENTATIONS, MAX_TRANSLATION, augment, cutout, draws_needed, translation


def batch(count=64, size=32, seed=0):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def draws(names, count=64, seed=0):
    return torch.rand(count, draws_needed(names), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_shape_determinism_difference_between_images_and_gradient(name):
    color = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    images = color.repeat(64, 1, 1, 1).requires_grad_()
    result = augment(images, [name], draws([name], seed=1))
    again = augment(images, [name], draws([name], seed=1))
    assert result.shape == images.shape
    assert torch.equal(result, again)
    assert len(torch.unique(result.detach().flatten(1), dim=0)) > 10
    result.square().sum().backward()
    assert images.grad.abs().sum() > 0


def test_no_names_leave_the_images_alone():
    images = batch(2)
    assert augment(images, [], torch.empty(2, 0)) is images


def test_brightness_shifts_a_whole_image_by_one_number():
    images = batch(8)
    change = augment(images, ["brightness"], draws(["brightness"], 8)) - images
    assert change.flatten(1).std(dim=1).max() < 1e-6
    assert 0.05 < change.abs().max() <= 0.125


def test_contrast_keeps_the_mean():
    images = batch(8)
    result = augment(images, ["contrast"], draws(["contrast"], 8))
    torch.testing.assert_close(result.mean(dim=(1, 2, 3)), images.mean(dim=(1, 2, 3)))
    ratio = result.flatten(1).std(dim=1) / images.flatten(1).std(dim=1)
    assert ratio.min() >= 0.75 and ratio.max() <= 1.25


def test_translation_moves_by_whole_pixels_and_repeats_edges():
    size = 32
    image = torch.arange(size * size, dtype=torch.float32).reshape(1, 1, size, size)
    reach = round(MAX_TRANSLATION * size)
    moved = translation(image, torch.tensor([[0.1, 0.9]]))[0, 0]
    # Along a row the image rises by 1 a pixel and along a column by `size`, so the moved origin shows the shift.
    assert set(torch.unique(moved).tolist()) <= set(image.flatten().tolist())
    row, column = divmod(int(moved[size // 2, size // 2]), size)
    assert max(abs(row - size // 2), abs(column - size // 2)) <= reach
    inner = moved[reach:-reach, reach:-reach]
    assert torch.all(inner[:, 1:] - inner[:, :-1] == 1)
    assert torch.all(inner[1:] - inner[:-1] == size)


def test_cutout_fills_with_the_images_own_mean():
    images = batch(16)
    result = augment(images, ["cutout"], draws(["cutout"], 16))
    for before, after in zip(images, result, strict=True):
        changed = before != after
        assert 0 < changed.float().mean() <= 0.3
        assert torch.allclose(after[changed], before.mean())


def test_draws_at_both_ends_translate_by_the_full_reach():
    image = torch.arange(32.0).expand(1, 1, 32, 32)  # gray value = column
    reach = round(MAX_TRANSLATION * 32)
    for draw, shift in ((0.0, -reach), (1 - 2**-24, reach)):
        moved = translation(image, torch.tensor([[0.5, draw]]))
        assert moved[0, 0, 0].tolist() == [float(min(max(column + shift, 0), 31)) for column in range(32)]


def test_a_centred_cutout_covers_a_quarter():
    image = torch.zeros(1, 1, 32, 32)
    image[..., 0, 0] = 1024.0  # the mean is 1
    hole = cutout(image, torch.tensor([[0.5, 0.5]])) == 1.0
    assert hole.sum() == 16 * 16
    assert hole[0, 0, 8:24, 8:24].all()


def test_each_augmentation_happens_with_the_given_probability():
    names, images = ["brightness", "cutout"], batch(2000, 8)
    chance = draws(names, 2000)
    untouched = augment(images, names, chance, torch.tensor(0.0))
    halved = augment(images, names, chance, torch.tensor(0.3))
    always = augment(images, names, chance, torch.tensor(1.0))
    assert torch.equal(untouched, images)
    assert torch.equal(always, augment(images, names, chance))
    same = (halved == images).flatten(1).all(dim=1).float().mean().item()
    assert same == pytest.approx(0.7**2, abs=0.04)
