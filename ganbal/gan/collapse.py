"""Detects that a GAN training has collapsed, from its history."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

PINNED_ROWS = 5
PINNED_REAL, PINNED_SYNTHETIC = 0.98, 0.02
# At first, generators make gray fog, so diversity can only be lost once it was there.
HAD_DIVERSITY, LOST_DIVERSITY = 0.5, 0.25
FOG_ENDS_AFTER_IMAGES = 64_000
"""Trainings that did not collapse had a relative diversity above 0.6 after a quarter of them (64 px and 160 px)."""


def diversity(images: np.ndarray) -> float:
    """Root mean square difference between two different images of the set, in steps of 255.

    For images x_i with mean image m it is √(2·mean|x_i - m|²·n/(n-1)), without visiting pairs.

    Args:
        images: (N, S, S) or (N, S, S, 3) uint8, N ≥ 2.
    """
    flat = images.reshape(len(images), -1).astype(np.float32)
    variance = flat.var(axis=0, ddof=1, dtype=np.float64).mean()
    return math.sqrt(2.0 * float(variance))


def detect_collapse(rows: Sequence[Mapping[str, float]], num_restored: int = 0) -> str | None:
    """Describe what is wrong with a training; None if nothing is.

    After a rollback only the rows since then count, because the earlier ones led to the collapse that was rolled back.
    The restored state itself still says how diverse its images were.

    Args:
        rows: the history so far, oldest first, with discriminator_loss, generator_loss, real_score, synthetic_score
            and, where it was measured, relative_diversity: that of synthetic images divided by that of real ones; with
            images_seen, diversity that never came is found as well.
        num_restored: how many of them the last rollback restored.
    """
    new = rows[num_restored:]
    if not new:
        return None
    if not all(math.isfinite(new[-1][name]) for name in ("discriminator_loss", "generator_loss")):
        return "a loss is infinite or not a number"
    recent = new[-PINNED_ROWS:]
    if len(recent) == PINNED_ROWS and all(_is_pinned(row) for row in recent):
        return "the discriminator separates all images perfectly, so the generator has no gradient to learn from"
    now = new[-1].get("relative_diversity", 1.0)
    most = max(row.get("relative_diversity", 0.0) for row in rows[max(num_restored - 1, 0) :])
    if now < LOST_DIVERSITY and most >= HAD_DIVERSITY:
        return f"the synthetic images are nearly identical (they differ {now:.0%} as much as real ones do)"
    if max(now, most) < LOST_DIVERSITY and new[-1].get("images_seen", 0) >= FOG_ENDS_AFTER_IMAGES:
        return (
            f"the synthetic images have been nearly identical all the time (they differ {now:.0%} as much as real ones)"
        )
    return None


def _is_pinned(row: Mapping[str, float]) -> bool:
    return row["real_score"] > PINNED_REAL and row["synthetic_score"] < PINNED_SYNTHETIC
