"""What only the images can tell about a study's settings, told before a run takes these settings for its own."""

from ganbal.stages.context import Stages
from ganbal.stages.preflight import check_planned_supply, wants_synthetic
from ganbal.study.running import check_synthetic


def check_study(stages: Stages, *, draws: bool) -> None:
    """See that every arm, ratio and share of the minority class can be had.

    Args:
        draws: the same command draws the synthetic images; otherwise they have to be there.

    Raises:
        InputError: a share leaves too few images, or there are or will be too few synthetic ones.
    """
    study = stages.config.study
    for fraction in study.minority_fractions:
        counts = stages.at_fraction(fraction).dataset.table.counts()["train"]
        if draws and wants_synthetic(study):
            check_planned_supply(counts, stages.config)
    if not draws:
        check_synthetic(stages.study_source, study)
