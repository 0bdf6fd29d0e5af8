"""Processes that train one network together, as started by `torchrun`."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ganbal.errors import InputError

# The first process may decode a whole image set while the others wait.
_TIMEOUT = timedelta(hours=2)


@dataclass(frozen=True)
class World:
    """The processes of a training. `rank` numbers them from 0; the first one writes, the others only compute."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def local_slice(self, batch_size: int) -> slice:
        """The rows of a batch that this process computes; every row belongs to exactly one process.

        Raises:
            InputError: the batch cannot be divided evenly.
        """
        share, rest = divmod(batch_size, self.size)
        if rest or share < 2:
            raise InputError(
                found=f"gan.batch_size is {batch_size}, for {self.size} processes.",
                expected="The processes share a batch evenly, with at least two images each.",
                action=f"Set gan.batch_size to a multiple of {self.size}, or start another number of processes.",
            )
        return slice(self.rank * share, (self.rank + 1) * share)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of a tensor over all processes; every process must call this."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process; every process must call this."""
        return bool(self.mean(torch.tensor(float(flag))).item() > 0)

    def broadcast_object(self, value: Any) -> Any:
        """The first process's value, in every process: numbers, strings, lists and dictionaries.

        Every process must call this; only rank 0's value is used.
        """
        if self.size == 1:
            return value
        # As JSON: torch's own function for objects would unpickle what comes over the network.
        encoded = torch.tensor(list(json.dumps(value).encode()), dtype=torch.uint8)
        length = torch.tensor(len(encoded))
        dist.broadcast(length, src=0)
        if not self.is_first:
            encoded = torch.empty(int(length), dtype=torch.uint8)
        dist.broadcast(encoded, src=0)
        return json.loads(bytes(encoded.tolist()))


ALONE = World()
"""A single process."""


@contextmanager
def process_group() -> Iterator[World]:
    """Connect to the other processes, if there are any, and disconnect at the end."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:  # set by torchrun
        yield ALONE
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=_TIMEOUT)
    try:
        yield World(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
