"""Stage 8: the project's tests that need a GPU; last, as nothing else depends on them."""

import re
import subprocess
import sys

from gpu_stages.settings import REPOSITORY, Record, Settings

NO_TESTS_COLLECTED = 5
OUTCOME = re.compile(r"^(\S+::.+) (PASSED|FAILED|ERROR|SKIPPED)\b")


def measure(settings: Settings, record: Record) -> None:
    """Run pytest; without a GPU every test is skipped. Each outcome is recorded as it comes.

    Raises:
        RuntimeError: a test failed, or pytest did.
    """
    folders = ["tests/gan/test_losses.py"] if settings.tiny else ["tests"]
    command = [sys.executable, "-m", "pytest", "-vv", "-m", "gpu", "-p", "no:cacheprovider", *folders]
    # A bare machine lacks optional packages that some test modules import.
    command += ["--continue-on-collection-errors"]
    outcomes: dict[str, list[str]] = {"passed": [], "failed": [], "error": [], "skipped": []}
    record.add(**outcomes)
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if found := OUTCOME.match(line):
                outcomes[found[2].lower()].append(found[1])
                record.add(**outcomes)
    if process.returncode == NO_TESTS_COLLECTED:
        record.add(note="no test carries the `gpu` marker in these folders")
    elif process.returncode:
        failed = outcomes["failed"] + outcomes["error"]
        raise RuntimeError(f"pytest ended with exit code {process.returncode}; failed: {', '.join(failed) or 'none'}")
