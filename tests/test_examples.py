"""The notebooks run from top to bottom; no kernel is needed for that."""

import json
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def without_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    monkeypatch.setattr(plt, "show", plt.close)


def test_the_notebook_on_the_phantom_set(without_windows):
    notebook = json.loads((REPOSITORY / "examples/phantom.ipynb").read_text(encoding="utf-8"))
    names: dict = {}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"<cell {number}>", "exec"), names)
    images, labels, sampler = (names[name] for name in ("images", "labels", "sampler"))
    missing = int((labels == "PNEUMONIA").sum() - (labels == "NORMAL").sum())
    assert missing > 0 and sampler.sampling_strategy_ == {"NORMAL": missing}
    assert names["balanced"].shape == (len(images) + missing, *images.shape[1:])
    assert (names["balanced_labels"][sampler.is_synthetic_] == "NORMAL").all()
    synthetic = names["balanced"][sampler.is_synthetic_]
    assert len(np.unique(synthetic.reshape(missing, -1), axis=0)) == missing, "no two synthetic images are the same"
    assert set(names["results"]) == {"imbalanced", "class-weights", "duplicated", "gan"}
    assert all(0.4 < value < 1 for value in names["results"].values())


def test_the_notebook_shows_what_it_printed_without_traces_of_a_machine():
    text = (REPOSITORY / "examples/phantom.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] == "error" for output in outputs)
    assert str(Path.home()) not in text and str(REPOSITORY) not in text and "site-packages" not in text
