"""Sampled tori: of the kinds and the size asked for, with a gain that is off, and on meshes of their own."""

import numpy as np
import pytest
import torch

from topologies import TopologyError, check_topology, sampled_substrate, sampled_torus
from topologies.sampled import FIRST_SEED

KINDS = ("square", "hex", "voronoi")


@pytest.mark.parametrize("kind", KINDS)
def test_the_gain_is_on_the_weights(kind: str) -> None:
    topology, gain = sampled_torus(kind, (10, 15), np.random.default_rng(1), gain_noise=0.3)
    assert gain != 1
    for field in {"edge_weight", "stencil_weight"}.intersection(topology.keys()):
        topology[field] = topology[field] / gain
    check_topology(topology)


def test_gains_are_mostly_near_one() -> None:
    gains = [sampled_torus("square", (5, 5), np.random.default_rng(n), gain_noise=0.3)[1] for n in range(200)]
    assert 0.7 < min(gains) < 0.78 and 1.22 < max(gains) < 1.3
    assert np.mean(gains) == pytest.approx(1.0, abs=0.02)
    assert sampled_torus("square", (5, 5), np.random.default_rng(0))[1] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_is_counted_in_cells_or_in_units(kind: str) -> None:
    by_cells, _ = sampled_torus(kind, (24, 24), np.random.default_rng(0))
    assert len(by_cells.pos) == pytest.approx(576, rel=0.06)
    by_units, _ = sampled_torus(kind, (24, 24), np.random.default_rng(0), counted="units")
    assert torch.allclose(by_units["extent"], torch.full((1, 2), 24.0), rtol=0.03)


def test_meshes_are_drawn_among_those_that_no_result_is_measured_on() -> None:
    from ship import HELD_OUT

    assert HELD_OUT + 100 < FIRST_SEED
    first, second = (sampled_torus("voronoi", (8, 8), np.random.default_rng(0))[0] for _ in range(2))
    other, _ = sampled_torus("voronoi", (8, 8), np.random.default_rng(1))
    assert torch.equal(first.pos, second.pos)
    assert first.pos.shape != other.pos.shape or not torch.equal(first.pos, other.pos)


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(TopologyError, match="`kind` must be one of square, hex, voronoi, got 'triangles'"):
        sampled_torus("triangles", (10, 15), np.random.default_rng(0))


def test_a_surface_is_sampled_as_a_torus_is() -> None:
    """As many cells, or the area; a gain on its weights; and on cells that no result is measured on."""
    rng = np.random.default_rng(1)
    topology, gain = sampled_substrate("sphere", (15, 20), rng, gain_noise=0.3)
    assert gain != 1 and len(topology.pos) == pytest.approx(300, rel=0.06)
    for field in ("edge_weight", "stencil_weight"):
        topology[field] = topology[field] / gain
    check_topology(topology)
    by_units, _ = sampled_substrate("sphere", (24, 24), np.random.default_rng(0), counted="units")
    assert float(by_units["area"].sum()) == pytest.approx(576, rel=0.06)
    again, _ = sampled_substrate("sphere", (24, 24), np.random.default_rng(0), counted="units")
    assert torch.equal(by_units.pos, again.pos)
    other, _ = sampled_substrate("sphere", (24, 24), np.random.default_rng(1), counted="units")
    assert other.pos.shape != again.pos.shape or not torch.equal(other.pos, again.pos)


def test_patterns_that_grow_upright_find_x_to_the_right_of_their_viewer() -> None:
    topology, _ = sampled_substrate("sphere", (15, 20), np.random.default_rng(1), upright=True)
    seed = int(topology["pos"][:, 2].argmax())
    assert float(topology["frame"][seed, 0]) > 0.99
    neighbours = topology["edge_index"][0, topology["edge_index"][1] == seed]
    assert float(topology["frame"][neighbours, 0].min()) > 0.93  # tilted by as much as the sphere turns


def test_in_the_plane_it_is_the_torus() -> None:
    torus, gain = sampled_torus("voronoi", (8, 8), np.random.default_rng(3), gain_noise=0.2)
    same, also = sampled_substrate("voronoi", (8, 8), np.random.default_rng(3), gain_noise=0.2, upright=True)
    assert gain == also and torch.equal(torus.pos, same.pos) and torch.equal(torus.edge_weight, same.edge_weight)
