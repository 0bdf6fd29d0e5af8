import numpy as np
import pytest
import torch

from ganbal.errors import GanbalError
from ganbal.synthesis.selection import choose_rows, cross_fitted_ranks, select_images, shared_out

CPU = torch.device("cpu")
pytestmark = pytest.mark.usefixtures("one_torch_thread")
BOARD = np.indices((24, 24)).sum(axis=0) % 2 * 2 - 1


def images(count, seed, level=127, grain=0):
    """Gray noise of four pixels' size around `level`; `grain` adds a checkerboard, a generator's artifact."""
    coarse = np.random.default_rng(seed).normal(level, 25, (count, 6, 6)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(coarse + grain * BOARD, 0, 255).astype(np.uint8)


def unit(degrees):
    angles = np.radians(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def test_rows_are_chosen_by_separability_within_quotas_and_without_duplicates_by_hand():
    separability = np.array([0.5, 0.1, 0.2, 0.3, 0.4, 0.6])
    groups = np.array([0, 0, 0, 0, 1, 1])
    # Candidates 1 and 2 are 1 degree apart; the others at least 20.
    thumbnails = unit([0, 50, 51, 90, 140, 200])
    least = 2 * np.sin(np.radians(5) / 2)  # the distance of vectors 5 degrees apart
    # Of group 0: 1, not 2 (its duplicate), 3. Of group 1: 4.
    assert choose_rows(separability, groups, np.array([2, 1]), thumbnails, least).tolist() == [1, 3, 4]
    # Group 1 has only two; its third place goes to the best of the others.
    assert choose_rows(separability, groups, np.array([1, 3]), thumbnails, least).tolist() == [1, 3, 4, 5]
    assert choose_rows(separability, groups, np.array([6, 0]), thumbnails, least).tolist() == [0, 1, 3, 4, 5]
    # Without candidate 1, whose label is not confirmed, 2 is no duplicate.
    confirmed = np.array([True, False, True, True, True, True])
    assert choose_rows(separability, groups, np.array([2, 1]), thumbnails, least, confirmed).tolist() == [2, 3, 4]


def test_shares_are_rounded_by_largest_remainders():
    # 10 in proportion to 1, 1, 1: 3.33 each; to 5, 3, 2 of 7: 3.5, 2.1, 1.4.
    assert shared_out(np.array([1, 1, 1]), 10).tolist() == [4, 3, 3]
    assert shared_out(np.array([5, 3, 2]), 7).tolist() == [4, 2, 1]


def test_candidates_with_an_artifact_are_the_easiest_to_separate():
    real = images(160, 0)
    candidates = np.concatenate([images(80, 1), images(80, 2, grain=32)])
    ranks = cross_fitted_ranks(candidates, real, seed=0, device=CPU)
    assert ranks.min() == 0 and ranks.max() == 1
    assert ranks[80:].mean() - ranks[:80].mean() > 0.3  # 0.5 at most
    assert np.array_equal(ranks, cross_fitted_ranks(candidates, real, seed=0, device=CPU))
    chosen = select_images(candidates, real, 40, seed=0, device=CPU)
    assert (chosen.rows < 80).mean() > 0.9
    assert np.array_equal(chosen.separability, ranks[chosen.rows])


def test_the_variety_of_the_real_images_is_kept():
    # Half of the real images are dark, but only a fifth of the candidates.
    real = np.concatenate([images(64, 0, level=60), images(64, 1, level=190)])
    candidates = np.concatenate([images(30, 2, level=60), images(120, 3, level=190)])
    chosen = select_images(candidates, real, 40, seed=0, device=CPU)
    assert len(chosen.rows) == len(set(chosen.rows.tolist())) == 40
    # Half of the selection, give or take the places that groups without candidates leave to others.
    assert 15 <= (chosen.rows < 30).sum() <= 26


def test_candidates_that_show_another_class_are_not_selected():
    of_class, others = images(80, 0, level=70), images(120, 1, level=180)
    # The others' look is not an artifact: half of the candidates are as real as the rest, but of the other class.
    candidates = np.concatenate([images(40, 2, level=70), images(40, 3, level=180)])
    chosen = select_images(candidates, of_class, 20, of_others=others, seed=0, device=CPU)
    assert chosen.rows.max() < 40
    assert 38 <= chosen.num_unconfirmed <= 44
    assert chosen.label_ranks.min() >= 0.05
    assert set(chosen.manifest_entries(0)) == {"separability", "group", "label_rank"}
    with pytest.raises(GanbalError, match=r"\d+ have a confirmed label, and of these only \d+ differ .* 60 are needed"):
        select_images(candidates, of_class, 60, of_others=others, seed=0, device=CPU)


def test_copies_of_a_few_images_are_too_few_to_select_from():
    candidates = np.tile(images(4, 1), (10, 1, 1))
    with pytest.raises(GanbalError, match=r"Of 40 generated images, only 4 differ .* 20 are needed.*synthesis\.select"):
        select_images(candidates, images(40, 0), 20, seed=0, device=CPU)
