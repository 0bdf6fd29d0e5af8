"""`synthesize --select` from the command line: what the files say of the images that were kept."""

import csv
import json

from click.testing import CliRunner

from ganbal.cli import main

TINY = (
    *("--data", "phantom", "--device", "cpu", "--set", "data.phantom_images=120", "--set", "gan.image_size_px=32"),
    *("--set", "gan.base_channels=4", "--set", "gan.batch_size=8", "--set", "gan.latent_dim=8", "--set", "gan.steps=6"),
    *("--set", "gan.score_images=16"),
)


def ganbal(*arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output


def test_each_selected_image_is_recorded_with_rank_group_and_confirmed_label(tmp_path, monkeypatch, one_torch_thread):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GANBAL_DATA", raising=False)
    ganbal("train-gan", *TINY, "--run", "here")
    folder = tmp_path / "here" / "synthetic"
    for confirms in (True, False):
        ganbal(
            *("synthesize", "--run", "here", "--n", "6", "--select", "8", "--overwrite"),
            *("--set", f"synthesis.confirm_labels={str(confirms).lower()}"),
        )
        with (folder / "manifest.csv").open() as file:
            rows = list(csv.DictReader(file))
        summary = json.loads((folder / "synthesis.json").read_text())
        assert len(rows) == len({row["index"] for row in rows}) == 6
        assert max(int(row["index"]) for row in rows) < summary["selected_from"] == 48
        assert all(0 <= float(row["separability"]) <= 1 and int(row["group"]) >= 0 for row in rows)
        if confirms:
            assert all(0.05 <= float(row["label_rank"]) <= 1 for row in rows)
            assert 0 <= summary["num_unconfirmed"] <= 42
        else:
            assert {row["label_rank"] for row in rows} == {""}
            assert summary["num_unconfirmed"] == 0
