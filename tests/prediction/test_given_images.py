import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ganbal.data.decoding import USUAL
from ganbal.errors import InputError
from ganbal.prediction.given_images import find_given, read_given
from ganbal.synthesis.synthetic_png import MARK


def bomb(path, side=20_000):
    """A PNG of a few bytes that claims 400 million pixels."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b""))
    return path


def test_folders_give_their_images_in_order_and_files_are_taken_once(pictures):
    found, warnings = find_given([pictures / "light.jpeg", pictures, pictures / "notes.txt"])
    assert warnings == []
    names = ["light.jpeg", "below/synthetic.png", "dark.png", "notes.txt"]
    assert [file.relative_to(pictures).as_posix() for file in found] == names


def test_images_are_resized_and_the_mark_is_seen(pictures):
    given = {image.file.name: image for image in read_given(find_given([pictures])[0], 16, USUAL)}
    assert given["dark.png"].pixels.shape == (16, 16) and (given["dark.png"].pixels == 60).all()
    assert {name for name, image in given.items() if image.is_synthetic} == {"synthetic.png"}


def test_the_mark_in_a_jpeg_comment(tmp_path):
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "grid.jpg", comment=MARK)
    (image,) = read_given([tmp_path / "grid.jpg"], 16, USUAL)
    assert image.is_synthetic


def test_unreadable_files_have_a_reason(pictures, tmp_path):
    files = [pictures / "notes.txt", bomb(tmp_path / "bomb.png"), tmp_path / "empty.png"]
    files[2].touch()
    problems = [image.problem for image in read_given(files, 16, USUAL)]
    assert problems[0] == "not an image of a supported format (BMP, DICOM, GIF, JPEG, PNG, PPM, TIFF, WEBP)"
    assert "pixels" in problems[1]
    assert problems[2] == "empty file (0 bytes)"


def test_places_without_images(tmp_path):
    with pytest.raises(InputError, match=f"There is nothing at {tmp_path}/no"):
        find_given([tmp_path / "no"])
    with pytest.raises(InputError, match="There are no images"):
        find_given([tmp_path])
