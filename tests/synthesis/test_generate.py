import csv
import json
import signal

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.config import load_config
from ganbal.errors import GanbalError, InputError, InterruptedBySignal
from ganbal.gan.checkpoint import save_checkpoint
from ganbal.gan.fingerprint import TrainingFingerprint
from ganbal.gan.sampling import latent_rows
from ganbal.gan.state import new_state
from ganbal.runtime.atomic_files import read_json
from ganbal.runtime.console import Console
from ganbal.runtime.hashing import file_digest
from ganbal.synthesis.generate import CandidateSelection, SetMatching, SynthesisRequest, SynthesisResult, synthesize
from ganbal.synthesis.manifest import SyntheticFolder, class_folder, class_folders, read_manifest, read_synthetic
from ganbal.synthesis.selection import Selection
from ganbal.synthesis.synthetic_png import MARK

CPU = torch.device("cpu")


@pytest.fixture
def checkpoint(tmp_path):
    config = load_config(None, ["gan.image_size_px=32", "gan.base_channels=4"]).gan
    fingerprint = TrainingFingerprint.of(config, seed=0, class_names=["NORMAL"], data_digest="of 1")
    save_checkpoint(tmp_path / "last.pt", new_state(config, 0, CPU).state_dict(), fingerprint)
    return tmp_path / "last.pt"


def generate(checkpoint, folder, count, seed=5, is_rejected=None):
    (result,) = generate_all([SynthesisRequest(checkpoint, count, is_rejected=is_rejected)], folder, seed)
    return result


def generate_all(requests, folder, seed=5):
    place = SyntheticFolder(folder)
    return synthesize(requests, place, seed=seed, batch_size=4, device=CPU, console=Console(quiet=True))


def test_files_manifest_and_marks_agree(tmp_path, checkpoint):
    assert generate(checkpoint, tmp_path / "out", 6) == SynthesisResult(6, 0, "NORMAL", "of 1")
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
        assert row["sha256"] == file_digest(tmp_path / "out" / row["file_name"])
    found = read_synthetic(SyntheticFolder(tmp_path / "out"))
    assert found.pixels.shape == (6, 32, 32) and found.pixels.dtype == np.uint8
    assert found.names[0] == "NORMAL/synthetic_5_000000.png" and set(found.class_names) == {"NORMAL"}


def test_same_seed_same_files_and_more_images_keep_the_earlier_ones(tmp_path, checkpoint):
    generate(checkpoint, tmp_path / "a", 8)
    generate(checkpoint, tmp_path / "b", 8)
    generate(checkpoint, tmp_path / "more", 12)
    generate(checkpoint, tmp_path / "other", 8, seed=6)
    content = {name: read_synthetic(SyntheticFolder(tmp_path / name)).pixels for name in ("a", "b", "more", "other")}
    for file in sorted((tmp_path / "a" / "NORMAL").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / "NORMAL" / file.name).read_bytes()
    assert np.array_equal(content["a"], content["more"][:8])
    assert not np.array_equal(content["a"], content["other"])


def test_generating_again_removes_earlier_images_but_nothing_else(tmp_path, checkpoint):
    generate(checkpoint, tmp_path / "out", 8, seed=6)
    mine = tmp_path / "out" / "NORMAL" / "my notes.txt"
    mine.write_text("keep")
    generate(checkpoint, tmp_path / "out", 3, seed=5)
    assert sorted(path.name for path in mine.parent.iterdir()) == [
        "my notes.txt",
        *(f"synthetic_5_00000{i}.png" for i in range(3)),
    ]


def test_a_missing_generator_names_the_command_to_run(tmp_path):
    with pytest.raises(InputError, match="train-gan"):
        generate(tmp_path / "none.pt", tmp_path / "out", 3)
    assert not (tmp_path / "out").exists()


def test_class_names_cannot_lead_out_of_the_folder():
    assert class_folder("NORMAL") == "NORMAL"
    assert class_folder("../../etc") == ".._.._etc"
    assert class_folder("..") == "class"
    assert class_folder("a/b") == "a_b"
    assert class_folders(["a/b", "a_b", "A_B", "c"]) == {"a/b": "a_b", "a_b": "a_b_2", "A_B": "A_B_3", "c": "c"}


def test_latent_rows_do_not_depend_on_their_number():
    assert torch.equal(latent_rows(3, 2, 37), latent_rows(3, 9, 37)[:2])
    assert not torch.equal(latent_rows(3, 2, 37), latent_rows(4, 2, 37))


def test_rejected_images_are_replaced_by_others_and_counted(tmp_path, checkpoint):
    wanted = generate(checkpoint, tmp_path / "all", 12)
    every = read_synthetic(SyntheticFolder(tmp_path / "all")).pixels
    unwanted = {every[1].tobytes(), every[4].tobytes()}

    def is_rejected(batch):
        return np.array([image.tobytes() in unwanted for image in batch])

    result = generate(checkpoint, tmp_path / "out", 8, is_rejected=is_rejected)
    found = read_synthetic(SyntheticFolder(tmp_path / "out"))
    assert (wanted.num_rejected, result.num_images, result.num_rejected) == (0, 8, 2)
    assert [int(name[-10:-4]) for name in found.names] == [0, 2, 3, 5, 6, 7, 8, 9]
    assert np.array_equal(found.pixels, every[[0, 2, 3, 5, 6, 7, 8, 9]])


def test_selected_images_are_written_with_their_rank_and_the_number_of_candidates(tmp_path, checkpoint):
    every = generate(checkpoint, tmp_path / "all", 12)
    pixels = read_synthetic(SyntheticFolder(tmp_path / "all")).pixels
    seen = []

    def choose(candidates, count):
        seen.append((candidates, count))
        ranks = np.array([0.1, 0.2, 0.5, 1.0])
        return Selection(np.array([1, 4, 7, 11]), np.array([0.0, 0.5, 0.25, 1.0]), np.array([2, 0, 1, 1]), ranks, 3)

    selection = CandidateSelection(3, choose)
    (result,) = generate_all([SynthesisRequest(checkpoint, 4, selection=selection)], tmp_path / "out")
    assert (every.num_images, result) == (12, SynthesisResult(4, 0, "NORMAL", "of 1", 3))
    assert np.array_equal(seen[0][0], pixels) and seen[0][1] == 4
    found = read_synthetic(SyntheticFolder(tmp_path / "out"))
    assert np.array_equal(found.pixels, pixels[[1, 4, 7, 11]])
    rows = read_manifest(SyntheticFolder(tmp_path / "out"))
    assert [(row.index, row.separability, row.group, row.label_rank) for row in rows] == [
        ("1", "0.0000", "2", "0.1000"),
        ("4", "0.5000", "0", "0.2000"),
        ("7", "0.2500", "1", "0.5000"),
        ("11", "1.0000", "1", "1.0000"),
    ]
    summary = read_json(SyntheticFolder(tmp_path / "out").summary)
    assert (summary["selected_from"], summary["num_unconfirmed"]) == (12, 3)
    assert "selected_from" not in read_json(SyntheticFolder(tmp_path / "all").summary)


def test_matched_images_are_changed_as_a_set_and_the_manifest_names_what_was_matched(tmp_path, checkpoint):
    generate(checkpoint, tmp_path / "plain", 5)
    plain = read_synthetic(SyntheticFolder(tmp_path / "plain")).pixels
    matching = SetMatching(("spectrum", "intensity"), lambda images: images[::-1])
    generate_all([SynthesisRequest(checkpoint, 5, matching=matching)], tmp_path / "out")
    assert np.array_equal(read_synthetic(SyntheticFolder(tmp_path / "out")).pixels, plain[::-1])
    matched = [[row.matched for row in read_manifest(SyntheticFolder(tmp_path / name))] for name in ("plain", "out")]
    assert matched == [[""] * 5, ["spectrum+intensity"] * 5]


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize("matched", [True, False])
def test_the_manifest_says_whether_and_when_copies_were_looked_for(tmp_path, checkpoint, checked, matched):
    matching = SetMatching(("spectrum",), lambda images: images) if matched else None
    is_rejected = (lambda batch: np.zeros(len(batch), bool)) if checked else None
    generate_all([SynthesisRequest(checkpoint, 2, is_rejected=is_rejected, matching=matching)], tmp_path / "out")
    (found,) = {row.copy_check for row in read_manifest(SyntheticFolder(tmp_path / "out"))}
    assert found == ("no" if not checked else "before matching" if matched else "yes")


def test_a_generator_of_copies_only_is_an_error(tmp_path, checkpoint):
    with pytest.raises(GanbalError, match="memorized its training set"):
        generate(checkpoint, tmp_path / "out", 3, is_rejected=lambda batch: np.ones(len(batch), bool))
    assert not SyntheticFolder(tmp_path / "out").manifest.exists()


def test_a_failure_leaves_the_earlier_images(tmp_path, checkpoint):
    generate(checkpoint, tmp_path / "out", 6)
    before = {file: file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()}

    def choose(candidates, count):
        raise GanbalError("0 have a confirmed label")

    requests = [
        SynthesisRequest(checkpoint, 3, selection=CandidateSelection(2, choose)),
        SynthesisRequest(checkpoint, 3, is_rejected=lambda batch: np.ones(len(batch), bool)),
    ]
    for request, message in zip(requests, ("confirmed label", "memorized"), strict=True):
        with pytest.raises(GanbalError, match=message):
            generate_all([request], tmp_path / "out", seed=7)
        assert {file: file.read_bytes() for file in (tmp_path / "out").rglob("*") if file.is_file()} == before


def test_an_interrupted_synthesis_does_not_count_and_is_done_again(tmp_path, checkpoint):
    folder = SyntheticFolder(tmp_path / "out")
    generate(checkpoint, folder.root, 6)
    seen = 0

    def interrupts(batch):
        nonlocal seen
        seen += len(batch)
        if seen > 4:
            signal.raise_signal(signal.SIGINT)
        return np.zeros(len(batch), bool)

    with pytest.raises(InterruptedBySignal, match="Partially generated images do not count"):
        generate(checkpoint, folder.root, 8, seed=7, is_rejected=interrupts)
    assert not folder.manifest.exists()
    generate(checkpoint, folder.root, 8, seed=7)
    generate(checkpoint, tmp_path / "direct", 8, seed=7)
    again, direct = read_synthetic(folder), read_synthetic(SyntheticFolder(tmp_path / "direct"))
    assert again.digest == direct.digest
    assert len([file for file in folder.root.rglob("*") if file.is_file()]) == 10


@pytest.fixture
def checkpoint_of_three(tmp_path):
    config = load_config(None, ["gan.image_size_px=32", "gan.base_channels=4"]).gan
    classes = ("A", "B", "C")
    fingerprint = TrainingFingerprint.of(config, seed=0, class_names=classes, data_digest="of 3", is_conditional=True)
    state = new_state(config, 0, CPU, num_classes=3)
    state.generator_ema.layers[0].weight.data.mul_(100)  # so that images differ visibly without training
    state.generator_ema.layers[-2].weight.data.mul_(1000)
    save_checkpoint(tmp_path / "three.pt", state.state_dict(), fingerprint)
    return tmp_path / "three.pt"


def test_images_of_a_class_do_not_depend_on_other_requests(tmp_path, checkpoint, checkpoint_of_three):
    both = [
        SynthesisRequest(checkpoint_of_three, 3, "C"),
        SynthesisRequest(checkpoint, 5),
        SynthesisRequest(checkpoint_of_three, 2, "A"),
    ]
    results = [
        SynthesisResult(3, 0, "C", "of 3"),
        SynthesisResult(5, 0, "NORMAL", "of 1"),
        SynthesisResult(2, 0, "A", "of 3"),
    ]
    assert generate_all(both, tmp_path / "both") == results
    generate_all([SynthesisRequest(checkpoint_of_three, 7, "A")], tmp_path / "alone")
    for index in range(2):
        name = f"A/synthetic_5_00000{index}.png"
        assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    found = read_synthetic(SyntheticFolder(tmp_path / "both"))
    assert found.class_names == ["C"] * 3 + ["NORMAL"] * 5 + ["A"] * 2
    assert [name.split("/")[0] for name in found.names] == found.class_names
    assert not np.array_equal(found.pixels[0], found.pixels[8])


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"size_px": 64}, "makes images of 32 px.*image_size_px is 64"),
        ({"channels": 3}, "makes images of 1 channels"),
        ({"training_images": "of 2"}, "trained on other images than the present training images"),
    ],
)
def test_a_generator_that_does_not_fit_leaves_earlier_images(tmp_path, checkpoint, wanted, message):
    fits = {"size_px": 32, "channels": 1, "training_images": "of 1"}
    generate_all([SynthesisRequest(checkpoint, 2, **fits)], tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "synthesis.json").read_text())
    assert summary["classes"]["NORMAL"]["training_images"] == "of 1"
    with pytest.raises(InputError, match=message):
        generate_all([SynthesisRequest(checkpoint, 2, **(fits | wanted))], tmp_path / "out")
    assert len(read_synthetic(SyntheticFolder(tmp_path / "out")).pixels) == 2


def test_a_class_without_a_generator_leaves_earlier_images(tmp_path, checkpoint_of_three):
    generate_all([SynthesisRequest(checkpoint_of_three, 2, "B")], tmp_path / "out")
    with pytest.raises(InputError, match=r"not trained on 'D'\. It was trained on A, B, C"):
        generate_all([SynthesisRequest(checkpoint_of_three, 2, "D")], tmp_path / "out")
    assert len(read_synthetic(SyntheticFolder(tmp_path / "out")).pixels) == 2
