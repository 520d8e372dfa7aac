"""The bodies of a texture: found on a torus, followed, and what becomes of them counted."""

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.texture_bodies import Bodies, Census, Contrast, bodies_of, going_round, kinship, nearest
from topologies import hex_grid, square_grid

SIDE = 20


def square() -> Data:
    return square_grid(SIDE, SIDE)


def blocks(*corners: tuple[int, int], side: int = 3) -> Tensor:
    """Squares of cells at (column, row), over the seam where they reach it."""
    cells = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    for x, y in corners:
        for down in range(side):
            for right in range(side):
                cells[(y + down) % SIDE, (x + right) % SIDE] = True
    return cells.flatten()


def at(*corners: tuple[int, int], side: int = 3) -> Bodies:
    return bodies_of(blocks(*corners, side=side), square())


def test_bodies_have_areas_and_places_also_across_the_seam() -> None:
    found = at((2, 3), (18, 18))
    assert sorted(found.areas.tolist()) == [9.0, 9.0]
    first = square()["pos"][:, :2].float().view(SIDE, SIDE, 2)
    places = {tuple(round(value) % SIDE for value in (place - first[0, 0]).tolist()) for place in found.places}
    assert places == {(3, 4), (19, 19)}
    assert nearest(found, square()).tolist() == pytest.approx([(4**2 + 5**2) ** 0.5] * 2)


def test_what_is_too_small_is_no_body() -> None:
    assert len(at((2, 2), side=1)) == 0 and len(at((2, 2), side=2)) == 1


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        ([(2, 2)], [(2, 2), (10, 10)], "appeared"),
        ([(2, 2), (10, 10)], [(2, 2)], "vanished"),
        ([(2, 2)], [], "vanished"),
    ],
)
def test_what_comes_and_goes_is_counted(
    before: list[tuple[int, int]], after: list[tuple[int, int]], event: str
) -> None:
    census = Census()
    census.note(at(*before), at(*after), square(), 10)
    counted = {word: getattr(census, word) for word in ("appeared", "vanished", "merged", "divided")}
    assert counted == {**dict.fromkeys(counted, 0), event: 1}


def test_two_that_become_one_have_merged_and_the_other_way_round_divided() -> None:
    two, one = at((2, 2), (6, 2)), bodies_of(blocks((2, 2), (4, 2), (6, 2)), square())
    census = Census()
    census.note(two, one, square(), 10)
    assert (census.merged, census.divided, census.speeds) == (1, 0, [])
    census.note(one, two, square(), 10)
    assert (census.merged, census.divided) == (1, 1)


def test_a_body_that_goes_on_has_a_speed_also_across_the_seam() -> None:
    census = Census()
    census.note(at((19, 5)), at((0, 5)), square(), 10)
    assert census.speeds == pytest.approx([0.1])
    assert kinship(at((19, 5)), at((0, 5))).all()
    assert not kinship(at((19, 5)), at((5, 5))).any()


def test_of_those_that_vanish_the_crowded_are_counted() -> None:
    corners = [(0, 0), (4, 0), (10, 10), (0, 12), (14, 2)]
    census = Census()
    census.note(at(*corners), at(*corners[1:]), square(), 10)
    assert (census.vanished, census.crowded) == (1, 1)
    census.note(at(*corners), at(*corners[:2], *corners[3:]), square(), 10)
    assert (census.vanished, census.crowded) == (2, 1)


@pytest.mark.parametrize("grid", [square_grid(SIDE, SIDE), hex_grid(SIDE, SIDE)])
def test_a_stripe_without_an_end_goes_round_and_a_piece_of_it_does_not(grid: Data) -> None:
    x, y = (grid["pos"] / grid["extent"]).T
    row, column = (y - 0.5).abs() < 0.1, (x - 0.3).abs() < 0.1
    piece = (y - 0.1).abs() < 0.07
    found = bodies_of(row | (piece & (x > 0.5) & (x < 0.9)), grid)
    assert sorted(going_round(found, grid).tolist()) == [False, True]
    assert going_round(bodies_of(column, grid), grid).tolist() == [True]
    across_the_seam = bodies_of(piece & ((x > 0.8) | (x < 0.2)), grid)
    assert going_round(across_the_seam, grid).tolist() == [False]


def test_a_threshold_lies_between_two_colours() -> None:
    states = torch.zeros(SIDE * SIDE, 12)
    states[blocks((2, 2), (12, 9), side=6), 0] = 0.8
    contrast = Contrast.of((1.0, 0.0, 0.0), states, square())
    assert 0.1 < contrast.threshold < 0.7
    assert len(bodies_of(contrast.inside(states, square()), square())) == 2
    other = Contrast.of((-1.0, 0.0, 0.0), states, square())
    assert len(bodies_of(other.inside(states, square()), square())) == 1  # the ground
