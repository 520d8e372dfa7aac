"""Rolls out in other processes and in threads, after rollouts on two threads here, and compares bit by bit.

python tests/processes.py                 # every way
python tests/processes.py "two ranks"     # one
"""

import json
import multiprocessing
import sys
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing
from torch.utils.data import DataLoader, Dataset

from graphnca import load_rule, rollout
from graphnca.seeds import point_seed
from topologies import square_grid

SEEDS = range(4)


def grown(seed: int) -> torch.Tensor:
    """A batch of patterns, with a frame of its own, so that every call builds something; large enough for threads."""
    grid, rule = square_grid(40, 40), load_rule("growing-lizard").requires_grad_(False)
    x = point_seed(grid).expand(8, -1, -1)
    return rollout(rule, x, grid, 30, angle=0.1 * seed, generator=torch.Generator().manual_seed(seed))


class Patterns(Dataset):
    """Made by the workers."""

    def __len__(self) -> int:
        return len(SEEDS)

    def __getitem__(self, index: int) -> torch.Tensor:
        return grown(index)


def in_processes(method: str) -> list[torch.Tensor]:
    """By processes that are started so."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        return [torch.from_numpy(values) for values in pool.map(as_numbers, SEEDS)]


def as_numbers(seed: int) -> object:
    """What is handed between processes without shared memory."""
    return grown(seed).numpy()


def in_threads() -> list[torch.Tensor]:
    """By several threads of this process."""
    with ThreadPoolExecutor(4) as pool:
        return [*pool.map(grown, SEEDS)]


def by_workers(method: str) -> list[torch.Tensor]:
    """By the workers of a DataLoader."""
    return [*DataLoader(Patterns(), batch_size=None, num_workers=2, multiprocessing_context=method)]


def by_two_ranks() -> list[torch.Tensor]:
    """By two processes of `torch.distributed`."""
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(a_rank, (folder,), nprocs=2)
        return torch.load(Path(folder, "found.pt"))


def a_rank(rank: int, folder: str) -> None:
    """One of the two."""
    store = torch.distributed.FileStore(str(Path(folder, "store")), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    found = torch.stack([grown(seed) for seed in SEEDS if seed % 2 == rank])
    both = [torch.zeros_like(found), torch.zeros_like(found)]
    torch.distributed.all_gather(both, found)
    if rank == 0:
        torch.save([both[seed % 2][seed // 2] for seed in SEEDS], Path(folder, "found.pt"))
    torch.distributed.destroy_process_group()


WAYS: dict[str, Callable[[], list[torch.Tensor]]] = {
    "fork": lambda: in_processes("fork"),
    "spawn": lambda: in_processes("spawn"),
    "forkserver": lambda: in_processes("forkserver"),
    "threads": in_threads,
    "DataLoader with forked workers": lambda: by_workers("fork"),
    "DataLoader with spawned workers": lambda: by_workers("spawn"),
    "two ranks": by_two_ranks,
}


def has_the_same_bits(way: str) -> bool:
    """Whether what comes out that way equals what this process makes."""
    expected = [grown(seed) for seed in SEEDS]  # and so threads have run here before anyone is forked
    return all(torch.equal(*pair) for pair in zip(WAYS[way](), expected, strict=True))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(2)
    outcomes = {}
    for name in sys.argv[1:] or WAYS:
        outcomes[name] = "the same bits" if has_the_same_bits(name) else "other bits"
        print(f"{name}: {outcomes[name]}", flush=True)
    print(json.dumps(outcomes))
