from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

from ganbal.metrics.features.feature_cache import SetFeatureCache
from ganbal.metrics.features.images import ArrayImages
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.identity import ExtractorIdentity
from ganbal.metrics.score import Score
from ganbal.metrics.score_warnings import warnings_of
from ganbal.metrics.two_sample import TWO_SAMPLE_AUC, area_interval, fold_factor, two_sample_auc
from ganbal.runtime.console import Console


def test_the_interval_has_its_nominal_coverage() -> None:
    rng = np.random.default_rng(0)
    truth, covered = 0.7602, 0  # P(N(1, 1) > N(0, 1)) = Φ(1/√2)
    for _ in range(400):
        scores = np.concatenate([rng.normal(1, 1, 40), rng.normal(size=60)])
        low, high = area_interval(roc_auc_score([1] * 40 + [0] * 60, scores), 40, 60)
        covered += low <= truth <= high
    assert 0.92 <= covered / 400 <= 0.985


def test_the_interval_has_a_width_at_the_ends() -> None:
    low, high = area_interval(1.0, 100, 100)
    assert high == 1.0 and 0.95 < low < 0.99
    low, high = area_interval(0.0, 100, 100)
    assert low == 0.0 and 0.01 < high < 0.05
    assert area_interval(0.5, 100, 100) == (pytest.approx(0.42, abs=0.01), pytest.approx(0.58, abs=0.01))


def test_folds_widen_the_interval_by_hand() -> None:
    # 1 + 5/4 = 1.5²; 1 + 2/1 = 3.
    assert fold_factor(5) == 1.5 and fold_factor(2) == pytest.approx(3**0.5)
    plain, wide = area_interval(0.5, 100, 100), area_interval(0.5, 100, 100, 1.5)
    assert (wide[1] - wide[0]) / (plain[1] - plain[0]) == pytest.approx(1.5, rel=0.03)


def test_the_interval_of_folds_has_its_nominal_coverage() -> None:
    rng, covered = np.random.default_rng(0), 0
    for _ in range(120):
        area = two_sample_auc(rng.normal(size=(40, 4)), rng.normal(size=(40, 4)), generator=rng)
        covered += area.low <= 0.5 <= area.high
    # 0.82 without the correction for folds.
    assert covered / 120 >= 0.92


def test_copies_with_an_artifact_are_below_chance_and_reported() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(150, 100))
    copies = real + 0.05 * rng.normal(size=real.shape) + 0.15 * (np.arange(100) < 8)
    kinds = {}
    for name, synthetic in (("copies", copies), ("new", rng.normal(size=(150, 100)))):
        area = two_sample_auc(real, synthetic, generator=np.random.default_rng(0))
        interval, identity = (area.low, area.high), ExtractorIdentity("untrained", 100, None, "none")
        score = Score(TWO_SAMPLE_AUC.kind, area.value, interval, 150, 150, identity, None)
        kinds[name] = [record["kind"] for record in warnings_of([score], has_held_out=False)]
    assert kinds == {"copies": ["below-chance"], "new": []}


def test_blurred_images_are_separated_and_new_real_images_are_not(chest_xray_root: Path) -> None:
    files = sorted((chest_xray_root / "train" / "NORMAL").iterdir())
    images = np.stack([np.asarray(Image.open(f).convert("L").resize((96, 96))) for f in files[::2][:600]])
    order = np.random.default_rng(0).permutation(600)
    one, other = images[order[:300]], images[order[300:]]
    blurred = np.stack([np.asarray(Image.fromarray(i).resize((64, 64)).resize((96, 96))) for i in other])
    store = SetFeatureCache(None, Console(quiet=True))
    extractor = untrained_extractor(torch.device("cpu"), size_px=96)
    a, b, c = (store.features(ArrayImages(s, name="x"), [extractor])[0].values for s in (one, other, blurred))
    assert two_sample_auc(a, c, generator=np.random.default_rng(0)).value > 0.98
    fresh = two_sample_auc(a, b, generator=np.random.default_rng(0))
    assert fresh.low < 0.5 < fresh.high


def test_same_generator_same_area(draw_chests: Callable) -> None:
    rng = np.random.default_rng(0)
    sides = rng.normal(size=(60, 10)), rng.normal(0.3, 1, size=(90, 10))
    first, second = (two_sample_auc(*sides, generator=np.random.default_rng(4)) for _ in range(2))
    assert first == second
    assert 0.6 < first.value < 0.95


def test_a_feature_that_never_varies_does_no_harm() -> None:
    rng = np.random.default_rng(0)
    real, synthetic = rng.normal(size=(50, 3)), rng.normal(2, 1, size=(50, 3))
    real[:, 1] = synthetic[:, 1] = 7
    assert two_sample_auc(real, synthetic, generator=rng).value > 0.9
