"""What docs/surfaces.md says of a closed surface in space: what runs on one today, and what assumes the plane."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial import ConvexHull
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.drawing import CellCanvas
from graphnca.layers import neighbourhood
from graphnca.models import isonca, texture_nca
from graphnca.rasterizers import Barycentric, NearestCell
from topologies import check_topology, load_topology, save_topology
from topologies.contract import LAPLACIAN_GAIN, UNIT_LAW, spread_of_cells

CELLS = 300


def sphere(turn: np.ndarray | None = None) -> Data:
    """A sphere of evenly spread cells, with weights of equal size and a tangent frame in every cell.

    Args:
        turn: Radians by which each cell's frame is turned beyond the first choice.
    """
    height = 1 - (2 * np.arange(CELLS) + 1) / CELLS
    around = np.pi * (1 + 5**0.5) * np.arange(CELLS)
    normal = np.stack([np.sqrt(1 - height**2) * np.cos(around), np.sqrt(1 - height**2) * np.sin(around), height], 1)
    faces = ConvexHull(normal).simplices
    pairs = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1), axis=0)
    neighbour, receiver = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.lexsort((neighbour, receiver))
    neighbour, receiver = neighbour[order], receiver[order]
    first = np.cross(normal, [0.3, -0.5, 0.8])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(normal, first)
    angle = np.zeros(CELLS) if turn is None else turn
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    first, second = cos * first + sin * second, cos * second - sin * first
    chord = normal[neighbour] - normal[receiver]
    vectors = np.stack([(chord * first[receiver]).sum(1), (chord * second[receiver]).sum(1)], 1)
    vectors *= (np.linalg.norm(chord, axis=1) / np.linalg.norm(vectors, axis=1))[:, None]
    weights = LAPLACIAN_GAIN / np.bincount(receiver)[receiver]
    unit = math.sqrt(UNIT_LAW / spread_of_cells(receiver, vectors, weights, CELLS).mean())
    edges, vectors = np.stack([neighbour, receiver]).astype(np.int64), vectors * unit
    return Data(
        pos=torch.from_numpy(normal * unit).float(),
        edge_index=torch.from_numpy(edges),
        edge_attr=torch.from_numpy(vectors).float(),
        edge_weight=torch.from_numpy(weights).float(),
        area=torch.full((CELLS,), 4 * math.pi * unit**2 / CELLS),
        normal=torch.from_numpy(normal).float(),
        frame=torch.from_numpy(first).float(),
    )


def test_the_contract_holds_on_a_sphere(tmp_path) -> None:
    topology = sphere()
    check_topology(topology)
    save_topology(topology, tmp_path / "sphere.safetensors")
    for name, value in load_topology(tmp_path / "sphere.safetensors").items():
        torch.testing.assert_close(value, topology[name], rtol=0, atol=0)


def test_a_rule_without_gradients_runs_and_does_not_see_the_frames(random_rule) -> None:
    rule = random_rule(16, 32, "isonca", life_mask="pre", output_bias=False)
    turned = sphere(np.random.default_rng(0).uniform(-3, 3, CELLS))
    start = torch.zeros(CELLS, 16)
    start[7, 3:] = 1.0
    with torch.no_grad():
        states = [
            rollout(rule, start, topology, 12, generator=torch.Generator().manual_seed(0))
            for topology in (sphere(), turned)
        ]
    assert int((states[0][:, 3].abs() > 0.1).sum()) > 10
    torch.testing.assert_close(states[0], states[1])


def test_the_gradient_of_one_ring_is_that_of_the_tangent_plane() -> None:
    topology, rule = sphere(), texture_nca(1, 8)
    slope = torch.tensor([0.2, 0.7, -0.4])
    found = rule.perceive((topology["pos"] @ slope)[:, None], **neighbourhood(topology))[:, 1:3] / 8
    normal = topology["pos"] / topology["pos"].norm(dim=1, keepdim=True)
    tangent = slope - (normal @ slope)[:, None] * normal
    torch.testing.assert_close(found.norm(dim=1), tangent.norm(dim=1), atol=0.1, rtol=0)


@pytest.mark.parametrize("see", [NearestCell, Barycentric, CellCanvas])
def test_what_sees_the_plane_says_so(see, as_released) -> None:
    with pytest.raises(ValueError, match="plane"):
        see(sphere())


def test_isonca_is_the_published_architecture_without_gradients() -> None:
    assert not isonca().perception.uses_gradient
