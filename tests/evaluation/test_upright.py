"""Turned patterns, compared upright."""

import math

import pytest
import torch
from torch_geometric.data import Data

from graphnca.evaluation.scores import seeded_position
from graphnca.evaluation.upright import UprightLoss, landing, painted, pattern_angles, straight_place, upright
from graphnca.losses import RotationInvariantLoss
from graphnca.rules import STRUCTURED_SEEDS as SEEDS
from graphnca.seeds import StructuredSeed
from graphnca.targets import load_target, turn_target
from topologies import hex_grid, square_grid, voronoi_mesh

TARGET = load_target("lizard", size=24, padding=6)
SIDE = TARGET.shape[-1]


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("angle", [0.0, 0.5, math.pi / 2, 2.5])
@pytest.mark.parametrize("topology", [square_grid(SIDE, SIDE), hex_grid(42, 36), voronoi_mesh(40.0, 40.0)])
def test_a_target_painted_turned_stands_upright_in_its_raster(topology: Data, angle: float, mirror: bool) -> None:
    """The loss is what the cells' size costs, and by the way round another angle would cost many times that."""
    loss, states = UprightLoss(TARGET), painted(TARGET, topology, angle=angle, mirror=mirror)
    empty = float(loss.smoothed(torch.zeros_like(TARGET)[None]))
    images = upright(topology, SIDE, SIDE, angle=angle, mirror=mirror)(states[None])
    assert float(loss.plain(images)) < 0.1 * empty
    assert float(loss.smoothed(images)) < 0.02 * empty
    other = upright(topology, SIDE, SIDE, angle=angle + 0.6, mirror=mirror)(states[None])
    assert float(loss.smoothed(other)) > 0.2 * empty
    flipped = upright(topology, SIDE, SIDE, angle=angle, mirror=not mirror)(states[None])
    assert float(loss.smoothed(flipped)) > 0.2 * empty


def test_on_the_lattice_the_plain_loss_is_exact() -> None:
    grid = square_grid(SIDE, SIDE)
    for quarters in range(4):
        turned = upright(grid, SIDE, SIDE, angle=quarters * math.pi / 2)
        assert (
            float(UprightLoss(TARGET).plain(turned(painted(TARGET, grid, angle=quarters * math.pi / 2)[None]))) < 1e-6
        )


def test_what_lies_in_the_corners_does_not_count() -> None:
    loss = UprightLoss(TARGET)
    marked = TARGET[None].clone()
    marked[..., :2, :2] = 1
    assert float(loss.plain(marked)) == 0
    marked[..., SIDE // 2, :2] = 1
    assert float(loss.plain(marked)) > 0.5


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("degrees", [0, 30, 77, -120, 170])
def test_the_angle_of_a_turned_target_is_found_to_a_fraction_of_a_degree(degrees: int, mirror: bool) -> None:
    images = turn_target(TARGET, math.radians(degrees), mirror=mirror)[None]
    angle, mirrored = pattern_angles(images, RotationInvariantLoss(TARGET))
    assert bool(mirrored) is mirror
    assert math.cos(float(angle) - math.radians(degrees)) > math.cos(math.radians(0.8))


def test_a_seed_on_its_cells_lands_without_a_turn() -> None:
    seed = StructuredSeed(torch.tensor([[0.0, 4.0], [3.0, -2.0], [-3.0, -2.0]]), torch.eye(3))
    grid = square_grid(21, 21)
    here = landing(seed, grid, angle=math.pi / 2, mirror=True)
    assert here.turn == pytest.approx(0, abs=1e-6)
    assert here.centre == pytest.approx(seeded_position(grid))
    assert max(here.distances) < 1e-5


def test_a_small_turn_of_the_seed_is_lost_and_landing_says_so() -> None:
    """Cells do not move for a turn of 0.05: they are turned back by as much, compared with what was asked."""
    seed = StructuredSeed(torch.tensor([[0.0, 4.0], [3.0, -2.0], [-3.0, -2.0]]), torch.eye(3))
    here = landing(seed, square_grid(21, 21), angle=0.05)
    assert here.turn == pytest.approx(-0.05, abs=1e-3)
    assert max(here.distances) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_the_points_of_the_seeds_take_cells_of_their_own_at_every_angle(target: str) -> None:
    for topology in (square_grid(72, 72), hex_grid(78, 66), voronoi_mesh(79.5, 79.5)):
        for degrees in range(0, 360, 15):
            here = landing(SEEDS[target], topology, angle=math.radians(degrees), mirror=degrees % 2 == 1)
            assert len(set(here.cells)) == len(here.cells)
            assert max(here.distances) < 1.3  # the farthest corner of a cell


def test_a_seed_is_put_where_the_cells_leave_it_straight() -> None:
    """On the lattice it stays in the middle; on a mesh it moves a little, and turns far less."""
    seed, mesh, grid = SEEDS["lizard"], voronoi_mesh(40.0, 40.0), square_grid(41, 41)
    assert straight_place(seed, grid, angle=math.pi / 6) == pytest.approx(seeded_position(grid))
    before, after = [], []
    for degrees in range(0, 360, 40):
        angle = math.radians(degrees)
        place = straight_place(seed, mesh, angle=angle)
        assert math.dist(place, seeded_position(mesh)) <= 2.0 + 1e-6
        before.append(abs(landing(seed, mesh, angle=angle).turn))
        after.append(abs(landing(seed, mesh, angle=angle, at=place).turn))
    assert max(before) > math.radians(2)
    assert max(after) < math.radians(0.6)
