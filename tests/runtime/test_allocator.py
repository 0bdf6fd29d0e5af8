import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc has these options")

_PAGE_FAULTS = """
import resource
import numpy as np
from ganbal.runtime.allocator import keep_freed_memory
if {kept}:
    keep_freed_memory()
np.ones({size})
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    np.ones({size})
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(*, kept, size=2**22, **variables):
    """While five arrays of 32 MiB, or of `size` numbers, are made and freed one after another."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", _PAGE_FAULTS.format(kept=kept, size=size)]
    return int(subprocess.run(command, env=environment | variables, check=True, capture_output=True, text=True).stdout)


def test_freed_memory_is_reused_without_new_pages():
    page_mib = os.sysconf("SC_PAGE_SIZE") / 2**20
    # Without huge pages, which NumPy asks for, five arrays need 5 · 32 MiB / 4 KiB = 40,960 faults.
    returned = page_faults(kept=False, NUMPY_MADVISE_HUGEPAGE="0")
    assert returned > 0.9 * 5 * 32 / page_mib
    assert page_faults(kept=True, NUMPY_MADVISE_HUGEPAGE="0") < 0.01 * returned


def test_blocks_of_more_than_64_mib_are_returned():
    assert page_faults(kept=True, size=2**24, NUMPY_MADVISE_HUGEPAGE="0") > 0.9 * 5 * 128 / (
        os.sysconf("SC_PAGE_SIZE") / 2**20
    )


def test_settings_of_the_environment_stay():
    variables = {"NUMPY_MADVISE_HUGEPAGE": "0", "MALLOC_TRIM_THRESHOLD_": "131072"}
    assert page_faults(kept=True, **variables) > 1000
