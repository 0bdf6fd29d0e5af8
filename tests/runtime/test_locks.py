import os
import subprocess
import sys
import threading
import time

import pytest

from ganbal.errors import InputError
from ganbal.runtime.locks import LOCK_NAME, fcntl, folder_lock

HOLDER = """
import sys, time
from pathlib import Path
from ganbal.runtime.locks import folder_lock
with folder_lock(Path(sys.argv[1]), "counting sheep"):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds `tmp_path / "run"`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path / "run"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_process_reports_the_holder(holder, tmp_path):
    with pytest.raises(InputError, match=rf"process {holder.pid} .*counting sheep, since 20"):
        folder_lock(tmp_path / "run", "another thing").__enter__()


def test_a_killed_holder_frees_the_folder(holder, tmp_path):
    holder.kill()
    holder.wait()
    with folder_lock(tmp_path / "run", "continuing"):
        assert str(os.getpid()) in (tmp_path / "run" / LOCK_NAME).read_text()
    assert list((tmp_path / "run").iterdir()) == [], "no lock file stays behind"


def test_waiting_for_the_holder(holder, tmp_path):
    sentences = []
    threading.Timer(0.5, holder.kill).start()
    start = time.monotonic()
    with folder_lock(tmp_path / "run", "waiting", on_wait=sentences.append):
        assert time.monotonic() - start > 0.3
    assert len(sentences) == 1 and f"process {holder.pid}" in sentences[0]


def test_only_one_of_many_at_a_time(tmp_path):
    """The lock file is deleted on release; a waiting thread must not lock a deleted file beside a new one."""
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with folder_lock(tmp_path, "work", on_wait=lambda sentence: None):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.002)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_without_flock_there_is_a_warning(tmp_path, monkeypatch, caplog):
    def unsupported(*arguments: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with folder_lock(tmp_path, "work"):
        pass
    assert "No file locks" in caplog.text
