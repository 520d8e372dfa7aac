"""Several processes that train one rule together, by PyTorch's own engine (`torch.distributed`).

    torchrun --nproc-per-node=4 experiments/isonca/training.py ...

Every process has the whole rule and a part of pool and batch. What they must agree on goes through the few operations
here: sums (gradients), words of the first process (numbers drawn, when to save), and collections (checkpoints).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Shaped
from torch import Tensor

from ..arguments import checked

T = TypeVar("T")
CPU = torch.device("cpu")

# For a process that hangs; one that dies is noticed at once. Long enough for a picture and a checkpoint, for which the
# others wait. (PyTorch's own is 30 minutes.)
PATIENCE = timedelta(minutes=5)


class LostProcessError(RuntimeError):
    """Another process of the run has ended, or answers no more."""


@dataclass(frozen=True)
class Processes:
    """The processes of a run, seen from one of them; by default it is the only one, and every operation is trivial.

    All processes must call the same operations in the same order.

    Attributes:
        rank: Number of this process, from 0.
        size: How many there are.
        device: Where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = CPU

    @property
    def is_first(self) -> bool:
        """Whether this is the process that shows, draws and writes."""
        return self.rank == 0

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replaces every tensor by its sum over the processes, to the same bits on all of them.

        One exchange for all tensors together. (`DistributedDataParallel` hooks into a module's forward, and a rollout
        doesn't call the rule's: it reads its parameters. And the 38 kB of a rule leave nothing to overlap.)
        """
        if self.size == 1:
            return
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        with _explained():
            dist.all_reduce(flat)
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.detach().copy_(total.view(tensor.shape))

    def agree(self, value: int) -> int:
        """The first process's value."""
        if self.size == 1:
            return value
        shared = torch.tensor(int(value))
        with _explained():
            dist.broadcast(shared, 0)
        return int(shared)

    def rows(self, values: Shaped[Tensor, " b"]) -> Shaped[Tensor, " n"]:
        """The values (on the CPU) of all processes, one process after another; as many from each."""
        if self.size == 1:
            return values
        everyone = [torch.empty_like(values) for _ in range(self.size)]
        with _explained():
            dist.all_gather(everyone, values)
        return torch.cat(everyone)

    def collect(self, item: T) -> list[T] | None:
        """The items of all processes by rank, in the first process; None in the others."""
        if self.size == 1:
            return [item]
        items: list[Any] | None = [None] * self.size if self.is_first else None
        with _explained():
            dist.gather_object(item, items)
        return items

    def hand_out(self, item: T) -> T:
        """The first process's item."""
        if self.size == 1:
            return item
        items = [item]
        with _explained():
            dist.broadcast_object_list(items)
        return items[0]

    def copy_from_first(self, tensors: Sequence[Tensor]) -> None:
        """Overwrites every tensor by the first process's."""
        if not self.is_first:
            for tensor in tensors:
                tensor.detach().zero_()
        self.sum(tensors)


ALONE = Processes()


@checked
@contextmanager
def joined_processes(device: str | torch.device = "cpu") -> Iterator[Processes]:
    """Joins the processes that `torchrun` started, for the time of a `with` block; without torchrun, this one alone.

    They talk through gloo on the CPU, and through NCCL on GPUs, of which each process takes the one of its local rank.

    Args:
        device: `"cpu"` or `"cuda"`.

    Raises:
        ValueError: If there are more processes than GPUs.
    """
    device = torch.device(device)
    size = int(os.environ.get("WORLD_SIZE", "1"))  # torchrun's word for the number of processes
    if size == 1:
        yield Processes(device=device)
        return
    if device.type == "cuda":
        number, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if number >= count:
            raise ValueError(
                f"`device` 'cuda' takes a GPU for each process, got process {number + 1} on a machine with {count}."
            )
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    yield Processes(dist.get_rank(), dist.get_world_size(), device)
    dist.destroy_process_group()  # not after an error: others may be gone, and the farewell would wait for them


@contextmanager
def _explained() -> Iterator[None]:
    """An exchange that fails, in words."""
    try:
        yield
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise LostProcessError(
            f"Another process of this run has ended or answers no more ({reason}), so the run ends here; the same "
            "command goes on from its last checkpoint."
        ) from error


def own_generator(seed: int, rank: int) -> torch.Generator:
    """A process's source of random numbers: the first one's is that of a run alone, the others' differ from it."""
    generator = torch.Generator().manual_seed(seed)
    if rank > 0:
        generator.manual_seed(int(torch.randint(2**62, (rank,), generator=generator)[-1]))
    return generator
