import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbal.config import ScoreConfig
from ganbal.errors import InputError
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.scoring import RunImages, score_run, score_sets
from ganbal.metrics.statistics_file import save_statistics
from ganbal.runtime.atomic_files import read_json, write_json
from ganbal.runtime.console import Console

CPU = torch.device("cpu")
UNTRAINED = ScoreConfig(extractor="untrained", floor_splits=3)
ALL_METRICS = [
    "fid",
    "fid_infinity",
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "authenticity",
    "two_sample_auc",
    "copies",
    "data_copying",
]


def score(train: np.ndarray, synthetic: np.ndarray, held_out: np.ndarray | None = None, **changes: object) -> dict:
    options: dict = {"config": UNTRAINED, "cache_root": None, "seed": 0, "console": Console(quiet=True)} | changes
    return score_run(
        RunImages(train, synthetic, held_out),
        train_names=[f"train_{i}.png" for i in range(len(train))],
        synthetic_names=[f"synthetic_{i}.png" for i in range(len(synthetic))],
        device=CPU,
        **options,
    )


def by_name(scores: dict) -> dict[str, dict]:
    return {entry["metric"]: entry for entry in scores["scores"]}


def test_a_run_with_everything(tmp_path: Path, draw_chests: Callable) -> None:
    train, held_out, synthetic = draw_chests(120, 48, 0), draw_chests(60, 48, 1), draw_chests(90, 48, 2)
    synthetic[:9] = train[:9]
    scores = score(train, synthetic, held_out, figures_folder=tmp_path)
    found = by_name(scores)
    assert list(found) == ALL_METRICS
    write_json(tmp_path / "scores.json", scores)
    assert read_json(tmp_path / "scores.json") == json.loads(json.dumps(scores))
    for entry in found.values():
        assert (entry["n_real"], entry["n_synthetic"]) == (120, 90)
        assert entry["extractor"]["name"] == "untrained" and entry["extractor"]["dims"] == 256
        low, high = entry["range"]
        assert (low is None or entry["value"] >= low) and (high is None or entry["value"] <= high)
    directions = {name: (entry["better"], entry["best"]) for name, entry in found.items()}
    assert directions["fid"] == ("lower", 0) and directions["precision"] == ("higher", None)
    assert directions["two_sample_auc"] == ("near", 0.5) and directions["data_copying"] == ("near", 0)
    for name in ALL_METRICS[:-1]:
        assert found[name]["floor"]["low"] <= found[name]["floor"]["value"] <= found[name]["floor"]["high"]
    assert found["fid"]["floor"]["n"] == 60 and found["fid"]["floor"]["splits"] == 3
    assert found["fid"]["held_out_floor"]["n"] == 48
    # All nine planted copies, and at most 5 % of the 81 others.
    assert 9 <= scores["copies"]["number"] <= 9 + 4
    nearest = scores["copies"]["nearest_pairs"][:9]
    assert {pair["synthetic"] for pair in nearest} == {f"synthetic_{i}.png" for i in range(9)}
    assert all(pair["training"] == pair["synthetic"].replace("synthetic", "train") for pair in nearest)
    warnings = {record["kind"]: record["values"] for record in scores["warnings"]}
    assert warnings["copies"]["share"] >= 0.1 and warnings["near-identical"] == {"images": 9}
    with Image.open(tmp_path / "nearest_pairs.png") as picture:
        assert picture.size == (5 * 332 + 6, 2 * 196 + 6)


def test_fresh_images_of_the_same_kind_score_at_their_floor(draw_chests: Callable) -> None:
    found = by_name(score(draw_chests(150, 48, 0), draw_chests(150, 48, 1), draw_chests(100, 48, 2)))
    for name in ("fid", "kid", "precision", "recall", "density", "coverage", "two_sample_auc", "authenticity"):
        floor = found[name]["floor"]
        assert floor["low"] <= floor["score_at_n"] <= floor["high"], name
    assert found["copies"]["value"] <= 0.05
    assert found["two_sample_auc"]["interval"][0] < 0.55


def test_identical_sets_score_zero_within_rounding(draw_chests: Callable) -> None:
    images = draw_chests(60, 48, 0)
    found = by_name(score(images, images, draw_chests(40, 48, 1)))
    assert abs(found["fid"]["value"]) < 1e-6
    assert found["precision"]["value"] == found["recall"]["value"] == 1
    assert found["copies"]["value"] == 1 and found["authenticity"]["value"] == 0
    assert found["data_copying"]["value"] < -5


def test_same_seed_same_scores_whatever_else_is_computed(draw_chests: Callable) -> None:
    sets = draw_chests(50, 48, 0), draw_chests(50, 48, 1)
    whole, again = by_name(score(*sets)), by_name(score(*sets))
    assert whole == again
    alone = by_name(score(*sets, config=UNTRAINED.model_copy(update={"metrics": ("kid",)})))
    assert alone == {"kid": whole["kid"]}
    assert by_name(score(*sets, seed=1))["kid"]["interval"] != whole["kid"]["interval"]


def test_the_two_sample_test_sees_the_classifiers_images(draw_chests: Callable) -> None:
    train, synthetic = draw_chests(80, 96, 0), draw_chests(80, 96, 1)
    small = np.stack([np.asarray(Image.fromarray(i).resize((32, 32))) for i in synthetic])
    enlarged = np.stack([np.asarray(Image.fromarray(i).resize((96, 96))) for i in small])
    small_train = np.stack([np.asarray(Image.fromarray(i).resize((32, 32))) for i in train])
    config = UNTRAINED.model_copy(update={"metrics": ("two_sample",)})
    blind = by_name(score(small_train, small, config=config))["two_sample_auc"]
    seeing = score(small_train, small, config=config, classifier_images=RunImages(train, enlarged))
    assert blind["value"] < 0.75
    assert by_name(seeing)["two_sample_auc"]["value"] > 0.99
    assert by_name(seeing)["two_sample_auc"]["extractor"]["resize"] == "antialiased 96"
    (shortcut,) = [record["values"] for record in seeing["warnings"] if record["kind"] == "shortcut"]
    assert shortcut["auc"] > 0.99


def test_too_few_held_out_images_are_reported_and_not_used(draw_chests: Callable) -> None:
    console = Console(quiet=True)
    scores = score(draw_chests(40, 40, 0), draw_chests(40, 40, 1), draw_chests(3, 40, 2), console=console)
    assert scores["comparison"]["held_out"] is None
    assert scores["copies"]["rule_from"] == "training"
    assert "data_copying" not in by_name(scores)
    assert any("3 held-out images are too few" in text for text in console.warnings)
    assert {"kind": "no-held-out", "values": {}} in scores["warnings"]


def test_a_handful_of_images_is_refused(draw_chests: Callable) -> None:
    with pytest.raises(InputError, match="at least 16 synthetic images"):
        score(draw_chests(40, 40, 0), draw_chests(5, 40, 1))
    with pytest.raises(InputError, match="at least 16 real images"):
        score(draw_chests(5, 40, 0), draw_chests(40, 40, 1))
    config = UNTRAINED.model_copy(update={"nearest_k": 30})
    with pytest.raises(InputError, match="at least 62 real images"):
        score(draw_chests(40, 40, 0), draw_chests(40, 40, 1), config=config)


def test_two_folders_give_what_their_arrays_give(tmp_path: Path, draw_chests: Callable, write_pngs: Callable) -> None:
    train, synthetic, held_out = draw_chests(40, 48, 0), draw_chests(45, 48, 1), draw_chests(30, 48, 2)
    folders = [write_pngs(tmp_path / str(i), images) for i, images in enumerate((train, synthetic, held_out))]
    found = score_sets(
        folders[0],
        folders[1],
        held_out=folders[2],
        config=UNTRAINED,
        device=CPU,
        cache_root=tmp_path / "cache",
        seed=0,
        console=Console(quiet=True),
    )
    expected = by_name(score(train, synthetic, held_out))
    assert {name: entry["value"] for name, entry in by_name(found).items()} == {
        name: pytest.approx(entry["value"], rel=1e-6) for name, entry in expected.items()
    }
    assert found["comparison"]["real"] == {"name": str(folders[0]), "n": 40}


def test_auto_reports_its_choice(
    tmp_path: Path, draw_chests: Callable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ganbal.metrics.features.inception.inception_is_cached", lambda: False)
    config = ScoreConfig(extractor="auto", metrics=("fid",), floor_splits=2)
    scores = score(draw_chests(20, 40, 0), draw_chests(20, 40, 1), config=config, console=Console())
    assert "Features: untrained (no Inception weights" in capsys.readouterr().err
    assert "no trained network" in scores["warnings"][0]["values"]["note"]


def test_statistics_files_in_place_of_folders(tmp_path: Path, draw_chests: Callable, write_pngs: Callable) -> None:
    folders = [write_pngs(tmp_path / str(seed), draw_chests(30, 48, seed)) for seed in (0, 1)]
    console = Console(quiet=True)
    save_statistics(
        folders[0], tmp_path / "real.npz", extractor=untrained_extractor(CPU), cache_root=None, console=console
    )
    options: dict = {"config": UNTRAINED, "device": CPU, "cache_root": None, "seed": 0, "console": console}
    from_file = score_sets(tmp_path / "real.npz", folders[1], **options)
    from_folder = score_sets(*folders, **options)
    assert [entry["metric"] for entry in from_file["scores"]] == ["fid"]
    assert from_file["scores"][0]["value"] == pytest.approx(from_folder["scores"][0]["value"], rel=1e-6)
    assert from_file["scores"][0]["n_real"] == 30
    # Written by ganbal, so the extractor is known; what folders are warned of, files are too.
    of_folder = [record for record in from_folder["warnings"] if record["kind"] in ("extractor-note", "fid-bias")]
    assert len(of_folder) == 2
    assert from_file["warnings"] == [*of_folder, {"kind": "statistics-only", "values": {}}]
    np.savez(tmp_path / "plain.npz", **{name: np.load(tmp_path / "real.npz")[name] for name in ("mu", "sigma")})
    plain = score_sets(tmp_path / "plain.npz", folders[1], **options)
    assert plain["scores"][0]["value"] == from_file["scores"][0]["value"]
    # The folder's number is known, which suffices for the bias.
    assert [record["kind"] for record in plain["warnings"]] == [
        "extractor-note",
        "fid-bias",
        "unknown-extractor",
        "statistics-only",
    ]
    without_numbers = score_sets(tmp_path / "plain.npz", tmp_path / "plain.npz", **options)
    assert "fid-bias" not in {record["kind"] for record in without_numbers["warnings"]}


def test_statistics_of_a_handful_of_images_are_refused(
    tmp_path: Path, draw_chests: Callable, write_pngs: Callable
) -> None:
    few, enough = (write_pngs(tmp_path / str(n), draw_chests(n, 48, n)) for n in (5, 30))
    console = Console(quiet=True)
    for folder in (few, enough):
        save_statistics(
            folder, folder.with_suffix(".npz"), extractor=untrained_extractor(CPU), cache_root=None, console=console
        )
    options: dict = {"config": UNTRAINED, "device": CPU, "cache_root": None, "seed": 0, "console": console}
    with pytest.raises(InputError, match=r"5\.npz has only 5 real images.*at least 16 real images"):
        score_sets(tmp_path / "5.npz", enough, **options)
    with pytest.raises(InputError, match="at least 16 synthetic images"):
        score_sets(tmp_path / "30.npz", few, **options)


def test_statistics_of_another_extractor_are_refused(
    tmp_path: Path, draw_chests: Callable, write_pngs: Callable
) -> None:
    folder = write_pngs(tmp_path / "images", draw_chests(20, 40, 0))
    console = Console(quiet=True)
    other = untrained_extractor(CPU, size_px=64)
    save_statistics(folder, tmp_path / "other.npz", extractor=other, cache_root=None, console=console)
    options: dict = {"config": UNTRAINED, "device": CPU, "cache_root": None, "seed": 0, "console": console}
    with pytest.raises(InputError, match="from different extractors"):
        score_sets(folder, tmp_path / "other.npz", **options)


def test_statistics_of_other_dimensions_are_refused(
    tmp_path: Path, draw_chests: Callable, write_pngs: Callable
) -> None:
    folder = write_pngs(tmp_path / "images", draw_chests(20, 40, 0))
    np.savez(tmp_path / "s.npz", mu=np.zeros(64), sigma=np.eye(64))
    options: dict = {"config": UNTRAINED, "device": CPU, "cache_root": None, "seed": 0, "console": Console(quiet=True)}
    with pytest.raises(InputError, match=r"have 64 dimensions. The extractor has 256"):
        score_sets(folder, tmp_path / "s.npz", **options)
    extractor = untrained_extractor(CPU)
    with pytest.raises(InputError, match=r"does not end in \.npz"):
        save_statistics(folder, tmp_path / "s.txt", extractor=extractor, cache_root=None, console=Console(quiet=True))
    for image in list(folder.iterdir())[1:]:
        image.unlink()
    with pytest.raises(InputError, match="at least 2 images"):
        save_statistics(folder, tmp_path / "t.npz", extractor=extractor, cache_root=None, console=Console(quiet=True))
