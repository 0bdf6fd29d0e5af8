import math
import os
import resource
import subprocess
import sys

import pytest

from ganbal.runtime.atomic_files import atomic_path, read_json, remove_leftovers, write_json, write_text


def test_a_failure_leaves_the_old_content_and_no_other_file(tmp_path):
    target = tmp_path / "result.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError, match="broke"), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("broke")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_missing_folders_are_made(tmp_path):
    write_json(tmp_path / "a" / "b.json", {"x": [1, 2]})
    assert read_json(tmp_path / "a" / "b.json") == {"x": [1, 2]}


def test_nan_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_json(tmp_path / "x.json", {"x": math.nan})
    assert not (tmp_path / "x.json").exists()


def test_others_may_read_what_is_written(tmp_path):
    write_text(tmp_path / "x.txt", "x")
    assert (tmp_path / "x.txt").stat().st_mode & 0o444 == 0o444


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))


WRITERS = """
import numpy as np, safetensors.torch, torch
from pathlib import Path
from PIL import Image
from ganbal.errors import GanbalError
from ganbal.runtime.atomic_files import atomic_path, write_text

def write(save):
    try:
        with atomic_path(Path("result.npy")) as path:
            save(path)
    except GanbalError as error:
        print(error)

write(lambda path: path.write_text("x" * 20_000))
write(lambda path: torch.save({"x": torch.zeros(9_000)}, path))
write(lambda path: safetensors.torch.save_file({"x": torch.zeros(9_000)}, path))
write(lambda path: np.save(path, np.zeros(9_000)))
write(lambda path: Image.effect_noise((200, 200), 90).save(path, format="PNG"))
"""


def test_a_file_that_cannot_be_written_is_named_with_the_reason(tmp_path):
    """A limit on file sizes stands for a full disk: the libraries report both in the same ways."""
    done = subprocess.run(
        [sys.executable, "-c", WRITERS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limit_file_size,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 5, done.stderr
    assert all(line.startswith("result.npy cannot be written: ") and "limit on file sizes" in line for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_killed_processes_are_removed_and_those_of_running_ones_stay(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from ganbal.runtime.atomic_files import atomic_path, scratch_folder
root = Path({str(tmp_path)!r})
with atomic_path(root / "a" / "last.pt") as path, scratch_folder(root, "computing") as folder:
    path.write_text("half")
    (folder / "0.npy").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(tmp_path.glob("a/.last-*.pt"))) == len(list(tmp_path.glob(".computing-*"))) == 1
    (tmp_path / ".gitignore").write_text("mine")
    with atomic_path(tmp_path / "b.txt") as ours:
        remove_leftovers(tmp_path)
        assert ours.exists()
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".gitignore", "a", "b.txt"]


def test_paths_that_are_no_utf8_survive_json(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    write_json(tmp_path / "x.json", {"root": name, "class": "é"})
    assert read_json(tmp_path / "x.json") == {"root": name, "class": "é"}
