import pytest
import torch

from ganbal.gan.augmentation import AUGMENTATIONS, MAX_TRANSLATION, augment, translation


def batch(count=64, size=32, seed=0):
    return torch.rand(count, 1, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_shape_determinism_difference_between_images_and_gradient(name):
    images = batch(1).repeat(64, 1, 1, 1).requires_grad_()
    result = augment(images, [name], torch.Generator().manual_seed(1))
    again = augment(images, [name], torch.Generator().manual_seed(1))
    assert result.shape == images.shape
    assert torch.equal(result, again)
    assert len(torch.unique(result.detach().flatten(1), dim=0)) > 10
    result.square().sum().backward()
    assert images.grad.abs().sum() > 0


def test_no_names_leave_the_images_alone():
    images = batch(2)
    assert augment(images, [], torch.Generator()) is images


def test_brightness_shifts_a_whole_image_by_one_number():
    images = batch(8)
    change = augment(images, ["brightness"], torch.Generator().manual_seed(0)) - images
    assert change.flatten(1).std(dim=1).max() < 1e-6
    assert change.abs().max() <= 0.5


def test_contrast_keeps_the_mean():
    images = batch(8)
    result = augment(images, ["contrast"], torch.Generator().manual_seed(0))
    torch.testing.assert_close(result.mean(dim=(1, 2, 3)), images.mean(dim=(1, 2, 3)))
    ratio = result.flatten(1).std(dim=1) / images.flatten(1).std(dim=1)
    assert ratio.min() >= 0.5 and ratio.max() <= 1.5


def test_translation_moves_by_whole_pixels_and_repeats_edges():
    size = 32
    image = torch.arange(size * size, dtype=torch.float32).reshape(1, 1, size, size)
    reach = round(MAX_TRANSLATION * size)
    moved = translation(image, torch.Generator().manual_seed(3))[0, 0]
    # Along a row the image rises by 1 a pixel and along a column by `size`, so the moved origin tells the shift.
    assert set(torch.unique(moved).tolist()) <= set(image.flatten().tolist())
    row, column = divmod(int(moved[size // 2, size // 2]), size)
    assert max(abs(row - size // 2), abs(column - size // 2)) <= reach
    inner = moved[reach:-reach, reach:-reach]
    assert torch.all(inner[:, 1:] - inner[:, :-1] == 1)
    assert torch.all(inner[1:] - inner[:-1] == size)


def test_cutout_fills_with_the_images_own_mean():
    images = batch(16)
    result = augment(images, ["cutout"], torch.Generator().manual_seed(0))
    for before, after in zip(images, result, strict=True):
        changed = before != after
        assert 0 < changed.float().mean() <= 0.3
        assert torch.allclose(after[changed], before.mean())
