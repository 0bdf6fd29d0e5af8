"""What is wrong is said in sentences."""

import ast
from pathlib import Path

import pytest

from ganbal.errors import InputError, reason_of

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("found", "expected", "action")
NAMES = {"ganbal", "torchvision", "pytorch-fid", "steps,"}
"""Names that a sentence may begin with in small letters, beside those of settings."""


def errors_in_the_code():
    for package in ("ganbal", "classifiers"):
        for file in sorted(ROOT.glob(f"{package}/**/*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                    "InputError",
                    "ClassifierInputError",
                ):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", {word.arg: word.value for word in node.keywords}


def text_of(node: ast.expr) -> str | None:
    """The text that an expression gives, with `{}` for every value; None where it is computed elsewhere."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp):
        left, right = text_of(node.left), text_of(node.right)
        return None if left is None and right is None else (left or "{}") + (right or "{}")
    if isinstance(node, ast.IfExp):
        return text_of(node.body)
    return node.value if isinstance(node, ast.Constant) else None


def test_every_error_is_made_of_sentences_in_the_order_of_reading():
    calls = dict(errors_in_the_code())
    assert len(calls) > 100
    for place, parts in calls.items():
        assert tuple(parts) == PARTS, place
        for name, text in ((name, text_of(node)) for name, node in parts.items()):
            if text is None:
                continue
            first_word = text.split()[0]
            assert not first_word[0].islower() or first_word in NAMES or set(first_word) & set("._"), f"{place}: {text}"
            ends_with_list = name == "found" and text.endswith(":\n  ")
            assert ends_with_list or text.rstrip().endswith((".", "?", "{}")), f"{place}: {text}"


def test_the_parts_follow_each_other_and_a_list_has_lines_of_its_own():
    plain = InputError(found="There is no a.", expected="A is needed.", action="Add it.")
    assert str(plain) == "There is no a. A is needed. Add it."
    listed = InputError(found="2 mistakes:\n  a\n  b", expected="None is allowed.", action="Correct them.")
    assert str(listed).splitlines() == ["2 mistakes:", "  a", "  b", "None is allowed. Correct them."]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "Permission denied", "x"), "permission denied"),
        (ValueError("A line\nand another."), "A line and another"),
        (ValueError("Not a number."), "not a number"),
        (RuntimeError("CUDA error"), "CUDA error"),
        (EOFError(), "EOFError"),
    ],
)
def test_reasons_are_clauses(error, reason):
    assert reason_of(error) == reason
