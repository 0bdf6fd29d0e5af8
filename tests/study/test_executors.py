import importlib
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from ganbal.errors import GanbalError, InputError, InterruptedBySignal
from ganbal.study.executors import ProcessExecutor, RayExecutor

# Functions of a module that workers can import, which a test module is not.
TASKS = """
import os, signal, time
from ganbal.errors import InputError

def leave_a_file(path):
    path.write_text(str(os.getpid()))

def refuse(path):
    raise InputError(found=f"{path.name} is too small.", expected="A larger one is needed.", action="Take another.")

def die(path):
    os.kill(os.getpid(), signal.SIGKILL)

def take_long(path):
    leave_a_file(path)
    time.sleep(60)
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    name = f"tasks_of_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module(name)


def carry_on() -> None:
    """Nothing to do while waiting."""


def paths(folder: Path, count: int) -> list[Path]:
    return [folder / f"{number}.txt" for number in range(count)]


def test_every_item_is_done_once_and_in_more_than_one_process(tasks, tmp_path):
    items = paths(tmp_path, 5)
    assert sorted(ProcessExecutor(2).each(tasks.leave_a_file, items, carry_on)) == items
    workers = {item.read_text() for item in items}
    assert 1 <= len(workers) <= 2
    assert str(os.getpid()) not in workers


def test_a_script_without_a_main_guard_runs_once(tasks, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from ganbal.study.executors import ProcessExecutor\n"
        f"from {tasks.__name__} import leave_a_file\n"
        "print('the script runs')\n"
        "items = [Path(f'{number}.txt') for number in range(3)]\n"
        "print(sorted(ProcessExecutor(2).each(leave_a_file, items, lambda: None)) == items)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["the script runs", "True"], done.stderr


def test_a_workers_refusal_reaches_the_user_in_its_three_parts(tasks, tmp_path):
    with pytest.raises(InputError, match=r"0\.txt is too small\. A larger one is needed\. Take another\.") as caught:
        list(ProcessExecutor(1).each(tasks.refuse, paths(tmp_path, 2), carry_on))
    assert caught.value.action == "Take another."


def test_a_worker_that_dies_is_an_error(tasks, tmp_path):
    with pytest.raises(GanbalError, match="worker process died"):
        list(ProcessExecutor(1).each(tasks.die, paths(tmp_path, 1), carry_on))


def test_a_worker_that_dies_after_a_stop_request_is_no_error(tasks, tmp_path, monkeypatch):
    requested = []

    def break_the_pool(*arguments, **options):
        requested.append(True)  # a signal reached the whole process group
        raise BrokenProcessPool

    def stop_if_requested() -> None:
        if requested:
            raise InterruptedBySignal("Interrupted.")

    monkeypatch.setattr("ganbal.study.executors.wait", break_the_pool)
    with pytest.raises(InterruptedBySignal):
        list(ProcessExecutor(1).each(tasks.leave_a_file, paths(tmp_path, 1), stop_if_requested))


def test_a_stop_request_ends_the_workers_at_once(tasks, tmp_path):
    items, start = paths(tmp_path, 1), time.monotonic()

    def stop_when_begun() -> None:
        if items[0].exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(ProcessExecutor(1).each(tasks.take_long, items, stop_when_begun))
    assert time.monotonic() - start < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(items[0].read_text()), 0)


def test_workers_leave_when_their_parent_is_killed(tasks, tmp_path):
    item = tmp_path / "0.txt"
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        f"from {tasks.__name__} import take_long\n"
        "from ganbal.study.executors import ProcessExecutor\n"
        "if __name__ == '__main__': list(ProcessExecutor(1).each(take_long, [Path(sys.argv[1])], lambda: None))\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, str(script), str(item)])
    deadline = time.monotonic() + 60
    while not (item.exists() and item.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    parent.kill()
    parent.wait()
    worker, deadline = int(item.read_text()), time.monotonic() + 15
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not Path(f"/proc/{worker}").exists()


def test_ray_that_is_not_installed_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install \"ganbal\[ray\]\""):
        RayExecutor(1, 0)


def test_errors_survive_the_way_between_processes():
    error = pickle.loads(pickle.dumps(InputError(found="One.", expected="Two.", action="Three.")))
    assert (error.found, error.expected, error.action) == ("One.", "Two.", "Three.")
    assert str(error) == "One. Two. Three."
