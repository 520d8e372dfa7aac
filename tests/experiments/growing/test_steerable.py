"""Patterns that lie anyhow, compared with one that is turned to fit."""

import math

import torch
from growing.steerable import SIDE, Own, along_arc, flat, singular_cells, spread_cells

from graphnca.evaluation.upright import painted
from graphnca.losses import RotationInvariantLoss
from graphnca.targets import load_target
from topologies import sphere, square_grid

PICTURE = load_target("lizard", size=24, padding=16, on_pixel=True)


def painted_own(picture: torch.Tensor) -> Own:
    """As if a rule grew this picture on squares."""
    own = Own.__new__(Own)
    own.square = square_grid(72, 72)
    own.states, own.loss = {5: painted(picture, own.square)}, {5: RotationInvariantLoss(picture, mirror=False)}
    return own


def test_a_turned_pattern_fits_and_a_mirrored_one_does_not() -> None:
    grid = square_grid(72, 72)
    own = painted_own(PICTURE)
    assert PICTURE.shape[-2:] == (SIDE, SIDE)
    states = torch.stack(
        [
            painted(PICTURE, grid, angle=angle, mirror=mirror)
            for angle, mirror in ((0.0, False), (2.0, False), (0.0, True))
        ]
    )
    as_it_is, turned, mirrored = own.errors(5, 3, flat(grid, states))
    assert as_it_is < 1e-6
    assert turned < 0.004 < 0.015 < mirrored
    assert (states[1] - states[0]).square().mean() > 0.005


def test_a_sphere_has_two_singular_places_half_way_round() -> None:
    ball = sphere(2000)
    cells = singular_cells(ball)
    chord = (ball["pos"][cells[0]] - ball["pos"][cells[1]]).norm()
    radius = float((ball["pos"] - ball["pos"].mean(0)).norm(dim=1).mean())
    assert float(along_arc(chord[None], ball)) > 0.85 * math.pi * radius


def test_seeds_keep_their_distance() -> None:
    ball = sphere(2000)
    cells = spread_cells(ball, 10.0)
    assert len(cells) > 8
    assert torch.pdist(ball["pos"][cells]).min() >= 10.0
