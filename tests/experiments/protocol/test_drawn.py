"""Drawn worlds: reproducible, of the kinds asked for, and in the pattern's own size."""

import numpy as np
import pytest
import torch
from protocol.drawn import FIRST_SEED, Sheet, drawn_sheet, sampled_environments

from graphnca.seeds import point_seed
from graphnca.training import World, last_state
from topologies import check_topology, square_grid


def loss(states: torch.Tensor) -> torch.Tensor:
    return states.square().mean((-2, -1))


def make(kind: str, rng: np.random.Generator) -> World:
    sheet = drawn_sheet(kind, 150, 0.1, rng)
    return World(sheet.topology, point_seed(sheet.topology), last_state(loss), loss, name=f"{kind} {sheet.gain:.6f}")


def test_every_world_of_a_number_is_the_same() -> None:
    kinds = ("square", "hex", "voronoi")
    worlds, renewal = sampled_environments(kinds, make, every=5)
    again, _ = sampled_environments(kinds, make, every=5)
    other, _ = sampled_environments(kinds, make, every=5, seed=1)
    assert [world.name.split()[0] for world in worlds] == list(kinds)
    assert [world.name for world in worlds] == [world.name for world in again]
    assert [world.name for world in worlds] != [world.name for world in other]
    assert renewal is not None
    numbers = range(1, 7)
    assert [renewal.make(number).name.split()[0] for number in numbers] == [*kinds, *kinds]
    names = [world.name for world in worlds] + [renewal.make(number).name for number in numbers]
    assert len(set(names)) == 9
    assert torch.equal(renewal.make(3).topology.pos, renewal.make(3).topology.pos)
    assert renewal.make(3).topology.pos.shape != renewal.make(6).topology.pos.shape or not torch.equal(
        renewal.make(3).topology.pos, renewal.make(6).topology.pos
    )


def test_without_a_period_nothing_is_replaced() -> None:
    assert sampled_environments(("square",), make)[1] is None


@pytest.mark.parametrize("kind", ["square", "hex", "voronoi"])
def test_the_gain_is_on_the_weights(kind: str) -> None:
    sheet = drawn_sheet(kind, 150, 0.3, np.random.default_rng(1))
    topology = sheet.topology.clone()
    topology["edge_weight"] = topology["edge_weight"] / sheet.gain
    check_topology(topology)
    assert sheet.gain != 1
    gains = [drawn_sheet("square", 25, 0.3, np.random.default_rng(n)).gain for n in range(200)]
    assert 0.7 < min(gains) < 0.78 and 1.22 < max(gains) < 1.3
    assert np.mean(gains) == pytest.approx(1.0, abs=0.02)


def test_the_raster_shows_a_pattern_in_its_normal_size() -> None:
    """A square of twice the side under four times the gain covers as many pixels."""
    grid = square_grid(32, 32)
    states = torch.zeros(2, 32, 32, 4)
    states[0, 12:21, 12:21] = 1.0
    states[1, 8:25, 8:25] = 1.0
    once, twice = (Sheet(grid, gain).raster(16, 16)(states.view(2, -1, 4)) for gain in (1.0, 4.0))
    assert once[0, 3].sum() == 81
    assert twice[1, 3].sum() == pytest.approx(17**2 / 4, abs=0.5)


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(SystemExit, match="--substrate"):
        drawn_sheet("triangles", 150, 0.0, np.random.default_rng(0))


def test_trainings_see_other_meshes_than_results() -> None:
    from ship_isonca import HELD_OUT

    assert HELD_OUT + 100 < FIRST_SEED
