import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.models
from torch import nn

from ganbal.config import ScoreConfig
from ganbal.errors import InputError
from ganbal.metrics.features import inception, weight_files, xray
from ganbal.metrics.features.backbones import backbone_extractor
from ganbal.metrics.features.inception import inception_extractor
from ganbal.metrics.features.penultimate import classifier_extractor
from ganbal.metrics.features.registry import build_extractor, resolve_extractor
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import cosine_filters, untrained_extractor
from ganbal.metrics.scoring import check_score

CPU = torch.device("cpu")


def features(extractor: object, images: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return extractor.embed(extractor.prepare(images))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (3, 1, 70, 50), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_folding_changes_nothing_but_rounding(random_inception_file: Path, images: torch.Tensor) -> None:
    network = inception.empty_inception()
    network.load_state_dict(torch.load(random_inception_file, weights_only=True))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            # Something for the folding to get wrong.
            module.running_mean.uniform_(-0.1, 0.1, generator=torch.Generator().manual_seed(1))
            module.running_var.uniform_(0.5, 2, generator=torch.Generator().manual_seed(2))
    layers = nn.Sequential(network.Conv2d_1a_3x3, network.Conv2d_2a_3x3, network.Conv2d_2b_3x3, nn.MaxPool2d(3, 2))
    with torch.inference_mode():
        expected = layers.eval()(2 * torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(3)) - 1)
        ours = inception.InceptionFeatures(network.state_dict(), 64)
        found = ours(torch.rand(2, 3, 299, 299, generator=torch.Generator().manual_seed(3)))
    torch.testing.assert_close(found, expected.mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)


def test_the_file_that_is_nan_past_768_gives_an_error_at_2048(shared_weights: Path) -> None:
    file = shared_weights / "fid_inception_2015-12-05_dims768.pth"
    with pytest.raises(InputError, match=r"NaN or infinity in 120 tensors that 2048.*--dims 768 or less"):
        check_score(ScoreConfig(dims=2048, weights=file))
    check_score(ScoreConfig(dims=768, weights=file))


def test_a_file_that_is_nan_past_768_gives_an_error_at_2048(random_inception_file: Path, tmp_path: Path) -> None:
    weights = torch.load(random_inception_file, weights_only=True)
    weights["Mixed_7b.branch1x1.conv.weight"] *= float("nan")
    torch.save(weights, tmp_path / "nan.pth")
    with pytest.raises(InputError, match=r"NaN or infinity in 1 tensors that 2048-.*; the first is Mixed_7b"):
        inception_extractor(tmp_path / "nan.pth", 2048, "pytorch-fid", CPU)


@pytest.mark.parametrize("change", ["missing", "shape", "extra"])
def test_weights_of_another_network_are_refused(random_inception_file: Path, tmp_path: Path, change: str) -> None:
    weights = torch.load(random_inception_file, weights_only=True)
    if change == "missing":
        del weights["Mixed_5b.branch1x1.conv.weight"]
    elif change == "shape":
        weights["fc.bias"] = torch.zeros(3)
    else:
        weights["AuxLogits.fc.bias"] = torch.zeros(3)
    torch.save(weights, tmp_path / "other.pth")
    with pytest.raises(InputError, match="names of pytorch-fid"):
        check_score(ScoreConfig(weights=tmp_path / "other.pth"))


def test_batch_counters_may_be_missing(random_inception_file: Path, tmp_path: Path) -> None:
    weights = torch.load(random_inception_file, weights_only=True)
    old = {name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")}
    torch.save(old, tmp_path / "old.pth")
    check_score(ScoreConfig(dims=64, weights=tmp_path / "old.pth"))


@pytest.mark.parametrize("content", [b"", b"no weights at all", None])
def test_damaged_weights_are_an_error(tmp_path: Path, content: bytes | None, random_inception_file: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(random_inception_file.read_bytes()[:5_000_000] if content is None else content)
    with pytest.raises(InputError, match="a dictionary of tensors"):
        check_score(ScoreConfig(weights=file))


def test_code_in_weights_is_not_run(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "pickled.pth")
    with pytest.raises(InputError, match="dictionary of tensors"):
        check_score(ScoreConfig(weights=tmp_path / "pickled.pth"))
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    with pytest.raises(InputError, match="holds a list instead of"):
        check_score(ScoreConfig(weights=tmp_path / "list.pth"))


def test_offline_without_weights_the_error_names_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path), raising=False)
    monkeypatch.setattr(weight_files.urllib.request, "urlopen", no_network)
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(InputError, match=r"network is unreachable.*--weights FILE.*untrained"):
        check_score(ScoreConfig())
    with pytest.raises(InputError, match="internet access download"):
        inception_extractor(None, 64, "pytorch-fid", CPU)
    with pytest.raises(InputError, match="ImageNet weights of resnet18"):
        check_score(ScoreConfig(extractor="torchvision:resnet18"))
    with pytest.raises(InputError, match="There is no file"):
        check_score(ScoreConfig(weights=tmp_path / "missing.pth"))
    check_score(ScoreConfig(extractor="untrained"))
    check_score(ScoreConfig(extractor="auto"))


def test_auto_takes_inception_where_its_weights_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(inception, "inception_is_cached", lambda: False)
    assert resolve_extractor(ScoreConfig(extractor="auto")) == "untrained"
    assert resolve_extractor(ScoreConfig(extractor="auto", weights=tmp_path / "x.pth")) == "inception"
    monkeypatch.setattr(inception, "inception_is_cached", lambda: True)
    assert resolve_extractor(ScoreConfig(extractor="auto")) == "inception"
    assert build_extractor(ScoreConfig(extractor="untrained"), CPU).identity.name == "untrained"


def test_cosine_filters_are_an_orthonormal_basis() -> None:
    basis = cosine_filters(4).reshape(16, 16)
    torch.testing.assert_close(basis @ basis.T, torch.eye(16), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(basis[0], torch.full((16,), 0.25))


def test_untrained_features_are_fixed_and_see_blur(images: torch.Tensor) -> None:
    first, second = (features(untrained_extractor(CPU), images) for _ in range(2))
    assert torch.equal(first, second) and first.shape == (3, 256)
    smooth = nn.functional.avg_pool2d(images.float(), 3, stride=1, padding=1).to(torch.uint8)
    finest = slice(16, 76)
    assert (features(untrained_extractor(CPU), smooth)[:, finest] < first[:, finest]).float().mean() > 0.9


def test_gray_and_its_three_equal_channels_are_the_same_image(images: torch.Tensor) -> None:
    for extractor in (untrained_extractor(CPU), thumbnail_extractor(CPU)):
        torch.testing.assert_close(features(extractor, images), features(extractor, images.expand(-1, 3, -1, -1)))


def test_thumbnails_forgive_brightness_and_contrast(images: torch.Tensor) -> None:
    thumbnails = thumbnail_extractor(CPU)
    found = features(thumbnails, images)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(found, features(thumbnails, images // 2 * 1), rtol=0, atol=0.01)
    assert torch.equal(features(thumbnails, torch.full((1, 1, 40, 40), 9, dtype=torch.uint8)), torch.zeros(1, 1024))


def test_squeezenet_from_a_file_gives_what_its_last_layer_gets(shared_weights: Path, images: torch.Tensor) -> None:
    file = shared_weights / "squeezenet1_1_imagenet.pth"
    extractor = backbone_extractor("squeezenet1_1", file, "antialiased", CPU)
    assert extractor.identity.parts[:2] == ("torchvision:squeezenet1_1", 512)
    network = torchvision.models.squeezenet1_1()
    network.load_state_dict(torch.load(file, weights_only=True))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    with torch.inference_mode():
        inputs = (extractor.prepare(images) - mean) / std
        expected = network.features.eval()(inputs).mean(dim=(2, 3))
    torch.testing.assert_close(features(extractor, images), expected)


def test_a_file_without_the_last_layer_will_do(shared_weights: Path, images: torch.Tensor) -> None:
    file = shared_weights / "mobilenet_v2_imagenet_features.pth"
    before = torch.random.get_rng_state()
    one, two = (backbone_extractor("mobilenet_v2", file, "antialiased", CPU) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert one.identity.dims == 1280
    assert torch.equal(features(one, images), features(two, images))


def test_wrong_backbones_are_errors(tmp_path: Path) -> None:
    weights = torchvision.models.squeezenet1_1().state_dict()
    torch.save(weights, tmp_path / "squeeze.pth")
    with pytest.raises(InputError, match="do not fit torchvision's resnet18"):
        backbone_extractor("resnet18", tmp_path / "squeeze.pth", "antialiased", CPU)
    with pytest.raises(InputError, match="no image classifier 'resnet1'"):
        backbone_extractor("resnet1", tmp_path / "squeeze.pth", "antialiased", CPU)
    weights["features.0.bias"][0] = float("inf")
    torch.save(weights, tmp_path / "inf.pth")
    with pytest.raises(InputError, match="NaN or infinity in 1 tensors"):
        backbone_extractor("squeezenet1_1", tmp_path / "inf.pth", "antialiased", CPU)


def test_any_trained_classifier_can_be_the_extractor(images: torch.Tensor) -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 1))
    extractor = classifier_extractor(
        network, name="classifier:small", input_size_px=24, normalize=lambda x: x - 0.5, device=CPU
    )
    assert extractor.identity.parts[:2] == ("classifier:small", 16)
    with torch.inference_mode():
        expected = network[:-1](extractor.prepare(images) - 0.5)
    torch.testing.assert_close(features(extractor, images), expected)
    with torch.no_grad():
        network[0].bias += 1
    changed = classifier_extractor(
        network, name="classifier:small", input_size_px=24, normalize=lambda x: x - 0.5, device=CPU
    )
    assert changed.identity.key != extractor.identity.key


def test_without_torchxrayvision_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("torchxrayvision", "torchxrayvision.models"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"ganbal\[xray\]"):
        check_score(ScoreConfig(extractor="xray"))


def test_torchxrayvisions_densenet(tmp_path: Path, images: torch.Tensor) -> None:
    models = pytest.importorskip("torchxrayvision.models", reason='needs pip install "ganbal[xray]"')
    torch.manual_seed(0)
    network = models.DenseNet(weights=None).eval()
    # As the public file: the whole module, pickled.
    torch.save(network, tmp_path / "whole.pt")
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    found = [
        features(xray.xray_extractor(tmp_path / name, "antialiased", CPU), images)
        for name in ("whole.pt", "weights.pt")
    ]
    assert torch.equal(*found) and found[0].shape == (3, 1024)
    with torch.inference_mode():
        prepared = xray.xray_extractor(tmp_path / "weights.pt", "antialiased", CPU).prepare(images)
        expected = network.features2((2 * prepared - 1) * 1024)
    torch.testing.assert_close(found[0], expected)
    (tmp_path / "bad.pt").write_bytes(b"nothing")
    with pytest.raises(InputError, match="DenseNet-121 weights"):
        xray.xray_extractor(tmp_path / "bad.pt", "antialiased", CPU)


def test_features_are_numbers_whatever_the_image() -> None:
    blank = torch.zeros((2, 1, 64, 64), dtype=torch.uint8)
    assert np.isfinite(features(untrained_extractor(CPU), blank).numpy()).all()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_weights_of_every_format_are_reported(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"weights{suffix}"
    file.write_bytes(np.random.default_rng(0).bytes(500))
    with pytest.raises(InputError, match="a dictionary of tensors"):
        check_score(ScoreConfig(weights=file))


def test_a_flipped_bit_in_weights_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    torch.save({"a": torch.zeros(50_000)}, file)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert torch.load(file, weights_only=True)["a"].any(), "torch itself does not notice"
    with pytest.raises(InputError, match="checksum"):
        weight_files.read_weights(file, what="weights")
