"""`ganbal export` and `ganbal synthesize --from`, from the command line."""

import csv
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import ganbal
from ganbal.cli import main
from ganbal.data.phantom.dataset import ensure_phantom_set
from ganbal.run.folder import Run
from ganbal.runtime.cache_paths import cache_folder
from ganbal.runtime.console import Console
from ganbal.synthesis.synthetic_png import MARK

from .test_program import generator_of

SETTINGS = (
    *("gan.image_size_px=32", "gan.base_channels=4", "gan.batch_size=8", "gan.steps=4"),
    *("gan.score_images=16", "study.image_size_px=32"),
)


def call(*words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--quiet"])


def done(*words: str) -> Result:
    result = call(*words)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="session")
def exported_run(made_once) -> Path:
    """A run with a generator of NORMAL and 20 synthetic images, beside the folder of its images; tests only read it."""

    def make(folder: Path) -> None:
        settings = [word for setting in SETTINGS for word in ("--set", setting)]
        images = shutil.copytree(ensure_phantom_set(cache_folder(), 120, Console(quiet=True)), f"{folder}_images")
        done("train-gan", "--data", str(images), "--device", "cpu", "--run", str(folder), *settings)
        done("synthesize", "--run", str(folder), "--n", "20")

    return made_once("run to export", make)


@pytest.fixture
def run(exported_run, tmp_path) -> Path:
    return shutil.copytree(exported_run, tmp_path / "run")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def synthetic_files(run: Path) -> list[Path]:
    return sorted((run / "synthetic/NORMAL").glob("*.png"))


def test_the_generator_by_default(run, tmp_path):
    result = done("export", "--run", str(run), "--json")
    assert json.loads(result.stdout)["files"] == ["README.md", "config.json", "export.json", "generator.safetensors"]
    folder = run / "export/safetensors"
    config = json.loads((folder / "config.json").read_text())["generators"][0]
    assert (config["class_names"], config["image_shape"], config["steps"]) == (["NORMAL"], [32, 32], 4)
    generator = ganbal.Generator.load(folder / "generator.safetensors", "cpu")
    pixels = [np.asarray(Image.open(file)) for file in synthetic_files(run)]
    assert np.array_equal(generator.sample(20, seed=0), pixels)
    everything = b"".join(contents(folder).values())
    assert str(run).encode() not in everything and str(Path.home()).encode() not in everything
    before = contents(folder)
    done("export", "--run", str(run))
    assert contents(folder) == before, "an export again gives the same bytes"


def test_the_card_has_the_scores_of_the_exported_class_while_they_are_up_to_date(run):
    card = run / "export/safetensors/README.md"
    extractor = {"name": "inception", "dims": 64, "resize": "antialiased 299"}
    entry = {"metric": "fid", "title": "FID", "value": 12.5, "n_real": 41, "n_synthetic": 20, "extractor": extractor}
    for class_name, words in (
        ("NORMAL", "| FID | 12.5 |"),
        ("PNEUMONIA", "The synthetic images of this class were not scored."),
    ):
        (run / "scores.json").write_text(json.dumps({"class_name": class_name, "scores": [entry]}))
        Run(run).mark_stage("score", "inputs", [run / "scores.json"], 1.0)
        done("export", "--run", str(run))
        assert "## Scores\n\n### NORMAL\n\n" in card.read_text() and words in card.read_text()
        assert ("12.5" in card.read_text()) == (class_name == "NORMAL")
    (run / "scores.json").write_text('{"scores": [')
    assert "so the card has no" in " ".join(done("export", "--run", str(run)).stderr.split())
    assert "damaged" in card.read_text()


def test_a_damaged_list_of_generators_is_reported(run):
    for content in ("{", "[]", '{"classes": 3}', '{"classes": ["x"]}'):
        (run / "gan/training.json").write_text(content)
        refused = call("export", "--run", str(run))
        assert refused.exit_code == 2 and f"`ganbal train-gan --run {run}`" in " ".join(refused.output.split())


@pytest.mark.parametrize("form", ["imagefolder", "npz"])
def test_synthetic_images_alone_need_no_data_set(run, form):
    (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("root: ", "root: /moved"))
    (run / "data.json").unlink()
    result = done("export", "--run", str(run), "--format", form, "--json")
    assert json.loads(result.stdout)["num_real"] == 0


def test_an_export_of_real_images_into_the_run_folder_copies_them(run):
    done("export", "--run", str(run), "--format", "kaggle")
    assert not [file for file in (run / "export").rglob("*") if file.is_symlink()]
    done("export", "--run", str(run))


def test_imagefolder(run, tmp_path):
    done("export", "--run", str(run), "--format", "imagefolder", "--to", str(tmp_path / "out"))
    with (tmp_path / "out/metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20 and {row["label"] for row in rows} == {"NORMAL"}
    assert {row["synthetic"] for row in rows} == {"yes"} and {row["copy_check"] for row in rows} == {"no"}
    for row, original in zip(rows, synthetic_files(run), strict=True):
        file = tmp_path / "out" / row["file_name"]
        assert file.read_bytes() == original.read_bytes()
    assert Image.open(file).text["Description"] == MARK
    assert MARK in (tmp_path / "out/README.md").read_text()


@pytest.mark.parametrize("options", [[], ["--copy"]])
def test_kaggle_folders_with_the_real_images(run, tmp_path, options):
    result = done("export", "--run", str(run), "--format", "kaggle", "--to", str(tmp_path / "out"), *options, "--json")
    counts = json.loads((run / "data.json").read_text())["counts"]
    assert counts["unused"], "some images are in no split"
    num_real = sum(sum(counts[split].values()) for split in ("train", "val", "test"))
    assert json.loads(result.stdout)["num_real"] == num_real
    assert not (tmp_path / "out/unused").exists()
    for split in ("train", "val", "test"):
        for name, number in counts[split].items():
            files = list((tmp_path / "out" / split / name).iterdir())
            real = [file for file in files if not file.name.startswith("synthetic_")]
            assert len(real) == number and all(file.is_symlink() == (not options) for file in real)
            assert len(files) - len(real) == (20 if (split, name) == ("train", "NORMAL") else 0)
    data = ganbal.load(tmp_path / "out", quiet=True)
    assert sum(data.counts["train"].values()) + sum(data.counts["val"].values()) > 20
    with (tmp_path / "out/synthetic.csv").open() as file:
        assert all((tmp_path / "out" / row["file_name"]).is_file() for row in csv.DictReader(file))


def test_npz_of_synthetic_images_and_with_real_ones(run, tmp_path):
    done("export", "--run", str(run), "--format", "npz", "--to", str(tmp_path / "a"))
    alone = np.load(tmp_path / "a/synthetic.npz", allow_pickle=False)
    assert alone["train_images"].shape == (20, 32, 32) and alone["train_labels"].tolist() == [[0]] * 20
    assert alone["train_synthetic"].all() and alone["test_images"].shape == (0, 32, 32)
    assert alone["label_names"].tolist() == ["NORMAL", "PNEUMONIA"] and str(alone["mark"]) == MARK
    done("export", "--run", str(run), "--format", "npz", "--with-real", "--to", str(tmp_path / "b"))
    both = np.load(tmp_path / "b/synthetic.npz", allow_pickle=False)
    counts = json.loads((run / "data.json").read_text())["counts"]
    for split in ("train", "val", "test"):
        real = sum(counts[split].values())
        assert len(both[f"{split}_images"]) == len(both[f"{split}_labels"]) == real + (20 if split == "train" else 0)
    assert both["train_synthetic"].sum() == 20 and not both["train_synthetic"][0]
    assert np.array_equal(both["train_images"][-20:], alone["train_images"])
    data = ganbal.load(json.loads((run / "data.json").read_text())["source"]["root"], quiet=True)
    assert np.array_equal(both["test_images"], data.images("test", size_px=32))
    first = (tmp_path / "a/synthetic.npz").read_bytes()
    done("export", "--run", str(run), "--format", "npz", "--to", str(tmp_path / "a"))
    assert (tmp_path / "a/synthetic.npz").read_bytes() == first


def test_an_upload_happens_only_on_request_and_never_of_real_images(run, tmp_path, monkeypatch):
    calls: list[tuple[str, str, str]] = []

    class Api:
        def create_repo(self, repository, *, repo_type, private, exist_ok):
            assert private and exist_ok
            calls.append(("create", repository, repo_type))

        def upload_folder(self, *, folder_path, repo_id, repo_type):
            assert (Path(folder_path) / "README.md").is_file()
            calls.append(("upload", repo_id, repo_type))
            return f"https://hub.example/{repo_id}"

    hub = ModuleType("huggingface_hub")
    hub.HfApi = Api  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    done("export", "--run", str(run))
    assert calls == []
    result = done("export", "--run", str(run), "--push-to-hub", "me/normal", "--json")
    assert json.loads(result.stdout)["uploaded_to"] == "https://hub.example/me/normal"
    done("export", "--run", str(run), "--format", "imagefolder", "--push-to-hub", "me/images")
    assert calls == [
        ("create", "me/normal", "model"),
        ("upload", "me/normal", "model"),
        ("create", "me/images", "dataset"),
        ("upload", "me/images", "dataset"),
    ]
    for options in (["--format", "kaggle"], ["--format", "npz", "--with-real"]):
        refused = call("export", "--run", str(run), *options, "--push-to-hub", "me/real")
        assert refused.exit_code == 2 and "real images of patients" in refused.output
    assert len(calls) == 4


def test_refusals(run, tmp_path):
    (tmp_path / "full").mkdir()
    done("export", "--run", str(run), "--to", str(tmp_path / "earlier"))
    (tmp_path / "earlier/note.txt").write_text("mine")
    (tmp_path / "full/letter.txt").write_text("mine")
    for words, message in (
        (["--to", str(tmp_path / "full")], "exists and is no earlier export"),
        (["--to", str(tmp_path / "earlier")], "Beside the files of an earlier export"),
        (["--to", str(tmp_path / "full/letter.txt/below")], "is not a folder"),
        (["--class", "OTHER"], "no generator of OTHER"),
        (["--format", "npz", "--class", "PNEUMONIA"], "no synthetic images of PNEUMONIA"),
        (["--with-real"], "--with-real does not go with --format safetensors"),
        (["--copy"], "--copy does not go with --format safetensors"),
        (["--push-to-hub", "normal"], "has the form OWNER/NAME"),
    ):
        result = call("export", "--run", str(run), *words)
        assert result.exit_code == 2 and message in " ".join(result.output.split()), result.output
    assert (tmp_path / "full/letter.txt").read_text() == (tmp_path / "earlier/note.txt").read_text() == "mine"
    assert not list(tmp_path.glob(".*")), "nothing is left"


def test_images_from_an_exported_generator_without_training_data(run, tmp_path, monkeypatch):
    done("export", "--run", str(run), "--to", str(tmp_path / "model"))
    file = str(tmp_path / "model/generator.safetensors")
    shutil.rmtree(run / "gan")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANBAL_DATA", str(tmp_path / "nothing"))
    words = ["synthesize", "--from", file, "--n", "20", "--run", "out", "--reject-copies"]
    result = done(*words)
    assert "No training images were available, so copy rejection" in " ".join(result.output.split())
    assert contents(Path("out/synthetic/NORMAL")) == contents(run / "synthetic/NORMAL"), "the same files"
    summary = json.loads(Path("out/synthetic/synthesis.json").read_text())
    assert summary["without_training_images"] is True and summary["num_rejected"] is None
    with Path("out/synthetic/manifest.csv").open() as manifest:
        assert {row["copy_check"] for row in csv.DictReader(manifest)} == {"no"}
    assert "Add --overwrite" in call(*words).output
    done(*words[:3], "--n", "3", "--run", "out", "--overwrite")
    assert len(list(Path("out/synthetic/NORMAL").glob("*.png"))) == 3
    for other, message in (
        (["--run", "out2"], "The number of images is not given"),
        (["--n", "PNEUMONIA=3", "--run", "out2"], "not trained on PNEUMONIA"),
        (["--n", "3", "--run", str(run)], "is a run with a generator of its own"),
    ):
        refused = call("synthesize", "--from", file, *other)
        assert refused.exit_code == 2 and message in " ".join(refused.output.split())
    assert not Path("out2").exists()


def test_the_advice_without_a_number_quotes_the_class(tmp_path):
    generator_of(("COVID 19", "NORMAL")).save(tmp_path / "generator.safetensors")
    refused = call("synthesize", "--from", str(tmp_path / "generator.safetensors"), "--run", str(tmp_path / "out"))
    assert refused.exit_code == 2 and "`--n 'COVID 19=100'`" in " ".join(refused.output.split())


def test_copies_are_said_to_have_been_looked_for(run):
    done("synthesize", "--run", str(run), "--n", "5", "--reject-copies", "--overwrite")
    with (run / "synthetic/manifest.csv").open() as file:
        assert {row["copy_check"] for row in csv.DictReader(file)} == {"yes"}
