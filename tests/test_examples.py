"""The notebooks run from top to bottom; no kernel is needed for that."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def without_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    monkeypatch.setattr(plt, "show", plt.close)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANBAL_CONFIG", "")  # the notebook sets it; afterwards it is as it was


def test_the_notebook_on_the_phantom_set(without_windows, own_folder):
    notebook = json.loads((REPOSITORY / "examples/phantom.ipynb").read_text(encoding="utf-8"))
    names: dict = {}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"<cell {number}>", "exec"), names)
    data, images, study, sampler = (names[name] for name in ("data", "images", "study", "sampler"))
    assert images.shape == (40, 32, 32) and len(np.unique(images.reshape(40, -1), axis=0)) == 40
    assert names["scores"].fid.n_synthetic == 40 and names["scores"].fid.floor.value > 0
    assert set(study.results["arm"]) == {"imbalanced", "class-weights", "duplicated", "gan"}
    assert len(study.results) == 8 and Path("report.html").is_file()
    missing = data.num_training["PNEUMONIA"] - data.num_training["NORMAL"]
    assert missing > 0 and sampler.sampling_strategy_ == {"NORMAL": missing}
    assert len(names["balanced"]) == len(names["balanced_labels"]) == len(data.images("train")) + missing


def test_the_notebook_has_the_block_of_the_guide_apart_from_numbers():
    notebook = json.loads((REPOSITORY / "examples/phantom.ipynb").read_text(encoding="utf-8"))
    source = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    guide = (REPOSITORY / "docs/python.md").read_text(encoding="utf-8")
    block = re.search(r"^```python\n(.*?)^```", guide, re.M | re.S)[1]

    def without_numbers(line: str) -> str:
        return re.sub(r"((?:steps|seeds)=|sample\()\d+", r"\g<1>N", line)

    assert set(map(without_numbers, block.splitlines())) <= set(map(without_numbers, source.splitlines()))


def test_the_notebook_shows_what_it_printed_without_traces_of_a_machine():
    text = (REPOSITORY / "examples/phantom.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] == "error" for output in outputs)
    assert str(Path.home()) not in text and str(REPOSITORY) not in text and "site-packages" not in text
