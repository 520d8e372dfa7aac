"""Bodies: what hangs together through edges, by area."""

import torch

from graphnca.evaluation.bodies import bodies
from topologies import hex_grid, square_grid


def test_pieces_are_bodies_the_largest_first() -> None:
    square = square_grid(9, 9)
    mature = torch.zeros(9, 9, dtype=torch.bool)
    mature[4, 4], mature[1:3, 1:3] = True, True
    assert bodies(mature.flatten(), square) == [4.0, 1.0]
    mature[3, 3] = True  # between both, at a corner of each
    assert bodies(mature.flatten(), square) == [6.0]


def test_a_torus_has_no_seam() -> None:
    mature = torch.zeros(9, 9, dtype=torch.bool)
    mature[4, 0] = mature[4, 8] = True
    assert bodies(mature.flatten(), square_grid(9, 9)) == [2.0]
    assert bodies(mature.flatten(), square_grid(9, 9, periodic=False)) == [1.0, 1.0]


def test_bodies_are_measured_by_area() -> None:
    hexagons = hex_grid(8, 8)
    one = torch.arange(64) == 20
    (area,) = bodies(one, hexagons)
    assert abs(area - float(hexagons.area[20])) < 1e-6
    assert bodies(one & ~one, hexagons) == []
