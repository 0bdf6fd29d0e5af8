import json
from dataclasses import replace
from pathlib import Path

import pytest

from ganbal.errors import InputError
from ganbal.metrics.identity import ExtractorIdentity, refuse_mixed
from ganbal.metrics.score_file import read_comparable_scores, read_scores

INCEPTION = ExtractorIdentity("inception", 768, "ab" * 32, "pytorch-fid 299", "a note")


def write(file: Path, identity: ExtractorIdentity, metric: str = "fid") -> Path:
    score = {"metric": metric, "value": 1.5, "extractor": identity.to_json()}
    file.write_text(json.dumps({"scores": [score]}), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "change", [{"name": "untrained"}, {"dims": 2048}, {"weights_sha256": "cd" * 32}, {"resize": "antialiased 299"}]
)
def test_scores_of_different_identity_are_refused_together(tmp_path: Path, change: dict) -> None:
    other = replace(INCEPTION, **change)
    assert other.key != INCEPTION.key
    files = [write(tmp_path / "a.json", INCEPTION), write(tmp_path / "b.json", other)]
    with pytest.raises(InputError, match="scores of one extractor"):
        read_comparable_scores(files)
    with pytest.raises(InputError, match=" against "):
        refuse_mixed([INCEPTION, other])


def test_scores_of_one_identity_are_read_together(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "a.json", INCEPTION),
        write(tmp_path / "b.json", replace(INCEPTION, note="another note")),
        write(tmp_path / "c.json", replace(INCEPTION, dims=64), metric="two_sample_auc"),
    ]
    assert [content["scores"][0]["value"] for content in read_comparable_scores(files)] == [1.5] * 3


@pytest.mark.parametrize("text", ["", "{}", '{"scores": [{"metric": "fid"}]}', '{"scores": 3}'])
def test_what_is_no_score_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="scores written by `ganbal score`"):
        read_scores(tmp_path / "x.json")
    with pytest.raises(InputError, match="No such file"):
        read_scores(tmp_path / "missing.json")
