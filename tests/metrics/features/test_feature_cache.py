import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.errors import GanbalError, InputError
from ganbal.metrics.features.extractor import NetworkExtractor
from ganbal.metrics.features.feature_cache import SetFeatureCache
from ganbal.metrics.features.images import ArrayImages, FolderImages
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.frechet import distance_of_factored, frechet_distance
from ganbal.runtime.console import Console
from ganbal.runtime.memory import OutOfMemoryError

CPU = torch.device("cpu")


@pytest.fixture
def store(tmp_path: Path) -> SetFeatureCache:
    return SetFeatureCache(tmp_path / "cache", Console(quiet=True))


class CountingImages(ArrayImages):
    reads = 0

    def read(self, index: int) -> np.ndarray:
        self.reads += 1
        return super().read(index)


def test_each_image_is_decoded_once_for_all_extractors_and_never_again(
    store: SetFeatureCache, draw_chests: Callable
) -> None:
    images = draw_chests(20, 48, 0)
    source = CountingImages(images, name="x")
    first = store.features(source, [untrained_extractor(CPU), thumbnail_extractor(CPU)])
    assert source.reads == 20
    again = CountingImages(images, name="the same images under another name")
    second = store.features(again, [untrained_extractor(CPU), thumbnail_extractor(CPU)])
    assert again.reads == 0
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
    assert second[0].names[3] == "the same images under another name[3]"


def test_another_identity_or_other_images_are_computed(store: SetFeatureCache, draw_chests: Callable) -> None:
    images = draw_chests(8, 48, 0)
    extractor = untrained_extractor(CPU)
    store.features(ArrayImages(images, name="x"), [extractor])
    for source, other in [
        (CountingImages(images, name="x"), untrained_extractor(CPU, size_px=64)),
        (CountingImages(images, name="x"), replace(extractor, identity=replace(extractor.identity, resize="other"))),
        (CountingImages(images[::-1], name="x"), extractor),
    ]:
        store.features(source, [other])
        assert source.reads == 8


def test_mixed_sizes_and_channels_give_what_each_gives_alone(store: SetFeatureCache, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = [(40, 50), (40, 50, 3), (33, 60), (40, 50)]
    for number, shape in enumerate(shapes):
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(tmp_path / f"{number}.png")
    channels = NetworkExtractor(
        replace(untrained_extractor(CPU).identity, name="channels", dims=3),
        lambda images: torch.nn.functional.adaptive_avg_pool2d(images, 8),
        lambda images: images.expand(-1, 3, -1, -1).mean(dim=(2, 3)),
        CPU,
    )
    found = store.features(FolderImages(tmp_path), [channels], batch_size=3)[0].values
    for number, shape in enumerate(shapes):
        pixels = np.asarray(Image.open(tmp_path / f"{number}.png").convert("RGB"), dtype=np.float32) / 255
        tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]
        expected = torch.nn.functional.adaptive_avg_pool2d(tensor, 8).mean(dim=(2, 3))[0]
        np.testing.assert_allclose(found[number], expected.numpy(), rtol=1e-5, err_msg=str(shape))


def test_unreadable_images_are_left_out_and_reported(
    tmp_path: Path, draw_chests: Callable, write_pngs: Callable
) -> None:
    folder = write_pngs(tmp_path / "images", draw_chests(40, 40, 0))
    (folder / "image_0007.png").write_bytes(b"\x89PNG broken")
    for _ in range(2):
        console = Console(quiet=True)
        store = SetFeatureCache(tmp_path / "cache", console)
        found = store.features(FolderImages(folder), [untrained_extractor(CPU), thumbnail_extractor(CPU)])
        assert len(found[0]) == len(found[0].names) == 39
        assert "image_0007.png" not in found[0].names
        assert len(console.warnings) == 1 and "image_0007.png" in console.warnings[0]
    for number in range(3):
        (folder / f"image_{number:04d}.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"4 of 40 images of .* cannot be decoded"):
        store.features(FolderImages(folder), [untrained_extractor(CPU)])


def test_features_that_are_not_finite_are_an_error_and_leave_no_file(
    store: SetFeatureCache, draw_chests: Callable
) -> None:
    extractor = untrained_extractor(CPU)
    broken = replace(extractor, network=lambda images: extractor.network(images) * float("nan"))
    with pytest.raises(InputError, match="No score is computed"):
        store.features(ArrayImages(draw_chests(4, 40, 0), name="x"), [broken])
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_a_damaged_file_is_reported_and_computed_again(store: SetFeatureCache, draw_chests: Callable) -> None:
    source = ArrayImages(draw_chests(4, 40, 0), name="x")
    values = np.array(store.features(source, [untrained_extractor(CPU)])[0].values)
    (file,) = store.root.glob("*.npy")
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    for damaged in (bytes(content), bytes(content[:200]), b""):
        file.write_bytes(damaged)
        console = Console(quiet=True)
        again = SetFeatureCache(store.root.parent, console).features(source, [untrained_extractor(CPU)])
        np.testing.assert_array_equal(again[0].values, values)
        assert "are damaged; they are computed again" in console.warnings[0]


def test_the_factor_of_a_large_set_is_kept(
    store: SetFeatureCache, draw_chests: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganbal.metrics.features.feature_cache.BLOCK_ROWS", 12)
    monkeypatch.setattr("ganbal.metrics.moments.BLOCK_ROWS", 12)
    extractor = replace(
        untrained_extractor(CPU),
        identity=replace(untrained_extractor(CPU).identity, name="few", dims=4),
        network=lambda images: torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1),
    )
    sides = [store.features(ArrayImages(draw_chests(30, 40, seed), name="x"), [extractor])[0] for seed in (0, 1)]
    expected = frechet_distance(*(side.values for side in sides))
    for _ in range(2):
        assert distance_of_factored(*(store.factored(side) for side in sides)) == pytest.approx(expected)
    files = list(store.root.glob("*-factor.npz"))
    assert len(files) == 2
    files[0].write_bytes(b"broken")
    again = SetFeatureCache(store.root.parent, store.console)
    assert distance_of_factored(*(again.factored(side) for side in sides)) == pytest.approx(expected)
    assert any("are damaged; they are computed again" in text for text in store.console.warnings)


def test_exhausted_memory_names_the_setting(store: SetFeatureCache, draw_chests: Callable) -> None:
    def exhausted(images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    broken = replace(untrained_extractor(CPU), network=exhausted)
    with pytest.raises(OutOfMemoryError, match=r"score\.batch_size"):
        store.features(ArrayImages(draw_chests(4, 40, 0), name="x"), [broken])
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def test_large_images_are_resized_one_channel_at_a_time_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 90, 110), dtype=np.uint8))
    for extractor in (untrained_extractor(CPU), thumbnail_extractor(CPU)):
        expected = extractor.prepare(images)
        with monkeypatch.context() as patch:
            patch.setattr("ganbal.metrics.features.extractor._LARGE_PIXELS", 50)
            torch.testing.assert_close(extractor.prepare(images), expected)


def test_space_is_reserved_before_anything_is_computed(store: SetFeatureCache, tmp_path: Path) -> None:
    source = CountingImages(np.zeros((100, 32, 32), np.uint8), name="x")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))  # the features need 100 · 1024 · 4 bytes
    try:
        with pytest.raises(GanbalError, match=r"Features cannot be kept in .*: the file would exceed the limit"):
            store.features(source, [thumbnail_extractor(CPU)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert source.reads == 0
    assert not list(tmp_path.rglob("*.npy"))
