"""Rollouts in other processes and threads (`processes.py`), and what many leave in one (`many_rollouts.py`)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROLLOUTS = 400
FEW = 8 * 2**20  # bytes; a stencil of every substrate would be 20 MB
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads and starts processes as Linux does")


def counted_by(script: str, *arguments: str) -> dict[str, Any]:
    path = Path(__file__).with_name(script)
    done = subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_way_has_the_same_bits() -> None:
    """Also where the process has threads already when it is forked."""
    found = counted_by("processes.py")
    assert len(found) == 7 and set(found.values()) == {"the same bits"}, found


def test_many_rollouts_on_changing_substrates_take_no_more_memory() -> None:
    """What was built for a substrate goes with it."""
    found = counted_by("many_rollouts.py", str(ROLLOUTS))
    assert found["rollouts"] == ROLLOUTS and found["bytes more"] < FEW
