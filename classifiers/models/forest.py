"""Random forests (Breiman 2001) as a layer: fitted by scikit-learn, evaluated in torch."""

from typing import Self

import numpy as np
import torch
from torch import Tensor

from classifiers.errors import ClassifierInputError
from classifiers.models.fitted_layer import FitSettings, FittedLayer, check_all_classes

NUM_TREES = 100
# With 100 trees that all agree, the probability is 0 or 1, and its logit would be infinite.
_LEAST_PROBABILITY = 1e-6


class Forest(FittedLayer):
    """All nodes of all trees in one list; a leaf is its own child."""

    roots: Tensor  # (T,) int64, where each tree begins
    branches: Tensor  # (nodes, 2) int64: left, right
    split_features: Tensor  # (nodes,) int64
    thresholds: Tensor  # (nodes,) float64: go left at or below
    shares: Tensor  # (nodes, num_classes) float64: shares of the classes among the images that reach the node

    @classmethod
    def empty(cls, num_outputs: int) -> Self:
        """A forest that is not fitted yet: one leaf, in which all classes have the same frequency."""
        num_classes = max(2, num_outputs)
        return cls(
            {
                "roots": torch.zeros(1, dtype=torch.int64),
                "branches": torch.zeros(1, 2, dtype=torch.int64),
                "split_features": torch.zeros(1, dtype=torch.int64),
                "thresholds": torch.zeros(1, dtype=torch.float64),
                "shares": torch.full((1, num_classes), 1 / num_classes, dtype=torch.float64),
            }
        )

    def logits(self, features: Tensor) -> Tensor:
        """Log of the mean frequency of each class over the trees; for two classes, the log of their ratio."""
        if torch.is_grad_enabled() and features.requires_grad:
            raise ClassifierInputError(
                found="Gradients do not pass through a forest, whose output is piecewise constant.",
                expected="Heat maps and other methods that need gradients need a last layer that has them.",
                action="Leave these methods out for this model.",
            )
        nodes = self.roots.expand(len(features), -1)  # (B, T)
        while True:
            goes_right = features.gather(1, self.split_features[nodes]) > self.thresholds[nodes]
            below = self.branches[nodes, goes_right.long()]
            if torch.equal(below, nodes):
                break
            nodes = below
        logs = self.shares[nodes].mean(dim=1).clamp(_LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY).log()
        return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs


def fit_forest(features: np.ndarray, labels: np.ndarray, settings: FitSettings) -> Forest:
    """scikit-learn's `RandomForestClassifier(n_estimators=100)`.

    Args:
        features: (N, F) floats, converted to float32.
        labels: (N,) integers, each class among them.

    Raises:
        ClassifierInputError: a class has no images.
    """
    from sklearn.ensemble import RandomForestClassifier  # not above: it takes a second

    check_all_classes(labels, settings.num_classes)
    grown = RandomForestClassifier(NUM_TREES, class_weight=settings.weight_of_class, random_state=settings.seed)
    trees = [tree.tree_ for tree in grown.fit(features.astype(np.float32), labels).estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])
    itself = np.arange(roots[-1])
    below = [
        np.concatenate([side + root for side, root in zip(sides, roots, strict=False)])
        for sides in ([tree.children_left for tree in trees], [tree.children_right for tree in trees])
    ]
    is_leaf = np.concatenate([tree.children_left < 0 for tree in trees])
    split_features = np.concatenate([tree.feature for tree in trees])
    values = np.concatenate([tree.value[:, 0] for tree in trees])
    numpy_arrays = {
        "roots": roots[:-1].astype(np.int64),
        "branches": np.where(is_leaf[:, None], itself[:, None], np.column_stack(below)).astype(np.int64),
        "split_features": np.where(is_leaf, 0, split_features).astype(np.int64),
        "thresholds": np.concatenate([tree.threshold for tree in trees]),
        # Older versions of scikit-learn count the images, newer ones give their shares.
        "shares": values / values.sum(axis=1, keepdims=True),
    }
    return Forest({name: torch.from_numpy(array) for name, array in numpy_arrays.items()})
