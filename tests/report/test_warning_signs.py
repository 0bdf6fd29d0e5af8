import json

import pytest

from ganbal.report.run_reader import read_run_folder
from ganbal.report.warning_signs import warning_signs


def kinds(folder) -> dict[str, str]:
    return {notice.kind: notice.text for notice in warning_signs(read_run_folder(folder))}


def change(folder, name: str, **entries) -> None:
    content = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(content | entries))


@pytest.fixture
def folder(tmp_path, made_up_run):
    return made_up_run(classifiers=("vgg16",), seeds=5, num_test=20).write(tmp_path / "run")


def test_shortcut_leakage_and_unreadable_files(folder):
    found = kinds(folder)
    assert found.keys() == {"Shortcut", "Leakage", "Data"}
    assert found["Leakage"].startswith("61 patient ids in both train and test")
    assert found["Data"] == "1 file could not be read and was left out; the list stands below."


def test_few_seeds_protocol_and_missing_weights(tmp_path, made_up_run):
    run = made_up_run(classifiers=("vgg16",), seeds=1, protocol="documents", num_test=20).write(tmp_path / "run")
    random = {"kind": "not-pretrained", "values": {"classifier": "VGG16 transfer"}}
    summary = json.loads((run / "study/summary.json").read_text())
    change(run, "study/summary.json", warnings=[*summary["warnings"], random])
    found = kinds(run)
    assert found["Few seeds"].startswith("Only 1 seed per cell:")
    assert "test set" in found["Protocol"]
    assert found["Not pretrained"].startswith("VGG16 transfer is not pretrained: its frozen layers are random")


def test_a_generator_smaller_than_the_classifier(folder):
    change(folder, "scores.json", warnings=[])
    change(folder, "gan/training.json", image_size_px=32)
    assert "draws at 32 px and VGG16 transfer looks at 64 px" in kinds(folder)["Shortcut"]


def test_unused_images_leak_nothing(folder):
    change(folder, "data.json", patients_shared=[{"splits": ["train", "unused"], "count": 9, "examples": ["p"]}])
    assert "Leakage" not in kinds(folder)


def test_duplicates_across_splits_and_classes(folder):
    change(folder, "data.json", duplicates={"groups": 3, "images": 6, "across_splits": 2, "across_classes": 1})
    found = [notice.text for notice in warning_signs(read_run_folder(folder))]
    assert "2 groups of exactly equal images reach across splits." in found
    assert "1 group of exactly equal images carry different class names." in found


def test_damaged_files_are_told(folder):
    (folder / "scores.json").write_text("{")
    assert "`scores.json` is there but could not be used" in kinds(folder)["Damaged file"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2.0% of the synthetic images are nearer … the generator repeats training images.", "Copies"),
        ("Synthetic images lie systematically nearer: copying, or held-out images from another source.", "Copies"),
        ("FID from 64 images in 256 dimensions is dominated by its bias.", "Scores"),
    ],
)
def test_warnings_of_the_scores_get_a_name(folder, text, kind):
    change(folder, "scores.json", warnings=[text])
    assert kinds(folder)[kind] == text
