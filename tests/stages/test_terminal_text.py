from ganbal.stages.terminal_text import scores, study


def row(metric="balanced_accuracy", **others):
    usual = {"arm": "gan", "classifier": "cnn", "metric": metric, "mean": 0.7, "sd": None, "n": 1}
    return usual | {"synthetic_ratio": None, "minority_fraction": 1.0} | others


def content(per_arm, differences):
    return {
        "classes": ["A", "B"],
        "classifiers": [{"name": "cnn"}],
        "arms": ["imbalanced", "gan"],
        "seeds": [0, 1],
        "num_test": 12,
        "main_metric": "balanced_accuracy",
        "per_arm": per_arm,
        "differences": differences,
        "warnings": [],
        "verdict_sentence": "No.",
    }


def difference(**others):
    found = {"baseline": "imbalanced", "low": -0.01, "high": 0.03, "verdict": "no difference found"}
    return row(mean=0.01) | found | others


def test_ratios_and_fractions_have_lines_of_their_own():
    rows = [{"synthetic_ratio": 0.5, "minority_fraction": 1.0}, {"synthetic_ratio": 1.0, "minority_fraction": 0.1}]
    text = study(
        content([row(mean=0.7 + at["synthetic_ratio"] / 10, **at) for at in rows], [difference(**at) for at in rows])
    )
    lines = text.splitlines()
    assert any("gan, 0.5 × missing " in line and "0.750" in line for line in lines)
    assert any("gan, 1 × missing, 10 % of minority " in line and "0.800" in line for line in lines)
    assert any("gan, 0.5 × missing − imbalanced" in line and "−0.010 to +0.030" in line for line in lines)


def test_an_arm_without_ratio_or_fraction_has_its_plain_name():
    text = study(content([row(arm="imbalanced"), row()], [difference()]))
    assert "gan − imbalanced  +0.010  −0.010 to +0.030  no difference found" in text
    assert "missing" not in text and "minority" not in text and text.endswith("No.")


def test_what_scores_have_in_common_is_said_once():
    extractor = {"name": "inception", "dims": 2048, "resize": "pytorch-fid 299"}
    common = {"value": 1.0, "n_real": 30, "n_synthetic": 40, "extractor": extractor, "floor": None}
    content = {
        "scores": [
            {"title": "FID"} | common,
            {"title": "KID"} | common,
            {"title": "AUC"} | common | {"n_real": 20, "extractor": extractor | {"resize": "antialiased 32"}},
        ],
        "comparison": {"real": {"name": "a"}, "synthetic": {"name": "b"}},
    }
    text = scores(content)
    assert "Images (real / synthetic): 30 / 40; of AUC: 20 / 40." in text
    assert text.count("inception") == 2 and "; of AUC: inception 2048-d, resize antialiased 32." in text
    assert max(map(len, text.splitlines()[:6])) <= 80
