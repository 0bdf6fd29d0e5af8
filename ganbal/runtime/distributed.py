"""Several processes that train one network together, as `torchrun` starts them."""

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
_PATIENCE = timedelta(hours=2)


@dataclass(frozen=True)
class World:
    """All processes of a training. `rank` counts them from 0; the first one writes, the others only compute."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def part(self, batch_size: int) -> slice:
        """Which rows of a batch are this process's; all processes together have every row once.

        Raises:
            InputError: the batch cannot be dealt out evenly.
        """
        share, rest = divmod(batch_size, self.size)
        if rest or share < 2:
            raise InputError(
                expected=f"a gan.batch_size that {self.size} processes can share evenly, two images or more each",
                found=f"{batch_size}",
                action=f"Set gan.batch_size to a multiple of {self.size}, or start another number of processes.",
            )
        return slice(self.rank * share, (self.rank + 1) * share)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes of a tensor that each of them has."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process; every process has to ask."""
        return bool(self.mean(torch.tensor(float(flag))).item() > 0)

    def tell(self, facts: Any) -> Any:
        """What the first process says, to all: numbers, strings, lists and dicts; the others' words are not heard."""
        if self.size == 1:
            return facts
        # As JSON: torch's own way of sending objects would unpickle what comes over the network.
        words = torch.tensor(list(json.dumps(facts).encode()), dtype=torch.uint8)
        length = torch.tensor(len(words))
        dist.broadcast(length, src=0)
        if not self.is_first:
            words = torch.empty(int(length), dtype=torch.uint8)
        dist.broadcast(words, src=0)
        return json.loads(bytes(words.tolist()))


ALONE = World()


def is_one_of_several() -> bool:
    """Whether `torchrun` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def joined_world() -> Iterator[World]:
    """Meet the other processes, if there are any, and part from them at the end."""
    if not is_one_of_several():
        yield ALONE
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=_PATIENCE)
    try:
        yield World(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
