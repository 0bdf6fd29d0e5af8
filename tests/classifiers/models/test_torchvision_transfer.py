import numpy as np
import pytest
import torch
from torchvision import models

from classifiers.checkpoint import load_classifier, save_classifier
from classifiers.errors import ClassifierInputError
from classifiers.models.torchvision_transfer import blocks_of
from classifiers.names import transfer_networks
from classifiers.registry import build_model, check_model, find_model
from classifiers.tensor_files import content_digest

# The width of the last dense layer's input, as the papers give it; SqueezeNet's last maps have 512 channels.
FEATURES = {
    "resnet18": 512,
    "densenet121": 1024,
    "mobilenet_v2": 1280,
    "squeezenet1_1": 512,
    "efficientnet_b0": 1280,
    "convnext_tiny": 768,
    "shufflenet_v2_x0_5": 1024,
    "regnet_y_400mf": 440,
    "mobilenet_v3_small": 576,
    "swin_t": 768,
}


@pytest.mark.parametrize("name", FEATURES)
def test_features_before_the_last_dense_layers(name):
    network = build_model(f"transfer:{name}", 2, 64).eval()
    pixels = torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = network.features(pixels)
        assert network(pixels).shape == (2, 1)
    assert features.shape == (2, FEATURES[name])
    assert features.isfinite().all()
    assert not any(parameter.requires_grad for parameter in network.backbone.parameters())


def test_every_seed_has_the_same_untrained_backbone():
    first, other = (build_model("transfer:swin_t", 2, 32, seed=seed).backbone for seed in (0, 1))
    assert content_digest(first.state_dict()) == content_digest(other.state_dict())


def test_a_frozen_backbone_works_as_in_evaluation_from_the_first_image_on():
    backbone = build_model("transfer:resnet18", 2, 32).backbone
    assert not any(module.training for module in backbone.modules())


def test_the_usual_networks_are_among_them():
    assert {"resnet18", "vgg19", "alexnet", "efficientnet_v2_s"} < set(transfer_networks())
    assert find_model("transfer:resnet18").public_weights.url.endswith("resnet18-f37072fd.pth")


@pytest.mark.parametrize("network", ["resnet18", "squeezenet1_1"])
def test_a_file_of_the_whole_network_fills_it(tmp_path, network):
    whole = models.get_model(network, weights=None).eval()
    torch.save(whole.state_dict(), tmp_path / "whole.pth")
    ours = build_model(f"transfer:{network}", 2, 64, str(tmp_path / "whole.pth")).eval()
    check_model(f"transfer:{network}", str(tmp_path / "whole.pth"), 64, 2)
    filled = ours.backbone.state_dict()
    assert all(torch.equal(tensor, whole.state_dict()[name]) for name, tensor in filled.items())


def test_older_names_in_a_file_of_densenet(tmp_path):
    whole = models.densenet121(weights=None).state_dict()
    older = {name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value for name, value in whole.items()}
    older = {name: value for name, value in older.items() if not name.endswith("num_batches_tracked")}
    torch.save(older, tmp_path / "older.pth")
    filled = build_model("transfer:densenet121", 2, 32, str(tmp_path / "older.pth")).backbone.state_dict()
    assert all(torch.equal(value, whole[name]) for name, value in filled.items() if "tracked" not in name)


def test_weights_of_another_network(tmp_path):
    torch.save(models.squeezenet1_1(weights=None).state_dict(), tmp_path / "other.pth")
    message = r"the weights of another network.*state_dict of resnet18, whole or without its last layers"
    for check in (check_model, lambda name, weights, size, classes: build_model(name, classes, size, weights)):
        with pytest.raises(ClassifierInputError, match=message):
            check("transfer:resnet18", str(tmp_path / "other.pth"), 64, 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("transfer:resnet_18", r"no classifier 'transfer:resnet_18'. .*Did you mean transfer:resnet18"),
        ("transfer:xyz", r"no classifier 'transfer:xyz'. .*for example, transfer:resnet18"),
        ("transfer:vit_b_16", "images of any size"),
        ("transfer:resnet18:0", "number of last blocks to train may follow transfer:resnet18"),
        ("transfer:resnet18:two", "number of last blocks to train may follow transfer:resnet18"),
    ],
)
def test_names_that_do_not_exist(name, message):
    with pytest.raises(ClassifierInputError, match=message):
        find_model(name)


def test_more_blocks_than_there_are():
    with pytest.raises(
        ClassifierInputError, match=r"'transfer:resnet18:7' asks for 7 trained blocks. This network has 6"
    ):
        build_model("transfer:resnet18:7", 2, 32)


def test_the_last_blocks_are_trained_and_nothing_before_them(train):
    before = build_model("transfer:resnet18:2", 2, 32)
    assert len(blocks_of(before.backbone)) == 6
    trained = train("transfer:resnet18:2", size=32, steps=2, checks=1)
    after, start = trained.network.backbone.state_dict(), before.backbone.state_dict()
    changed = {name.split(".")[0] for name in after if not torch.equal(after[name], start[name])}
    assert changed == {"layer3", "layer4"}
    # Running statistics stay those of the pretrained network.
    assert torch.equal(after["layer4.1.bn1.running_mean"], start["layer4.1.bn1.running_mean"])
    assert trained.pretrained == "none"


@pytest.mark.parametrize("name", ["transfer:squeezenet1_1", "transfer:squeezenet1_1:1"])
@pytest.mark.parametrize("num_classes", [2, 3])
def test_trains_saves_and_loads(train, unseen_pixels, tmp_path, tensor_cache, write_bytes, name, num_classes):
    pixels, _ = unseen_pixels(32, num_classes)
    trained = train(name, size=32, num_classes=num_classes, steps=2, cache=tensor_cache)
    file, cpu = tmp_path / "model.safetensors", torch.device("cpu")
    save_classifier(trained, file, tmp_path, write_bytes=write_bytes, probe=pixels, device=cpu, cache=None)
    loaded = load_classifier(file, tmp_path, cpu)
    assert np.array_equal(loaded.predict(pixels), trained.predict(pixels))
