"""Closed surfaces have closed nets of cells, also where they are thinner than a cell."""

import numpy as np
import pytest
from torch_geometric.data import Data

from topologies import bunny_mesh, check_topology, sphere, surface_from_points, surface_mesh, voronoi_mesh
from topologies.surfaces.closing import CORNER, faces_round, missing_pairs


def net(topology: Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    edges, weights, vectors = (topology[name].numpy() for name in ("edge_index", "edge_weight", "edge_attr"))
    return edges, weights.astype(float), vectors.astype(float)


def faces_of(topology: Data) -> list[list[int]]:
    return faces_round(*net(topology), topology.num_nodes)


@pytest.mark.parametrize("seed", [0, 1])
def test_no_corner_of_a_bunny_stays_open(seed: int) -> None:
    """Round the tips of its ears, which are thinner than a cell, five cells and more agreed on no side."""
    bunny = surface_mesh(bunny_mesh(), 6000, seed=seed)
    check_topology(bunny)
    assert max(map(len, faces_of(bunny))) <= CORNER


def test_a_corner_that_all_leave_open_is_cut_where_a_cell_sees_a_side() -> None:
    """A sphere that has lost two edges of one cell, which follow one another, as if nobody had agreed on them."""
    ball = sphere(400)
    edges, weights, vectors = net(ball)
    pos, nobody = ball["pos"].double().numpy(), np.zeros(ball.num_nodes, bool)
    assert missing_pairs(edges, weights, vectors, nobody, {}, pos) == []
    cell, one = 40, int(edges[0, edges[1] == 40][0])
    beside = set(edges[0, edges[1] == cell].tolist()) & set(edges[0, edges[1] == one].tolist())
    gone = {frozenset((cell, one)), frozenset((cell, min(beside)))}
    kept = np.array([frozenset(pair) not in gone for pair in edges.T.tolist()])
    open_net = edges[:, kept], weights[kept], vectors[kept]
    pair = (min(cell, one), max(cell, one))
    found = missing_pairs(*open_net, nobody, {pair: 0.6}, pos)
    assert len(found) == 2 and (*pair, 0.3) in found
    assert missing_pairs(*open_net, ~nobody, {}, pos) == []  # a border stays one


def test_open_surfaces_keep_their_border() -> None:
    places = voronoi_mesh(20, 20, seed=3, periodic=False)["pos"].double().numpy()
    flat = surface_from_points(np.c_[places, 0 * places[:, :1]], np.tile([0, 0, 1.0], (len(places), 1)))
    wide = [face for face in faces_of(flat) if len(face) > CORNER]
    assert len(wide) == 1 and len(wide[0]) > 40
