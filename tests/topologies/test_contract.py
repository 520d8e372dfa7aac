"""The laws of the data contract, held by every substrate, and each check of `check_topology` tripped."""

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, GMMConv
from torch_geometric.transforms import Cartesian
from torch_geometric.utils import is_undirected

import topologies
from topologies import LAPLACIAN_GAIN, UNIT_LAW, TopologyError, check_topology, fields_of, icosphere


def _proximity_graph() -> nx.Graph:
    """Every node joined to all others nearer than 1.6, on a jittered lattice."""
    rng = np.random.default_rng(5)
    points = np.stack(np.meshgrid(np.arange(9), np.arange(7)), axis=-1).reshape(-1, 2) + rng.uniform(-0.2, 0.2, (63, 2))
    graph = nx.Graph()
    for k, point in enumerate(points):
        graph.add_node(k, pos=tuple(point))
    near = np.argwhere(np.triu(np.hypot(*(points[:, None] - points).transpose(2, 0, 1)) < 1.6, k=1))
    graph.add_edges_from((j, k) for j, k in near.tolist())
    return graph


def _points(periodic: bool) -> Data:
    points = np.random.default_rng(2).random((200, 2)) * (30, 20)
    return topologies.voronoi_from_points(points, (30, 20), periodic=periodic)


BUILDERS: dict[str, Callable[[], Data]] = {
    "square": lambda: topologies.square_grid(6, 9),
    "square_small": lambda: topologies.square_grid(3, 3),
    "square_open": lambda: topologies.square_grid(6, 9, periodic=False),
    "hex": lambda: topologies.hex_grid(6, 9),
    "hex_small": lambda: topologies.hex_grid(4, 3),
    "hex_open": lambda: topologies.hex_grid(7, 9, periodic=False),
    "voronoi": lambda: topologies.voronoi_mesh(14, 18, seed=1),
    "voronoi_lloyd": lambda: topologies.voronoi_mesh(14, 18, lloyd_steps=3),
    "voronoi_small": lambda: topologies.voronoi_mesh(4, 4),
    "voronoi_open": lambda: topologies.voronoi_mesh(14, 18, periodic=False),
    "points": lambda: _points(True),
    "points_open": lambda: _points(False),
    "network": lambda: topologies.from_networkx(_proximity_graph()),
}


@pytest.fixture(scope="module")
def built() -> dict[str, Data]:
    return {name: build() for name, build in BUILDERS.items()}


@pytest.fixture(params=BUILDERS)
def substrate(request: pytest.FixtureRequest, built: dict[str, Data]) -> Data:
    return built[request.param].clone()


def _batch(graphs: list[Data]) -> Data:
    return topologies.flat_batch(graphs)


def _sums(values: torch.Tensor, data: Data) -> torch.Tensor:
    return values.new_zeros((len(data["pos"]), *values.shape[1:])).index_add_(0, data["edge_index"][1], values)


def test_every_builder_keeps_the_contract_after_rounding(substrate: Data) -> None:
    check_topology(substrate)
    fields = fields_of(substrate)
    assert set(substrate.keys()) == set(fields)
    assert {name: substrate[name].dtype for name in fields} == {name: spec.dtype for name, spec in fields.items()}


def test_the_torus_of_squares_alone_has_no_stencil(built: dict[str, Data]) -> None:
    """Its edges are the kernels to which the others are fitted."""
    assert {name for name, data in built.items() if "stencil_index" not in data} == {"square", "square_small"}


def test_a_batch_of_different_substrates_keeps_the_contract(built: dict[str, Data]) -> None:
    batch = _batch(list(built.values()))
    check_topology(batch)
    assert batch["extent"].shape == (len(built), 2)
    assert batch["periodic"].tolist() == [bool(data["periodic"]) for data in built.values()]


def test_edges_are_sorted_paired_and_simple(substrate: Data) -> None:
    neighbour, receiver = substrate["edge_index"]
    key = receiver * len(substrate["pos"]) + neighbour
    assert bool((key.diff() > 0).all())  # sorted, and no duplicates
    assert bool((neighbour != receiver).all())
    pairs = {
        (i, j): v for (i, j), v in zip(substrate["edge_index"].T.tolist(), substrate["edge_attr"].tolist(), strict=True)
    }
    for (i, j), vector in pairs.items():
        assert pairs[j, i] == [-component for component in vector]
    assert set(receiver.tolist()) == set(range(len(substrate["pos"])))
    assert is_undirected(substrate["edge_index"])
    assert not substrate.has_self_loops()


def test_weights_sum_to_twelve_except_at_square_borders(built: dict[str, Data]) -> None:
    for name, data in built.items():
        total = _sums(data["edge_weight"], data)
        inner = torch.ones_like(total, dtype=torch.bool)
        if name == "square_open":
            inner = torch.minimum(data["pos"], data["extent"] - data["pos"]).amin(dim=1) > 1
            assert bool((total[~inner] < LAPLACIAN_GAIN).all())
        torch.testing.assert_close(total[inner], torch.full_like(total[inner], LAPLACIAN_GAIN))


def test_unit_of_length_is_that_of_the_square_grid(substrate: Data) -> None:
    spread = _sums(substrate["edge_weight"] * substrate["edge_attr"].square().sum(dim=1), substrate)
    deep = torch.minimum(substrate["pos"], substrate["extent"] - substrate["pos"]).amin(dim=1) > 1
    mean = spread if bool(substrate["periodic"]) else spread[deep]
    # On a bounded domain "interior" is a matter of the few cells near the border, hence the wider margin there.
    assert mean.mean().item() == pytest.approx(UNIT_LAW, rel=1e-5 if bool(substrate["periodic"]) else 0.05)


@pytest.mark.parametrize("name", ["square", "square_small", "hex", "hex_small"])
def test_lattices_have_no_drift(built: dict[str, Data], name: str) -> None:
    data = built[name]
    drift = _sums(data["edge_weight"][:, None] * data["edge_attr"], data)
    torch.testing.assert_close(drift, torch.zeros_like(drift), atol=1e-5, rtol=0)


def test_vectors_are_what_pyg_calls_cartesian(substrate: Data) -> None:
    expected = Cartesian(norm=False)(Data(pos=substrate["pos"], edge_index=substrate["edge_index"]))["edge_attr"]
    if bool(substrate["periodic"]):
        expected = expected - substrate["extent"] * (expected / substrate["extent"]).round()
    torch.testing.assert_close(substrate["edge_attr"], expected, atol=1e-5, rtol=0)


def test_areas_fill_the_substrate(substrate: Data) -> None:
    torch.testing.assert_close(substrate["area"].sum(), substrate["extent"].prod())


def test_gradient_is_exact_on_linear_fields(substrate: Data) -> None:
    """On a torus the field is linear along each edge vector; on a bounded domain it is linear in the positions."""
    slope = torch.tensor([0.3, -1.2], dtype=torch.float64)
    vectors, weights = substrate["edge_attr"].double(), substrate["edge_weight"].double()
    if bool(substrate["periodic"]):
        rise = vectors @ slope
    else:
        field = substrate["pos"].double() @ slope
        rise = field[substrate["edge_index"][0]] - field[substrate["edge_index"][1]]
    moment = _sums(weights[:, None, None] * vectors[:, :, None] * vectors[:, None, :], substrate)
    raw = _sums(weights[:, None] * vectors * rise[:, None], substrate)
    spanned = torch.linalg.matrix_rank(moment, rtol=1e-6) == 2
    gradient = torch.linalg.solve(moment[spanned], raw[spanned])
    torch.testing.assert_close(gradient, slope.expand_as(gradient), atol=1e-4, rtol=0)


def test_pyg_layers_run_on_it(substrate: Data) -> None:
    x = torch.ones(len(substrate["pos"]), 4)
    assert GCNConv(4, 3)(x, substrate["edge_index"], substrate["edge_weight"]).shape == (len(substrate["pos"]), 3)
    assert GMMConv(4, 3, dim=2, kernel_size=2)(x, substrate["edge_index"], substrate["edge_attr"]).isfinite().all()


def test_it_survives_saving(substrate: Data, tmp_path) -> None:
    torch.save(substrate, tmp_path / "substrate.pt")
    loaded = torch.load(tmp_path / "substrate.pt", weights_only=False)
    check_topology(loaded)
    assert all(torch.equal(loaded[name], substrate[name]) for name in fields_of(substrate))


def _drop(name: str) -> Callable[[Data], object]:
    return lambda data: delattr(data, name)


def _set(name: str, change: Callable[[Data], object]) -> Callable[[Data], object]:
    return lambda data: data.update({name: change(data)})


def _put(name: str, index: object, value: object) -> Callable[[Data], object]:
    return lambda data: data[name].__setitem__(index, value)


def _keep_edges(data: Data, kept: torch.Tensor) -> None:
    for name in ("edge_attr", "edge_weight"):
        data[name] = data[name][kept]
    data["edge_index"] = data["edge_index"][:, kept]


def _isolate_first_cell(data: Data) -> None:
    _keep_edges(data, (data["edge_index"] != 0).all(dim=0))


def _one_way(data: Data) -> None:
    _keep_edges(data, torch.arange(data.num_edges) != 0)


def _twice(data: Data) -> None:
    _keep_edges(data, torch.tensor([0, *range(data.num_edges)]))


def _no_edges(data: Data) -> None:
    _keep_edges(data, torch.zeros(data.num_edges, dtype=torch.bool))


def _stretch(data: Data) -> None:
    for name in ("pos", "edge_attr", "extent"):
        data[name] = data[name] * 1.1
    data["area"] = data["area"] * 1.1**2


# Each entry breaks one law of a healthy substrate; the message must name the field and the law.
BREAKS: dict[str, tuple[Callable[[Data], object], str]] = {
    "missing": (_drop("area"), r"missing: \['area'\]"),
    "no tensor": (_set("periodic", lambda data: True), "`periodic` must be a tensor, got bool"),
    "dtype": (_set("edge_index", lambda data: data["edge_index"].int()), "`edge_index` must have dtype torch.int64"),
    "shape": (_set("extent", lambda data: data["extent"][0]), r"`extent` must have shape .*, got \(2,\)"),
    "length": (_set("edge_weight", lambda data: data["edge_weight"][1:]), "`edge_weight` must have shape"),
    "dimensions": (_set("pos", lambda data: data["pos"][:, :1]), r"`pos` must have shape \(N, 2\) or \(N, 3\)"),
    "rows": (_set("extent", lambda data: data["extent"].repeat(2, 1)), "`periodic` must have shape"),
    "graphs": (
        lambda data: data.update({"extent": data["extent"].repeat(2, 1), "periodic": data["periodic"].repeat(2)}),
        "`extent` must have one row for each of the 1 graphs, got 2",
    ),
    "finite": (_put("pos", (3, 0), float("nan")), "`pos` must be finite, got .* at index 3"),
    "empty": (_no_edges, "`edge_index` must join at least one pair"),
    "range": (_put("edge_index", (0, 0), 1000), "`edge_index` must hold cells 0 to"),
    "self-loop": (_put("edge_index", (0, 0), 0), "`edge_index` must have no self-loops, got one at cell 0"),
    "order": (_set("edge_index", lambda data: data["edge_index"].flip(1)), "`edge_index` must be sorted"),
    "duplicate": (_twice, "`edge_index` must have no duplicates"),
    "isolated": (_isolate_first_cell, "give every cell a neighbour, got 1 isolated, the first is cell 0"),
    "one way": (_one_way, "`edge_index` must hold both directions of every pair"),
    "null vector": (_put("edge_attr", 0, 0.0), "`edge_attr` must be longer than 0"),
    "not opposite": (_put("edge_attr", (0, 0), 0.4), "`edge_attr` must be opposite"),
    "not shortest": (
        lambda data: data.update({"edge_attr": data["edge_attr"] * 1.01}),
        r"`edge_attr` must be pos_j - pos_i",
    ),
    "flat": (_put("extent", (0, 1), 0.0), "`extent` must be positive"),
    "outside": (_put("pos", (2, 1), -0.5), "`pos` must lie inside the extent .* for cell 2"),
    "negative weight": (_put("edge_weight", 4, -1.0), "`edge_weight` must be positive"),
    "gain": (
        _set("edge_weight", lambda data: data["edge_weight"] * 16 / 12),
        "`edge_weight` must sum to 12 .*, got 16",
    ),
    "unit": (_stretch, "`edge_attr` must give .* a mean of 16"),
    "half a stencil": (_drop("stencil_weight"), r"missing: \['stencil_weight'\]"),
    "stencil range": (_put("stencil_index", (0, 3), 48), "`stencil_index` must hold cells 0 to 47"),
    "stencil itself": (_put("stencil_index", (0, 0), 0), "`stencil_index` must let no cell read itself, got cell 0"),
    "stencil order": (_set("stencil_index", lambda data: data["stencil_index"].flip(1)), "must be sorted by row 1"),
    "stencil twice": (_put("stencil_index", (0, 1), 1), "with no duplicates"),
    "stencil bound": (_set("stencil_weight", lambda data: data["stencil_weight"] * 1000), "sum to at most 1000"),
    "stencil slope": (_set("stencil_gradient", lambda data: data["stencil_gradient"] * 1.01), r"make \[8.0, 0.0\]"),
    "stencil turned": (_set("stencil_gradient", lambda data: data["stencil_gradient"].flip(1)), r"make \[8.0, 0.0\]"),
    "stencil drift": (_put("stencil_weight", 50, 2.5), r"`stencil_weight` must make \[0.0, 0.0\] of x and y"),
    "stencil gain": (
        _set("stencil_weight", lambda data: data["stencil_weight"] * 1.01),
        r"`stencil_weight` must make \[8.0, 0.0, 8.0\] of x\^2, xy and y\^2",
    ),
    "area sign": (_put("area", 0, 0.0), "`area` must be positive"),
    "area sum": (_set("area", lambda data: data["area"] * 1.01), "`area` must sum to the area of the extent"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_broken_law_is_one_clear_error(name: str) -> None:
    data = topologies.hex_grid(6, 8)
    check_topology(data)
    breaks, message = BREAKS[name]
    breaks(data)
    with pytest.raises(TopologyError, match=message):
        check_topology(data)


def test_two_cells_in_one_place_are_refused() -> None:
    data = topologies.from_networkx(_zigzag())
    data["pos"][3] = data["pos"][0]
    edge = (data["edge_index"] == 3).any(dim=0)
    difference = data["pos"][data["edge_index"][0]] - data["pos"][data["edge_index"][1]]
    data["edge_attr"][edge] = difference[edge]
    with pytest.raises(TopologyError, match=r"`pos` must be different in every cell, got .* for cells 0 and 3"):
        check_topology(data)


def _zigzag() -> nx.Graph:
    graph = nx.path_graph(4)
    nx.set_node_attributes(graph, {k: (k, k % 2) for k in range(4)}, "pos")
    return graph


def test_a_weaker_cell_is_allowed_only_at_the_border_of_a_bounded_domain() -> None:
    data = topologies.square_grid(7, 7, periodic=False)
    middle = 3 * 7 + 3
    data["edge_weight"][data["edge_index"][1] == middle] *= 0.5
    with pytest.raises(TopologyError, match=f"`edge_weight` must sum to 12 into every cell, got 6 for cell {middle}"):
        check_topology(data)
    torus_with_border_weights = topologies.square_grid(7, 7, periodic=False)
    torus_with_border_weights["periodic"][:] = True
    with pytest.raises(TopologyError, match="`edge_weight` must sum to 12"):
        check_topology(torus_with_border_weights)


def test_no_edge_joins_two_graphs_of_a_batch() -> None:
    data = topologies.square_grid(6, 6)
    batch = _batch([data, data])
    batch["batch"] = torch.arange(72) // 18 // 2
    batch["batch"][0] = 1
    with pytest.raises(TopologyError, match="`edge_index` must not join two graphs of a batch"):
        check_topology(batch)


def test_the_unit_of_length_is_judged_graph_by_graph() -> None:
    batch = _batch([topologies.square_grid(5, 5), topologies.hex_grid(4, 5)])
    batch["pos"][25:] *= 1.2
    batch["extent"][1] *= 1.2
    batch["area"][25:] *= 1.44
    batch["edge_attr"][25 * 8 :] *= 1.2
    with pytest.raises(TopologyError, match=r"a mean of 16 .*, got 23.04"):
        check_topology(batch)


def test_no_stencil_joins_two_graphs_of_a_batch() -> None:
    batch = _batch([topologies.hex_grid(6, 6), topologies.hex_grid(6, 6)])
    batch["stencil_index"][0, 17] = 71
    with pytest.raises(TopologyError, match="`stencil_index` must not join two graphs of a batch"):
        check_topology(batch)


def test_a_surface_has_normals_and_frames_in_place_of_an_extent() -> None:
    data = topologies.hex_grid(6, 8)
    data["pos"] = torch.cat([data["pos"], torch.zeros(48, 1)], dim=1)
    with pytest.raises(TopologyError, match=r"missing: \['normal', 'frame'\]"):
        check_topology(data)
    data["normal"], data["frame"] = torch.eye(3)[2].repeat(48, 1), torch.eye(3)[0].repeat(48, 1)
    for name in ("extent", "periodic"):
        del data[name]
    check_topology(data)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("normal", lambda value: value.mul_(1.001), r"`normal` must have length 1, got 1.001\d* in cell 7"),
        ("frame", lambda value: value.mul_(0.5), r"`frame` must have length 1, got 0.5\d* in cell 7"),
        ("frame", lambda value: value.copy_(torch.tensor([0.6, 0.0, 0.8])), "`frame` must be tangent"),
        ("edge_attr", lambda value: value.mul_(1.01), "equal length in the two directions of a pair"),
    ],
)
def test_a_surface_has_frames_at_right_angles_and_pairs_of_equal_length(name, change, words: str) -> None:
    data = icosphere(2)
    check_topology(data)
    if name == "frame":
        data["normal"][7] = torch.tensor([0.0, 0.0, 1.0])
        data["frame"][7] = torch.tensor([1.0, 0.0, 0.0])
        check_topology(data)
    change(data[name][7])
    with pytest.raises(TopologyError, match=words):
        check_topology(data)
