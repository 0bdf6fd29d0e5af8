"""Support vector machines (Cortes & Vapnik 1995) as a layer: fitted by scikit-learn, evaluated in torch.

The decision function serves as the logit, so that a probability is its logistic function: 0.5 where the decision is 0.
Such probabilities are not calibrated: only their order and their side of 0.5 are meaningful. For more than two classes,
one machine per class is fitted against all others.
"""

from typing import Literal, Self

import numpy as np
import torch
from torch import Tensor

from classifiers.models.fitted_layer import FitSettings, FittedLayer, check_all_classes

Kernel = Literal["linear", "rbf"]


class KernelMachine(FittedLayer):
    """Decision values k(x, v) · coefficients + intercept over vectors v.

    k is exp(-gamma |x - v|²), or x · v where gamma is 0.
    """

    vectors: Tensor  # (V, F)
    coefficients: Tensor  # (num_outputs, V)
    intercepts: Tensor  # (num_outputs,)
    gamma: Tensor  # (1,)

    @classmethod
    def empty(cls, num_features: int, num_outputs: int) -> Self:
        """A machine that is not fitted yet: all decisions are 0."""
        shapes = {
            "vectors": (0, num_features),
            "coefficients": (num_outputs, 0),
            "intercepts": (num_outputs,),
            "gamma": (1,),
        }
        return cls({name: torch.zeros(shape, dtype=torch.float64) for name, shape in shapes.items()})

    def logits(self, features: Tensor) -> Tensor:
        products = features @ self.vectors.T
        if self.gamma.item() > 0:
            squares = (features**2).sum(dim=1, keepdim=True) + (self.vectors**2).sum(dim=1)
            products = torch.exp(-self.gamma * (squares - 2 * products).clamp(min=0))
        return products @ self.coefficients.T + self.intercepts


def fit_linear_machine(features: np.ndarray, labels: np.ndarray, settings: FitSettings) -> KernelMachine:
    """scikit-learn's `SVC(kernel="linear")`.

    Args:
        features: (N, F) floats.
        labels: (N,) integers, each class among them.

    Raises:
        ClassifierInputError: a class has no images.
    """
    return _fit(features, labels, settings, "linear")


def fit_rbf_machine(features: np.ndarray, labels: np.ndarray, settings: FitSettings) -> KernelMachine:
    """scikit-learn's `SVC()`: radial basis functions with gamma 1 / (F · variance), C 1; otherwise as `fit_linear`."""
    return _fit(features, labels, settings, "rbf")


def _fit(features: np.ndarray, labels: np.ndarray, settings: FitSettings, kernel: Kernel) -> KernelMachine:
    from sklearn.svm import SVC  # not above: it takes a second

    check_all_classes(labels, settings.num_classes)
    features = features.astype(np.float64)
    gamma = 0.0 if kernel == "linear" else 1 / (features.shape[1] * (features.var() or 1.0))
    vectors, coefficients, intercepts = [], [], []
    for output in range(settings.num_outputs):
        positive = output if settings.num_outputs > 1 else 1
        sides = (labels == positive).astype(np.int64)
        weights = np.ones(len(labels)) if settings.class_weights is None else np.array(settings.class_weights)[labels]
        machine = SVC(kernel=kernel, gamma=gamma or "scale").fit(features, sides, sample_weight=weights)
        vectors.append(machine.support_vectors_ if gamma else machine.coef_)
        coefficients.append(machine.dual_coef_ if gamma else np.ones((1, 1)))
        intercepts.append(machine.intercept_)
    return KernelMachine(
        {
            "vectors": torch.from_numpy(np.concatenate(vectors)),
            "coefficients": torch.block_diag(*map(torch.from_numpy, coefficients)),
            "intercepts": torch.from_numpy(np.concatenate(intercepts)),
            "gamma": torch.tensor([gamma], dtype=torch.float64),
        }
    )
