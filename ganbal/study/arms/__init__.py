"""Ways of making the training set: real and synthetic images in, what a classifier trains on out."""

from ganbal.study.arms.arm import Arm
from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.arms.registry import ARMS, BASELINE, find_arm

__all__ = ["ARMS", "BASELINE", "Arm", "ImageSet", "TrainingSet", "find_arm"]
