import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganbal.data.decoding import decode_full_size
from ganbal.data.image_limits import UnreadableImageError
from ganbal.errors import InputError
from ganbal.metrics.features.decoded_batches import decoded_chunks
from ganbal.metrics.features.extractor import same_shape_groups
from ganbal.metrics.features.images import ArrayImages, FolderImages


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, 13), dtype=np.uint8)


def test_nested_folders_and_any_ending(tmp_path: Path, pixels: np.ndarray) -> None:
    for name in ["b.PNG", "a.Jpeg", "deep/er/c.tif", "deep/d.bmp"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "._a.png").write_bytes(b"a Macintosh leftover")
    assert FolderImages(tmp_path).names == ["a.Jpeg", "b.PNG", "deep/d.bmp", "deep/er/c.tif"]


def test_a_missing_or_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder at"):
        FolderImages(tmp_path / "missing")
    with pytest.raises(InputError, match=r"no images in .*, at any depth"):
        FolderImages(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="a file"):
        FolderImages(tmp_path / "file")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA", "CMYK"])
def test_eight_bit_modes_are_what_pytorch_fid_sees(tmp_path: Path, pixels: np.ndarray, mode: str) -> None:
    file = tmp_path / ("image.tif" if mode == "CMYK" else "image.png")
    colors = Image.fromarray(np.stack([pixels, pixels[::-1], pixels[:, ::-1]], axis=-1))
    colors.convert(mode).save(file)
    expected = np.asarray(Image.open(file).convert("RGB"))
    found = decode_full_size(file)
    assert found.shape == ((9, 13) if mode in ("L", "1", "LA") else (9, 13, 3))
    np.testing.assert_array_equal(found if found.ndim == 3 else np.stack([found] * 3, axis=-1), expected)


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 257, 65535]], dtype=np.uint16)).save(tmp_path / "deep.png")
    assert decode_full_size(tmp_path / "deep.png").tolist() == [[0, 1, 255]]
    Image.fromarray(np.array([[0, 4095]], dtype=np.uint16)).save(tmp_path / "twelve.png")
    assert decode_full_size(tmp_path / "twelve.png").tolist() == [[0, 255]]


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_what_is_no_image_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(UnreadableImageError, match=r"."):
        decode_full_size(tmp_path / "x.png")


def test_the_digest_follows_contents_not_names(tmp_path: Path, write_pngs: Callable, pixels: np.ndarray) -> None:
    first = FolderImages(write_pngs(tmp_path / "a", np.stack([pixels, pixels.T[:9, :9].repeat(2, 1)[:, :13]])))
    digest = first.digest()
    (tmp_path / "a").rename(tmp_path / "b")
    assert FolderImages(tmp_path / "b").digest() == digest
    Image.fromarray(255 - pixels).save(tmp_path / "b" / "image_0000.png")
    assert FolderImages(tmp_path / "b").digest() != digest


def test_the_digest_of_an_array_follows_its_values() -> None:
    images = np.zeros((300, 4, 4), dtype=np.uint8)
    before = ArrayImages(images, name="x").digest()
    changed = images.copy()
    changed[299, 3, 3] = 1
    assert ArrayImages(changed, name="x").digest() != before
    assert ArrayImages(images.reshape(300, 2, 8), name="x").digest() != before


def test_batches_keep_the_order_and_name_the_unreadable(tmp_path: Path, write_pngs: Callable) -> None:
    folder = write_pngs(tmp_path, np.arange(7, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2))
    (folder / "image_0003.png").write_bytes(b"broken")
    chunks = list(decoded_chunks(FolderImages(folder), batch_size=3))
    assert [[int(image[0, 0]) for image in chunk.images] for chunk in chunks] == [[0, 1, 2], [4, 5], [6]]
    assert all(chunk.ends_batch for chunk in chunks)
    assert [entry.row for chunk in chunks for entry in chunk.unreadable] == [3]


class CountingImages(ArrayImages):
    """Counts the images that were read and not consumed yet."""

    outstanding = most = 0

    def read(self, index: int) -> np.ndarray:
        self.outstanding += 1
        self.most = max(self.most, self.outstanding)
        return super().read(index)


def test_bytes_of_decoded_images_are_bounded() -> None:
    source = CountingImages(np.arange(40, dtype=np.uint8)[:, None, None].repeat(10, 1).repeat(10, 2), name="x")
    found, ends = [], []
    for chunk in decoded_chunks(source, batch_size=16, max_bytes=450):  # four images of 100 bytes
        assert chunk.num_bytes == 100 * len(chunk.images) <= 450
        found += [int(image[0, 0]) for image in chunk.images]
        ends += [len(found)] * chunk.ends_batch
        source.outstanding -= len(chunk.images)
    assert found == list(range(40)) and ends == [16, 32, 40]
    assert source.most <= 4
    # An image larger than the limit is decoded alone.
    assert [len(chunk.images) for chunk in decoded_chunks(source, batch_size=16, max_bytes=50)] == [1] * 40


class SlowImages(ArrayImages):
    """Notes the threads that read."""

    def __init__(self, side: int) -> None:
        super().__init__(np.zeros((40, side, side), dtype=np.uint8), name="x")
        self.threads: set[int] = set()

    def read(self, index: int) -> np.ndarray:
        self.threads.add(threading.get_ident())
        time.sleep(0.01)
        return super().read(index)


def test_small_images_are_decoded_by_few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganbal.metrics.features.decoded_batches.decoding_threads", lambda: 12)
    small, large = SlowImages(side=16), SlowImages(side=800)
    for source in (small, large):
        assert sum(len(chunk.images) for chunk in decoded_chunks(source, batch_size=16)) == 40
    assert len(small.threads) <= 4 < len(large.threads) <= 12


def test_groups_of_one_shape_keep_the_order() -> None:
    images = [np.full((2, 2), 1), np.full((2, 2), 2), np.full((2, 2, 3), 3), np.full((2, 2), 4)]
    groups = list(same_shape_groups([image.astype(np.uint8) for image in images]))
    assert [tuple(group.shape) for group in groups] == [(2, 1, 2, 2), (1, 3, 2, 2), (1, 1, 2, 2)]
    assert [int(v) for group in groups for v in group[:, 0, 0, 0]] == [1, 2, 3, 4]
