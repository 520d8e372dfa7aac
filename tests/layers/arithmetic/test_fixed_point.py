"""Fixed point: sums without rounding, so the same bits in every order, on every graph, for every rule."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import load_rule, rollout, save_rule
from graphnca.evaluation.symmetries import asymmetry, symmetries
from graphnca.layers import FILTERS, NCAConv, in_fixed_point, neighbourhood
from graphnca.layers.arithmetic.fixed_point import QUANTUM, STATE_LIMIT, VALUE_LIMIT, rounded
from graphnca.models import growing_nca, isonca
from graphnca.seeds import point_seed
from topologies import hex_grid, hexagonal_patch, square_grid

MakeRule = Callable[..., NCAConv]
PERCEPTIONS = ("sobel", "laplacian", "isonca", tuple(FILTERS))
LIFE_MASKS = ("pre", "pre_post", "post", None)
STEPS = 12


def bits(x: Tensor) -> Tensor:
    """The numbers as they lie in memory: tells -0 from 0."""
    return x.contiguous().view(torch.int32 if x.dtype == torch.float32 else torch.int64)


def some_state(*shape: int) -> Tensor:
    x = torch.rand(shape, generator=torch.Generator().manual_seed(5)) * 2 - 0.5
    return torch.where(torch.rand(*shape[:-1], 1, generator=torch.Generator().manual_seed(6)) < 0.3, x, 0.0)


def rolled(rule: NCAConv, x: Tensor, topology: Data, fired: Tensor, steps: int = STEPS, **options) -> Tensor:
    """Steps of the plain layer; `fired` (steps, N) says which cells fire in each."""
    geometry = neighbourhood(topology)
    with torch.no_grad():
        for step in range(steps):
            x = rule(x, **geometry, fire_rate=fired[step], **options)
    return x


def firing(number: int, steps: int = STEPS) -> Tensor:
    return (torch.rand(steps, number, generator=torch.Generator().manual_seed(7)) < 0.6).float()


def reordered(topology: Data, seed: int = 0) -> tuple[Data, Tensor]:
    """The same substrate with its cells renamed and its edges shuffled, and the old cell of every new one."""
    generator = torch.Generator().manual_seed(seed)
    old = torch.randperm(topology["pos"].shape[0], generator=generator)
    copy, through = topology.clone(), neighbourhood(topology)
    for kind in ("edge", "stencil"):
        shuffle = torch.randperm(through.get(f"{kind}_index", old[None]).shape[1], generator=generator)
        for name in (name for name in through if name.startswith(kind)):
            copy[name] = old.argsort()[topology[name]][:, shuffle] if "index" in name else topology[name][shuffle]
    for name in ("pos", "area"):
        copy[name] = topology[name][old]
    return copy, old


@pytest.mark.parametrize("perception", PERCEPTIONS)
@pytest.mark.parametrize("life_mask", LIFE_MASKS)
def test_the_order_of_cells_and_edges_changes_no_bit(
    topology: Data, perception: str | tuple, life_mask: str | None, random_rule: MakeRule
) -> None:
    rule = random_rule(6, 20, perception, life_mask=life_mask, arithmetic="fixed_point")
    number = topology["pos"].shape[0]
    x, fired, angle = some_state(2, number, 6), firing(number), torch.linspace(0, 5, number)
    regions = torch.arange(number) % 7 // 5  # some cells only think
    after = rolled(rule, x, topology, fired, angle=angle, regions=regions)
    other, old = reordered(topology)
    again = rolled(rule, x[:, old], other, fired[:, old], angle=angle[old], regions=regions[old])
    assert not torch.equal(after, x)
    assert torch.equal(bits(again), bits(after[:, old]))


@pytest.mark.parametrize("perception", PERCEPTIONS)
def test_in_float_the_order_does_change_them(
    perception: str | tuple, random_rule: MakeRule, substrates: dict[str, Data]
) -> None:
    """The negative control of the test above."""
    mesh = substrates["voronoi"]
    rule, number = random_rule(6, 20, perception), mesh["pos"].shape[0]
    x, fired = some_state(2, number, 6), firing(number)
    other, old = reordered(mesh)
    assert not torch.equal(rolled(rule, x[:, old], other, fired[:, old]), rolled(rule, x, mesh, fired)[:, old])


def test_neither_the_batch_nor_the_layout_nor_the_type_of_the_states_changes_a_bit(
    topology: Data, random_rule: MakeRule
) -> None:
    rule = random_rule(6, 20, "laplacian", arithmetic="fixed_point")
    number = topology["pos"].shape[0]
    x, fired = some_state(3, number, 6), firing(number)
    together = rolled(rule, x, topology, fired)
    for one, alone in zip(together, x, strict=True):
        assert torch.equal(bits(rolled(rule, alone, topology, fired)), bits(one))
    across = x.transpose(-1, -2).contiguous().transpose(-1, -2)
    assert torch.equal(bits(rolled(rule, across, topology, fired)), bits(together))
    double = rolled(rule, x.double(), topology, fired)
    assert double.dtype == torch.float64
    assert torch.equal(double, together.double())


def test_leaving_out_the_dead_changes_no_bit(topology: Data, random_rule: MakeRule) -> None:
    """Without gradients a step with the mask "pre" computes the living alone; with gradients, all cells."""
    rule = random_rule(6, 20, "isonca", std=0.3, life_mask="pre", arithmetic="fixed_point")
    number = topology["pos"].shape[0]
    x, edges = 0.3 * some_state(2, number, 6), (topology["edge_index"], topology["edge_weight"])
    for step in range(STEPS):
        generators = [torch.Generator().manual_seed(step) for _ in range(2)]
        every = rule(x, *edges, generator=generators[0]).detach()
        with torch.no_grad():
            x = rule(x, *edges, generator=generators[1])
        assert torch.equal(bits(x), bits(every))
        assert step == 0 or 0 < int((x != 0).any(-1).sum()) < 2 * number  # some cells are dead, some are not
    with torch.no_grad():
        assert torch.equal(rule(torch.zeros_like(x), *edges), torch.zeros_like(x))


def test_a_step_is_the_one_that_integers_take() -> None:
    """An oracle without floats: the definition, in Python's fractions."""
    torch.manual_seed(0)
    rule = isonca(4, 5, life_mask=None, arithmetic="fixed_point", output_bias=True)
    for parameter in rule.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    grid = hex_grid(4, 3, periodic=False)
    number = grid.num_nodes or 0
    x = torch.randn(number, 4)

    def near(value: Fraction) -> Fraction:
        return Fraction(round(value * 65536), 65536)  # ties to even, as torch.round

    def exact(values: Tensor) -> list[list[Fraction]]:
        return [[near(Fraction(value)) for value in row] for row in values.detach().double().tolist()]

    def layer(weight: Tensor, bias: Tensor, values: list[Fraction]) -> list[Fraction]:
        rows, constants = exact(weight), exact(bias[None])[0]
        return [sum(map(Fraction.__mul__, row, values), c) for row, c in zip(rows, constants, strict=True)]

    states, weights = exact(x), exact(grid["edge_weight"][None])[0]
    hidden, output = rule.update_rule.hidden, rule.update_rule.output
    expected = []
    for i, own in enumerate(states):
        sums = [Fraction(0)] * 4
        for (j, target), w in zip(grid["edge_index"].T.tolist(), weights, strict=True):
            if target == i:
                sums = [s + w * (theirs - mine) for s, theirs, mine in zip(sums, states[j], own, strict=True)]
        thoughts = [near(max(Fraction(0), h)) for h in layer(hidden.weight, hidden.bias, [*own, *map(near, sums)])]
        changes = [near(c) for c in layer(output.weight, output.bias, thoughts)]
        expected.append([float(mine + change) for mine, change in zip(own, changes, strict=True)])
    after = rule(x, grid["edge_index"], grid["edge_weight"], fire_rate=1.0)
    assert after.detach().tolist() == expected


@pytest.mark.parametrize(
    ("build", "turns"),
    [(lambda: square_grid(24, 24), 4), (lambda: hexagonal_patch(500), 6)],
    ids=["square", "hexagons"],
)
def test_a_synchronous_pattern_equals_all_its_images_to_the_last_bit_for_1000_steps(
    build: Callable[[], Data], turns: int
) -> None:
    """IsoNCA, figure 8. In float the same run has lost the last bits after twenty steps, and the eye sees it later."""
    grid, rule = build(), load_rule("isonca-spiderweb")
    images = symmetries(grid, turns)
    assert len(images) == 2 * turns
    x = point_seed(grid)
    assert asymmetry(rollout(rule, x, grid, 20, fire_rate=1.0).detach(), images) > 0
    exact = in_fixed_point(rule)
    with torch.no_grad():
        for _ in range(20):
            x = rollout(exact, x, grid, 50, fire_rate=1.0)
            assert all(torch.equal(bits(x[image]), bits(x)) for image in images)
    assert int((x[:, 3] > 0.1).sum()) > 50  # it lives, so there is something to be symmetric


@pytest.mark.parametrize("perception", PERCEPTIONS)
def test_it_stays_near_the_float_run(topology: Data, perception: str | tuple, random_rule: MakeRule) -> None:
    """A step moves a state by some quanta from the float one; a few steps by some more."""
    rule = random_rule(6, 20, perception, life_mask=None).double()
    number = topology["pos"].shape[0]
    x, fired = rounded(some_state(2, number, 6), STATE_LIMIT), firing(number)
    for steps, quanta in ((1, 20), (5, 200)):
        difference = rolled(in_fixed_point(rule), x, topology, fired, steps) - rolled(rule, x, topology, fired, steps)
        assert 0 < difference.abs().max() < quanta * QUANTUM


def test_rounding() -> None:
    q = QUANTUM
    values = torch.tensor([0.4 * q, 0.6 * q, 1.5 * q, 2.5 * q, -1.5 * q, 1e9, -1e9, float("nan")], requires_grad=True)
    found = rounded(values)
    expected = [0.0, q, 2 * q, 2 * q, -2 * q, VALUE_LIMIT, -VALUE_LIMIT]  # ties to even
    assert found[:-1].tolist() == expected
    assert found.dtype == torch.float64
    assert found[-1].isnan()
    found[:-1].sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [1.0] * 5 + [0.0] * 3  # straight through, but not where it is saturated


@pytest.mark.parametrize("perception", PERCEPTIONS)
def test_gradients_are_near_those_in_float(perception: str | tuple, random_rule: MakeRule, torus: Data) -> None:
    rule = random_rule(6, 20, perception, life_mask=None)
    exact = in_fixed_point(rule)
    number = torus["pos"].shape[0]
    geometry = neighbourhood(torus)
    slopes = []
    for one in (rule, exact):
        x = some_state(number, 6).requires_grad_()
        after = one(one(x, **geometry, fire_rate=1.0), **geometry, fire_rate=1.0)
        after.square().mean().backward()
        slopes.append([x.grad, *(parameter.grad for parameter in one.parameters())])
    for ours, expected in zip(*slopes, strict=True):
        assert ours is not None
        assert expected is not None
        assert (ours - expected).norm() < 0.05 * expected.norm()  # a ReLU may open at another quantum


def test_states_saturate_instead_of_exploding(random_rule: MakeRule) -> None:
    rule = random_rule(4, 8, "isonca", std=2.0, life_mask=None, arithmetic="fixed_point")
    grid = square_grid(6, 6)
    x = rolled(rule, some_state(36, 4), grid, torch.ones(100, 36), 100)
    assert x.abs().max() == STATE_LIMIT
    assert torch.isfinite(x).all()


def test_a_rollout_takes_the_layers_own_steps(
    topology: Data, random_rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = random_rule(6, 20, arithmetic="fixed_point")
    number = topology["pos"].shape[0]
    x, fired = some_state(number, 6), torch.ones(STEPS, number)
    found = rollout(rule, x, topology, STEPS, fire_rate=1.0)
    assert torch.equal(bits(found.detach()), bits(rolled(rule, x, topology, fired)))


def test_the_arithmetic_is_stored_with_a_rule(tmp_path: Path, random_rule: MakeRule) -> None:
    rule = random_rule(6, 20)
    assert rule.arithmetic == "float"
    assert "arithmetic" not in rule.config  # the files and checkpoints of float rules stay as they were
    exact = in_fixed_point(rule)
    assert rule.arithmetic == "float"
    assert exact.config == {**rule.config, "arithmetic": "fixed_point"}
    assert all(one is not other for one, other in zip(rule.parameters(), exact.parameters(), strict=True))
    save_rule(exact, tmp_path / "exact.safetensors")
    assert load_rule(tmp_path / "exact.safetensors").config == exact.config


@pytest.mark.usefixtures("as_released")
def test_what_cannot_be_exact_is_refused(random_rule: MakeRule) -> None:
    grid = square_grid(4, 4)
    x, edges = some_state(16, 4), (grid["edge_index"], grid["edge_weight"], grid["edge_attr"])
    with pytest.raises(ValueError, match=r"`arithmetic` must be one of .*, got 'decimal'"):
        growing_nca().arithmetic = "decimal"
    rule = random_rule(4, 8, arithmetic="fixed_point")
    rule(x, *edges)
    with pytest.raises(ValueError, match=r"`x` must be float32 or float64 .*, got torch.bfloat16"):
        rule(x.bfloat16(), *edges)
    with pytest.raises(ValueError, match=r"`weights` must keep .* at most 8192, .*, got 12000"):
        rule(x, edges[0], edges[1] * 1000, edges[2])
    with pytest.raises(ValueError, match=r"`gradients` must keep .* at most 8192, .*, got"):
        rule(x, edges[0], edges[1], edges[2] / 10_000)
    for layer in ("hidden", "output"):
        large = random_rule(4, 8, arithmetic="fixed_point")
        with torch.no_grad():
            getattr(large.update_rule, layer).weight[3, 2] = 600.0
        with pytest.raises(ValueError, match=rf"`update_rule.{layer}` must keep .* at most 2.09715e\+06"):
            large(x, *edges)
        with torch.no_grad():
            getattr(large.update_rule, layer).weight[3, 2] = 400.0
        large(x, *edges)
    rule.update_rule = torch.nn.Linear(12, 4)  # type: ignore[assignment]
    with pytest.raises(ValueError, match="`update_rule` must be an `UpdateRule`"):
        rule(x, *edges)


def test_the_bare_layer_works_without_weights(random_rule: MakeRule) -> None:
    grid = square_grid(5, 5)
    rule = random_rule(4, 8, "isonca", arithmetic="fixed_point")
    assert rule(some_state(25, 4), grid["edge_index"]).shape == (25, 4)


@pytest.mark.usefixtures("as_released")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::UserWarning:torch")
def test_a_traced_step_has_the_same_bits(random_rule: MakeRule, substrates: dict[str, Data]) -> None:
    rule, mesh = random_rule(6, 20, tuple(FILTERS), arithmetic="fixed_point"), substrates["voronoi"]
    geometry = neighbourhood(mesh)
    x, key = some_state(2, mesh["pos"].shape[0], 6), torch.tensor(11, dtype=torch.int32)
    torch._dynamo.reset()
    traced = torch.compile(rule, backend="eager", fullgraph=True)(x, **geometry, key=key)
    assert torch.equal(bits(traced.detach()), bits(rule(x, **geometry, key=key).detach()))
    torch._dynamo.reset()
