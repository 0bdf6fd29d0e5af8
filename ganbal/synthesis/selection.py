"""Selection of synthetic images: of several times as many, those that are hardest to separate from real ones.

Four rules, so that the selection is not the few prettiest images:
1. Candidates are ordered by how surely a small network takes them for synthetic. It is cross-fitted: it scores only
   images that it was not trained on.
2. Coverage is kept: real images are grouped by their appearance, and each group gets the share of the selection that it
   has of the real images, as far as there are candidates.
3. No duplicates: two selected images differ at least as much as all but 1 % of real images differ from their nearest
   real neighbor.
4. Labels are confirmed: by choice, only candidates remain that classifiers of real images take for their class about as
   surely as real ones (`label_confirmation`).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from classifiers.pixels import num_channels
from ganbal.errors import GanbalError
from ganbal.metrics.features.extractor import embed_images
from ganbal.metrics.features.thumbnails import thumbnail_extractor
from ganbal.metrics.features.untrained import untrained_extractor
from ganbal.metrics.neighbors import nearest
from ganbal.metrics.two_sample_cnn import Separator
from ganbal.synthesis.label_confirmation import LEAST_RANK, LabelConfirmation

_EPOCHS = 2
_MOST_GROUPS, _IMAGES_PER_GROUP = 16, 8
_NEAREST_SHARE = 0.01


@dataclass(frozen=True)
class Selection:
    """Which candidates are kept.

    Attributes:
        rows: (count,) int64, ascending.
        separability: (count,) float64 in [0, 1]: the rank among all candidates, 0 for the hardest to separate.
        groups: (count,) int64, the group of similar real images that each belongs to.
        label_ranks: (count,) float64 in [0, 1], see `LabelConfirmation.ranks`; None without confirmation.
        num_unconfirmed: candidates whose label was not confirmed.
    """

    rows: np.ndarray
    separability: np.ndarray
    groups: np.ndarray
    label_ranks: np.ndarray | None = None
    num_unconfirmed: int = 0

    def manifest_entries(self, place: int) -> dict[str, str]:
        """What the manifest says of the selected image at this place, by column."""
        entries = {"separability": f"{self.separability[place]:.4f}", "group": str(self.groups[place])}
        return entries if self.label_ranks is None else entries | {"label_rank": f"{self.label_ranks[place]:.4f}"}


def select_images(
    candidates: np.ndarray,
    real: np.ndarray,
    count: int,
    *,
    of_others: np.ndarray | None = None,
    seed: int,
    device: torch.device,
) -> Selection:
    """Select `count` of the candidates.

    Args:
        candidates: (M, S, S) or (M, S, S, 3) uint8 synthetic images, M ≥ count and M ≥ 4.
        real: (N, S, S) or (N, S, S, 3) uint8 training images of their class, N ≥ 4.
        of_others: K uint8 training images of all other classes, K ≥ 4, to confirm labels; None leaves that out.
        seed: of the folds, the networks and the groups.

    Raises:
        GanbalError: too few of the candidates have a confirmed label and differ from one another.
    """
    label_ranks, is_confirmed = None, np.ones(len(candidates), dtype=bool)
    if of_others is not None:
        label_ranks = LabelConfirmation.from_images(real, of_others, seed=seed, device=device).ranks(candidates)
        is_confirmed = label_ranks >= LEAST_RANK
    separability = cross_fitted_ranks(candidates, real, seed=seed, device=device)
    groups, quotas = _groups_and_quotas(candidates, real, count, seed, device)
    thumbnails, real_thumbnails = (embed_images(side, thumbnail_extractor(device)) for side in (candidates, real))
    to_neighbors = nearest(real_thumbnails, real_thumbnails, 1, same_set=True, device=device).distances[:, 0]
    least_distance = float(np.quantile(to_neighbors, _NEAREST_SHARE, method="lower"))
    rows = choose_rows(separability, groups, quotas, thumbnails, least_distance, is_confirmed)
    if len(rows) < count:
        confirmed = "" if label_ranks is None else f"{is_confirmed.sum()} have a confirmed label, and of these "
        without = ", or leave out the confirmation (synthesis.confirm_labels=false)" if confirmed else ""
        raise GanbalError(
            f"Of {len(candidates)} generated images, {confirmed}only {len(rows)} differ from one another as real "
            f"images do, but {count} are needed: generate more to select from (synthesis.select), or train the "
            f"generator longer{without}."
        )
    return Selection(
        rows,
        separability[rows],
        groups[rows],
        None if label_ranks is None else label_ranks[rows],
        int((~is_confirmed).sum()),
    )


def cross_fitted_ranks(candidates: np.ndarray, real: np.ndarray, *, seed: int, device: torch.device) -> np.ndarray:
    """(M,) float64 in [0, 1]: the rank of each candidate's score among those of its half, 0 for the most real.

    Each half is scored by a network that learned to separate the other half from half of the real images.
    """
    random = np.random.default_rng(seed)
    halves, real_halves = (np.array_split(random.permutation(len(side)), 2) for side in (candidates, real))
    ranks = np.empty(len(candidates))
    for number, (scored, others, known) in enumerate(zip(halves, halves[::-1], real_halves, strict=True)):
        # As many of each, so that neither kind is the likelier answer.
        size = min(len(others), len(known))
        separator = Separator(real[known[:size]], candidates[others[:size]], seed=seed + number, device=device)
        for _ in range(_EPOCHS):
            separator.train_epoch()
        ranks[scored] = (pd.Series(separator.scores(candidates[scored])).rank().to_numpy() - 1) / max(
            len(scored) - 1, 1
        )
    return ranks


def choose_rows(
    separability: np.ndarray,
    groups: np.ndarray,
    quotas: np.ndarray,
    thumbnails: np.ndarray,
    least_distance: float,
    is_candidate: np.ndarray | None = None,
) -> np.ndarray:
    """Rows of the chosen candidates, ascending: as many as the quotas allow in all, fewer if too few differ.

    Candidates with low separability come first. Where a group has too few candidates, others take its places.

    Args:
        separability: (M,) numbers.
        groups: (M,) int64, the group of each candidate.
        quotas: (K,) int64, how many candidates each group may have.
        thumbnails: (M, D) of unit length.
        least_distance: below this Euclidean distance, two thumbnails are duplicates.
        is_candidate: (M,) bool, which may be chosen; None means all.
    """
    order, left, count = np.argsort(separability, kind="stable"), quotas.copy(), int(quotas.sum())
    # Chosen, a duplicate of a chosen one, or not to be chosen.
    is_taken = np.zeros(len(separability), dtype=bool) if is_candidate is None else ~is_candidate
    chosen: list[int] = []
    for keeps_quotas in (True, False):
        for row in order:
            if len(chosen) == count:
                break
            if is_taken[row] or (keeps_quotas and left[groups[row]] <= 0):
                continue
            chosen.append(int(row))
            left[groups[row]] -= 1
            # |a - b|² = 2 - 2 a·b for vectors of unit length.
            is_taken |= 2 - 2 * (thumbnails @ thumbnails[row]) < least_distance**2
            is_taken[row] = True
    return np.array(sorted(chosen), dtype=np.int64)


def shared_out(shares: np.ndarray, count: int) -> np.ndarray:
    """(K,) int64 that sum to `count`, in proportion to `shares` (K,) by largest remainders."""
    exact = shares / shares.sum() * count
    quotas = np.floor(exact).astype(np.int64)
    quotas[np.argsort(quotas - exact, kind="stable")[: count - quotas.sum()]] += 1
    return quotas


def _groups_and_quotas(
    candidates: np.ndarray, real: np.ndarray, count: int, seed: int, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """The group of each candidate, (M,), and how many of each group are to be selected, (K,)."""
    from sklearn.cluster import KMeans  # not above: it takes a second

    extractor = untrained_extractor(device, channels=num_channels(real))
    features, others = (embed_images(side, extractor).astype(np.float64) for side in (real, candidates))
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    number = min(_MOST_GROUPS, max(1, len(real) // _IMAGES_PER_GROUP))
    clusters = KMeans(number, n_init=4, random_state=seed).fit((features - mean) / scale)
    quotas = shared_out(np.bincount(clusters.labels_, minlength=number), count)
    return clusters.predict((others - mean) / scale).astype(np.int64), quotas
