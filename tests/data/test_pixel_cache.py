import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ganbal.data import image_reading
from ganbal.data.decoding import decode_file
from ganbal.data.discovery import find_images
from ganbal.data.pixel_cache import DecodedCache
from ganbal.data.pixel_index import UnreadableFile
from ganbal.errors import GanbalError
from ganbal.runtime.console import Console


@pytest.fixture
def root(tmp_path, make_images):
    return make_images(tmp_path / "set", [*(f"A/{n}.png" for n in range(5)), *(f"B/{n}.png" for n in range(40))])


@pytest.fixture
def decoded(monkeypatch):
    """The (name, sizes) of every file that is decoded."""
    seen = []

    def note(path, sizes_px, conversion):
        seen.append((path.name, tuple(sizes_px)))
        return decode_file(path, sizes_px, conversion)

    monkeypatch.setattr(image_reading, "decode_file", note)
    return seen


def open_cache(root, tmp_path):
    return DecodedCache(find_images(root), tmp_path / "cache", Console(quiet=True))


def folders(tmp_path):
    """One per data set and list of its files."""
    return sorted(path for path in (tmp_path / "cache/decoded").glob("*/*") if path.is_dir())


def test_rows_are_the_files_in_order(root, tmp_path):
    cache = open_cache(root, tmp_path)
    cache.prepare([8, 16])
    names = [file.file_name for file in cache.index.readable]
    assert names == [image.file_name for image in find_images(root).images]
    for size in (8, 16):
        pixels = cache.pixels(size)
        assert isinstance(pixels, np.memmap)
        assert (pixels.shape, pixels.dtype, pixels.flags.writeable) == ((45, size, size), np.uint8, False)
        for row, name in enumerate(names):
            np.testing.assert_array_equal(pixels[row], decode_file(root / name, [size]).squares[size])


def test_properties_of_a_file(root, tmp_path):
    cache = open_cache(root, tmp_path)
    cache.prepare([])
    first = cache.index.readable[0]
    assert (first.file_name, first.width_px, first.height_px, first.mode) == ("A/0.png", 12, 10, "L")
    assert first.sha256 == decode_file(root / "A/0.png", []).sha256


def test_further_pages_are_known_from_the_cache_too(root, tmp_path):
    pages = [Image.new("L", (8, 8), value) for value in (10, 20)]
    pages[0].save(root / "A/pages.tif", save_all=True, append_images=pages[1:])
    for _ in range(2):
        cache = open_cache(root, tmp_path)
        cache.prepare([8])
        assert [file.file_name for file in cache.index.readable if file.has_several_pages] == ["A/pages.tif"]


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


@pytest.mark.parametrize("change", ["content", "new file", "file gone"])
def test_changed_files_are_decoded_again(root, tmp_path, decoded, make_images, write_image, change):
    open_cache(root, tmp_path).prepare([8])
    decoded.clear()
    if change == "content":
        write_image(root / "A/0.png", value=9)
    elif change == "new file":
        make_images(root, ["A/new.png"])
    else:
        (root / "A/0.png").unlink()
    cache = open_cache(root, tmp_path)
    cache.prepare([8])
    assert len(decoded) == len(find_images(root).images)
    assert len(folders(tmp_path)) == 1
    for row, file in enumerate(cache.index.readable):
        np.testing.assert_array_equal(cache.pixels(8)[row], decode_file(root / file.file_name, [8]).squares[8])


@pytest.mark.parametrize("age_s", [0, 3600])
def test_swapped_files_with_equal_names_sizes_and_times_are_noticed(tmp_path, write_image, age_s):
    root = tmp_path / "set"
    first, second = write_image(root / "A/1.bmp", value=10), write_image(root / "B/2.bmp", value=200)
    then = time.time_ns() - age_s * 10**9
    for file in (first, second):
        os.utime(file, ns=(then, then))
    assert open_cache(root, tmp_path).pixels(8)[0, 0, 0] == 10
    contents = first.read_bytes(), second.read_bytes()
    for file, content in zip((second, first), contents, strict=True):
        file.write_bytes(content)
        os.utime(file, ns=(then, then))
    assert open_cache(root, tmp_path).pixels(8)[:, 0, 0].tolist() == [200, 10]


@pytest.mark.parametrize("change", ["time", "permissions", "copy"])
def test_files_with_other_times_but_the_same_content_are_not_decoded_again(root, tmp_path, decoded, change):
    open_cache(root, tmp_path).prepare([8])
    decoded.clear()
    file = root / "A/0.png"
    if change == "time":
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    elif change == "permissions":
        file.chmod(0o600)
    else:
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)
    open_cache(root, tmp_path).prepare([8])
    assert decoded == []


def test_another_source_does_not_change_this_one(root, tmp_path, make_images, decoded):
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
        UnreadableFile("A/2.png", "empty file (0 bytes)"),
        UnreadableFile("B/7.png", "not an image of a supported format (BMP, DICOM, GIF, JPEG, PNG, PPM, TIFF, WEBP)"),
    )
    assert cache.pixels(8).shape == (43, 8, 8)
    names = [file.file_name for file in cache.index.readable]
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


def test_after_an_interruption_only_complete_files_are_left(root, tmp_path, monkeypatch, decoded):
    open_cache(root, tmp_path).prepare([8])

    def interrupt(path, sizes_px, intensity):
        if path.name == "30.png":
            raise KeyboardInterrupt
        return decode_file(path, sizes_px)

    monkeypatch.setattr(image_reading, "decode_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_cache(root, tmp_path).prepare([16])
    (folder,) = folders(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", "pixels_8.npy"]
    monkeypatch.setattr(image_reading, "decode_file", decode_file)
    assert open_cache(root, tmp_path).pixels(16).shape == (45, 16, 16)


@pytest.mark.parametrize("damage", ["short", "header", "other shape", "zeros", "one bit"])
def test_damaged_pixels_are_noticed_and_made_again(root, tmp_path, damage):
    open_cache(root, tmp_path).prepare([8])
    (folder,) = folders(tmp_path)
    pixels = folder / "pixels_8.npy"
    content = bytearray(pixels.read_bytes())
    if damage == "short":
        pixels.write_bytes(content[:-100])
    elif damage == "header":
        pixels.write_bytes(b"nonsense")
    elif damage == "other shape":
        np.save(pixels, np.zeros((3, 8, 8), np.uint8))
    elif damage == "zeros":
        pixels.write_bytes(content[:128] + bytes(len(content) - 128))
    else:
        content[-5] ^= 1
        pixels.write_bytes(content)
    console = Console(quiet=True)
    cache = DecodedCache(find_images(root), tmp_path / "cache", console)
    cache.prepare([8])
    for row in (0, 44):
        name = cache.index.readable[row].file_name
        np.testing.assert_array_equal(cache.pixels(8)[row], decode_file(root / name, [8]).squares[8])
    assert console.warnings == [f"{pixels} is damaged; the images are decoded again."]


@pytest.mark.parametrize("damage", ["truncated", "other fields", "changed number", "not an object"])
def test_a_damaged_index_is_noticed_and_made_again(root, tmp_path, damage):
    open_cache(root, tmp_path).prepare([8])
    (folder,) = folders(tmp_path)
    index = folder / "index.json"
    text = index.read_text()
    index.write_text(
        {
            "truncated": text[: len(text) // 2],
            "other fields": '{"readable": [{"name": 1}], "unreadable": []}',
            "changed number": text.replace('"width_px": 12', '"width_px": 13', 1),
            "not an object": "[1]",
        }[damage]
    )
    cache = open_cache(root, tmp_path)
    cache.prepare([8])
    assert {file.width_px for file in cache.index.readable} == {12}
    np.testing.assert_array_equal(cache.pixels(8)[0], decode_file(root / "A/0.png", [8]).squares[8])


def test_deep_images_of_one_set_share_one_range(tmp_path):
    (tmp_path / "set/A").mkdir(parents=True)
    (tmp_path / "set/B").mkdir()
    for name, value in (("A/1.png", 4000), ("B/2.png", 9000)):
        Image.fromarray(np.full((8, 8), value, np.uint16)).save(tmp_path / "set" / name)
    cache = open_cache(tmp_path / "set", tmp_path)
    assert cache.pixels(8)[:, 0, 0].tolist() == [62, 140]  # 4000 and 9000 of 16383: 62.3 and 140.1 of 255
    assert (cache.index.conversion.intensity, cache.index.num_deep) == ((0, 16383), 2)
    narrow = DecodedCache(find_images(tmp_path / "set"), tmp_path / "c", Console(quiet=True), intensity=(3900, 4155))
    assert narrow.pixels(8)[:, 0, 0].tolist() == [100, 255]
    again = DecodedCache(find_images(tmp_path / "set"), tmp_path / "c", Console(quiet=True), intensity=(3900, 4155))
    again.prepare([8])
    assert again.index.conversion.intensity == (3900, 4155)


def test_a_full_disk_ends_in_an_error_that_names_the_folder(root, tmp_path, monkeypatch):
    def refuse(content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ganbal.data.pixel_cache.write_json", lambda *_: refuse(b""))
    with pytest.raises(GanbalError, match="cannot be"):
        open_cache(root, tmp_path).prepare([8])
    monkeypatch.undo()
    assert open_cache(root, tmp_path).pixels(8).shape == (45, 8, 8)


def test_two_processes_decode_one_set_once(root, tmp_path):
    code = (
        "import sys; from pathlib import Path; from ganbal.data.discovery import find_images\n"
        "from ganbal.data.pixel_cache import DecodedCache; from ganbal.runtime.console import Console\n"
        "cache = DecodedCache(find_images(Path(sys.argv[1])), Path(sys.argv[2]), Console(quiet=True))\n"
        "print(int(cache.pixels(8).sum(dtype='int64')), [p.stat().st_ino for p in Path(sys.argv[2]).rglob('*.npy')])"
    )
    arguments = [sys.executable, "-c", code, str(root), str(tmp_path / "cache")]
    running = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in running]
    assert outputs[0] == outputs[1] != ""


def test_files_that_change_under_way_are_noticed(root, tmp_path, monkeypatch):
    cache = open_cache(root, tmp_path)
    cache.prepare([8])

    def other_content(path, sizes_px, intensity):
        return replace(decode_file(path, sizes_px), sha256="0" * 64)

    monkeypatch.setattr(image_reading, "decode_file", other_content)
    with pytest.raises(GanbalError, match="changed while they were being read"):
        cache.pixels(16)
    (folder,) = folders(tmp_path)
    assert not (folder / "pixels_16.npy").exists()


def test_a_cache_that_cannot_be_written(root, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(GanbalError, match="Decoded images cannot be kept in"):
        open_cache(root, tmp_path).prepare([8])


def test_what_a_killed_process_left_is_deleted(root, tmp_path):
    open_cache(root, tmp_path).prepare([8])
    (folder,) = folders(tmp_path)
    (folder / ".pixels_16-left.npy").write_bytes(b"half")
    open_cache(root, tmp_path).prepare([16])
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", "pixels_16.npy", "pixels_8.npy"]
