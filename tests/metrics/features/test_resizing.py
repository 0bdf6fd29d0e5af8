import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from classifiers.pixels import to_gray
from ganbal.metrics.features.resizing import resize


@pytest.mark.parametrize("shape", [(640, 480), (90, 120)])
def test_antialiased_is_clean_fids_definition(shape: tuple[int, int]) -> None:
    # clean-fid: each channel as PIL's 32-bit float image, bicubic, then clipped.
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    expected = Image.fromarray(pixels.astype(np.float32)).resize((299, 299), Image.Resampling.BICUBIC)
    found = resize(torch.from_numpy(pixels)[None, None].float() / 255, 299, "antialiased")[0, 0] * 255
    np.testing.assert_allclose(found.numpy(), np.asarray(expected).clip(0, 255), atol=0.01)  # of 255


def test_pytorch_fids_rule_is_plain_bilinear() -> None:
    images = torch.rand(2, 3, 50, 70)
    expected = F.interpolate(images, size=(299, 299), mode="bilinear", align_corners=False)
    assert torch.equal(resize(images, 299, "pytorch-fid"), expected)


def test_the_rules_differ_where_images_shrink() -> None:
    lines = (torch.arange(600) % 2).float().expand(1, 1, 600, 600)
    assert resize(lines, 299, "antialiased").std() < 0.1 < resize(lines, 299, "pytorch-fid").std()


def test_gray_is_pils_luma() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    expected = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.float32)
    found = to_gray(torch.from_numpy(pixels).permute(2, 0, 1)[None].float())[0, 0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1)
