"""Stage 1: the project's tests that need a GPU."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from gpu_stages.settings import REPOSITORY, Record, Settings

NO_TESTS_COLLECTED = 5


def measure(settings: Settings, record: Record) -> None:
    """Run pytest; without a GPU every test is skipped, which is the answer then.

    Raises:
        RuntimeError: a test failed.
    """
    results = settings.scratch / "gpu-tests.xml"
    folders = ["tests/gan/test_losses.py"] if settings.tiny else ["tests"]
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-p", "no:cacheprovider", f"--junitxml={results}", *folders]
    # A bare machine lacks optional packages that some test modules import.
    done = subprocess.run([*command, "--continue-on-collection-errors"], cwd=REPOSITORY)
    if done.returncode == NO_TESTS_COLLECTED:
        record.add(passed=[], failed=[], skipped=[], note="no test carries the `gpu` marker in these folders")
        return
    outcomes: dict[str, list[str]] = {"passed": [], "failed": [], "skipped": []}
    for case in ElementTree.parse(results).iter("testcase"):
        marks = {child.tag for child in case}
        kind = "failed" if marks & {"failure", "error"} else "skipped" if "skipped" in marks else "passed"
        outcomes[kind].append(f"{case.get('classname')}::{case.get('name')}")
    record.add(**outcomes)
    if outcomes["failed"]:
        raise RuntimeError(f"{len(outcomes['failed'])} GPU tests failed: {', '.join(outcomes['failed'])}")
