"""Imports point downwards only: cli → pipeline → stages → packages → leaves (the layout in docs/how-it-works.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEAVES = {"errors", "atomic_files", "config", "console", "device", "distributed", "interrupt", "marked_png", "runs"} | {
    "balancing"
}
MAY_IMPORT = {
    "__init__": {"oversampling"},  # when it is asked for
    "__main__": {"cli"},
    "cli": {"pipeline", "folder_scoring", "demo", "errors", "console", "prediction", "reproduction"},
    "folder_scoring": {"outcome", "results_text", "metrics", "trained_extractor"},
    "trained_extractor": {"classifiers", "metrics", "study"},
    "cell_worker": {"stages", "study"},
    "pipeline": {
        *("cell_worker", "stages", "outcome", "preflight", "results_text", "provenance", "run_selection", "metrics"),
        "study_preflight",
    },
    "study_preflight": {"preflight", "stages", "study"},
    "preflight": {"data", "drawing_plan", "metrics", "study", "classifiers"},
    "stages": {"generators", "data", "synthesis", "metrics", "study", "report"}
    | {"run_parts", "run_scoring", "drawing_plan", "study_material"},
    "run_scoring": {"class_scores", "data", "metrics", "study", "study_material", "trained_extractor"},
    "oversampling": {"data", "gan", "metrics", "sampling_strategy"},
    "run_parts": set(),
    "sampling_strategy": set(),
    "drawing_plan": {"study"},
    "study_material": {"data", "study"},
    "generators": {"data", "gan", "metrics", "metrics_log", "synthesis"},
    "class_scores": set(),
    "synthesis": {"gan"},
    "prediction": {"data", "study", "classifiers", "results_text"},
    "reproduction": {"classifiers", "data", "outcome", "preflight", "provenance", "report", "results_text"}
    | {"run_selection", "study", "synthesis"},
    "study": {"classifiers"},
    "data": set(),
    "gan": set(),
    "metrics": {"data"},
    "report": set(),
    "classifiers": set(),
}


def part_of(name: str) -> str | None:
    """`ganbal.gan.training` → `gan`; `classifiers.training` → `classifiers`; other packages → None."""
    first, _, rest = name.partition(".")
    if first == "classifiers":
        return "classifiers"
    return (rest.partition(".")[0] or "__init__") if first == "ganbal" else None


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules() -> list[Path]:
    return sorted([*ROOT.glob("ganbal/**/*.py"), *ROOT.glob("classifiers/**/*.py")])


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_downwards(file):
    own = part_of(".".join(file.relative_to(ROOT).with_suffix("").parts))
    assert own is not None
    used = {part for name in imports_of(file) if (part := part_of(name)) is not None} - {
        own,
        "__init__",
        "__version__",
    }
    allowed = MAY_IMPORT.get(own, set()) | (set() if own == "classifiers" else LEAVES)
    assert used <= allowed, f"{file.name} may not import {sorted(used - allowed)}"


def test_help_imports_nothing_heavy():
    code = (
        "import sys, ganbal.cli; "
        "print([m for m in ('torch', 'numpy', 'pandas', 'pydantic', 'matplotlib', 'PIL', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
