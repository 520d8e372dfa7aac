"""Rolls out on many substrates, each another, and prints by how much the process grew after the first quarter.

    python tests/many_rollouts.py 2000        # a minute

What was built for a substrate goes with it; a stencil of each would be 50 kB.
"""

import gc
import json
import resource
import sys
from pathlib import Path

import torch

from graphnca import load_rule, rollout
from graphnca.seeds import point_seed
from topologies import square_grid


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def growth(rollouts: int) -> int:
    """By how many bytes the process grows in all but the first quarter of so many rollouts."""
    rule, grid, before = load_rule("isonca-heart").requires_grad_(False), square_grid(32, 32), 0
    seed = point_seed(grid)
    for number in range(rollouts):
        if number == rollouts // 4:
            before = resident()
        changed = grid.clone()
        changed["edge_weight"] = grid["edge_weight"] * (1 + number / rollouts)
        rollout(rule, seed, changed, 2)
    return resident() - before


if __name__ == "__main__":
    torch.set_num_threads(1)
    rollouts = int(sys.argv[1]) if sys.argv[1:] else 400
    print(json.dumps({"rollouts": rollouts, "bytes more": growth(rollouts)}))
