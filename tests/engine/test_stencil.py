import gc
import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.engine import stencil
from graphnca.engine.stencil import Stencil, build_stencil, gather_sum
from graphnca.engine.stencil_cache import KEPT, known
from graphnca.layers import FILTERS, NCAConv, Perception, neighbourhood
from topologies import STENCIL_FIELDS, square_grid, with_operators

MakeRule = Callable[..., NCAConv]


def dense(table: stencil.Table, band: int) -> Tensor:
    """The matrix a table stands for."""
    number = len(table.index)
    matrix = torch.zeros(number, number, dtype=table.weights[band].dtype)
    return matrix.scatter_add(1, table.index, table.weights[band])


@pytest.mark.parametrize("angle", [None, 0.7])
@pytest.mark.parametrize("seen", ["as it is", "along edges"])
def test_its_bands_are_what_the_layer_perceives(topology: Data, seen: str, angle: float | None) -> None:
    """The layer shown unit impulses gives the matrices column by column."""
    number = len(topology["pos"])
    reads = NCAConv(number, 1, ("laplacian", "gradient"), life_mask=None)
    if seen == "along edges":
        for field in STENCIL_FIELDS:
            topology.pop(field, None)
    built = build_stencil(topology, reads.perception, angle=angle, dtype=torch.float64)
    through = {
        name: value.double() if value.is_floating_point() else value for name, value in neighbourhood(topology).items()
    }
    perceived = reads.perceive(torch.eye(number, dtype=torch.float64), **through, angle=angle)
    for band, expected in enumerate(perceived.split(number, -1)):
        torch.testing.assert_close(dense(built.forward, band), expected)
        torch.testing.assert_close(dense(built.backward, band), expected.T)


def test_its_bands_are_those_asked_for(substrates: dict[str, Data]) -> None:
    for names in (("identity",), ("laplacian",), ("gradient",), ("gradient_norm",), tuple(FILTERS)):
        built = build_stencil(substrates["hex"], Perception(names))
        assert len(built.forward.weights) == len(built.backward.weights)
        assert len(built.forward.weights) == ("laplacian" in names) + 2 * any("gradient" in name for name in names)


def test_life_goes_along_the_edges() -> None:
    arrow = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), edge_weight=torch.tensor([1.0, 1e-30]), num_nodes=3)
    built = build_stencil(arrow, Perception("isonca"))
    for table, expected in ((built.reach, [{0, 1}, {1, 2}, {2}]), (built.heard, [{0}, {0, 1}, {1, 2}])):
        assert [set(row.tolist()) for row in table.index] == expected


def test_a_small_weight_counts_where_there_are_no_larger_ones() -> None:
    arrow = Data(
        edge_index=torch.tensor([[0, 1], [1, 2]]), edge_weight=torch.tensor([12.0, 1e-30]).double(), num_nodes=3
    )
    assert dense(build_stencil(arrow, Perception("isonca"), dtype=torch.float64).forward, 0)[2, 1] > 0


def test_life_reaches_a_cell_and_its_neighbours(topology: Data) -> None:
    reach = build_stencil(topology, Perception("isonca")).reach.index
    for cell in range(len(topology["pos"])):
        neighbours = topology["edge_index"][0, topology["edge_index"][1] == cell]
        assert set(reach[cell].tolist()) == {cell, *neighbours.tolist()}


def test_a_lattice_is_not_padded() -> None:
    """Nine cells a row on squares, no rounding noise of the centre of a Sobel kernel, no second ring."""
    built = build_stencil(square_grid(6, 6), Perception("sobel"))
    assert built.reach.index.shape == (36, 9)
    assert built.forward.index.shape == (36, 8)
    assert built.backward.index.shape == (36, 8)


def test_copies_do_not_touch(substrates: dict[str, Data]) -> None:
    table = build_stencil(substrates["voronoi"], Perception("sobel"), dtype=torch.float64).forward
    number = len(table.index)
    states = torch.rand(3 * number, 4, dtype=torch.float64)
    together = table.repeated(3).product(states, None, 1)
    alone = [table.product(part, None, 1) for part in states.split(number)]
    torch.testing.assert_close(together, torch.cat(alone))
    rows = torch.tensor([0, number + 3, 2 * number])
    torch.testing.assert_close(table.repeated(3).product(states, rows, 1), together[rows])


def test_a_product_is_gather_and_sum() -> None:
    states, index, weights = torch.rand(9, 4), torch.randint(9, (5, 3)), torch.rand(5, 3)
    expected = (states[index] * weights[..., None]).sum(1)
    torch.testing.assert_close(gather_sum(states, index, weights), expected)


def built(topology: Data, **changes: object) -> Stencil:
    given = {"perception": Perception("sobel"), "dtype": torch.float32, "device": torch.device("cpu"), "angle": None}
    return known(topology, int(topology.num_nodes or 0)).stencil(topology, **{**given, **changes})  # type: ignore[arg-type]


def test_it_is_built_once() -> None:
    grid = square_grid(4, 4)
    first = built(grid)
    assert built(grid) is first
    assert built(grid, perception=Perception(("identity", "gradient"), {"gradient": 5.0})) is first  # no gain inside
    assert built(grid.clone()) is not first


@pytest.mark.parametrize(
    "changes",
    [
        {"perception": Perception("isonca")},
        {"dtype": torch.float64},
        {"angle": 0.5},
        {"angle": torch.arange(16.0)},
    ],
    ids=str,
)
def test_another_question_is_another_stencil(changes: dict[str, object]) -> None:
    grid = square_grid(4, 4)
    first, other = built(grid), built(grid, **changes)
    assert other is not first
    assert built(grid) is first
    assert built(grid, **changes) is other


@pytest.mark.parametrize("field", ["edge_index", "edge_weight", "edge_attr", *STENCIL_FIELDS])
@pytest.mark.parametrize("how", ["written to", "replaced", "deleted first"])
def test_a_changed_substrate_is_seen(field: str, how: str, random_rule: MakeRule) -> None:
    """The rollout follows every change of the geometry, also when a new tensor gets the address of the old one."""
    rule, grid = random_rule(5, 8, tuple(FILTERS), fire_rate=1.0, life_mask=None), square_grid(4, 4)
    if field in STENCIL_FIELDS:
        grid = with_operators(grid, "fitted")
    del grid["pos"]  # or it would be seen that these are no longer the edges and the stencil of these positions
    grid.num_nodes = 16
    x = torch.rand(16, 5)
    for number in range(4):
        if number:
            old = grid[field]
            new = (old + 4 * number) % 16 if field.endswith("index") else old * 1.5 + 0.1
            if how == "written to":
                old.copy_(new)
            elif how == "replaced":
                grid[field] = new
            else:
                values, shape = new.flatten().tolist(), new.shape
                del grid[field], old, new
                grid[field] = torch.tensor(values).view(shape)
        expected = rule(x, **neighbourhood(grid))
        torch.testing.assert_close(rollout(rule, x, grid, 1), expected, rtol=1e-4, atol=1e-4)


def test_it_goes_with_its_substrate() -> None:
    grid = square_grid(4, 4)
    watched = [weakref.ref(grid), weakref.ref(built(grid))]
    del grid
    gc.collect()
    assert [watch() for watch in watched] == [None, None]


def test_ever_new_frames_do_not_pile_up() -> None:
    grid = square_grid(4, 4)
    turns = [float(turn) for turn in range(3 * KEPT)]
    watched = [weakref.ref(built(grid, angle=turn)) for turn in turns]
    gc.collect()
    assert sum(watch() is not None for watch in watched) == KEPT
    assert built(grid, angle=turns[-1]) is watched[-1]()


def test_all_substrates_pad_well_and_a_star_does_not(topology: Data) -> None:
    assert known(topology, len(topology["pos"])).pads_well
    leaf, hub = torch.arange(1, 100), torch.zeros(99, dtype=torch.int64)
    star = Data(edge_index=torch.cat([torch.stack([leaf, hub]), torch.stack([hub, leaf])], 1), num_nodes=100)
    assert not known(star, 100).pads_well
    outward = Data(edge_index=torch.stack([hub, leaf]), num_nodes=100)  # the backward pass walks the other way
    assert not known(outward, 100).pads_well


def test_a_substrate_without_edges() -> None:
    """Every cell alone: perceives nothing, and the rollout runs."""
    alone = Data(
        pos=torch.rand(5, 2), edge_index=torch.zeros(2, 0, dtype=torch.int64), edge_weight=torch.zeros(0),
        edge_attr=torch.zeros(0, 2),
    )  # fmt: skip
    for perception in ("isonca", "sobel"):
        rule = NCAConv(5, 8, perception, life_mask=None)
        x = torch.rand(5, 5)
        torch.testing.assert_close(rollout(rule, x, alone, 2), x)
