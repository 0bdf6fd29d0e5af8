import csv

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.config import load_config
from ganbal.errors import GanbalError, InputError
from ganbal.gan.checkpoint import identity_of, save_checkpoint
from ganbal.gan.sampling import latent_rows
from ganbal.gan.state import new_state
from ganbal.runtime.console import Console
from ganbal.runtime.hashing import file_digest
from ganbal.synthesis.generate import (
    Drawn,
    Order,
    SyntheticFolder,
    class_folder,
    class_folders,
    read_synthetic,
    synthesise,
)
from ganbal.synthesis.synthetic_png import MARK

CPU = torch.device("cpu")


@pytest.fixture
def checkpoint(tmp_path):
    config = load_config(None, ["gan.image_size_px=32", "gan.base_channels=4"]).gan
    identity = identity_of(config, seed=0, class_name="NORMAL", data_digest="", precision="float32")
    save_checkpoint(tmp_path / "last.pt", new_state(config, 0, CPU), identity)
    return tmp_path / "last.pt"


def draw(checkpoint, folder, count, seed=5, is_rejected=None):
    (drawn,) = draw_all([Order(checkpoint, count, is_rejected=is_rejected)], folder, seed)
    return drawn


def draw_all(orders, folder, seed=5):
    place = SyntheticFolder(folder)
    return synthesise(orders, place, seed=seed, batch_size=4, device=CPU, console=Console(quiet=True))


def test_files_manifest_and_marks_agree(tmp_path, checkpoint):
    assert draw(checkpoint, tmp_path / "out", 6) == Drawn(6, 0, "NORMAL")
    with (tmp_path / "out" / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["index"] for row in rows] == list("012345")
    assert {row["checkpoint_sha256"] for row in rows} == {file_digest(checkpoint)}
    for row in rows:
        image = Image.open(tmp_path / "out" / row["file_name"])
        assert (image.size, image.mode) == ((32, 32), "L")
        assert image.text["Description"] == MARK
        assert image.text["ganbal:seed"] == "5"
        assert image.text["ganbal:index"] == row["index"]
    pixels, names, classes = read_synthetic(SyntheticFolder(tmp_path / "out"))
    assert pixels.shape == (6, 32, 32) and pixels.dtype == np.uint8
    assert names[0] == "NORMAL/synthetic_5_000000.png" and set(classes) == {"NORMAL"}


def test_same_seed_same_files_and_more_images_keep_the_earlier_ones(tmp_path, checkpoint):
    draw(checkpoint, tmp_path / "a", 8)
    draw(checkpoint, tmp_path / "b", 8)
    draw(checkpoint, tmp_path / "more", 12)
    draw(checkpoint, tmp_path / "other", 8, seed=6)
    content = {name: read_synthetic(SyntheticFolder(tmp_path / name))[0] for name in ("a", "b", "more", "other")}
    for file in sorted((tmp_path / "a" / "NORMAL").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / "NORMAL" / file.name).read_bytes()
    assert np.array_equal(content["a"], content["more"][:8])
    assert not np.array_equal(content["a"], content["other"])


def test_drawing_again_removes_earlier_images_but_nothing_else(tmp_path, checkpoint):
    draw(checkpoint, tmp_path / "out", 8, seed=6)
    mine = tmp_path / "out" / "NORMAL" / "my notes.txt"
    mine.write_text("keep")
    draw(checkpoint, tmp_path / "out", 3, seed=5)
    assert sorted(path.name for path in mine.parent.iterdir()) == [
        "my notes.txt",
        *(f"synthetic_5_00000{i}.png" for i in range(3)),
    ]


def test_a_missing_generator_says_what_to_run(tmp_path):
    with pytest.raises(InputError, match="train-gan"):
        draw(tmp_path / "none.pt", tmp_path / "out", 3)
    assert not (tmp_path / "out").exists()


def test_class_names_cannot_lead_out_of_the_folder():
    assert class_folder("NORMAL") == "NORMAL"
    assert class_folder("../../etc") == ".._.._etc"
    assert class_folder("..") == "class"
    assert class_folder("a/b") == "a_b"
    assert class_folders(["a/b", "a_b", "A_B", "c"]) == {"a/b": "a_b", "a_b": "a_b_2", "A_B": "A_B_3", "c": "c"}


def test_latent_rows_do_not_depend_on_how_many_are_asked_for():
    assert torch.equal(latent_rows(3, 2, 37), latent_rows(3, 9, 37)[:2])
    assert not torch.equal(latent_rows(3, 2, 37), latent_rows(4, 2, 37))


def test_rejected_images_are_replaced_by_others_and_counted(tmp_path, checkpoint):
    wanted = draw(checkpoint, tmp_path / "all", 12)
    every = read_synthetic(SyntheticFolder(tmp_path / "all"))[0]
    unwanted = {every[1].tobytes(), every[4].tobytes()}

    def is_rejected(batch):
        return np.array([image.tobytes() in unwanted for image in batch])

    drawn = draw(checkpoint, tmp_path / "out", 8, is_rejected=is_rejected)
    pixels, names, _ = read_synthetic(SyntheticFolder(tmp_path / "out"))
    assert (wanted.num_rejected, drawn.num_images, drawn.num_rejected) == (0, 8, 2)
    assert [int(name[-10:-4]) for name in names] == [0, 2, 3, 5, 6, 7, 8, 9]
    assert np.array_equal(pixels, every[[0, 2, 3, 5, 6, 7, 8, 9]])


def test_a_generator_of_copies_only_is_told_and_not_waited_for(tmp_path, checkpoint):
    with pytest.raises(GanbalError, match="learned its images by heart"):
        draw(checkpoint, tmp_path / "out", 3, is_rejected=lambda batch: np.ones(len(batch), bool))
    assert not SyntheticFolder(tmp_path / "out").manifest.exists()


@pytest.fixture
def checkpoint_of_three(tmp_path):
    config = load_config(None, ["gan.image_size_px=32", "gan.base_channels=4"]).gan
    classes = ("A", "B", "C")
    identity = identity_of(config, seed=0, class_name="A, B, C", data_digest="", precision="float32", classes=classes)
    state = new_state(config, 0, CPU, num_classes=3)
    state.average.layers[0].weight.data.mul_(100)  # so that images differ visibly without training
    state.average.layers[-2].weight.data.mul_(1000)
    save_checkpoint(tmp_path / "three.pt", state, identity)
    return tmp_path / "three.pt"


def test_a_class_is_drawn_the_same_whatever_else_is_drawn(tmp_path, checkpoint, checkpoint_of_three):
    both = [Order(checkpoint_of_three, 3, "C"), Order(checkpoint, 5), Order(checkpoint_of_three, 2, "A")]
    assert draw_all(both, tmp_path / "both") == [Drawn(3, 0, "C"), Drawn(5, 0, "NORMAL"), Drawn(2, 0, "A")]
    draw_all([Order(checkpoint_of_three, 7, "A")], tmp_path / "alone")
    for index in range(2):
        name = f"A/synthetic_5_00000{index}.png"
        assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    pixels, names, labels = read_synthetic(SyntheticFolder(tmp_path / "both"))
    assert labels == ["C"] * 3 + ["NORMAL"] * 5 + ["A"] * 2
    assert [name.split("/")[0] for name in names] == labels
    assert not np.array_equal(pixels[0], pixels[8])


def test_a_class_of_no_generator_leaves_earlier_images_alone(tmp_path, checkpoint_of_three):
    draw_all([Order(checkpoint_of_three, 2, "B")], tmp_path / "out")
    with pytest.raises(InputError, match="which of A, B, C"):
        draw_all([Order(checkpoint_of_three, 2, "D")], tmp_path / "out")
    assert len(read_synthetic(SyntheticFolder(tmp_path / "out"))[0]) == 2
