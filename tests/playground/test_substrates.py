"""A packed substrate has all that the page needs, and the page's geometry is the library's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from graphnca.playground import pack_topology


def test_the_lists_are_the_edges(topology: Data) -> None:
    packed = pack_topology(topology)
    start = np.concatenate([[0], np.cumsum(packed["degree"])])
    receivers = np.repeat(np.arange(packed["cells"]), packed["degree"])
    assert start[-1] == topology.num_edges
    np.testing.assert_array_equal(np.stack([packed["neighbour"], receivers]), topology.edge_index.numpy())
    np.testing.assert_array_equal(packed["weight"], topology.edge_weight.numpy())
    np.testing.assert_array_equal(packed["direction"].reshape(-1, 2), topology.edge_attr.numpy())


def test_directions_are_left_out_where_no_rule_has_a_gradient(topology: Data) -> None:
    assert {"direction", "smoothing"}.isdisjoint(pack_topology(topology, directions=False))


def without(field: str) -> Callable[[Data], Data]:
    def change(topology: Data) -> Data:
        del topology[field]
        return topology

    return change


def in_space(topology: Data) -> Data:
    topology.pos = torch.cat([topology.pos, topology.pos[:, :1]], dim=1)
    return topology


def unsorted(topology: Data) -> Data:
    topology.edge_index = topology.edge_index.flip(1)
    return topology


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("edge_weight"), "edge_weight"),
        (lambda topology: Batch.from_data_list([topology, topology.clone()]), "batch of 2"),
        (in_space, "in the plane"),
        (unsorted, "sorted"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change: Callable[[Data], Data], message: str, topology: Data) -> None:
    with pytest.raises(ValueError, match=message):
        pack_topology(change(topology))


def test_the_pages_polygons_have_the_cells_areas(match_page: Any, match_cells: dict[str, Data]) -> None:
    for number, topology in enumerate(match_cells.values()):
        areas = match_page.evaluate(
            """number => app.organism.substrates[number].polygons.map((corners) => corners.reduce((sum, [x, y], k) => {
                const [nextX, nextY] = corners[(k + 1) % corners.length];
                return sum + (x * nextY - y * nextX) / 2;
            }, 0))""",
            number,
        )
        torch.testing.assert_close(torch.tensor(areas, dtype=torch.float32), topology.area, rtol=1e-3, atol=1e-3)


def test_a_position_in_the_page_belongs_to_the_nearest_cell(match_page: Any, match_cells: dict[str, Data]) -> None:
    points = (torch.rand(200, 2, generator=torch.Generator().manual_seed(0)) * 30 - 5).double()
    for number, topology in enumerate(match_cells.values()):
        found = match_page.evaluate(
            "([number, points]) => points.map(([x, y]) => app.organism.substrates[number].locator.nearest(x, y))",
            [number, points.tolist()],
        )
        away = topology.pos.double()[None] - points[:, None]
        away -= topology.extent.double() * torch.round(away / topology.extent.double())
        distance = away.norm(dim=2)
        chosen = distance[torch.arange(len(points)), torch.tensor(found)]
        torch.testing.assert_close(chosen, distance.amin(1), rtol=0, atol=1e-4)
