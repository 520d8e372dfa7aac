import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv, MessagePassing, Sequential

from graphnca.layers import FILTERS, PRESETS, NCAConv, neighbourhood
from topologies import flat_batch, hex_grid, square_grid

ALL = tuple(FILTERS)  # every filter at once
MakeRule = Callable[..., NCAConv]


def geometry(topology: Data, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """What the layer takes from a topology."""
    found = neighbourhood(topology).items()
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in found}


def edges_of(topology: Data, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Its edges alone."""
    return {name: value for name, value in geometry(topology, dtype).items() if name.startswith("edge")}


def some_state(*shape: int) -> Tensor:
    """Random states of which about a third of the cells are alive."""
    x = torch.rand(shape, dtype=torch.float64)
    return torch.where(torch.rand(*shape[:-1], 1) < 0.15, x, torch.zeros_like(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradient_is_exact_on_linear_fields(torus: Data, dtype: torch.dtype) -> None:
    """Along edges. A torus has no linear field, so each cell is shown one that is linear about itself."""
    slope = torch.tensor([0.3, -1.2], dtype=dtype)
    reads = NCAConv(1, 1, ("gradient",), gains={"gradient": 1 / 8}, life_mask=None)
    edges = edges_of(torus, dtype)
    neighbour, cell = torus["edge_index"]
    number = torus["pos"].shape[0]
    for i in range(0, number, 7):
        x = torch.zeros(number, 1, dtype=dtype)
        mine = cell == i
        x[neighbour[mine], 0] = edges["edge_attr"][mine] @ slope
        gradient = reads.perceive(x, **edges)[i]
        torch.testing.assert_close(gradient, slope, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["square_open", "hex_open", "voronoi_open"])
def test_the_gradient_is_exact_on_linear_fields_to_the_border_of_a_domain(
    name: str, substrates: dict[str, Data]
) -> None:
    grid, slope = substrates[name], torch.tensor([0.3, -1.2], dtype=torch.float64)
    reads = NCAConv(1, 1, ("gradient",), gains={"gradient": 1 / 8}, life_mask=None)
    x = (grid["pos"].double() @ slope)[:, None]
    gradient = reads.perceive(x, **edges_of(grid))
    torch.testing.assert_close(gradient, slope.expand(len(x), 2), rtol=1e-5, atol=1e-5)


def test_a_stencil_is_read_in_place_of_the_edges(topology: Data) -> None:
    """Sums of c_ij (x_j - x_i), written out here."""
    index, weight, gradient = torch.randint(9, (2, 40)), torch.randn(40).double(), torch.randn(40, 2).double()
    x = torch.rand(len(topology["pos"]), 3, dtype=torch.float64)
    reads = NCAConv(3, 1, ("laplacian", "gradient"), life_mask=None)
    seen = reads.perceive(
        x, **edges_of(topology), stencil_index=index, stencil_weight=weight, stencil_gradient=gradient
    )
    for band, coefficients in zip(seen.split(3, -1), (weight, *gradient.T), strict=True):
        sums = torch.zeros_like(x).index_add(0, index[1], coefficients[:, None] * (x[index[0]] - x[index[1]]))
        torch.testing.assert_close(band, sums)


@pytest.mark.parametrize("missing", ["stencil_weight", "stencil_gradient"])
def test_half_a_stencil_is_refused(missing: str, substrates: dict[str, Data]) -> None:
    through = geometry(substrates["voronoi"])
    del through[missing]
    with pytest.raises(ValueError, match="`stencil_index` goes with `stencil_weight`"):
        NCAConv(4, 8, "sobel")(torch.rand(len(substrates["voronoi"]["pos"]), 4), **through)


def test_a_constant_field_has_no_gradient_and_no_laplacian(topology: Data) -> None:
    reads = NCAConv(2, 1, ("laplacian", "gradient"), life_mask=None)
    x = torch.full((topology["pos"].shape[0], 2), 0.7, dtype=torch.float64)
    assert reads.perceive(x, **geometry(topology)).abs().max() < 1e-12


def test_the_order_of_the_cells_does_not_matter(topology: Data, random_rule: MakeRule) -> None:
    rule = random_rule(6, 12, ALL, fire_rate=1.0).double()
    number = topology["pos"].shape[0]
    x, order = some_state(2, number, 6), torch.randperm(number)
    rank = order.argsort()
    edges, angle, moved = geometry(topology), torch.rand(number, dtype=torch.float64), {}
    for kind in ("edge", "stencil"):
        shuffle = torch.randperm(edges.get(f"{kind}_index", edges["edge_index"]).shape[1])
        for name in (name for name in edges if name.startswith(kind)):
            moved[name] = rank[edges[name]][:, shuffle] if name.endswith("index") else edges[name][shuffle]
    torch.testing.assert_close(rule(x[:, order], **moved, angle=angle[order]), rule(x, **edges, angle=angle)[:, order])


def test_on_a_random_graph_too(random_rule: MakeRule) -> None:
    rule = random_rule(6, 12, "isonca", fire_rate=1.0).double()
    x, order, edge_index = some_state(40, 6), torch.randperm(40), torch.randint(40, (2, 150))
    torch.testing.assert_close(rule(x[order], order.argsort()[edge_index]), rule(x, edge_index)[order])


def grid_images(x: Tensor, size: int) -> Tensor:
    return x.view(*x.shape[:-2], size, size, x.shape[-1])


SYMMETRIES = {
    "quarter turn": lambda image: image.rot90(1, (-3, -2)),
    "left and right": lambda image: image.flip(-2),
    "up and down": lambda image: image.flip(-3),
    "transposition": lambda image: image.transpose(-3, -2),
}


@torch.no_grad()
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("symmetry", sorted(SYMMETRIES))
@pytest.mark.parametrize("perception", ["isonca", ("identity", "laplacian", "gradient_norm")])
def test_isotropic_rules_turn_and_mirror_with_the_square_grid(
    perception: str | tuple[str, ...], symmetry: str, periodic: bool, random_rule: MakeRule
) -> None:
    rule = random_rule(6, 12, perception, fire_rate=1.0).double()
    grid, x, change = square_grid(12, 12, periodic=periodic), some_state(3, 144, 6), SYMMETRIES[symmetry]
    turned = change(grid_images(x, 12)).flatten(1, 2)
    for _ in range(3):
        x, turned = rule(x, **geometry(grid)), rule(turned, **geometry(grid))
    torch.testing.assert_close(turned, change(grid_images(x, 12)).flatten(1, 2))


@torch.no_grad()
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("sixths", [1, 2, 3])
@pytest.mark.parametrize("perception", ["isonca", ("identity", "laplacian", "gradient_norm")])
def test_isotropic_rules_turn_and_mirror_with_hexagons(
    perception: str | tuple[str, ...], sixths: int, mirror: bool, random_rule: MakeRule
) -> None:
    """By 60 degrees about a cell, in a patch too small to feel the border."""
    # The size of a gradient is isotropic where the gradient is fitted to the average over all directions.
    rule, grid = random_rule(6, 12, perception, fire_rate=1.0).double(), hex_grid(26, 26, operators="averaged")
    offset = (grid["pos"] - grid["pos"][13 * 26 + 12]).double()
    disk = (offset.norm(dim=1) < 9).nonzero().view(-1)
    cos, sin = math.cos(sixths * math.pi / 3), math.sin(sixths * math.pi / 3)
    flip = torch.tensor([-1.0 if mirror else 1.0, 1.0], dtype=torch.float64)
    source = offset[disk] * flip @ torch.tensor([[cos, sin], [-sin, cos]], dtype=torch.float64)
    distance = torch.cdist(source, offset[disk])
    assert distance.amin(1).max() < 1e-5  # the patch is mapped onto itself
    image = disk[distance.argmin(1)]
    x = torch.zeros(26 * 26, 6, dtype=torch.float64)
    core = offset.norm(dim=1) < 3.5
    x[core] = torch.rand(int(core.sum()), 6, dtype=torch.float64)
    turned = torch.zeros_like(x).index_copy(0, image, x[disk])
    for _ in range(3):
        x, turned = rule(x, **geometry(grid)), rule(turned, **geometry(grid))
    assert x[disk].abs().sum() == pytest.approx(x.abs().sum().item())
    torch.testing.assert_close(turned[image], x[disk], rtol=1e-5, atol=1e-5)


def test_a_rule_with_gradients_does_not_turn_by_itself(random_rule: MakeRule) -> None:
    rule = random_rule(6, 12, "sobel", fire_rate=1.0).double()
    grid, x = square_grid(12, 12), some_state(144, 6)
    turn = SYMMETRIES["quarter turn"]
    turned = turn(grid_images(rule(x, **geometry(grid)), 12)).flatten(0, 1)
    assert (rule(turn(grid_images(x, 12)).flatten(0, 1), **geometry(grid)) - turned).abs().max() > 1e-3


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("per_cell", [False, True])
@pytest.mark.parametrize("perception", ["sobel", ALL])
def test_turning_the_frame_is_turning_the_grid(
    perception: str | tuple[str, ...], per_cell: bool, quarters: int, random_rule: MakeRule
) -> None:
    """A frame turned by 90 degrees sees what an untouched frame sees of the grid turned clockwise on the screen."""
    rule = random_rule(6, 12, perception, fire_rate=1.0).double()
    grid, x = square_grid(12, 12), some_state(144, 6)
    angle = quarters * math.pi / 2
    framed = rule(x, **geometry(grid), angle=torch.full((144,), angle, dtype=torch.float64) if per_cell else angle)
    turned = rule(grid_images(x, 12).rot90(-quarters, (0, 1)).flatten(0, 1), **geometry(grid))
    torch.testing.assert_close(framed, grid_images(turned, 12).rot90(quarters, (0, 1)).flatten(0, 1))


def test_the_perceived_gradient_turns_as_in_growing_nca(topology: Data) -> None:
    reads, x = NCAConv(3, 1, ("gradient",), life_mask=None), some_state(2, topology["pos"].shape[0], 3)
    along_x, along_y = reads.perceive(x, **geometry(topology)).chunk(2, -1)
    angle = torch.rand(2, topology["pos"].shape[0], dtype=torch.float64) * 7  # one for every cell of every sample
    cos, sin = angle.cos()[..., None], angle.sin()[..., None]
    expected = torch.cat([cos * along_x - sin * along_y, sin * along_x + cos * along_y], -1)
    torch.testing.assert_close(reads.perceive(x, **geometry(topology), angle=angle), expected)


@pytest.mark.parametrize("life_mask", ["pre_post", None])
def test_a_flat_batch_of_different_substrates_is_each_of_them_alone(
    life_mask: str | None, substrates: dict[str, Data], random_rule: MakeRule
) -> None:
    rule = random_rule(6, 12, ALL, fire_rate=1.0, life_mask=life_mask).double()
    parts = list(substrates.values())
    states = [some_state(2, part["pos"].shape[0], 6) for part in parts]
    together = rule(torch.cat(states, 1), **geometry(flat_batch(parts)))
    alone = torch.cat([rule(x, **geometry(part)) for x, part in zip(states, parts, strict=True)], 1)
    torch.testing.assert_close(together, alone)


def test_any_number_of_leading_batch_axes(topology: Data, random_rule: MakeRule) -> None:
    rule = random_rule(6, 12, ALL, fire_rate=1.0).double()
    x, edges = some_state(2, 3, topology["pos"].shape[0], 6), geometry(topology)
    stepped = rule(x, **edges)
    for i in range(2):
        torch.testing.assert_close(rule(x[i], **edges), stepped[i])
        for j in range(3):
            torch.testing.assert_close(rule(x[i, j], **edges), stepped[i, j])


def test_bare_use_takes_twelve_over_the_degree(random_rule: MakeRule) -> None:
    rule = random_rule(6, 12, "isonca", fire_rate=1.0).double()
    edge_index = torch.tensor([[1, 2, 3, 0, 0, 2], [0, 0, 0, 1, 2, 3]])  # cell 0 has 3 neighbours, cell 4 none
    x = torch.rand(5, 6, dtype=torch.float64)
    weight = torch.tensor([4.0, 4.0, 4.0, 12.0, 12.0, 12.0], dtype=torch.float64)
    assert torch.equal(rule(x, edge_index), rule(x, edge_index, weight))
    reads = NCAConv(6, 1, ("laplacian",))
    laplacian = reads.perceive(x, edge_index)
    torch.testing.assert_close(laplacian[0], 4 * (x[1] + x[2] + x[3]) - 12 * x[0])
    torch.testing.assert_close(laplacian[3], 12 * (x[2] - x[3]))
    assert not laplacian[4].any()


def test_bare_use_is_the_regular_lattice_with_its_weights() -> None:
    grid, reads = hex_grid(6, 6), NCAConv(5, 1, "isonca")
    x = torch.rand(36, 5)
    torch.testing.assert_close(
        reads.perceive(x, grid["edge_index"]), reads.perceive(x, grid["edge_index"], grid["edge_weight"])
    )


@pytest.mark.parametrize("perception", ["sobel", "laplacian", ("gradient_norm",)])
def test_a_gradient_without_direction_vectors(perception: str | tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"`edge_attr` must hold the direction vectors pos_j - pos_i.*got None"):
        NCAConv(4, 8, perception)(torch.zeros(9, 4), square_grid(3, 3)["edge_index"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"life_mask": "never"}, "`life_mask` must be one of"),
        ({"fire_per": "edge"}, "`fire_per` must be one of"),
        ({"fire_rate": 0.0}, r"`fire_rate` must lie in \(0, 1\], got 0.0"),
        ({"fire_rate": 1.5}, r"`fire_rate` must lie in \(0, 1\], got 1.5"),
        ({"num_channels": 3}, "`num_channels` must be at least 4 with life mask 'pre_post'"),
        ({"num_channels": 0, "life_mask": None}, "`num_channels` must be at least 1 with life mask None"),
        ({"hidden_size": 0}, "`hidden_size` at least 1, got 16 and 0"),
        ({"perception": "curl"}, "`perception` must be one of"),
    ],
)
@pytest.mark.usefixtures("as_released")
def test_arguments_outside_their_range_are_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NCAConv(**options)


@pytest.mark.parametrize("life_mask", ["pre", "pre_post", "post", None])
def test_when_the_dead_are_zeroed(life_mask: str | None) -> None:
    """Alpha falls by 1 everywhere in a synchronous step; cell 4 of a 3 x 3 grid was alive, its neighbours by it."""
    grid = square_grid(5, 5, periodic=False)
    rule = NCAConv(4, 1, ("identity",), life_mask=life_mask, fire_rate=1.0)  # type: ignore[arg-type]
    with torch.no_grad():
        rule.update_rule.output.bias.copy_(torch.tensor([0.0, 0.0, 0.0, -1.0]))
    x = torch.zeros(25, 4)
    x[0], x[12] = torch.tensor([1.0, 1.0, 1.0, 1.5]), torch.tensor([1.0, 1.0, 1.0, 0.5])
    after = rule(x, grid["edge_index"], grid["edge_weight"])
    before_alive = (grid["pos"] - grid["pos"][0]).abs().amax(1).le(1) | (grid["pos"] - grid["pos"][12]).abs().amax(
        1
    ).le(1)
    after_alive = (grid["pos"] - grid["pos"][0]).abs().amax(1).le(1)
    alive = torch.ones(25, dtype=torch.bool)
    if life_mask in ("pre", "pre_post"):
        alive &= before_alive
    if life_mask in ("post", "pre_post"):
        alive &= after_alive
    expected = torch.where(alive[:, None], x + torch.tensor([0.0, 0.0, 0.0, -1.0]), 0.0)
    assert torch.equal(after, expected)


def test_an_untrained_rule_keeps_a_living_state() -> None:
    grid, x = square_grid(4, 4), torch.rand(2, 16, 16) + 0.2
    assert torch.equal(NCAConv()(x, grid["edge_index"], grid["edge_weight"], grid["edge_attr"]), x)


@pytest.mark.parametrize("options", [{}, {"perception": "isonca", "life_mask": None, "gains": {"laplacian": 0.5}}])
def test_the_configuration_makes_the_same_architecture(options: dict, random_rule: MakeRule) -> None:
    rule = random_rule(6, 9, **options, fire_rate=0.8, fire_per="channel", output_bias=False, hidden_init="glorot")
    twin = NCAConv(**rule.config)
    twin.load_state_dict(rule.state_dict())
    assert twin.config == rule.config
    grid, x = square_grid(5, 5), torch.rand(25, 6)
    one, two = (
        r(x, grid["edge_index"], grid["edge_weight"], grid["edge_attr"], generator=torch.Generator().manual_seed(1))
        for r in (rule, twin)
    )
    assert torch.equal(one, two)


def test_it_is_a_message_passing_layer_among_others(substrates: dict[str, Data]) -> None:
    """In a network of someone else's, beside a GCN, with gradients for every parameter and the input, in float64."""
    mesh = substrates["voronoi"]
    network = Sequential(
        "x, edge_index, edge_weight, edge_attr",
        [
            (GCNConv(3, 8), "x, edge_index, edge_weight -> x"),
            (NCAConv(8, 16, "laplacian", life_mask=None), "x, edge_index, edge_weight, edge_attr -> x"),
            torch.nn.ReLU(),
            (torch.nn.Linear(8, 2), "x -> x"),
        ],
    ).double()
    layer = next(module for module in network.modules() if isinstance(module, NCAConv))
    assert isinstance(layer, MessagePassing)
    torch.nn.init.normal_(layer.update_rule.output.weight)
    x = torch.randn(mesh["pos"].shape[0], 3, dtype=torch.float64, requires_grad=True)
    out = network(x, mesh["edge_index"], mesh["edge_weight"].double(), mesh["edge_attr"].double())
    assert out.dtype == torch.float64
    out.square().sum().backward()
    assert x.grad is not None
    for gradient in (x.grad, *(parameter.grad for parameter in network.parameters())):
        assert gradient is not None
        assert gradient.isfinite().all()
        assert gradient.any()
    weight = layer.update_rule.hidden.weight.clone()
    layer.reset_parameters()
    assert not torch.equal(layer.update_rule.hidden.weight, weight)
    assert not layer.update_rule.output.weight.any()


@pytest.mark.parametrize("perception", [*PRESETS, ALL])
def test_the_gradient_of_a_step(perception: str | tuple[str, ...], random_rule: MakeRule) -> None:
    """To the state, the weights and the direction vectors: geometry may be learnt."""
    rule, grid = random_rule(4, 6, perception, life_mask="pre", fire_rate=1.0).double(), square_grid(3, 3)
    edges = edges_of(grid)
    x = torch.rand(9, 4, dtype=torch.float64, requires_grad=True)
    weight, vectors = edges["edge_weight"].requires_grad_(), edges["edge_attr"].requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, w, v: rule(x, grid["edge_index"], w, v, angle=0.3),
        (x, weight, vectors),
        fast_mode=True,
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_the_state_keeps_its_type_whatever_the_geometrys(dtype: torch.dtype, substrates: dict[str, Data]) -> None:
    rule = NCAConv(6, 8, ALL).to(dtype)
    x = torch.rand(len(substrates["voronoi"]["pos"]), 6).to(dtype)
    for edges in (torch.float32, torch.float64):
        assert rule(x, **geometry(substrates["voronoi"], edges)).dtype == dtype


def test_a_seed_can_be_trained(random_rule: MakeRule) -> None:
    rule, grid = random_rule(6, 12, "sobel"), square_grid(6, 6)
    seed = torch.nn.Parameter(torch.rand(36, 6) + 0.2)
    rule(seed, grid["edge_index"], grid["edge_weight"], grid["edge_attr"]).square().sum().backward()
    assert seed.grad is not None
    assert seed.grad.any()


def test_the_draws_come_from_the_generator(topology: Data, random_rule: MakeRule) -> None:
    rule, x, edges = random_rule(6, 12).double(), some_state(topology["pos"].shape[0], 6), geometry(topology)
    one, two, other = (rule(x, **edges, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_cells_that_do_not_fire_stay(random_rule: MakeRule) -> None:
    rule, grid = random_rule(6, 12, life_mask=None), square_grid(6, 6)
    x, rate = torch.rand(2, 36, 6), (torch.arange(36) % 2.0)
    after = rule(x, grid["edge_index"], grid["edge_weight"], grid["edge_attr"], fire_rate=rate)
    assert torch.equal(after[:, ::2], x[:, ::2])
    assert (after[:, 1::2] != x[:, 1::2]).any(-1).all()


@pytest.mark.slow
def test_a_process_leaves_no_file_behind(tmp_path: Path) -> None:
    """PyG's layers write one each, when they are made."""
    program = """
import copy, pickle, torch
from graphnca.layers import NCAConv
class Mine(NCAConv):
    def message(self, x_j, edge_weight):
        return edge_weight[:, None] * x_j
edges = torch.tensor([[0, 1, 2], [1, 2, 0]])
for rule in (NCAConv(4, 8, "isonca"), Mine(4, 8, "isonca")):
    x = 0.2 + torch.rand(3, 4)  # alive
    key = torch.tensor(3, dtype=torch.int32)
    assert torch.equal(copy.deepcopy(rule)(x, edges, key=key), rule(x, edges, key=key))
assert torch.equal(pickle.loads(pickle.dumps(NCAConv(4, 8, "isonca")))(x, edges, key=key), x)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", program], env=environment, check=True)
    assert not list(tmp_path.rglob("*"))
