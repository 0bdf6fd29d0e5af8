"""The support vector machine of the CUNY report (Hussan 2022): radial basis functions on 50×50 gray pixels.

Colors become luma, as in the report.
"""

from torch import nn

from classifiers.models.initialization import initialize_like_keras
from classifiers.models.kernel_machine import KernelMachine, fit_rbf_machine
from classifiers.models.model import Model
from classifiers.models.recipe import Recipe


def build_head(num_features: int, num_outputs: int) -> nn.Module:
    return nn.Sequential(KernelMachine.empty(num_features, num_outputs))


PIXEL_SVM = Model(
    name="pixel_svm",
    title="RBF SVM on pixels",
    image_size_px=50,
    min_image_size_px=2,
    mean=(0.0,),
    std=(1.0,),
    build_backbone=nn.Flatten,
    build_head=build_head,
    initialize=initialize_like_keras,
    recipe=Recipe(epochs=1),
    fit_last_layer=fit_rbf_machine,
)
