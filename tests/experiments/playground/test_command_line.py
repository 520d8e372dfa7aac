"""The examples of the page on the command line: what is recorded is what the command prints."""

from pathlib import Path

import numpy as np
import pytest
from playground import command_line
from scipy.spatial import KDTree

from graphnca.results.result import Result


def test_an_example_is_recorded_as_it_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = {
        "few": "graphnca grow isonca-heart --size 12 --steps 2 --out few.png",
        "wrong": "graphnca grow isonca-hart",
    }
    monkeypatch.setattr(command_line, "EXAMPLES", examples)
    monkeypatch.setattr(command_line, "SPIRAL", 60)
    result = Result("command_line", tmp_path / "out")
    command_line.main(command_line.Config(examples=tuple(examples)), result)
    done = result.metrics["examples"]
    assert done["few"]["status"] == 0 and done["few"]["prints"].endswith("wrote few.png\n")
    assert done["wrong"]["status"] == 2 and "Did you mean" in done["wrong"]["prints"]
    assert (tmp_path / "out" / "few.png").is_file() and (tmp_path / "out" / "spiral.safetensors").is_file()


def test_the_spirals_points_are_evenly_spread() -> None:
    points = command_line.spiral(400)
    assert len(points) == pytest.approx(400, rel=0.05) and (np.abs(points - 0.5) < 0.5).all()
    nearest = KDTree(points).query(points, 2)[0][:, 1]
    assert nearest.min() > 0.5 * np.median(nearest)
