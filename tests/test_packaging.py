"""What the wheel contains, and the files around the package."""

import re
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

import ganbal

REPOSITORY = Path(__file__).resolve().parents[1]


def test_the_wheel_holds_settings_templates_and_type_markers(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    configs = {f"ganbal/{path.relative_to(REPOSITORY).as_posix()}" for path in REPOSITORY.glob("configs/**/*.yaml")}
    templates = {path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("ganbal/report/templates/*")}
    modules = {
        path.relative_to(REPOSITORY).as_posix()
        for package in ("ganbal", "classifiers")
        for path in REPOSITORY.glob(f"{package}/**/*.py")
    }
    assert configs and templates
    assert configs | templates | modules | {"ganbal/py.typed", "classifiers/py.typed"} <= names


def test_the_metadata_name_version_license_and_kind(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode("utf-8"))
        entry_points = archive.read(name.replace("METADATA", "entry_points.txt")).decode("utf-8")
    assert metadata["Version"] == ganbal.__version__
    assert metadata["License-Expression"] == "MIT"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert metadata["Description-Content-Type"] == "text/markdown" and "# ganbal" in metadata.get_payload()
    assert "ganbal = ganbal.cli:main" in entry_points


def test_the_citation_names_this_version():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == ganbal.__version__ and citation["license"] == "MIT"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def test_continuous_integration_uses_targets_that_exist():
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    targets = re.findall(r"^make (\S+)", "\n".join(steps), re.M)
    defined = re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M)
    assert targets and set(targets) <= set(defined)


@pytest.mark.parametrize(
    "file", sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*_*.yml")), ids=lambda f: f.stem
)
def test_issue_templates_are_forms(file):
    form = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert form["name"] and form["description"]
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in fields}) == len(fields) > 0
    assert all(part["attributes"]["label"] for part in fields)
