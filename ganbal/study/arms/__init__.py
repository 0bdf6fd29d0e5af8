"""Ways of building the training set: from real and synthetic images to what a classifier trains on."""

from ganbal.study.arms.arm import Arm
from ganbal.study.arms.image_set import ImageSet, TrainingSet
from ganbal.study.arms.registry import ARMS, find_arm

__all__ = ["ARMS", "Arm", "ImageSet", "TrainingSet", "find_arm"]
