import os
import time
from dataclasses import replace

import numpy as np
import pytest

from ganbal.data import pixel_cache as cache_module
from ganbal.data.decoding import decode_file
from ganbal.data.discovery import find_images
from ganbal.data.pixel_cache import DecodedCache, Unreadable
from ganbal.errors import GanbalError
from ganbal.runtime.console import Console


@pytest.fixture
def root(tmp_path, make_images):
    return make_images(tmp_path / "set", [*(f"A/{n}.png" for n in range(5)), *(f"B/{n}.png" for n in range(40))])


@pytest.fixture
def decoded(monkeypatch):
    """The (name, sizes) of every file that is decoded."""
    seen = []

    def note(path, sizes_px):
        seen.append((path.name, tuple(sizes_px)))
        return decode_file(path, sizes_px)

    monkeypatch.setattr(cache_module, "decode_file", note)
    return seen


def open_cache(root, tmp_path):
    return DecodedCache(find_images(root), tmp_path / "cache", Console(quiet=True))


def folders(tmp_path):
    return sorted((tmp_path / "cache/decoded").iterdir())


def test_rows_are_the_files_in_order(root, tmp_path):
    cache = open_cache(root, tmp_path)
    cache.prepare([8, 16])
    names = [facts.file_name for facts in cache.index.readable]
    assert names == [image.file_name for image in find_images(root).images]
    for size in (8, 16):
        pixels = cache.pixels(size)
        assert isinstance(pixels, np.memmap)
        assert (pixels.shape, pixels.dtype, pixels.flags.writeable) == ((45, size, size), np.uint8, False)
        for row, name in enumerate(names):
            np.testing.assert_array_equal(pixels[row], decode_file(root / name, [size]).squares[size])


def test_facts_of_a_file(root, tmp_path):
    cache = open_cache(root, tmp_path)
    cache.prepare([])
    first = cache.index.readable[0]
    assert (first.file_name, first.width_px, first.height_px, first.mode) == ("A/0.png", 12, 10, "L")
    assert first.sha256 == decode_file(root / "A/0.png", []).sha256


def test_opened_again_nothing_is_decoded(root, tmp_path, decoded):
    open_cache(root, tmp_path).prepare([8, 16])
    assert len(decoded) == 45  # both sizes at once
    decoded.clear()
    again = open_cache(root, tmp_path)
    again.prepare([16, 8])
    assert again.pixels(8).shape == (45, 8, 8)
    assert decoded == []


def test_a_further_size_decodes_only_that(root, tmp_path, decoded):
    open_cache(root, tmp_path).prepare([8])
    decoded.clear()
    cache = open_cache(root, tmp_path)
    cache.prepare([8, 16])
    assert {sizes for _, sizes in decoded} == {(16,)}
    decoded.clear()
    assert cache.pixels(5).shape == (45, 5, 5)
    assert {sizes for _, sizes in decoded} == {(5,)}


@pytest.mark.parametrize("change", ["content", "time", "new file", "file gone", "permissions"])
def test_changed_files_are_decoded_anew_and_the_old_ones_forgotten(root, tmp_path, decoded, make_images, change):
    open_cache(root, tmp_path).prepare([8])
    (before,) = folders(tmp_path)
    decoded.clear()
    file = root / "A/0.png"
    if change == "content":
        file.write_bytes(file.read_bytes() + b"more")
    elif change == "time":
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    elif change == "new file":
        make_images(root, ["A/new.png"])
    elif change == "file gone":
        file.unlink()
    else:
        file.chmod(0o600)
    open_cache(root, tmp_path).prepare([8])
    assert len(decoded) == len(find_images(root).images)
    (after,) = folders(tmp_path)
    assert before != after


def test_another_source_leaves_this_one_alone(root, tmp_path, make_images, decoded):
    other = make_images(tmp_path / "other", ["A/1.png", "B/1.png"])
    open_cache(root, tmp_path).prepare([8])
    open_cache(other, tmp_path).prepare([8])
    decoded.clear()
    open_cache(root, tmp_path).prepare([8])
    assert decoded == []
    assert len(folders(tmp_path)) == 2


def test_unreadable_files_have_no_rows(root, tmp_path):
    (root / "A/2.png").write_bytes(b"")
    (root / "B/7.png").write_text("text")
    cache = open_cache(root, tmp_path)
    cache.prepare([8])
    assert cache.index.unreadable == (
        Unreadable("A/2.png", "empty file (0 bytes)"),
        Unreadable("B/7.png", "not a JPEG, PNG, BMP or TIFF image"),
    )
    assert cache.pixels(8).shape == (43, 8, 8)
    names = [facts.file_name for facts in cache.index.readable]
    np.testing.assert_array_equal(cache.pixels(8)[2], decode_file(root / names[2], [8]).squares[8])
    assert names[2] == "A/3.png"
    assert open_cache(root, tmp_path).pixels(16).shape == (43, 16, 16)


def test_a_set_with_no_readable_file(root, tmp_path):
    for file in root.rglob("*.png"):
        file.write_bytes(b"")
    cache = open_cache(root, tmp_path)
    cache.prepare([8])
    assert cache.index.readable == ()
    assert len(cache.index.unreadable) == 45


def test_stopped_halfway_nothing_is_left_but_whole_files(root, tmp_path, monkeypatch, decoded):
    open_cache(root, tmp_path).prepare([8])

    def interrupt(path, sizes_px):
        if path.name == "30.png":
            raise KeyboardInterrupt
        return decode_file(path, sizes_px)

    monkeypatch.setattr(cache_module, "decode_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_cache(root, tmp_path).prepare([16])
    (folder,) = folders(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", "pixels_8.npy"]
    monkeypatch.setattr(cache_module, "decode_file", decode_file)
    assert open_cache(root, tmp_path).pixels(16).shape == (45, 16, 16)


@pytest.mark.parametrize("damage", ["short", "header", "other shape", "index", "index of another version"])
def test_a_damaged_cache_is_made_again(root, tmp_path, damage):
    open_cache(root, tmp_path).prepare([8])
    (folder,) = folders(tmp_path)
    pixels, index = folder / "pixels_8.npy", folder / "index.json"
    if damage == "short":
        pixels.write_bytes(pixels.read_bytes()[:-100])
    elif damage == "header":
        pixels.write_bytes(b"nonsense")
    elif damage == "other shape":
        np.save(pixels, np.zeros((3, 8, 8), np.uint8))
    elif damage == "index":
        index.write_text('{"readable": [')
    else:
        index.write_text('{"readable": [{"name": 1}], "unreadable": []}')
    cache = open_cache(root, tmp_path)
    cache.prepare([8])
    np.testing.assert_array_equal(cache.pixels(8)[0], decode_file(root / "A/0.png", [8]).squares[8])


def test_files_that_change_under_way_are_noticed(root, tmp_path, monkeypatch):
    cache = open_cache(root, tmp_path)
    cache.prepare([8])

    def other_content(path, sizes_px):
        return replace(decode_file(path, sizes_px), sha256="0" * 64)

    monkeypatch.setattr(cache_module, "decode_file", other_content)
    with pytest.raises(GanbalError, match="changed while they were being read"):
        cache.pixels(16)
    (folder,) = folders(tmp_path)
    assert not (folder / "pixels_16.npy").exists()


def test_a_cache_that_cannot_be_written(root, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(GanbalError, match="Decoded images cannot be kept in"):
        open_cache(root, tmp_path).prepare([8])


def test_what_a_killed_process_left_is_swept_away_after_an_hour(root, tmp_path):
    open_cache(root, tmp_path).prepare([8])
    (folder,) = folders(tmp_path)
    old, young = folder / ".pixels_16-old.npy", folder / ".pixels_16-young.npy"
    for leftover in (old, young):
        leftover.write_bytes(b"half")
    two_hours_ago = time.time() - 2 * 3600
    os.utime(old, (two_hours_ago, two_hours_ago))
    open_cache(root, tmp_path).prepare([16])
    assert not old.exists()
    assert young.exists()
