"""The ways to perceive a gradient are what they say."""

import pytest
import torch
from torch_geometric.data import Data

from graphnca.engine.stencil import stencil_of
from graphnca.evaluation.gradients import WAYS, smoothed_by, uncorrected
from graphnca.layers import Perception
from topologies import substrate_of_cells


def perceived(topology: Data, x: torch.Tensor) -> torch.Tensor:
    """The raw-gain gradient (N, 2) of a field, as a rollout perceives it."""
    forward = stencil_of(topology, Perception("sobel"), torch.float64, torch.device("cpu"), None).forward
    return torch.stack([forward.product(x[:, None], None, band)[:, 0] for band in range(2)], -1)


@pytest.fixture(scope="module")
def mesh() -> Data:
    return substrate_of_cells("voronoi", 300, seed=1)


def test_the_raw_way_perceives_the_plain_sums(mesh: Data) -> None:
    x = torch.rand(mesh.num_nodes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    neighbour, cell = mesh["edge_index"]
    terms = mesh["edge_weight"][:, None] * mesh["edge_attr"] * (x[neighbour] - x[cell])[:, None]
    sums = torch.zeros(mesh.num_nodes, 2, dtype=torch.float64).index_add(0, cell, terms.double())
    torch.testing.assert_close(perceived(uncorrected(mesh), x), sums, rtol=1e-4, atol=1e-4)
    corrected = perceived(WAYS["corrected"](mesh), x)
    assert (corrected - sums).abs().max() > 0.1
    assert (perceived(mesh, x) - corrected).abs().max() > 0.1


def test_the_corrected_way_is_exact_on_linear_fields_and_the_raw_one_is_not(mesh: Data) -> None:
    slope = torch.tensor([0.3, -1.2], dtype=torch.float64)
    inside = (mesh["pos"] - mesh["extent"].view(2) / 2).abs().amax(-1) < 0.3 * mesh["extent"].min()
    field = mesh["pos"].double() @ slope
    exact = (8 * slope).expand(int(inside.sum()), 2)
    for way, is_exact in (("law", True), ("corrected", True), ("raw", False)):
        error = float((perceived(WAYS[way](mesh), field)[inside] - exact).abs().max())
        assert (error < 1e-3) == is_exact


def test_hexagons_need_no_correction() -> None:
    topology = substrate_of_cells("hex", 200)
    x = torch.rand(topology.num_nodes, dtype=torch.float64)
    torch.testing.assert_close(
        perceived(uncorrected(topology), x), perceived(WAYS["corrected"](topology), x), rtol=1e-5, atol=1e-5
    )


def test_one_share_for_all_cells_leaves_the_substrate_untouched(mesh: Data) -> None:
    assert float(smoothed_by(mesh, 0.3)["smoothing"].unique()) == pytest.approx(0.3)
    assert float(mesh["smoothing"].std()) > 0.05
