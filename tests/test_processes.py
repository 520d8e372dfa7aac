"""Rollouts in other processes and threads (`processes.py`), and what many of them leave in this one."""

import gc
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from graphnca import load_rule, rollout
from graphnca.seeds import point_seed
from topologies import square_grid

ROLLOUTS = 400
FEW = 8 * 2**20  # bytes; a stencil of every substrate would be 20 MB


@pytest.mark.skipif(sys.platform != "linux", reason="starts processes in every way that Linux knows")
def test_every_way_has_the_same_bits() -> None:
    """Also where the process has threads already when it is forked."""
    script = Path(__file__).with_name("processes.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 7, done.stderr
    assert all(line.endswith(": the same bits") for line in lines), done.stdout


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of memory")
def test_many_rollouts_on_changing_substrates_take_no_more_memory() -> None:
    """What was built for a substrate goes with it."""
    rule, grid, before = load_rule("isonca-heart").requires_grad_(False), square_grid(32, 32), 0
    seed = point_seed(grid)
    for number in range(ROLLOUTS):
        if number == ROLLOUTS // 4:
            before = resident()
        changed = grid.clone()
        changed["edge_weight"] = grid["edge_weight"] * (1 + number / ROLLOUTS)
        rollout(rule, seed, changed, 2)
    assert resident() - before < FEW
