import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from classifiers.tensor_files import UnreadableTensorFileError, content_digest, read_tensors, write_tensors

TENSORS = {
    "kernel": torch.arange(12, dtype=torch.float32).reshape(3, 4),
    "counter": torch.tensor(7),
    "none": torch.zeros(0, 5, dtype=torch.float64),
    "half": torch.ones(3, dtype=torch.bfloat16),
}
METADATA = {"model": "vgg16", "steps": 3, "history": [{"loss": 0.5}]}


def test_what_is_read_is_what_was_written(tmp_path, write_bytes):
    file = tmp_path / "new" / "a.safetensors"
    write_tensors(file, TENSORS | {"strided": torch.arange(6).reshape(2, 3).T}, write_bytes, METADATA)
    tensors, metadata = read_tensors(file)
    assert metadata == METADATA
    assert tensors.keys() == {*TENSORS, "strided"}
    assert all(
        torch.equal(tensors[name], tensor) and tensors[name].dtype == tensor.dtype for name, tensor in TENSORS.items()
    )
    assert tensors["strided"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_equal_content_gives_equal_bytes_in_another_process(tmp_path, write_bytes):
    """safetensors writes several metadata entries in an order that differs between processes."""
    program = (
        "import sys, torch; from pathlib import Path; from classifiers.tensor_files import write_tensors\n"
        "values = dict.fromkeys(['e', 'd', 'c', 'b', 'a'], 1)\n"
        "tensors = {name: torch.ones(3) for name in values}\n"
        "write_tensors(Path(sys.argv[1]), tensors, lambda file, content: file.write_bytes(content), values)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "theirs")], check=True)
    names = ["a", "b", "c", "d", "e"]
    write_tensors(tmp_path / "ours", {name: torch.ones(3) for name in names}, write_bytes, dict.fromkeys(names, 1))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_every_flipped_bit_is_found(tmp_path, write_bytes):
    file = tmp_path / "a.safetensors"
    write_tensors(file, TENSORS, write_bytes, METADATA)
    content = file.read_bytes()
    for place in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        try:
            tensors, metadata = read_tensors(file)
        except UnreadableTensorFileError:
            continue
        # A space in the header may become another one; then nothing that is read has changed.
        assert metadata == METADATA and content_digest(tensors) == content_digest(TENSORS)


def test_files_that_are_missing_cut_or_of_other_programs(tmp_path, write_bytes):
    file = tmp_path / "a.safetensors"
    with pytest.raises(UnreadableTensorFileError):
        read_tensors(file)
    write_tensors(file, TENSORS, write_bytes)
    whole = file.read_bytes()
    for length in (0, 5, 100, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(UnreadableTensorFileError):
            read_tensors(file)
    save_file({"a": torch.zeros(2)}, file)
    with pytest.raises(UnreadableTensorFileError):
        read_tensors(file)


def test_a_damaged_cache_file_counts_as_missing_and_makes_room(tensor_cache, damage):
    assert tensor_cache.load("a") is None
    tensor_cache.save("a", TENSORS, METADATA)
    assert tensor_cache.names() == ["a"]
    assert tensor_cache.load("a").metadata == METADATA
    damage(tensor_cache.folder / "a.safetensors")
    assert not tensor_cache.is_sound("a")
    assert tensor_cache.load("a") is None
    assert tensor_cache.names() == []
