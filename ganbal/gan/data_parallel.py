"""Training in several processes: gradients and batch statistics are those of the whole batch."""

import warnings
from collections.abc import Callable
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ganbal.runtime.distributed import World

Network = Callable[..., Tensor]


def share_gradients(network: nn.Module, world: World) -> Network:
    """The network to call in training: its gradients are averaged over all processes.

    Batch normalization is replaced in place by layers that take their statistics from all processes, so that the result
    does not depend on the number of processes.
    """
    if world.size == 1:
        return network
    device = next(network.parameters()).device
    synchronize_batch_norm(network)
    devices = [device] if device.type == "cuda" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch 2.11 does not know the option's newer name
        # Running statistics are equal in all processes already; broadcasting them would disturb the backward pass.
        return cast(Network, DistributedDataParallel(network, device_ids=devices, broadcast_buffers=False))


def synchronize_batch_norm(network: nn.Module) -> None:
    """Replace every batch normalization by a synchronized one with the same weights and names."""
    for name, child in list(network.named_children()):
        if type(child) is not nn.BatchNorm2d:
            synchronize_batch_norm(child)
            continue
        assert child.running_mean is not None
        if child.running_mean.device.type == "cuda":
            setattr(network, name, nn.SyncBatchNorm.convert_sync_batchnorm(child))
        else:
            setattr(network, name, JoinedBatchNorm2d.like(child))


class SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes; its gradient is the sum of all processes' gradients."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return SumOverProcesses.forward(context, gradient.contiguous())


class JoinedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization over all processes, as torch's SyncBatchNorm, which works on CUDA only."""

    @classmethod
    def like(cls, layer: nn.BatchNorm2d) -> "JoinedBatchNorm2d":
        joined = cls(layer.num_features, eps=layer.eps, momentum=layer.momentum, affine=layer.affine)
        joined.weight, joined.bias = layer.weight, layer.bias
        joined.load_state_dict(layer.state_dict())
        return joined.train(layer.training)

    def forward(self, images: Tensor) -> Tensor:  # (B, C, H, W)
        if not self.training:
            return super().forward(images)
        values = images.float()
        per_channel = (0, 2, 3)
        count = dist.get_world_size() * values.numel() // values.shape[1]
        mean = SumOverProcesses.apply(values.sum(per_channel)) / count
        centered = values - mean[:, None, None]
        variance = SumOverProcesses.apply(centered.square().sum(per_channel)) / count
        assert self.momentum is not None and self.running_mean is not None and self.running_var is not None
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked += 1
        scale = torch.rsqrt(variance + self.eps)
        if self.affine:
            scale = self.weight * scale
        result = centered * scale[:, None, None]
        if self.affine:
            result = result + self.bias[:, None, None]
        return result.to(images.dtype).contiguous(memory_format=torch.channels_last)
