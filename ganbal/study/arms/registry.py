"""All arms by name: adding an arm is a function and a line here."""

from ganbal.errors import InputError
from ganbal.study.arms.arm import Arm
from ganbal.study.arms.copies import augmented, duplicated
from ganbal.study.arms.degraded import gan_degraded
from ganbal.study.arms.generated import gan, gan_augmented, gan_augmented_needs, gan_both, gan_both_needs, gan_needs
from ganbal.study.arms.real import class_weights, imbalanced, sampler, smote, undersampled
from ganbal.study.arms.real_last import gan_pretrain
from ganbal.study.arms.two_batch_norms import gan_advprop
from ganbal.study.arms.weighted import gan_weighted

ARMS = {
    arm.name: arm
    for arm in (
        Arm("imbalanced", "Real images only", imbalanced),
        Arm("class-weights", "Real images, weighted loss", class_weights),
        Arm("sampler", "Real images, classes sampled equally often", sampler),
        Arm("undersampled", "Real images, larger classes cut down", undersampled),
        Arm("duplicated", "Real images, minority duplicated", duplicated, adds_images=True),
        Arm("augmented", "Real images and augmented copies", augmented, adds_images=True),
        Arm("smote", "Real images and SMOTE in feature space", smote, adds_images=True),
        Arm("gan", "Real and GAN images", gan, adds_images=True, synthetic_needed=gan_needs),
        Arm(
            "gan+augmented",
            "Real images, half GAN images and half augmented copies",
            gan_augmented,
            adds_images=True,
            synthetic_needed=gan_augmented_needs,
        ),
        Arm(
            "gan-both",
            "Real images, GAN images in every class, weighted loss",
            gan_both,
            adds_images=True,
            synthetic_needed=gan_both_needs,
        ),
        Arm(
            "gan-weighted",
            "Real and GAN images, GAN images with a lower weight",
            gan_weighted,
            adds_images=True,
            synthetic_needed=gan_needs,
            settings=("synthetic_weight",),
        ),
        Arm(
            "gan-pretrain",
            "Real and GAN images first, real images last",
            gan_pretrain,
            adds_images=True,
            synthetic_needed=gan_needs,
            settings=("synthetic_steps",),
        ),
        Arm(
            "gan-degraded",
            "Real and GAN images, degraded alike",
            gan_degraded,
            adds_images=True,
            synthetic_needed=gan_needs,
        ),
        Arm(
            "gan-advprop",
            "Real and GAN images, normalized separately",
            gan_advprop,
            adds_images=True,
            synthetic_needed=gan_needs,
        ),
    )
}


def find_arm(name: str) -> Arm:
    """The arm with this name.

    Raises:
        InputError: there is no such arm.
    """
    if name not in ARMS:
        raise InputError(
            found=f"There is no arm {name!r}.",
            expected=f"The arms are {', '.join(ARMS)}.",
            action="Correct study.arms, e.g. --set 'study.arms=[imbalanced,gan]'.",
        )
    return ARMS[name]
