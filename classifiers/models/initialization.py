"""Initial weights as in Keras, with which the published systems were built."""

import torch
from torch import nn


def initialize_like_keras(network: nn.Module, random: torch.Generator) -> None:
    """Glorot-uniform weights (Glorot & Bengio 2010) and zero biases for convolutions and dense layers.

    Batch normalization starts as the identity in Keras and torch alike.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight, generator=random)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def initialize_frozen(backbone: nn.Module, random: torch.Generator) -> None:
    """He-normal weights (He et al. 2015) and zero biases, for a backbone that is not trained.

    Glorot's weights halve the signal's power at every ReLU; after thirteen untrained layers nothing would remain.
    """
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=random)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
