import numpy as np
import pytest
import torch
import torchvision.models

from classifiers.errors import ClassifierInputError
from classifiers.names import MODEL_NAMES, torchvision_networks
from classifiers.registry import MODELS, build_model, check_model, find_model


@pytest.mark.parametrize(
    ("name", "size", "total", "trained"),
    [
        ("baseline_cnn", 150, 5_677_329, 5_676_881),
        ("vgg16", 150, 23_760_705, 9_046_017),
        ("cnn_64", 64, 822_922, 822_922),
        # By hand: (9 + 1) · 32 + (9 · 32 + 1) · 32 + (62² · 32 + 1) · 128 + 129.
        ("cnn_256", 256, 15_754_849, 15_754_849),
        # By hand: 896 + 18,496 + 73,856, batch normalization 4 · 224, (16² · 128 + 1) · 128 + 129.
        ("cnn_128", 128, 4_288_705, 4_288_257),
    ],
)
def test_published_parameter_counts(parameter_counts, name, size, total, trained):
    assert parameter_counts(build_model(name, 2, size)) == (total, trained)


def test_the_cuny_network_has_at_least_ten_logits():
    pixels = torch.zeros(1, 64, 64, dtype=torch.uint8)
    assert [build_model("cnn_64", classes, 64)(pixels).shape[1] for classes in (2, 3, 12)] == [10, 10, 12]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("num_classes", "num_outputs"), [(2, 1), (4, 4)])
def test_every_model_builds_at_its_least_size_for_any_number_of_classes(name, num_classes, num_outputs):
    if name == "xception":
        pytest.importorskip("timm")
    size = MODELS[name].min_image_size_px
    network = build_model(name, num_classes, size).eval()
    pixels = torch.zeros(2, size, size, dtype=torch.uint8)
    with torch.no_grad():
        logits = network(pixels)
    assert logits.shape == (2, max(num_outputs, MODELS[name].min_outputs))
    assert network.features(pixels).ndim == 2


def test_features_of_the_published_sizes():
    pixels = torch.zeros(1, 150, 150, dtype=torch.uint8)
    assert build_model("baseline_cnn", 2, 150).eval().features(pixels).shape == (1, 10_368)
    assert build_model("vgg16", 2, 150).eval().features(pixels).shape == (1, 8_192)


def test_same_seed_same_weights_and_torch_s_random_state_untouched():
    before = torch.get_rng_state()
    first, again, other = (build_model("baseline_cnn", 2, 32, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.head[0].weight, other.head[0].weight)


def test_initial_weights_are_glorot_uniform_with_zero_biases():
    network = build_model("baseline_cnn", 2, 150)
    dense, convolution = network.head[0], network.backbone[5]
    assert dense.weight.abs().max().item() == pytest.approx(np.sqrt(6 / (10_368 + 512)), rel=1e-3)
    assert convolution.weight.abs().max().item() == pytest.approx(np.sqrt(6 / (9 * 16 + 9 * 32)), rel=1e-3)
    assert not dense.bias.any()
    assert not convolution.bias.any()


def test_every_seed_has_the_same_untrained_backbone_and_its_own_head():
    first, other = (build_model("vgg16", 2, 32, "none", seed=seed) for seed in (1, 2))
    assert torch.equal(first.backbone[28].weight, other.backbone[28].weight)
    assert not torch.equal(first.head[0].weight, other.head[0].weight)
    # He's weights keep the signal alive through all thirteen layers.
    features = first.features(torch.randint(0, 256, (1, 32, 32), dtype=torch.uint8))
    assert 0.1 < features.std().item() < 10


def test_gray_pixels_become_normalized_channels():
    network = build_model("vgg16", 2, 32)
    images = network.normalize(torch.full((1, 32, 32), 51, dtype=torch.uint8))
    expected = [(0.2 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.2 - 0.406) / 0.225]
    assert images[0, :, 5, 5].tolist() == pytest.approx(expected)
    assert images.is_contiguous(memory_format=torch.channels_last)
    baseline = build_model("baseline_cnn", 2, 32).normalize(torch.full((1, 32, 32), 255, dtype=torch.uint8))
    assert baseline.shape == (1, 3, 32, 32)
    assert (baseline == 1).all()


def test_a_frozen_backbone_gets_no_gradients_and_stays_in_evaluation():
    network = build_model("vgg16", 2, 32).train()
    network(torch.zeros(2, 32, 32, dtype=torch.uint8)).sum().backward()
    assert all(parameter.grad is None for parameter in network.backbone.parameters())
    assert all(parameter.grad is not None for parameter in network.head.parameters())
    assert not network.backbone.training
    assert network.head.training


def test_logits_are_float32_within_bfloat16():
    network = build_model("baseline_cnn", 2, 16).eval()
    pixels = torch.randint(0, 256, (64, 16, 16), dtype=torch.uint8)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        logits = network(pixels)
    assert logits.dtype == torch.float32
    # In bfloat16 the 64 values would fall on a few steps.
    assert len(logits.unique()) == 64


def test_descriptions_of_models():
    vgg, baseline = find_model("vgg16"), find_model("baseline_cnn")
    assert (vgg.image_size_px, vgg.min_image_size_px, vgg.channels, vgg.frozen_backbone) == (150, 32, 3, True)
    assert (baseline.image_size_px, baseline.min_image_size_px, baseline.channels) == (150, 16, 3)
    assert not baseline.frozen_backbone


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("VGG_16", "vgg16"),
        ("baseline", "baseline_cnn"),
        ("vgg19", "transfer:vgg19"),
        ("resnet9", "transfer:resnet"),
        ("basline_cnn", "baseline_cnn"),
    ],
)
def test_unknown_names_suggest_near_ones(name, near):
    with pytest.raises(ClassifierInputError, match=f"no classifier '{name}'. .* Did you mean {near}"):
        find_model(name)


def test_an_unknown_name_far_from_all_lists_them():
    with pytest.raises(
        ClassifierInputError,
        match=r"no classifier 'xyz'\. The classifiers are baseline_cnn, .*vgg16.*Choose one of these",
    ):
        check_model("xyz", "none", 64, 2)


@pytest.mark.parametrize("check", [lambda *a: check_model(a[0], "none", a[2], a[1]), build_model])
def test_images_too_small_and_too_few_classes(check):
    with pytest.raises(ClassifierInputError, match=r"31 px.* at least 32 px"):
        check("vgg16", 2, 31)
    with pytest.raises(ClassifierInputError, match="at least 16 px"):
        check("baseline_cnn", 2, 15)
    with pytest.raises(ClassifierInputError, match=r"images of 1 class\. A classifier needs at least two classes"):
        check("baseline_cnn", 1, 64)


def test_check_passes_what_can_be_built():
    check_model("baseline_cnn", "imagenet", 64, 3)  # it has no pretrained part, so the weights do not matter
    check_model("vgg16", "none", 32, 2)


def test_errors_carry_their_three_parts():
    with pytest.raises(ClassifierInputError) as caught:
        find_model("nothing")
    error = caught.value
    assert str(error) == f"{error.found} {error.expected} {error.action}"


def test_all_names_are_known_without_torch():
    assert tuple(MODELS) == MODEL_NAMES
    assert torchvision_networks() == sorted(torchvision.models.list_models(module=torchvision.models))
