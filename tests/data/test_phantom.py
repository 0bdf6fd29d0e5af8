from collections import Counter

import numpy as np
import pytest
from PIL import Image

from ganbal.data.patients import patient_in_name
from ganbal.data.phantom.anatomy import COLUMNS, ROWS, aerated_lung, attenuation, mediastinal_shadow, random_anatomy
from ganbal.data.phantom.dataset import MARK, ensure_phantom_set, planned_phantom_set
from ganbal.data.phantom.radiograph import simulate_radiograph
from ganbal.errors import GanbalError
from ganbal.runtime.console import Console

QUIET = Console(quiet=True)


def test_the_plan_has_the_real_sets_layout_imbalance_and_names():
    plan = planned_phantom_set(400)
    assert Counter((image.split, image.class_name) for image in plan) == {
        ("train", "NORMAL"): 75,  # 292 · 1341/5216
        ("train", "PNEUMONIA"): 217,
        ("val", "NORMAL"): 4,
        ("val", "PNEUMONIA"): 4,
        ("test", "NORMAL"): 38,  # 100 · 234/624, rounded to even
        ("test", "PNEUMONIA"): 62,
    }
    assert len({image.file_name for image in plan}) == 400
    persons = {image.file_name: patient_in_name(image.file_name) for image in plan}
    assert None not in persons.values()
    assert Counter(Counter(persons.values()).values()).keys() == {1, 2, 3, 4}
    splits_of = {
        person: {image.split for image in plan if persons[image.file_name] == person} for person in persons.values()
    }
    assert {len(splits) for splits in splits_of.values()} == {1}


@pytest.mark.parametrize("num_images", [40, 100, 1000])
def test_any_number_of_images(num_images):
    assert len({image.file_name for image in planned_phantom_set(num_images)}) == num_images


def test_the_files_are_the_same_every_time_and_marked_as_simulated(tmp_path):
    first, second = (ensure_phantom_set(tmp_path / name, 40, QUIET) for name in ("one", "two"))
    for image in planned_phantom_set(40):
        assert (first / image.file_name).read_bytes() == (second / image.file_name).read_bytes()
        with Image.open(first / image.file_name) as film:
            assert film.info["comment"].decode() == MARK
            assert film.mode == "L"
    assert MARK in (first / "README.txt").read_text()
    assert len(list(first.rglob("*.jpeg"))) == 40
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_finished_set_is_not_simulated_again_but_a_damaged_one_is(tmp_path):
    folder = ensure_phantom_set(tmp_path, 40, QUIET)
    file = next(folder.rglob("*.jpeg"))
    before = file.stat().st_mtime_ns
    assert ensure_phantom_set(tmp_path, 40, QUIET) == folder
    assert file.stat().st_mtime_ns == before
    content = file.read_bytes()
    file.unlink()
    ensure_phantom_set(tmp_path, 40, QUIET)
    assert file.read_bytes() == content
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("damage", ["flipped byte", "emptied", "hashes gone"])
def test_damaged_content_is_noticed(tmp_path, damage):
    folder = ensure_phantom_set(tmp_path, 40, QUIET)
    file = next(folder.rglob("*.jpeg"))
    content = file.read_bytes()
    if damage == "flipped byte":
        file.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
    elif damage == "emptied":
        file.write_bytes(b"")
    else:
        (folder / "SHA256SUMS").unlink()
    ensure_phantom_set(tmp_path, 40, QUIET)
    assert file.read_bytes() == content
    assert (folder / "SHA256SUMS").is_file()


def test_an_interrupted_simulation_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ganbal.data.phantom.dataset.simulate_radiograph", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ensure_phantom_set(tmp_path, 40, QUIET)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(GanbalError, match="The phantom set cannot be written to"):
        ensure_phantom_set(tmp_path / "cache", 40, QUIET)


def chests(count):
    for seed in range(count):
        rng = np.random.default_rng(seed)
        person = random_anatomy(rng)
        heart = mediastinal_shadow(person)
        lung = aerated_lung(person, heart)
        yield heart, lung, attenuation(person, heart, lung, rng)


def test_the_heart_lies_towards_the_right_of_the_picture_and_lungs_are_darker_than_the_rest():
    for heart, lung, total in chests(10):
        assert heart.shape == lung.shape == total.shape == (ROWS, COLUMNS)
        middle_row = ROWS // 2
        below = heart[middle_row:]
        assert below[:, COLUMNS // 2 :].sum() > 1.3 * below[:, : COLUMNS // 2].sum()
        assert lung[middle_row, : COLUMNS // 2].max() > 0.8
        assert lung[middle_row, COLUMNS // 2 :].max() > 0.8
        assert total[lung > 0.8].mean() < 0.6 * total[heart > 0.9].mean()


def test_films_of_one_person_differ_and_pneumonia_whitens_the_lungs():
    def brightness(finding):
        means = []
        for seed in range(24):
            person = random_anatomy(np.random.default_rng(seed))
            film = simulate_radiograph(person, finding, np.random.default_rng([1, seed]))
            height, width = film.shape
            assert film.dtype == np.uint8
            assert film.std() > 30
            means.append(film[height // 3 : height * 2 // 3, width // 5 : width * 4 // 5].mean())
        return np.array(means)

    normal, bacteria, virus = (brightness(finding) for finding in ("normal", "bacteria", "virus"))
    assert bacteria.mean() > normal.mean() + 2
    assert virus.mean() > normal.mean() + 2
    assert normal.max() > bacteria.min()  # but brightness alone does not separate them
    person = random_anatomy(np.random.default_rng(0))
    first, second = (simulate_radiograph(person, "normal", np.random.default_rng(seed)) for seed in (1, 2))
    assert first.shape != second.shape or (first != second).any()
