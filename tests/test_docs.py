"""Commands, settings and links in the documentation exist."""

import re
import shlex
from pathlib import Path

import click
import pytest

from ganbal.cli import main
from ganbal.config import Config, load_config

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted(file for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md") for file in REPOSITORY.glob(pattern))
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
PLACEHOLDERS = {"N": "2", "R": "0.5", "T": "0.5"}


def command_lines(text: str) -> list[str]:
    """Every `ganbal …` in code blocks and inline code, without comments and the text beside aligned examples."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.M | re.S)
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    indented = re.findall(r"^ {4}(?=\S)(.*)$", text, flags=re.M)
    lines = "\n".join([*blocks, *indented]).replace("\\\n", " ").splitlines()
    inline = [code.replace("\n", " ") for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", text)]
    # Environment variables or torchrun may come before the command.
    matches = [re.match(r"\s*(?:\S+=\S+ +|torchrun .*-- +)*ganbal +([a-z].*)$", line) for line in [*lines, *inline]]
    return [re.split(r"\s#|\s{3,}(?=[a-z]+ )", match[1])[0].replace("…", "").strip() for match in matches if match]


@each_page
def test_every_command_can_be_parsed_and_every_setting_is_accepted(page: Path) -> None:
    for line in command_lines(page.read_text(encoding="utf-8")):
        name, *words = (PLACEHOLDERS.get(word, word) for word in shlex.split(line))
        assert name in main.commands, f"ganbal {line}: no such command"
        if name == "predict" and not words:
            continue  # the command's name, not an example of its use
        try:
            context = main.commands[name].make_context(name, list(words), parent=click.Context(main))
        except click.UsageError as error:
            pytest.fail(f"ganbal {line}: {error.format_message()}")
        load_config(None, context.params.get("assignments", ()))


@each_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    fields = {
        f"{section}.{field}" for section, values in load_config(None).model_dump().items() for field in listed(values)
    }
    named = re.findall(
        rf"`({'|'.join(Config.model_fields)})\.(?!json|csv)(\w+)(?=[`:=])", page.read_text(encoding="utf-8")
    )
    assert not {".".join(name) for name in named} - fields


def listed(values: object) -> list[str]:
    return list(values) if isinstance(values, dict) else []


@each_page
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


@each_page
def test_every_file_of_the_repository_that_is_named_exists(page: Path) -> None:
    pattern = r"`((?:ganbal|classifiers|configs|benchmarks|tests|docs)/[\w./-]*\w)/?`"
    named = re.findall(pattern, page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (REPOSITORY / name).exists()]


def test_commands_are_found_in_every_kind_of_code() -> None:
    text = "\n".join(
        [
            "Run `ganbal score --json` or",
            "```",
            "OMP_NUM_THREADS=1 ganbal compare \\",
            "    --seeds 3   # a comment",
            "```",
            "    torchrun -m -- ganbal train-gan …",
            "    ganbal synthesize --n 5     of each class",
        ]
    )
    assert command_lines(text) == ["compare      --seeds 3", "train-gan", "synthesize --n 5", "score --json"]
