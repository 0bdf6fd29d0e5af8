import numpy as np
import pytest

from ganbal.config import DataConfig
from ganbal.data.locating import locate
from ganbal.errors import InputError
from ganbal.runtime.console import Console

IMAGES = np.arange(20 * 4 * 4, dtype=np.uint16).reshape(20, 4, 4).astype(np.uint8)


@pytest.fixture
def file(tmp_path):
    np.savez(tmp_path / "set.npz", images=IMAGES, labels=np.arange(20) % 2)
    return tmp_path / "set.npz"


def imported_files(tmp_path):
    return sorted((tmp_path / "cache/imports").rglob("*.png"))


def test_an_import_is_announced_and_used_again(find, file, tmp_path, capsys):
    config = DataConfig(root=file)
    first = locate(config, tmp_path / "cache", Console())
    assert "Importing set.npz (20 images) into" in capsys.readouterr().err
    written = [path.stat().st_mtime_ns for path in imported_files(tmp_path)]
    assert locate(config, tmp_path / "cache", Console()) == first
    assert "Importing" not in capsys.readouterr().err
    assert [path.stat().st_mtime_ns for path in imported_files(tmp_path)] == written


@pytest.mark.parametrize("change", ["content", "missing", "added", "record"])
def test_a_changed_import_is_made_again(find, file, tmp_path, change):
    find(file)
    before = [path.read_bytes() for path in imported_files(tmp_path)]
    damaged = imported_files(tmp_path)[3]
    match change:
        case "content":
            damaged.write_bytes(imported_files(tmp_path)[4].read_bytes())
        case "missing":
            damaged.unlink()
        case "added":
            damaged.with_name("other.png").write_bytes(b"x")
        case "record":
            next((tmp_path / "cache/imports").rglob("import.json")).write_text("{")
    find(file)
    assert [path.read_bytes() for path in imported_files(tmp_path)] == before


def test_a_copied_cache_is_not_imported_again(find, file, tmp_path, capsys):
    find(file)
    for path in imported_files(tmp_path):
        path.touch()
    locate(DataConfig(root=file), tmp_path / "cache", Console())
    assert "Importing" not in capsys.readouterr().err


def test_other_content_is_another_import(find, file):
    first = find(file).source
    np.savez(file, images=255 - IMAGES, labels=np.arange(20) % 2)
    assert find(file).source.root != first.root


def test_a_refused_import_leaves_nothing(find, file, tmp_path):
    content = bytearray(file.read_bytes())
    content[300] ^= 255  # a pixel: only the checksum says so, at the end of the array
    file.write_bytes(content)
    with pytest.raises(InputError, match="CRC"):
        find(file)
    assert imported_files(tmp_path) == []
