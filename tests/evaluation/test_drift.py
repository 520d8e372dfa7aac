"""Errors of patterns that have walked."""

import math

import pytest
import torch

from graphnca.evaluation.drift import error_where_it_lies
from graphnca.evaluation.pixel_error import NOTHING
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.upright import painted
from graphnca.models import growing_nca
from graphnca.targets import load_target
from topologies import square_grid, substrate

TARGET = load_target("lizard", size=24, padding=8)
LIZARD = Subject("lizard", growing_nca(), {"size": 24, "padding": 8}, goal="lizard")


def test_a_pattern_that_has_walked_is_as_good_as_before() -> None:
    square = square_grid(60, 60)
    there = torch.stack([painted(TARGET, square, centre=(30.5 + x, 30.5 + y)) for x, y in ((0, 0), (4, -3), (0, 12))])
    errors, moved = error_where_it_lies(there, square, TARGET)
    assert moved.tolist() == [0, 5, 12]
    assert float(errors.max()) == pytest.approx(NOTHING, abs=1e-7)
    raw = LIZARD.log_error(there, square)
    assert float(raw[0]) == -8
    assert float(raw[1:].min()) > -2


def test_a_lost_limb_is_no_drift() -> None:
    """And what lies farther than it is looked for is not found."""
    square = square_grid(60, 60)
    half = painted(TARGET, square, centre=(30.5, 30.5))
    half[square.pos[:, 0] > 30] = 0
    away = painted(TARGET, square, centre=(46.5, 30.5))
    (lost, far), (_, moved) = error_where_it_lies(torch.stack([half, away]), square, TARGET, reach=5)
    assert float(lost) > 0.2 * float(TARGET.square().mean())
    assert float(far) > 0.2 * float(TARGET.square().mean())
    assert float(moved) <= 5 * math.sqrt(2)


@pytest.mark.parametrize("kind", ["hex", "voronoi"])
def test_on_other_cells(kind: str) -> None:
    topology = substrate(kind, 60)
    middle = topology.pos[(topology.pos - topology.extent / 2).norm(dim=1).argmin()]
    walked = painted(TARGET, topology, centre=(float(middle[0]) + 6, float(middle[1])))
    (error,), (moved,) = error_where_it_lies(walked[None], topology, TARGET)
    assert float(moved) == pytest.approx(6, abs=1)
    assert float(error) < 0.15 * float(10 ** LIZARD.log_error(walked[None], topology)[0])
