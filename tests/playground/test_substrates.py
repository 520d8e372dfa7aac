"""A packed substrate has all that the page needs, and the page's geometry is the library's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from graphnca.playground import export_page, pack_topology
from graphnca.playground.browser import opened
from topologies import OPERATORS, bunny_mesh, sphere, substrate, surface_mesh


def test_the_lists_are_the_edges(topology: Data) -> None:
    packed = pack_topology(topology)
    start = np.concatenate([[0], np.cumsum(packed["degree"])])
    receivers = np.repeat(np.arange(packed["cells"]), packed["degree"])
    assert start[-1] == topology.num_edges
    np.testing.assert_array_equal(np.stack([packed["neighbour"], receivers]), topology.edge_index.numpy())
    if "stencil_index" not in topology:
        assert packed["sees"] == "edges"
        np.testing.assert_array_equal(packed["weight"], topology.edge_weight.numpy())
        np.testing.assert_array_equal(packed["direction"].reshape(-1, 2), topology.edge_attr.numpy())
        return
    assert packed["sees"] == "stencil" and packed["fitted"] is None
    np.testing.assert_array_equal(packed["carried"], np.arange(packed["cells"]))
    readers = np.repeat(np.arange(packed["cells"]), packed["reads"])
    np.testing.assert_array_equal(np.stack([packed["read"], readers]), topology.stencil_index.numpy())
    np.testing.assert_array_equal(packed["laplacian"], topology.stencil_weight.numpy())
    np.testing.assert_array_equal(packed["gradient"].reshape(-1, 2), topology.stencil_gradient.numpy())


def test_gradients_are_left_out_where_no_rule_perceives_them(topology: Data) -> None:
    assert {"direction", "gradient"}.isdisjoint(pack_topology(topology, directions=False))


def test_what_the_page_can_fit_is_not_carried(substrates: dict[str, Data]) -> None:
    topology = substrates["voronoi"]
    packed = pack_topology(topology, refit=("averaged", np.array([3, 5])))
    assert packed["fitted"] == "averaged"
    assert {"weight", "direction"}.isdisjoint(packed)
    read, reader = topology.stencil_index
    np.testing.assert_array_equal(packed["read"], read[(reader == 3) | (reader == 5)].numpy())
    assert packed["reads"].tolist() == [int((reader == cell).sum()) for cell in (3, 5)]


SEEN = """() => {
    const { stencil, substrate } = app.organism.engine;
    const weights = stencil.weights.map((band) => Array.from(band));
    return [Array.from(stencil.start), Array.from(stencil.column), weights, Array.from(substrate.start)];
}"""


def bowl() -> tuple[np.ndarray, np.ndarray]:
    """Vertices and triangles of an open mesh."""
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1, 1, 25)] * 2))
    corner = np.arange(24 * 25).reshape(24, 25)[:, :24].ravel()
    low, high = np.stack([corner, corner + 1, corner + 26], 1), np.stack([corner, corner + 26, corner + 25], 1)
    return np.stack([x, y, 0.4 * (x * x + y * y)], 1), np.concatenate([low, high])


CASES = {
    **{
        operators: {kind: substrate(kind, 14, operators=operators) for kind in ("square", "hex", "voronoi")}
        for operators in OPERATORS
    },
    "fine": {operators: substrate("voronoi", 10, operators=operators, density=2.0) for operators in OPERATORS},
    "bounded": {kind: substrate(kind, 14, periodic=False) for kind in ("square", "hex", "voronoi")},
    "in space": {
        "sphere": sphere(300),
        "averaged": sphere(300, operators="averaged"),
        "bunny": surface_mesh(bunny_mesh(), 1500),
        "bowl": surface_mesh(bowl(), 400),
    },
}


@pytest.mark.parametrize("case", CASES)
def test_the_page_sees_what_the_library_sees(case: str, chromium: Any, tmp_path: Path) -> None:
    """Fitted by itself or carried, in the plane, at borders and on surfaces: coefficients to 1e-6, neighbours first."""
    for name, topology in CASES[case].items():
        path = export_page(["texture-dotted"], {name: topology}, tmp_path / f"{name}.html")
        with opened(chromium, path, "engine=cpu&paused=1") as (page, complaints):
            found = page.evaluate(SEEN)
            assert complaints == []
        start, column, weights, first = (np.array(part) for part in found)
        number = len(topology.pos)
        read, reader = topology.get("stencil_index", topology.edge_index).numpy()
        expected = np.zeros((3, number, number))
        if "stencil_index" in topology:
            coefficients = [topology.stencil_weight, *topology.stencil_gradient.T]
        else:
            coefficients = [topology.edge_weight, *(topology.edge_weight[:, None] * topology.edge_attr).T]
        for band, values in zip(expected, coefficients, strict=True):
            band[reader, read] = values.numpy()
        rows = np.repeat(np.arange(number), np.diff(start))
        made = np.zeros((3, number, number))
        made[:, rows, column] = weights
        np.testing.assert_allclose(made, expected, atol=1e-6, rtol=1e-6)
        degree = np.bincount(topology.edge_index[1].numpy(), minlength=number)
        np.testing.assert_array_equal(np.diff(first), degree)
        neighbours = {(j, i) for j, i in topology.edge_index.T.tolist()}
        for i in range(0, number, 17):
            assert {(j, i) for j in column[start[i] : start[i] + degree[i]].tolist()} <= neighbours


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
        (in_space, r"lacks \['normal', 'frame'\]"),
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
