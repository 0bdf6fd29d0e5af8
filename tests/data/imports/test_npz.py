import io
import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from ganbal.errors import InputError

RNG = np.random.default_rng(0)
COUNTS = {"train": (20, 40), "val": (4, 6), "test": (8, 9)}


def images(number, *shape, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max, (number, *shape), dtype=dtype)


def medmnist_arrays(shape=(28, 28)):
    """The keys, types and shapes of PneumoniaMNIST, with fewer images."""
    arrays = {}
    for split, (normal, ill) in COUNTS.items():
        arrays[f"{split}_images"] = images(normal + ill, *shape)
        arrays[f"{split}_labels"] = RNG.permutation([0] * normal + [1] * ill).astype(np.uint8)[:, None]
    return arrays


@pytest.fixture
def save(tmp_path):
    def save(name="set.npz", **arrays):
        np.savez_compressed(tmp_path / name, **arrays)
        return tmp_path / name

    return save


def test_medmnist(find, save):
    arrays = medmnist_arrays()
    located = find(save("pneumoniamnist.npz", **arrays))
    source = located.source
    assert source.layout == "npz"
    assert Counter((image.split, image.class_name) for image in source.images) == {
        (split, name): number
        for split, numbers in COUNTS.items()
        for name, number in zip(("normal", "pneumonia"), numbers, strict=True)
    }
    for split in COUNTS:
        of_split = [image for image in source.images if image.split == split]
        for image, pixels, (label,) in zip(of_split, arrays[f"{split}_images"], arrays[f"{split}_labels"], strict=True):
            np.testing.assert_array_equal(np.asarray(Image.open(source.root / image.file_name)), pixels)
            assert image.class_name == ["normal", "pneumonia"][label]
    (record,) = located.imports
    assert (record["kind"], record["origin"], record["images"]) == ("npz", "pneumoniamnist.npz", 87)
    assert len(record["sha256"]) == 64
    assert record["software"]["numpy"] == np.__version__


def test_color(find, save):
    arrays = medmnist_arrays((28, 28, 3))
    source = find(save("pathmnist_28.npz", **arrays)).source
    assert {image.class_name for image in source.images} == {"adipose", "background"}
    first = Image.open(source.root / "test/test-000000.png")
    assert first.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(first), arrays["test_images"][0])


def test_sixteen_bits_and_other_orders_in_memory(find, save):
    values = images(12, 5, 7, dtype=np.uint16)
    labels = np.array(["ill", "well"] * 6)
    for name, stored in (("fortran", np.asfortranarray(values)), ("big", values.astype(">u2"))):
        source = find(save(f"{name}.npz", images=stored, labels=labels)).source
        assert [(image.split, image.class_name) for image in source.images[:2]] == [(None, "ill"), (None, "well")]
        np.testing.assert_array_equal(np.asarray(Image.open(source.root / source.images[3].file_name)), values[3])


def test_unknown_sets_have_numbered_classes_that_settings_can_name(find, save):
    file = save(images=images(6, 4, 4), labels=np.array([0, 1, 7] * 2))
    assert {image.class_name for image in find(file).source.images} == {"class-0", "class-1", "class-7"}
    named = find(file, class_names={"0": "well", "1": "ill", "class-7": "ill"}).source
    assert [image.class_name for image in named.images] == ["well", "ill", "ill"] * 2
    alone = find(file, one_versus_rest="7", class_names={"no-class-7": "rest"}).source
    assert [image.class_name for image in alone.images] == ["rest", "rest", "class-7"] * 2
    with pytest.raises(InputError, match=r"data\.class_names has '5', but the labels .* 'class-0', 'class-1'"):
        find(file, class_names={"5": "x"})


def test_several_labels_per_image(find, save):
    labels = np.zeros((10, 14), np.uint8)
    labels[:4, 2] = labels[3:6, 6] = 1
    file = save("chestmnist.npz", train_images=images(10, 4, 4), train_labels=labels)
    with pytest.raises(InputError, match=r"has 14 labels: atelectasis, .*one_versus_rest=atelectasis"):
        find(file)
    source = find(file, one_versus_rest="effusion").source
    assert [image.class_name for image in source.images] == ["effusion"] * 4 + ["no-effusion"] * 6
    source = find(file, one_versus_rest="pneumonia").source  # the same file with another setting
    assert sum(image.class_name == "pneumonia" for image in source.images) == 3
    with pytest.raises(InputError, match="is 'Covid', but the labels are atelectasis"):
        find(file, one_versus_rest="Covid")
    with pytest.raises(InputError, match="no image has this label"):
        find(file, one_versus_rest="hernia")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"mu": np.zeros(3), "sigma": np.zeros((3, 3))}, "it holds mu and sigma"),
        ({"train_images": images(3, 4, 4)}, "train_images has no train_labels"),
        ({"images": images(3, 4, 4), "labels": np.zeros(4, int)}, "has 3 images, but labels has 4"),
        ({"images": images(3, 4, 4, 4), "labels": np.zeros(3, int)}, r"volumes, such as .*uint8 \(3, 4, 4, 4\)"),
        ({"images": np.zeros((3, 4, 4)), "labels": np.zeros(3, int)}, r"images is float64 \(3, 4, 4\)"),
        ({"images": images(3, 4), "labels": np.zeros(3, int)}, r"images is uint8 \(3, 4\)"),
        ({"images": images(3, 0, 4), "labels": np.zeros(3, int)}, r"images is uint8 \(3, 0, 4\)"),
        ({"images": images(3, 4, 4), "labels": np.zeros(3)}, r"labels is float64 \(3\)"),
        ({"images": images(3, 4, 4), "labels": np.array([{}] * 3)}, r"labels is objects \(3\)"),
        ({"images": np.array([{}] * 3), "labels": np.zeros(3, int)}, r"images is objects \(3\)"),
        ({"images": images(3, 4, 4), "labels": np.full((3, 2), 5)}, "other values than 0 and 1"),
        ({"images": images(3, 4, 4), "labels": np.array(["../x", "y", "y"])}, "cannot be the name of a folder"),
        (
            {"train_images": images(2, 4, 4), "train_labels": np.zeros(2, int)}
            | {"test_images": images(2, 4, 4), "test_labels": np.zeros((2, 3), int)},
            "labels of different forms",
        ),
        (
            {f"{start}images": images(2, 4, 4) for start in ("train_", "")}
            | {f"{start}labels": np.zeros(2, int) for start in ("train_", "")},
            "it holds images with a split and without: train_images and images",
        ),
        (
            {"train_images": images(2, 4, 4), "train_labels": np.zeros(2, int)}
            | {"x_train": images(2, 4, 4), "y_train": np.zeros(2, int)},
            "train_images and x_train would both be its train part",
        ),
        (
            {"train_images": images(2, 4, 4), "train_labels": np.zeros(2, int), "valid_images": images(2, 4, 4)}
            | {"X_test": images(2, 4, 4, 3), "valid_labels": np.zeros(2, int)},
            r"X_test and valid_images would be left out\. ganbal reads arrays as MedMNIST names them: train_images",
        ),
    ],
)
def test_other_arrays_are_refused(find, save, arrays, message):
    with pytest.raises(InputError, match=message):
        find(save(**arrays))


def header(shape, dtype="|u1"):
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}}}"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"images": header((10**9, 10**4, 10**4)), "labels": header((10**9,))}, "another size than its header"),
        ({"images": header((2, 2, 2)) + b"1234567", "labels": header((2,)) + b"12"}, "another size than its header"),
        ({"images": b"\x93NUMPY\x01\x00\xff\xff" + b"{" * 65535}, "is damaged|cannot be used"),
        ({"images": b"\x93NUMPY\x09\x00" + b"\x00" * 20}, "version"),
        ({"images": b"no array"}, "cannot be used"),
    ],
)
def test_hostile_files_are_refused(find, tmp_path, members, message):
    with pytest.raises(InputError, match=message):
        find(zipped(tmp_path / "x.npz", **members))
    assert not list((tmp_path / "cache").rglob("*.png"))


def test_a_file_made_to_fill_the_disk_is_refused(find, save):
    file = save(images=images(3, 4, 4), labels=np.zeros(3, int))
    content = bytearray(file.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (1_100_000_000).to_bytes(4, "little")
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"MB would unpack to 1\.1 GB, as no images do"):
        find(file)


def test_damaged_files_are_refused(find, save):
    file = save(images=images(60, 9, 9), labels=np.arange(60) % 2)
    content = file.read_bytes()
    for damaged in (b"", b"PK", content[: len(content) // 2], content[:1500] + b"\0\0\0\0" + content[1504:]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match="cannot be used"):
            find(file)


def test_nothing_is_unpickled(find, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    content = io.BytesIO()
    np.save(content, np.array([Trap()] * 3, dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="objects"):
        find(zipped(tmp_path / "x.npz", images=content.getvalue(), labels=content.getvalue()))
    assert not (tmp_path / "sprung").exists()
