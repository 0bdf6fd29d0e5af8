"""Runs the program pytorch-fid 0.3.0 with any SciPy.

It calls `sqrtm` with `disp=False`, and SciPy 1.18 no longer has that argument.

    python benchmarks/reference_fid.py REAL SYNTHETIC --dims 768
"""

import inspect
import runpy
from collections.abc import Callable
from typing import Any

from scipy import linalg


def with_disp(sqrtm: Callable[..., Any]) -> Callable[..., Any]:
    """`sqrtm` that returns (root, error estimate) for `disp=False`, as before 1.18.

    The estimate is NaN where SciPy has none.
    """
    if "disp" in inspect.signature(sqrtm).parameters:
        return sqrtm
    return lambda matrix, disp=True: sqrtm(matrix) if disp else (sqrtm(matrix), float("nan"))


def restore_disp() -> None:
    """For code in this process that calls `scipy.linalg.sqrtm`."""
    linalg.sqrtm = with_disp(linalg.sqrtm)


if __name__ == "__main__":
    restore_disp()
    runpy.run_module("pytorch_fid", run_name="__main__", alter_sys=True)
