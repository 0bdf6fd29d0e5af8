"""Which cells a study has: every arm at every ratio, with every classifier, minority fraction and seed."""

from classifiers.registry import find_model
from classifiers.training.feature_oversampling import has_fixed_vectors
from classifiers.training.separate_batch_norm import can_separate_batch_norms
from ganbal.config import StudyConfig
from ganbal.study.arms import find_arm
from ganbal.study.arms.supply import Condition
from ganbal.study.cell import Cell
from ganbal.study.warnings import WarningRecord, warning


def planned_cells(config: StudyConfig, seed: int) -> list[Cell]:
    """All cells; one seed of every arm comes before the next seed, so that an interrupted study is still balanced.

    Pairs of arm and classifier that cannot be trained are left out; `arms_left_out` lists them.
    """
    return [
        Cell(arm, classifier, seed + number, ratio, fraction)
        for classifier in config.classifiers
        for number in range(config.seeds)
        for fraction in config.minority_fractions
        for arm, ratio in conditions(config)
        if _reason_to_leave_out(arm, classifier, config) is None
    ]


def classifier_size_px(name: str, config: StudyConfig) -> int:
    """Side of the input images of this classifier in this study."""
    return config.image_size_px or find_model(name).image_size_px


def augmented_versions(classifier: str, config: StudyConfig) -> int:
    """How many versions of each training image this classifier is trained on; 0: new ones in every epoch, or none."""
    model = find_model(classifier)
    is_frozen = model.frozen_backbone and not model.trained_blocks
    return config.augmented_versions if is_frozen and not has_fixed_vectors(model, config.augment) else 0


def conditions(config: StudyConfig) -> list[Condition]:
    """Every arm with each ratio, if the settings name ratios and the arm adds images; otherwise once, without one.

    Arms that none of the classifiers can be trained with are left out, so that no images are planned for them.

    Raises:
        InputError: there is no such arm or classifier.
    """
    return [
        (arm, ratio)
        for arm in config.arms
        if any(_reason_to_leave_out(arm, classifier, config) is None for classifier in config.classifiers)
        for ratio in (config.synthetic_ratios if find_arm(arm).adds_images and config.synthetic_ratios else (None,))
    ]


def arms_left_out(config: StudyConfig) -> list[WarningRecord]:
    """A warning for each pair of arm and classifier that cannot be trained."""
    return [
        warning("arm-left-out", arm=arm, classifier=find_model(classifier).title, reason=reason)
        for classifier in config.classifiers
        for arm in config.arms
        if (reason := _reason_to_leave_out(arm, classifier, config)) is not None
    ]


def _reason_to_leave_out(arm: str, classifier: str, config: StudyConfig) -> str | None:
    """One of `warnings.LEFT_OUT_REASONS`, None where the pair can be trained."""
    model = find_model(classifier)
    if arm == "smote" and not has_fixed_vectors(model, config.augment):
        return "smote-needs-no-augmentation" if has_fixed_vectors(model, "none") else "smote-needs-fixed-features"
    if arm == "sampler" and model.is_only_fitted:
        return "sampler-needs-batches"
    if arm in ("gan-weighted", "gan-pretrain") and model.fit_last_layer is not None:
        return "arm-needs-steps"
    if arm == "gan-advprop" and not can_separate_batch_norms(model):
        return "arm-needs-batch-norm"
    return None
