"""Commands, settings and links in the documentation exist; short commands work where only the wheel is installed."""

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import click
import numpy as np
import pytest

from ganbal.cli import main
from ganbal.config import Config, dump_config, load_config
from ganbal.data.phantom.dataset import ensure_phantom_set
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted(file for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md") for file in REPOSITORY.glob(pattern))
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
PLACEHOLDERS = {"N": "2", "R": "0.5", "T": "0.5"}

TINY = (
    *("data.phantom_images=120", "gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.steps=4"),
    *("gan.sample_every_steps=4", "gan.score_every_steps=4", "gan.score_images=16", "score.extractor=untrained"),
    *("score.floor_splits=2", "study.classifiers=[pixel_svm]", "study.arms=[imbalanced,gan]", "study.seeds=2"),
    *("study.image_size_px=32", "study.workers=1"),
)
"""Settings of the commands that start a run or score two folders, before those of the documentation."""
SHORTER = {
    "synthesize --n 2500": "synthesize --n 25",
    "synthesize --n 500 --overwrite": "synthesize --n 20 --overwrite",
    "export": "export --to exported",
    "synthesize --from generator.safetensors --n 100": "synthesize --from exported/generator.safetensors --n 5",
    # After four steps, all images of a generator are alike, and there is nothing to select among.
    "synthesize --select 4": "synthesize --select 1 --overwrite",
    "run --data path/to/chest_xray": "run --preset quick --data path/to/chest_xray",
    "score real.npz synthetic/": "score real.npz synthetic/ --set score.metrics=[fid]",
    "reproduce": "reproduce --data path/to/chest_xray --only cuny_pixel_svm --seeds 1 --protocol honest",
}
"""What is carried out in place of a command that takes minutes, or that the one before it rules out."""
TAKES_MINUTES = r"(run|compare|train-gan|reproduce)\b.*|.*--weights .*|synthesize --n (NORMAL.*|2154)"
"""Commands outside the README that are only parsed: they train, or need weights, a second generator or a GPU."""


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


@pytest.fixture(scope="module")
def clean_environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """A virtual environment with the wheel; its dependencies are those of the tests, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("clean") / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(folder / "bin/python"), "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True)
    return folder


def short_commands() -> list[list[str]]:
    """Every command of the README, then the short ones of the manual, as they are carried out."""
    readme, *manual = (
        [" ".join(line.split()) for line in command_lines(page.read_text(encoding="utf-8"))]
        for page in (REPOSITORY / "README.md", *sorted(REPOSITORY.glob("docs/*.md")))
    )
    short = [line for lines in manual for line in lines if not re.fullmatch(TAKES_MINUTES, line)]
    lines = list(dict.fromkeys(SHORTER.get(line, line) for line in [*readme, *short]))
    # Statistics are read after they are written; a new run, which would be the newest, is begun after the others' use.
    lines.sort(key=lambda line: 2 if re.match("reproduce|demo|inspect( --data [sP]|$)", line) else "real.npz s" in line)
    # The commands of the manual are alternatives, and here one follows the other.
    given = {line: " --overwrite" for line in short if re.match("synthesize(?!.*--overwrite)", line)}
    return [with_tiny_settings(shlex.split(line + given.get(line, ""))) for line in lines]


def with_tiny_settings(words: list[str]) -> list[str]:
    name, *rest = words
    starts_a_run = name in ("inspect", "train-gan", "run", "demo", "reproduce") or (name == "score" and rest)
    return [name, *(part for setting in TINY for part in ("--set", setting) if starts_a_run), *rest]


def test_short_commands_work_in_an_empty_folder_where_only_the_wheel_is_installed(clean_environment, tmp_path):
    commands = short_commands()
    done = subprocess.run(
        [clean_environment / "bin/python", "-P", REPOSITORY / "tests/documented_commands.py"],
        input=json.dumps(commands),
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "GANBAL_DATA")},
        capture_output=True,
        text=True,
    )
    print(done.stderr)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["package"]).is_relative_to(clean_environment), "another copy of the package was tested"
    failed = {
        shlex.join(words): output
        for words, (exit_code, output) in zip(commands, found["results"], strict=True)
        if exit_code != 0
    }
    assert not failed, "\n\n".join(f"{command}\n{output}" for command, output in failed.items())


def test_the_wheel_installs_the_command(clean_environment, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [clean_environment / "bin/ganbal", "--version"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.startswith("ganbal, version"), done.stderr


PYTHON_BLOCKS = {
    f"{page.relative_to(REPOSITORY)}:{number}": block
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S), 1
    )
}


SMALL = ((r"steps(\W+)\d+", r"steps\g<1>2"), (r"sample\(\d+", "sample(20"), (r"seeds=\d+", "seeds=1"))
"""Numbers in the Python of the documentation, and those that it is tested with."""


@pytest.fixture
def place_with_tiny_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with the data sets that the documentation names; GANBAL_CONFIG names tiny settings."""
    folder = ensure_phantom_set(cache_folder(), 120, Console(quiet=True))
    (tmp_path / "path/to").mkdir(parents=True)
    for name in ("chest_xray", "path/to/chest_xray"):
        (tmp_path / name).symlink_to(folder)
    (tmp_path / "tiny.yaml").write_text(dump_config(load_config(None, TINY)), encoding="utf-8")
    monkeypatch.setenv("GANBAL_CONFIG", str(tmp_path / "tiny.yaml"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block", PYTHON_BLOCKS.values(), ids=PYTHON_BLOCKS)
def test_python_in_the_documentation_runs(block, place_with_tiny_settings):
    pixels = np.random.default_rng(0).integers(0, 256, (36, 32, 32), dtype=np.uint8)
    given = {"images": pixels, "labels": np.repeat(["NORMAL", "PNEUMONIA"], [16, 20])}
    given |= {"real": pixels[:18], "synthetic": pixels[18:]}
    for pattern, small in SMALL:
        block = re.sub(pattern, small, block)
    exec(block, given)
    if "sampler" in given:
        assert given["sampler"].sampling_strategy_ == {"NORMAL": 4}
    if "study" in given:
        assert set(given["study"].results["arm"]) == {"imbalanced", "class-weights", "duplicated", "gan"}
        assert given["images"].shape == (20, 32, 32)
