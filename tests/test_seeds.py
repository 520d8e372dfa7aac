import math
from collections.abc import Callable

import pytest
import torch
from torch_geometric.data import Data

from graphnca import load_rule, rollout
from graphnca.places import centre_of, nearest_cells
from graphnca.seeds import StructuredSeed, point_seed, ring, structured_seed, with_genome
from topologies import hex_grid, square_grid, voronoi_mesh
from topologies.surfaces import sphere


def living(seed: torch.Tensor) -> torch.Tensor:
    return seed.ne(0).any(1).nonzero().view(-1)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("size", [8, 9, 72])
def test_the_point_seed_is_the_published_one(size: int, periodic: bool) -> None:
    """One cell at index size // 2, RGB 0, alpha and hidden channels 1."""
    image = point_seed(square_grid(size, size, periodic=periodic), 16).view(size, size, 16)
    expected = torch.zeros(size, size, 16)
    expected[size // 2, size // 2, 3:] = 1
    assert torch.equal(image, expected)


def test_a_point_seed_anywhere(topology: Data) -> None:
    seed = point_seed(topology, 6, at=(3.3, 7.9))
    (cell,) = living(seed).tolist()
    distance = (topology["pos"] - torch.tensor([3.3, 7.9])).norm(dim=1)
    assert distance[cell] == distance.min()
    assert seed[cell].tolist() == [0, 0, 0, 1, 1, 1]


def test_the_ring_starts_below_the_centre_and_carries_the_colour_circle() -> None:
    points, colours = ring(3, 4.0)
    expected = torch.tensor([[0.0, 4.0], [4 * math.sqrt(3) / 2, -2.0], [-4 * math.sqrt(3) / 2, -2.0]])
    torch.testing.assert_close(points, expected)
    torch.testing.assert_close(colours, torch.eye(3))  # red, green, blue
    assert ring(6)[1].tolist()[1] == [1, 1, 0]  # yellow


def test_the_structured_seed_of_the_lizard() -> None:
    """Red below, green upper right, blue upper left, four units from the centre to the nearest cell."""
    seed = structured_seed(square_grid(72, 72), 16).view(72, 72, 16)
    assert {(int(r) - 36, int(c) - 36) for r, c in seed.ne(0).any(-1).nonzero()} == {(4, 0), (-2, 3), (-2, -3)}
    for row, column, colour in ((4, 0, [1, 0, 0]), (-2, 3, [0, 1, 0]), (-2, -3, [0, 0, 1])):
        cell = seed[36 + row, 36 + column]
        assert cell[:3].tolist() == colour
        assert cell[3:].eq(1).all()


def test_the_arrangement_is_the_same_on_every_substrate(topology: Data) -> None:
    """Every point lands on the cell nearest to it, measured from the cell in the middle."""
    points = [(0.0, 3.0), (3.0, -1.5), (-3.0, -1.5)]
    seed = structured_seed(topology, 5, points=points, colours=[(0.2, 0, 0), (0.4, 0, 0), (0.6, 0, 0)])
    middle = topology["pos"][nearest_cells(topology, centre_of(topology)[None])[0]]
    for point, red in zip(points, (0.2, 0.4, 0.6), strict=True):
        (cell,) = seed[:, 0].isclose(torch.tensor(red)).nonzero().view(-1).tolist()
        distance = (topology["pos"] - middle - torch.tensor(point)).norm(dim=1)
        assert distance[cell] <= distance.min() + 1e-5


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turning_the_seed_is_turning_the_image(quarters: int) -> None:
    """A positive angle goes from x to y: clockwise on the screen."""
    grid = square_grid(21, 21)
    seed = structured_seed(grid, 5).view(21, 21, 5)
    turned = structured_seed(grid, 5, angle=quarters * math.pi / 2).view(21, 21, 5)
    assert torch.equal(turned, seed.rot90(-quarters, (0, 1)))


def test_a_seed_mirrored_left_to_right() -> None:
    grid = square_grid(21, 21)
    seed = structured_seed(grid, 5).view(21, 21, 5)
    assert torch.equal(structured_seed(grid, 5, mirror=True).view(21, 21, 5), seed.flip(1))
    # mirrored first, turned then
    both = structured_seed(grid, 5, mirror=True, angle=math.pi / 2).view(21, 21, 5)
    assert torch.equal(both, seed.flip(1).rot90(-1, (0, 1)))


def test_a_sixth_of_a_turn_on_hexagons() -> None:
    """The ring of six points is its own image when it is turned by 60 degrees; each colour moves on by one."""
    grid = hex_grid(26, 26)
    step = 2 * math.hypot(1.0, 1 / math.sqrt(3))  # two rows off along an axis of the lattice
    points, colours = ring(6, step)
    turned_points = points @ torch.tensor([[0.0, 1.0], [-1.0, 0.0]])  # the first to the left: neighbours lie there
    seed = structured_seed(grid, 5, points=turned_points, colours=colours)
    turned = structured_seed(grid, 5, points=turned_points, colours=colours, angle=math.pi / 3)
    assert torch.equal(living(seed), living(turned))
    assert not torch.equal(seed, turned)
    back = structured_seed(grid, 5, points=turned_points, colours=colours.roll(1, 0))
    assert torch.equal(turned, back) or torch.equal(
        turned, structured_seed(grid, 5, points=turned_points, colours=colours.roll(-1, 0))
    )


def test_a_seed_lies_where_it_is_put_also_between_cells() -> None:
    seed = StructuredSeed(*ring())
    positions = seed.positions(square_grid(20, 20), at=(7.25, 9.0))
    torch.testing.assert_close(positions, seed.points + torch.tensor([7.25, 9.0]))


def test_points_across_the_seam() -> None:
    seed = structured_seed(square_grid(20, 20), 5, at=(0.5, 0.5)).view(20, 20, 5)
    assert {tuple(cell) for cell in seed.ne(0).any(-1).nonzero().tolist()} == {(4, 0), (18, 3), (18, 17)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_channels": 3}, "`num_channels` must be at least 4"),
        ({"colours": [(1.0, 0.0, 0.0)]}, "`colours` must name one colour for each of the 3 points, got 1"),
        ({"points": [(0.0, 0.0), (0.2, 0.1)]}, "`points` must fall on different cells"),
    ],
)
def test_what_does_not_fit_is_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        structured_seed(square_grid(12, 12), **options)


def changed(seed: StructuredSeed, other: StructuredSeed) -> tuple[list[int], list[int]]:
    """Which points lie elsewhere, and which have another colour."""
    points, colours = seed.points.ne(other.points).any(1), seed.colours.ne(other.colours).any(1)
    return points.nonzero().view(-1).tolist(), colours.nonzero().view(-1).tolist()


def test_mutations_change_what_they_say_and_leave_the_seed_alone() -> None:
    seed = StructuredSeed(*ring(4))
    twice = seed.recoloured(1, like=3)
    assert changed(seed, twice) == ([], [1])
    assert torch.equal(twice.colours[1], seed.colours[3])
    swapped = seed.swapped(0, 2)
    assert changed(seed, swapped) == ([], [0, 2])
    assert torch.equal(swapped.colours[[2, 0]], seed.colours[[0, 2]])
    moved = seed.moved(3, (1.5, -2.0))
    assert changed(seed, moved) == ([3], [])
    torch.testing.assert_close(moved.points[3], seed.points[3] + torch.tensor([1.5, -2.0]))
    removed = seed.removed(1)
    assert torch.equal(removed.points, seed.points[[0, 2, 3]])
    assert torch.equal(removed.colours, seed.colours[[0, 2, 3]])
    assert changed(seed, StructuredSeed(*ring(4))) == ([], [])


def test_two_colours_of_an_equilateral_ring_swapped_are_its_mirror_image() -> None:
    """Green and blue lie symmetrically to the axis through red."""
    grid = square_grid(21, 21)
    assert torch.equal(StructuredSeed(*ring()).swapped(1, 2).state(grid), structured_seed(grid, mirror=True))


def test_the_cells_of_a_seed_are_those_nearest_to_its_positions(topology: Data) -> None:
    seed = StructuredSeed(*ring(3, 3.0))
    positions = seed.positions(topology, angle=0.7, mirror=True)
    cells = living(seed.state(topology, angle=0.7, mirror=True))
    assert sorted(nearest_cells(topology, positions).tolist()) == cells.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda seed: seed.recoloured(3, 0), "`point` must be the number of one of the 3 points, got 3"),
        (lambda seed: seed.recoloured(0, -1), "`like` must be the number of one of the 3 points, got -1"),
        (lambda seed: seed.swapped(0, 5), "`other` must be"),
        (lambda seed: seed.moved(7, (0.0, 0.0)), "`point` must be"),
        (lambda seed: seed.removed(4), "`point` must be"),
        (lambda seed: seed.removed(0).removed(0).removed(0), "`points` must have at least one point"),
        (lambda seed: StructuredSeed(seed.points, seed.colours[:2]), "one colour for each of the 3 points, got 2"),
    ],
)
def test_a_point_that_is_not_there(change: Callable[[StructuredSeed], StructuredSeed], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        change(StructuredSeed(*ring()))


def test_a_genome_goes_into_the_living_cells_alone(topology: Data) -> None:
    seed = point_seed(topology, 7)
    genome = torch.tensor([0.0, -2.0, 5.0])
    planted = with_genome(seed, genome)
    (cell,) = living(seed).tolist()
    assert torch.equal(planted[cell], torch.tensor([0.0, 0.0, 0.0, 1.0, 0.0, -2.0, 5.0]))
    planted[cell] = seed[cell]
    assert torch.equal(planted, seed)


def test_a_genome_of_another_length(topology: Data) -> None:
    with pytest.raises(ValueError, match=r"`genome` must have 3 numbers.*got shape \(4,\)"):
        with_genome(point_seed(topology, 7), torch.zeros(4))


def test_a_place_on_a_surface_is_a_cell_or_a_point_in_space() -> None:
    ball = sphere(600)
    assert living(point_seed(ball, 6)).tolist() == [0]
    assert living(point_seed(ball, 6, at=17)).tolist() == [17]
    x, y, z = (1.3 * ball["pos"][40]).tolist()  # above the cell
    assert living(point_seed(ball, 6, at=(x, y, z))).tolist() == [40]
    both = point_seed(ball, 6, at=17) + point_seed(ball, 6, at=40)
    assert living(both).tolist() == [17, 40]
    assert living(point_seed(square_grid(6, 8), 6, at=11)).tolist() == [11]


def test_offsets_on_a_surface_are_walked_in_the_frame_of_the_seeds_cell() -> None:
    ball = sphere(2500)
    normal, frame = ball["normal"], ball["frame"][40]
    second = torch.linalg.cross(frame, normal[40])
    radius = float(ball["pos"].norm(dim=1).mean())
    offsets = torch.tensor([[6.0, 0.0], [0.0, 5.0], [-3.0, -4.0]])
    for angle in (0.0, 1.0):
        cells = StructuredSeed(offsets, torch.eye(3)).cells(ball, angle=angle, at=40)
        cos, sin = math.cos(angle), math.sin(angle)
        turned = offsets @ torch.tensor([[cos, sin], [-sin, cos]])
        way = turned[:, :1] * frame + turned[:, 1:] * second
        length = turned.norm(dim=1, keepdim=True)
        landed = torch.cos(length / radius) * normal[40] + torch.sin(length / radius) * way / length
        assert (radius * (normal[cells] - landed).norm(dim=1)).max() < 1.2  # within a cell
    state = StructuredSeed(offsets, torch.eye(3)).state(ball, 8, at=40)
    assert state.ne(0).any(1).sum() == 3
    positions = StructuredSeed(offsets, torch.eye(3)).positions(ball, at=40)
    assert torch.equal(positions, ball["pos"][StructuredSeed(offsets, torch.eye(3)).cells(ball, at=40)])


@pytest.mark.parametrize("at", [-1, 10**6])
def test_a_cell_that_is_none(at: int) -> None:
    with pytest.raises(ValueError, match="`at` must be one of the cells 0 to"):
        point_seed(square_grid(6, 8), 6, at=at)


def test_a_place_in_the_plane_is_none_on_a_surface() -> None:
    with pytest.raises(ValueError, match=r"must be \(x, y, z\) on a surface"):
        point_seed(sphere(100), 6, at=(1.0, 2.0))


@pytest.mark.parametrize("at", [(-0.5, 3.0), (3.0, 1e6), (1e30, 1.0)])
def test_a_place_outside_a_bounded_domain_has_no_cell(at: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"`at` must lie in the bounded domain, \(0, 0\) to \(8.0, 6.0\), got"):
        point_seed(square_grid(6, 8, periodic=False), 6, at=at)


def test_a_place_goes_round_a_torus() -> None:
    grid = square_grid(6, 8)
    torch.testing.assert_close(point_seed(grid, 6, at=(2.5 + 3 * 8, 1.5 - 6)), point_seed(grid, 6, at=(2.5, 1.5)))


def test_seeds_are_what_rules_take_whatever_torchs_default_is(substrates: dict[str, Data]) -> None:
    mesh, rule = substrates["voronoi"], load_rule("isonca-lizard")
    expected = (
        structured_seed(mesh, angle=0.3, mirror=True),
        rollout(rule, point_seed(mesh), mesh, 2, generator=torch.Generator().manual_seed(0)),
    )
    torch.set_default_dtype(torch.float64)
    try:
        rule = load_rule("isonca-lizard")
        got = (
            structured_seed(mesh, angle=0.3, mirror=True),
            rollout(rule, point_seed(mesh), mesh, 2, generator=torch.Generator().manual_seed(0)),
        )
    finally:
        torch.set_default_dtype(torch.float32)
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("density", "cells"), [(None, 1), (1.0, 1), (4.0, 4)])
def test_a_seed_has_a_square_unit_of_cells(density: float | None, cells: int) -> None:
    mesh = voronoi_mesh(12, 12, density=density, seed=2)
    living = point_seed(mesh)[:, 3] > 0
    assert living.sum() == cells
    assert mesh["area"][living].sum() == pytest.approx(1.0, abs=0.35)
    spread = mesh["pos"][living] - mesh["pos"][living].mean(0)
    assert spread.norm(dim=1).max() < 0.8
