"""Imports point downwards only, between packages and inside them (the layout in docs/how-it-works.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

LAYERS = [
    "classifiers",
    "ganbal.errors",
    "ganbal.runtime",
    "ganbal.config",
    "ganbal.synthesis.synthetic_png",
    "ganbal.data",
    "ganbal.gan",
    "ganbal.metrics",
    "ganbal.synthesis",
    "ganbal.run",
    "ganbal.study",
    "ganbal.over_sampling",
    "ganbal.prediction",
    "ganbal.reproduction",
    "ganbal.export",
    "ganbal.report",
    "ganbal.stages",
    "ganbal.pipeline",
    "ganbal.api",
    "ganbal.options",
    "ganbal.cli",
    "ganbal.__main__",
]
"""From the bottom to the top: a module imports from its own layer and from those above it in this list."""

NARROWER = {
    "classifiers": set(),  # knows nothing of GANs
    "ganbal.report": {"ganbal.errors", "ganbal.runtime", "ganbal.synthesis.synthetic_png"},  # reads files, not objects
}
"""Layers that may import less than all lower layers."""


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for pattern in ("ganbal", "classifiers") for file in ROOT.glob(f"{pattern}/**/*.py")}


def layer_of(name: str) -> str | None:
    """`ganbal.gan.training` → `ganbal.gan`; other packages → None."""
    return max((layer for layer in LAYERS if name == layer or name.startswith(f"{layer}.")), key=len, default=None)


def imported_modules(name: str) -> set[str]:
    """The project's modules that `name` imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {sub if sub in MODULES else node.module for sub in submodules}
    return found & MODULES.keys() - {name}


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"ganbal"}))
def test_imports_point_downwards(name):
    own = layer_of(name)
    assert own is not None, f"{name} is in no layer"
    lower = NARROWER.get(own, set(LAYERS[: LAYERS.index(own)]))
    used = {layer_of(other) for other in imported_modules(name) - {"ganbal"}} - {own}
    assert used <= lower, f"{name} may not import {sorted(used - lower)}"


def test_imports_have_no_cycle():
    graph = {name: imported_modules(name) - {"ganbal"} for name in MODULES}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"import cycle: {' → '.join([*path[path.index(name) :], name])}"
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_no_two_classes_share_a_name():
    homes: dict[str, list[str]] = {}
    for name, file in MODULES.items():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def test_few_modules_are_directly_in_the_package():
    assert len(list((ROOT / "ganbal").glob("*.py"))) <= 8


def test_the_package_imports_nothing_heavy_and_lists_its_api():
    code = (
        "import sys, ganbal; "
        "print([m for m in ('torch', 'numpy', 'pandas', 'sklearn') if m in sys.modules], dir(ganbal) == ganbal.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_help_imports_nothing_heavy():
    code = (
        "import sys, ganbal.cli; "
        "print([m for m in ('torch', 'numpy', 'pandas', 'pydantic', 'matplotlib', 'PIL', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("stage", ["predict", "score", "synthesize", "train_gan"])
def test_stages_that_train_no_classifiers_do_not_load_what_trains_them(stage):
    slow = "albumentations", "sklearn", "scipy.stats", "torchvision", "matplotlib"
    code = f"import sys, ganbal.stages.session, ganbal.stages.{stage}; print([m for m in {slow} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
