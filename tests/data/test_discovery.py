import os
from pathlib import Path

import pytest

from ganbal.config import DataConfig
from ganbal.data.discovery import find_images
from ganbal.errors import InputError


def test_a_path_with_a_nul_byte():
    with pytest.raises(InputError, match="cannot be read: embedded null byte"):
        find_images(Path("a\0b"))


def test_a_path_that_is_too_long(tmp_path):
    with pytest.raises(InputError, match="cannot be read: file name too long"):
        find_images(tmp_path / ("x" * 300))


@pytest.mark.parametrize("name", ["set", "set.csv"])
def test_a_pipe_is_not_opened(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="is a pipe, socket or device"):
        find_images(tmp_path / name)


def test_a_file_of_another_kind(tmp_path):
    (tmp_path / "set.rar").write_bytes(b"Rar!")
    with pytest.raises(InputError, match="is a file of no known format"):
        find_images(tmp_path / "set.rar")


def test_a_column_of_patients_is_for_csv_files(tmp_path, make_images):
    with pytest.raises(InputError, match=r"data\.patient_column is set, but .* is a folder"):
        find_images(make_images(tmp_path, ["A/1.png", "B/1.png"]), DataConfig(patient_column="who"))
