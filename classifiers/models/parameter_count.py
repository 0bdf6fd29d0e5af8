"""Counting parameters as Keras does."""

from typing import NamedTuple

from torch import nn


class ParameterCount(NamedTuple):
    """Running means and variances of batch normalisation are in `total` but not in `trained`."""

    total: int
    trained: int


def count_parameters(network: nn.Module) -> ParameterCount:
    """All parameters of the network and those that training changes."""
    parameters = list(network.parameters())
    # Floating point leaves out torch's counter of batches, which Keras does not have.
    statistics = [
        buffer
        for module in network.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for buffer in module.buffers(recurse=False)
        if buffer.is_floating_point()
    ]
    return ParameterCount(
        total=sum(tensor.numel() for tensor in [*parameters, *statistics]),
        trained=sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
    )
