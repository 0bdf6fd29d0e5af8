import pytest

from ganbal.errors import GanbalError, InterruptedBySignal
from ganbal.synthesis.manifest import SyntheticFolder
from ganbal.synthesis.replacing import replacing


@pytest.fixture
def folder(tmp_path):
    """A folder of two images with a manifest, and a file of the user's."""
    fill(tmp_path, "earlier", 2)
    (tmp_path / "A" / "my notes.txt").write_text("mine")
    return SyntheticFolder(tmp_path)


def fill(root, text, count, *, with_manifest=True):
    (root / "A").mkdir(exist_ok=True)
    for number in range(count):
        (root / "A" / f"synthetic_0_{number}.png").write_text(text)
    if with_manifest:
        (root / "synthesis.json").write_text(text)
        (root / "manifest.csv").write_text(text)


def files(folder):
    """What is in the folder, hidden files included."""
    found = (path for path in folder.root.rglob("*") if path.is_file())
    return {path.relative_to(folder.root).as_posix(): path.read_text() for path in found}


def test_new_images_take_the_place_of_all_earlier_ones(folder):
    with replacing(folder):
        assert files(folder).keys() & {"manifest.csv", "synthesis.json", "A/synthetic_0_0.png"} == set()
        fill(folder.root, "new", 1)
    new = ("manifest.csv", "synthesis.json", "A/synthetic_0_0.png")
    assert files(folder) == {"A/my notes.txt": "mine", **dict.fromkeys(new, "new")}
    assert [path.name for path in folder.root.iterdir() if path.is_dir()] == ["A"]


@pytest.mark.parametrize("error", [GanbalError("too few"), OSError("disk"), ValueError("of the program")])
def test_a_failure_leaves_the_earlier_images(folder, error):
    before = files(folder)
    with pytest.raises(type(error)), replacing(folder):
        fill(folder.root, "new", 3, with_manifest=False)
        raise error
    assert files(folder) == before


def test_earlier_images_that_cannot_all_be_put_aside_stay(folder, monkeypatch):
    before, replace = files(folder), type(folder.root).replace

    def failing(file, target):
        if file.name == "synthetic_0_1.png":
            raise PermissionError
        return replace(file, target)

    monkeypatch.setattr(type(folder.root), "replace", failing)
    with pytest.raises(PermissionError), replacing(folder):
        raise AssertionError("nothing may be generated")
    assert files(folder) == before


@pytest.mark.parametrize("error", [InterruptedBySignal("Interrupted."), KeyboardInterrupt()])
def test_after_an_interruption_nothing_counts_and_the_next_attempt_replaces_or_restores(folder, error):
    def interrupted():
        with pytest.raises(type(error)), replacing(folder):
            fill(folder.root, "partial", 1, with_manifest=False)
            raise error
        assert not folder.manifest.exists() and not folder.summary.exists()

    before = files(folder)
    for _ in range(2):
        interrupted()
    with pytest.raises(GanbalError), replacing(folder):
        raise GanbalError("too few")
    assert files(folder) == before
    interrupted()
    with replacing(folder):
        assert not (folder.root / "A" / "synthetic_0_0.png").exists(), "of the interrupted attempt"
        fill(folder.root, "new", 1)
    assert set(files(folder).values()) == {"mine", "new"}
    with pytest.raises(GanbalError), replacing(folder):
        raise GanbalError("too few")
    assert set(files(folder).values()) == {"mine", "new"}, "the last ones, not those before"


def test_a_failure_without_earlier_images_leaves_none(tmp_path):
    folder = SyntheticFolder(tmp_path)
    with pytest.raises(GanbalError), replacing(folder):
        fill(tmp_path, "new", 2, with_manifest=False)
        raise GanbalError("too few")
    assert files(folder) == {}
