import hashlib
import pickle
import time
import urllib.error

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from classifiers.errors import ClassifierInputError
from classifiers.models.pretrained_weights import PublicWeights, check_weights, fill_backbone
from classifiers.registry import build_model, check_model, find_model
from classifiers.tensor_files import content_digest

PUBLIC = PublicWeights("TinyNet", "https://example.org/tiny-0123abcd.pth", backbone_prefix="features.")


def backbone(seed=0, channels=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, channels, 3), nn.ReLU(), nn.Conv2d(channels, 2, 3))


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty torch cache and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))

    def refuse(*args, **kwargs):
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    return tmp_path / "hub" / "hub" / "checkpoints"


def save(state, file):
    if file.suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save(state, file)
    return file


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("prefix", ["features.", ""])
def test_a_file_of_the_whole_network_or_of_its_features(tmp_path, name, prefix):
    source = backbone(seed=5)
    state = {prefix + key: value for key, value in source.state_dict().items()}
    if prefix:
        state["classifier.0.weight"] = torch.zeros(3)
    file = save(state, tmp_path / name)
    check_weights(backbone(), str(file), PUBLIC)
    filled = backbone()
    fill_backbone(filled, str(file), PUBLIC)
    assert (
        content_digest(filled.state_dict())
        == content_digest(source.state_dict())
        != content_digest(backbone().state_dict())
    )


def test_a_file_without_batch_counters(tmp_path):
    def with_batch_norm():
        return nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))

    state = with_batch_norm().state_dict()
    del state["1.num_batches_tracked"]
    file = str(save(state, tmp_path / "old.pth"))
    with torch.device("meta"):
        unfilled = with_batch_norm()
    check_weights(unfilled, file, PUBLIC)
    filled = with_batch_norm()
    fill_backbone(filled, file, PUBLIC)
    assert torch.equal(filled[0].weight, state["0.weight"])


@pytest.mark.parametrize(
    ("model", "name"), [("vgg16", "vgg16_imagenet_features.pth"), ("xception", "xception_imagenet_features.pth")]
)
def test_real_weights_pass_the_checks(shared_weights, model, name):
    if model == "xception":
        pytest.importorskip("timm")
    check_model(model, str(shared_weights / name), 64, 2)


def test_weights_of_another_network(tmp_path):
    more_channels = save(backbone(channels=4).state_dict(), tmp_path / "wide.pth")
    other_names = save({"conv.weight": torch.zeros(2)}, tmp_path / "other.pth")
    longer = save(backbone().state_dict() | {"9.weight": torch.zeros(2)}, tmp_path / "longer.pth")
    for file, message in (
        (more_channels, r"weights of another network \(tensors: 3 of another shape, e\.g\. 0\.weight\)"),
        (other_names, r"4 missing, e\.g\. 0\.bias; 1 unknown, e\.g\. conv\.weight"),
        (longer, r"1 unknown, e\.g\. 9\.weight"),
    ):
        for use in (check_weights, fill_backbone):
            with pytest.raises(ClassifierInputError, match=message):
                use(backbone(), str(file), PUBLIC)


def test_weights_that_are_not_numbers(tmp_path):
    state = backbone().state_dict()
    state["2.bias"][0] = float("nan")
    with pytest.raises(ClassifierInputError, match=r"infinite or NaN values in 1 tensors, such as 2\.bias"):
        fill_backbone(backbone(), str(save(state, tmp_path / "nan.pth")), PUBLIC)


def test_files_that_are_no_weights(tmp_path):
    text, cut, module = tmp_path / "text.pth", tmp_path / "cut.pth", tmp_path / "module.pth"
    text.write_text("not weights")
    whole = save(backbone().state_dict(), tmp_path / "whole.pth").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    torch.save(backbone(), module)
    for file in (text, cut, module):
        with pytest.raises(ClassifierInputError, match="damaged, or it holds other objects than tensors"):
            fill_backbone(backbone(), str(file), PUBLIC)
    with pytest.raises(ClassifierInputError, match="a list that is no dictionary of tensors"):
        fill_backbone(backbone(), str(save([1, 2], tmp_path / "list.pth")), PUBLIC)
    with pytest.raises(ClassifierInputError, match=r"no file .*missing\.pth"):
        check_weights(backbone(), str(tmp_path / "missing.pth"), PUBLIC)


def test_a_pickle_that_would_run_code_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    file = tmp_path / "trap.pth"
    file.write_bytes(pickle.dumps({"0.weight": Trap()}, protocol=2))
    with pytest.raises(ClassifierInputError, match="damaged, or it holds other objects than tensors"):
        fill_backbone(backbone(), str(file), PUBLIC)
    assert not (tmp_path / "sprung").exists()


def test_offline_imagenet_names_the_file_the_place_and_the_option(hub):
    start = time.monotonic()
    for use in (check_weights, fill_backbone):
        with pytest.raises(ClassifierInputError, match="no network in tests") as caught:
            use(backbone(), "imagenet", PUBLIC)
        assert PUBLIC.url in caught.value.action
        assert "--set study.weights=FILE" in caught.value.action
        assert str(hub / "tiny-0123abcd.pth") in caught.value.found
    assert time.monotonic() - start < 5
    with pytest.raises(ClassifierInputError, match="ImageNet weights of VGG16"):
        check_model("vgg16", "imagenet", 64, 2)


def test_imagenet_reachable_is_tried_for_but_not_downloaded(hub, monkeypatch):
    asked = []

    def answer(request, timeout):
        asked.append((request.get_method(), request.full_url, timeout))
        return type("Response", (), {"close": lambda self: None})()

    monkeypatch.setattr("urllib.request.urlopen", answer)
    check_weights(backbone(), "imagenet", PUBLIC)
    assert asked == [("HEAD", PUBLIC.url, 5)]
    assert not hub.exists()


def test_imagenet_that_fails_on_the_way(hub, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", lambda *a, **k: type("Response", (), {"close": lambda self: None})())

    def wrong_hash(*args, **kwargs):
        raise RuntimeError("invalid hash value")

    monkeypatch.setattr(torch.hub, "download_url_to_file", wrong_hash)
    with pytest.raises(ClassifierInputError, match="invalid hash value"):
        fill_backbone(backbone(), "imagenet", PUBLIC)


def test_cached_imagenet_weights_are_taken_and_a_damaged_file_is_found_before(hub):
    hub.mkdir(parents=True)
    source = backbone(seed=5)
    file = save({f"features.{key}": value for key, value in source.state_dict().items()}, hub / "x.pth")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    public = PublicWeights("TinyNet", f"https://example.org/tiny-{digest[:8]}.pth", backbone_prefix="features.")
    file.rename(public.cached_file)
    check_weights(backbone(), "imagenet", public)
    filled = backbone()
    fill_backbone(filled, "imagenet", public)
    assert content_digest(filled.state_dict()) == content_digest(source.state_dict())
    public.cached_file.write_bytes(b"damaged")
    for use in (check_weights, fill_backbone):
        with pytest.raises(ClassifierInputError, match=r"is damaged: .*Delete it"):
            use(backbone(), "imagenet", public)


def test_torchvision_s_vgg16_file_in_both_shapes(tmp_path):
    source = build_model("vgg16", 2, 32).backbone
    with torch.no_grad():
        source[0].bias.fill_(0.5)
    whole = {f"features.{key}": value for key, value in source.state_dict().items()} | {
        "classifier.6.bias": torch.zeros(1000)
    }
    for name, state in (("whole.pth", whole), ("features.pth", source.state_dict())):
        file = str(save(state, tmp_path / name))
        check_model("vgg16", file, 32, 2)
        assert content_digest(build_model("vgg16", 2, 32, file).backbone.state_dict()) == content_digest(
            source.state_dict()
        )


@pytest.mark.parametrize("name", ["squeezenet1_1_imagenet.pth", "mobilenet_v2_imagenet_features.pth"])
def test_real_weights_of_another_network_are_refused(shared_weights, name):
    with pytest.raises(ClassifierInputError, match="the weights of another network"):
        check_model("vgg16", str(shared_weights / name), 64, 2)


def test_the_address_of_vgg16_is_torchvisions():
    """It is written out, so that torchvision need not be loaded to know it."""
    from torchvision.models import VGG16_Weights

    assert find_model("vgg16").public_weights.url == VGG16_Weights.IMAGENET1K_V1.url
