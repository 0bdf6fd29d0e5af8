import csv
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from classifiers.registry import MODELS, build_model
from ganbal.cli import main
from ganbal.report import build_report
from ganbal.stages.reproduce import remarks_on
from ganbal.synthesis.manifest import ManifestRow, SyntheticFolder, write_manifest
from ganbal.synthesis.synthetic_png import write_synthetic_png

TINY = [
    *("--data", "phantom", "--run", "here", "--quiet", "--device", "cpu"),
    *("--set", "data.phantom_images=60", "--set", "study.image_size_px=32", "--set", "study.steps=3"),
    *("--set", "study.checks=1", "--set", "study.augment=none", "--set", "study.weights=none"),
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def reproduce(*more):
    return CliRunner().invoke(main, ["reproduce", *TINY, "--only", "springboard_baseline_cnn", *more])


def cells():
    """Protocol and seed of every finished cell, and when it was finished."""
    files = Path("here/reproduction").rglob("metrics.json")
    return {(file.parts[-6], int(file.parts[-2])): file.stat().st_mtime_ns for file in files}


def test_both_protocols_side_by_side_and_only_what_is_missing_later():
    first = reproduce("--seeds", "1", "--json")
    assert first.exit_code == 0, first.output
    before = cells()
    assert before.keys() == {("documents", 0), ("honest", 0)}
    content = json.loads(first.stdout)
    plain, with_gan = content["systems"]
    assert plain["skipped"] is None and with_gan["skipped"].startswith("It needs synthetic images")
    assert "`ganbal synthesize --run here`" in with_gan["skipped"]
    assert plain["published"]["accuracy"] == 0.90 and plain["published"]["interval"][0] == pytest.approx(
        0.875, abs=0.002
    )
    counts = {protocol: found["num_train"] for protocol, found in plain["protocols"].items()}
    assert counts["documents"] > counts["honest"], "the published protocol trains on validation images as well"
    assert all(found["is_within_published_interval"] is None for found in plain["protocols"].values())
    assert "not the 624 test images" in " ".join(content["remarks"])

    again = reproduce("--seeds", "2")
    assert again.exit_code == 0, again.output
    after = cells()
    assert after.keys() - before.keys() == {("documents", 1), ("honest", 1)}
    assert {cell: after[cell] for cell in before} == before, "finished cells are not trained again"
    for words in ("published (002)", "0.900 (0.87", "ours, documents", "ours, honest", "skipped. It needs synthetic"):
        assert words in again.stdout
    rows = list(csv.DictReader(io.StringIO(Path("here/reproduction.csv").read_text())))
    assert [row["whose"] for row in rows] == ["published (002)", "ours, documents", "ours, honest", "published (002)"]
    assert rows[1]["num_seeds"] == "2" and rows[3]["skipped"]
    html = Path("here/report.html").read_text(encoding="utf-8")
    assert "The published systems, trained again" in html and "this run, honest" in html
    assert "this run, honest" in Path("here/report.md").read_text(encoding="utf-8")
    assert not list(Path("here").rglob("*.safetensors")), "reproductions keep no classifiers"


def test_one_protocol_only():
    result = reproduce("--seeds", "1", "--protocol", "honest", "--json")
    assert result.exit_code == 0, result.output
    assert cells().keys() == {("honest", 0)}
    assert list(json.loads(result.stdout)["systems"][0]["protocols"]) == ["honest"]


def test_two_workers_train_the_same(tmp_path):
    result = reproduce("--seeds", "2", "--protocol", "honest", "--set", "study.workers=2", "--json")
    assert result.exit_code == 0, result.output
    alone = reproduce("--seeds", "2", "--protocol", "honest", "--run", "alone", "--json")
    assert alone.exit_code == 0, alone.output
    accuracies = [
        json.loads(found.stdout)["systems"][0]["protocols"]["honest"]["accuracies"] for found in (result, alone)
    ]
    assert accuracies[0] == accuracies[1]


def test_synthetic_images_of_the_run_are_used():
    folder, rows = SyntheticFolder(Path("here/synthetic")), []
    for number in range(3):
        name = f"NORMAL/synthetic_{number}.png"
        digest = write_synthetic_png(folder.root / name, np.zeros((32, 32), np.uint8), {})
        rows.append(ManifestRow(name, "NORMAL", "0", str(number), "", "0", "yes", digest))
    write_manifest(folder, rows, {})
    result = reproduce("--seeds", "2", "--protocol", "honest", "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    plain, with_gan = content["systems"]
    assert with_gan["skipped"] is None
    trains, accuracies = (
        [system["protocols"]["honest"][name] for system in (plain, with_gan)] for name in ("num_train", "accuracies")
    )
    assert trains[1] == trains[0] + 3

    differences = {row["metric"]: row for row in content["differences"]}
    assert list(differences) == ["accuracy", "balanced_accuracy", "roc_auc"]
    accuracy = differences["accuracy"]
    assert accuracy["mean"] == pytest.approx(np.mean(accuracies[1]) - np.mean(accuracies[0]))
    assert accuracy["low"] <= accuracy["mean"] <= accuracy["high"] and accuracy["n"] == 2
    assert accuracy["published"] == pytest.approx(0.88 - 0.90) and differences["roc_auc"]["published"] is None
    assert accuracy["protocol"] == "honest" and accuracy["baseline_title"] == "Baseline CNN"
    assert content["synthetic"]["num_images"] == 3
    assert f"3 synthetic images of {content['synthetic']['image_size_px']} px" in " ".join(content["remarks"])
    again = reproduce("--seeds", "2", "--protocol", "honest")
    lines = again.stdout.splitlines()
    row = lines[next(number for number, line in enumerate(lines) if line.startswith("balanced minus original")) + 2]
    assert row.split()[:4] == ["Baseline", "CNN", "honest", "−2.0"] and row.endswith(")  2")
    html = Path("here/report.html").read_text(encoding="utf-8")
    assert "The balanced minus the original set" in html and "Baseline CNN with DCGAN images" in html
    assert Path("here/tables/reproduction_differences.csv").is_file()
    assert "were trained with others than the run has now" not in html
    write_manifest(folder, rows[:2], {})
    build_report(Path("here"))
    assert "were trained with others than the run has now" in Path("here/report.html").read_text(encoding="utf-8")


def test_unavailable_weights_skip_the_system_and_nothing_to_train_is_an_error():
    Path("damaged.pth").write_bytes(b"no tensors")
    words = [*TINY, "--set", "study.weights={vgg16: damaged.pth}"]
    refused = CliRunner().invoke(main, ["reproduce", *words, "--only", "springboard_vgg16"])
    assert refused.exit_code == 2 and cells() == {}
    text = " ".join(refused.output.split())
    assert "None of the chosen systems can be trained here: springboard_vgg16, imbalanced:" in text
    assert "damaged.pth cannot be used" in text and "choose another system with --only" in text
    both = [*words, "--only", "springboard_vgg16", "--only", "cuny_pixel_svm", "--protocol", "honest", "--json"]
    result = CliRunner().invoke(main, ["reproduce", *both])
    assert result.exit_code == 0, result.output
    skipped = {(entry["name"], entry["arm"]): entry["skipped"] for entry in json.loads(result.stdout)["systems"]}
    assert "damaged.pth cannot be used" in skipped["springboard_vgg16", "imbalanced"]
    assert skipped["cuny_pixel_svm", "imbalanced"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--only", "nothing"], "no published system named 'nothing'"), (["--seeds", "0"], "0 is not in the range")],
)
def test_wrong_use(arguments, words):
    result = CliRunner().invoke(main, ["reproduce", *TINY, *arguments])
    assert result.exit_code == 2 and words in result.output
    assert not Path("here").exists()


@pytest.mark.parametrize(("classifier", "is_remarked"), [("cnn_64", True), ("pixel_svm", False)])
def test_few_seeds_are_reported_for_random_trainings(classifier, is_remarked):
    found = {"honest": {"seeds": [0], "is_within_published_interval": True}}
    remarks = remarks_on([{"name": "one", "classifier": classifier, "num_test": 624, "protocols": found}])
    assert any("Fewer than three seeds: one" in remark for remark in remarks) == is_remarked


def test_missing_weights_are_announced_before_they_are_downloaded(tmp_path, monkeypatch):
    served = tmp_path / "vgg16-00000000.pth"
    torch.save(build_model("vgg16", 2, 32, "none").backbone.state_dict(), served)
    digest = hashlib.sha256(served.read_bytes()).hexdigest()[:8]
    served = served.rename(tmp_path / f"vgg16-{digest}.pth")
    public = replace(MODELS["vgg16"].public_weights, url=served.as_uri(), backbone_prefix="")
    monkeypatch.setitem(MODELS, "vgg16", replace(MODELS["vgg16"], public_weights=public))
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"), raising=False)
    words = [word for word in TINY if word != "--quiet"]
    words[words.index("study.weights=none")] = "study.weights=imagenet"
    result = CliRunner().invoke(main, ["reproduce", *words, "--only", "springboard_vgg16", "--seeds", "1"])
    assert result.exit_code == 0, result.output
    size = f"{served.stat().st_size / 1e6:.1f} MB"
    announced = result.output.index(f"Downloading the ImageNet weights of VGG16 ({size}) from {served.as_uri()}")
    assert announced < result.output.index("VGG16 transfer (springboard_vgg16, imbalanced), protocol")
    assert (tmp_path / "hub/checkpoints" / served.name).is_file()
