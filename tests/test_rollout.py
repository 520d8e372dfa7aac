import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import Trajectory, rollout, trajectory
from graphnca.damage import erase
from graphnca.engine import ENGINES
from graphnca.engine.choice import SWITCH
from graphnca.engine.native import load_library
from graphnca.layers import FILTERS, NCAConv, alive_mask, neighbourhood
from graphnca.regions import FROZEN, GROWING, MATURE
from topologies import STENCIL_FIELDS, flat_batch, square_grid

MakeRule = Callable[..., NCAConv]
Outcome = tuple[Trajectory, Tensor | None, list[Tensor | None]]


NAMES = [engine.name for engine in ENGINES]


@pytest.fixture(params=NAMES, autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every law here holds for every engine that takes its rollouts, and is asked of no other."""
    if request.param == "native" and load_library() is None:
        pytest.skip("there is no C++ compiler on this machine")
    monkeypatch.setenv(SWITCH, request.param)
    return request.param


def among(*names: str) -> pytest.MarkDecorator:
    """The engines that take the rollouts of a law, where they are not all; `""` is the first that takes them."""
    return pytest.mark.parametrize("engine", names, indirect=True)


RECORDING = among("native", "active_list", "patches")  # what they need for the backward pass is their own
KEEPING = among("native", "patches", "plain")
ANY = among("")


def in_double(topology: Data) -> Data:
    """The same substrate with float64 geometry, so that two programs can be compared to 1e-12."""
    double = topology.clone()
    for name in ("pos", *neighbourhood(topology)):
        if double[name].is_floating_point():
            double[name] = double[name].double()
    return double


@pytest.fixture
def mesh(substrates: dict[str, Data]) -> Data:
    return in_double(substrates["voronoi"])


def patch(topology: Data, *batch: int, channels: int = 6) -> Tensor:
    """Something alive in the middle of an empty substrate, some of it out of bounds."""
    x = torch.zeros(*batch, len(topology["pos"]), channels, dtype=topology["pos"].dtype)
    core = (topology["pos"] - topology["extent"] / 2).norm(dim=1) < 2.5
    generator = torch.Generator().manual_seed(8)
    x[..., core, :] = torch.rand(*batch, int(core.sum()), channels, dtype=x.dtype, generator=generator) * 3 - 0.5
    return x


def stepped(
    rule: NCAConv, x: Tensor, topology: Data, num_steps: int, generator: torch.Generator | None = None, **options: Any
) -> Trajectory:
    """The definition: the layer called step by step, everything recorded, the regularisers summed."""
    states, overflow, change = {0: x}, torch.zeros(x.shape[:-2]).to(x), torch.zeros(x.shape[:-2]).to(x)
    for number in range(1, num_steps + 1):
        after = rule(x, **neighbourhood(topology), generator=generator, **options)
        overflow = overflow + (after.abs() - 2).clamp(min=0).square().sum((-2, -1))
        change = change + (after - x).abs().mean((-2, -1))
        states[number] = x = after
    return Trajectory(x, states, overflow, change)


def outcome(run: Callable[..., Trajectory], rule: NCAConv, x: Tensor, *args: Any, **options: Any) -> Outcome:
    """A trajectory and the gradients of something that depends on all of it."""
    rule.zero_grad()
    x = x.clone().requires_grad_()
    result = run(rule, x, *args, generator=torch.Generator().manual_seed(3), **options)
    wave = torch.linspace(-1, 1, x.numel(), dtype=x.dtype).view_as(x)
    loss = (result.final * wave.sin()).sum() + (result.states[3] * wave.cos()).sum()
    loss = loss + 0.3 * result.overflow.sum()
    loss = loss + (result.change * torch.arange(1.0, 1 + result.change.numel()).view(result.change.shape)).sum() * 20
    loss.backward()
    return result, x.grad, [parameter.grad for parameter in rule.parameters()]


def assert_same(one: Outcome, two: Outcome, tolerance: float = 1e-10) -> None:
    """Same states, regularisers and gradients."""
    pairs = [(getattr(one[0], name), getattr(two[0], name)) for name in ("final", "overflow", "change")]
    pairs += [(one[0].states[number], two[0].states[number]) for number in set(one[0].states) & set(two[0].states)]
    pairs += [(one[1], two[1]), (one[2], two[2])]
    for expected, actual in pairs:
        torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


PERCEPTIONS = ("sobel", "laplacian", "isonca", ("identity", "laplacian", "gradient_norm"), tuple(FILTERS)[1:])
CASES = list(itertools.product(PERCEPTIONS, ("pre", "pre_post", "post", None), ("cell", "channel")))


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)))
def test_it_equals_the_layer_in_value_and_gradient(
    number: int, case: tuple[Any, ...], mesh: Data, random_rule: MakeRule
) -> None:
    """All perceptions x life masks x ways of firing; biases, frames and recomputation take turns over them."""
    perception, life_mask, fire_per = case
    bits = [bool(number * 5 >> bit & 1) for bit in range(4)]
    rule = random_rule(
        6,
        10,
        perception,
        life_mask=life_mask,
        fire_per=fire_per,
        hidden_bias=bits[3] or not bits[0],
        output_bias=bits[0],
    ).double()
    x, angle = patch(mesh, 2), 0.7 if bits[1] else None
    one = outcome(stepped, rule, x, mesh, 9, angle=angle)
    two = outcome(trajectory, rule, x, mesh, 9, angle=angle, record=(3, 9), checkpoint_every=4 if bits[2] else None)
    assert_same(one, two)
    assert one[0].final.isfinite().all()


def test_the_cases_above_meet_growth_death_and_overflow(mesh: Data, random_rule: MakeRule) -> None:
    """Otherwise their agreement would say little."""
    rule = random_rule(6, 10, "laplacian", life_mask="pre_post").double()
    states = stepped(rule, patch(mesh, 2), mesh, 9, torch.Generator().manual_seed(3))
    alive = [state.ne(0).any(-1) for state in states.states.values()]
    assert any(bool((after & ~before).any()) for before, after in itertools.pairwise(alive))
    assert any(bool((before & ~after).any()) for before, after in itertools.pairwise(alive))
    assert states.overflow.min() > 0


@pytest.mark.parametrize("fire_per", ["cell", "channel"])
@pytest.mark.parametrize("life_mask", ["pre", "pre_post", "post"])
def test_it_equals_the_layer_at_the_brink_of_life(
    life_mask: str, fire_per: str, mesh: Data, random_rule: MakeRule
) -> None:
    """Alphas about the threshold everywhere, so that life changes hands in every step.

    The rare case, with masks before and after: a dead cell would be mature, dies at once, and yet keeps a neighbour.
    """
    rule = random_rule(
        6, 10, "sobel", life_mask=life_mask, fire_per=fire_per, hidden_bias=False, output_bias=False, std=0.3
    ).double()
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(20, len(mesh["pos"]), 6, dtype=torch.float64, generator=generator) * 2 - 1
    x[..., 3] = 0.06 + 0.042 * x[..., 3]  # one cell in forty is mature
    one, two = (outcome(run, rule, x, mesh, 3, **extra) for run, extra in RUNS)
    assert_same(one, two)
    if life_mask == "pre_post":  # the rare case has occurred: in the first step, those cells left out
        rule.life_mask = "pre"
        without_them = rule(x, **neighbourhood(mesh), generator=torch.Generator().manual_seed(3))
        without = torch.where(alive_mask(without_them, mesh["edge_index"])[..., None], without_them, 0.0)
        assert not torch.equal(without, one[0].states[1])


def test_on_every_substrate(topology: Data, random_rule: MakeRule) -> None:
    rule, double = random_rule(6, 10, tuple(FILTERS)).double(), in_double(topology)
    one, two = (outcome(run, rule, patch(double, 2), double, 6, **extra) for run, extra in RUNS)  # type: ignore[arg-type]
    assert_same(one, two)


@pytest.mark.parametrize("life_mask", ["pre", "pre_post"])
def test_a_pattern_that_grows_for_long(life_mask: str, random_rule: MakeRule) -> None:
    """Over many spans, from a corner of a torus large enough that most of it is never looked at."""
    rule = random_rule(6, 10, "laplacian", life_mask=life_mask, std=0.05).double()
    grid = in_double(square_grid(48, 60))
    x = torch.zeros(2, 48 * 60, 6, dtype=torch.float64)
    x[0, [0, 59, 60]] = 1.0
    x[1, 30 * 60 + 30, 3] = 0.9
    one, two = (outcome(run, rule, x, grid, 37, **extra) for run, extra in RUNS)
    grown = one[0].final[..., 3].gt(0.1).sum(1)
    assert (grown > 20).all() and (grown < 1500).all()
    assert_same(one, two, 1e-9)


RUNS: tuple[tuple[Callable[..., Trajectory], dict[str, Any]], ...] = ((stepped, {}), (trajectory, {"record": (3,)}))


def test_in_float32(substrates: dict[str, Data], random_rule: MakeRule) -> None:
    rule, mesh = random_rule(6, 10, "sobel"), substrates["voronoi"]
    one, two = (outcome(run, rule, patch(mesh, 2), mesh, 6, **extra) for run, extra in RUNS)
    assert_same(one, two, 1e-3)


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
def test_any_number_of_leading_batch_axes(batch: tuple[int, ...], mesh: Data, random_rule: MakeRule) -> None:
    rule = random_rule(6, 10, "sobel").double()
    one, two = (outcome(run, rule, patch(mesh, *batch), mesh, 5, **extra) for run, extra in RUNS)
    assert two[0].overflow.shape == two[0].change.shape == batch
    assert_same(one, two)


@pytest.mark.parametrize("shape", [(), (135,), (3, 135), (2, 3, 135)])
@pytest.mark.parametrize("fire_per", ["cell", "channel"])
def test_fire_rates_of_all_shapes(shape: tuple[int, ...], fire_per: str, mesh: Data, random_rule: MakeRule) -> None:
    rule, rate = random_rule(6, 10, "isonca", fire_per=fire_per).double(), torch.rand(shape)
    x = patch(mesh, 2, 3)
    assert len(mesh["pos"]) == 135
    one, two = (
        run(rule, x, mesh, 5, fire_rate=rate, generator=torch.Generator().manual_seed(0))
        for run in (stepped, trajectory)
    )
    torch.testing.assert_close(one.final, two.final)


@pytest.mark.parametrize("rate", [1.0, 0.25])
def test_a_fire_rate_for_all(rate: float, mesh: Data, random_rule: MakeRule) -> None:
    rule = random_rule(6, 10, "isonca").double()
    one, two = (outcome(run, rule, patch(mesh, 2), mesh, 5, fire_rate=rate, **extra) for run, extra in RUNS)
    assert_same(one, two)


@ANY
@pytest.mark.parametrize("shape", [(), (1,), (135,), (2, 135)])
def test_frames_of_all_shapes(shape: tuple[int, ...], mesh: Data, random_rule: MakeRule) -> None:
    rule, angle = random_rule(6, 10, "sobel").double(), 6 * torch.rand(shape, dtype=torch.float64)
    one, two = (outcome(run, rule, patch(mesh, 2), mesh, 5, angle=angle, **extra) for run, extra in RUNS)
    assert_same(one, two)


@ANY
@pytest.mark.parametrize("shape", [(), (135,), (2, 135)])
def test_a_frame_can_be_trained(shape: tuple[int, ...], mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10, "sobel").double(), patch(mesh, 2)
    gradients = []
    for run in (stepped, trajectory):
        angle = torch.full(shape, 0.4, dtype=torch.float64, requires_grad=True)
        run(rule, x, mesh, 4, angle=angle, generator=torch.Generator().manual_seed(0)).final.square().sum().backward()
        gradients.append(angle.grad)
    assert gradients[0].any()
    torch.testing.assert_close(gradients[0], gradients[1])


def test_a_flat_batch_is_a_substrate_too(substrates: dict[str, Data], random_rule: MakeRule) -> None:
    """Synchronous, so that each part goes its own way."""
    rule = random_rule(6, 10, "sobel", fire_rate=1.0).double()
    parts = [in_double(substrates[name]) for name in ("square", "hex_open", "voronoi")]
    states = [patch(part, 2) for part in parts]
    flat = flat_batch(parts)
    together = rollout(rule, torch.cat(states, 1), flat, 6)  # type: ignore[arg-type]
    alone = [rollout(rule, x, part, 6) for x, part in zip(states, parts, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone, 1))


def test_recording(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh)
    whole = stepped(rule, x, mesh, 7, torch.Generator().manual_seed(1))
    some = trajectory(rule, x, mesh, 7, record=(5, 0, 3, 3), generator=torch.Generator().manual_seed(1))
    assert sorted(some.states) == [0, 3, 5]
    for number, state in some.states.items():
        torch.testing.assert_close(state, whole.states[number])
    torch.testing.assert_close(some.final, whole.final)


def test_gradients_flow_through_recorded_states(mesh: Data, random_rule: MakeRule) -> None:
    """A loss on step 3 alone is a loss on a rollout of 3 steps."""
    rule, x = random_rule(6, 10).double(), patch(mesh)
    one = x.clone().requires_grad_()
    two = x.clone().requires_grad_()
    long = trajectory(rule, one, mesh, 7, record=(3,), generator=torch.Generator().manual_seed(1))
    short = trajectory(rule, two, mesh, 3, generator=torch.Generator().manual_seed(1))
    long.states[3].square().sum().backward()
    short.final.square().sum().backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_two_halves_make_a_whole(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh, 2)
    generator = torch.Generator().manual_seed(1)
    halves = rollout(rule, rollout(rule, x, mesh, 4, generator=generator), mesh, 5, generator=generator)
    assert torch.equal(halves, rollout(rule, x, mesh, 9, generator=torch.Generator().manual_seed(1)))


def test_the_generator_ends_where_stepping_leaves_it(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh, 2)
    one, two = (torch.Generator().manual_seed(1) for _ in range(2))
    stepped(rule, x, mesh, 4, one)
    rollout(rule, x, mesh, 4, generator=two)
    assert torch.equal(one.get_state(), two.get_state())
    torch.manual_seed(7)
    first = rollout(rule, x, mesh, 4)
    torch.manual_seed(7)
    assert torch.equal(rollout(rule, x, mesh, 4), first)  # without a generator, PyTorch's default


def test_the_start_is_left_as_it_was(mesh: Data, random_rule: MakeRule) -> None:
    x = patch(mesh, 2)
    before = x.clone()
    rollout(random_rule(6, 10).double(), x, mesh, 4)
    assert torch.equal(x, before)


def test_no_steps(mesh: Data, random_rule: MakeRule) -> None:
    x = patch(mesh, 2).requires_grad_()
    result = trajectory(random_rule(6, 10).double(), x, mesh, 0, record=(0,))
    assert torch.equal(result.final, x)
    assert torch.equal(result.states[0], x)
    assert result.overflow.tolist() == result.change.tolist() == [0, 0]
    result.final.sum().backward()
    assert x.grad is not None
    assert x.grad.eq(1).all()


def test_an_empty_substrate_stays_empty(mesh: Data, random_rule: MakeRule) -> None:
    for life_mask in ("pre", "pre_post", "post"):
        rule = random_rule(6, 10, life_mask=life_mask).double()
        x = torch.zeros(2, len(mesh["pos"]), 6, dtype=torch.float64, requires_grad=True)
        result = trajectory(rule, x, mesh, 3)
        assert not result.final.any()
        (result.final.sum() + result.change.sum() + result.overflow.sum()).backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in rule.parameters())


def test_without_regularisers_they_are_zero_and_the_states_the_same(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh, 2)
    runs = [
        trajectory(rule, x, mesh, 5, regularisers=flag, generator=torch.Generator().manual_seed(1))
        for flag in (True, False)
    ]
    assert torch.equal(runs[0].final, runs[1].final)
    assert (runs[0].change > 0).all()
    assert not runs[1].change.any()
    assert not runs[1].overflow.any()


@pytest.mark.parametrize("every", [1, 3, 100])
def test_recomputation_changes_nothing(every: int, mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh, 2)
    one = outcome(trajectory, rule, x, mesh, 7, record=(3, 5))
    two = outcome(trajectory, rule, x, mesh, 7, record=(3, 5), checkpoint_every=every)
    assert_same(one, two, 1e-12)


@among("active_list", "patches")
def test_bfloat16_products_are_close(substrates: dict[str, Data], random_rule: MakeRule) -> None:
    rule, mesh = random_rule(6, 10, "sobel", std=0.02), substrates["hex"]
    one, two = (
        outcome(trajectory, rule, patch(mesh, 2), mesh, 5, record=(3,), precision=precision)
        for precision in (None, torch.bfloat16)
    )
    assert two[0].final.dtype == torch.float32
    torch.testing.assert_close(one[0].final, two[0].final, rtol=0.03, atol=0.03)
    assert not torch.equal(one[0].final, two[0].final)
    for exact, rounded in zip((one[1], *one[2]), (two[1], *two[2]), strict=True):
        assert exact is not None
        assert rounded is not None
        assert rounded.dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(exact.flatten(), rounded.flatten(), dim=0) > 0.98


def test_only_what_asks_for_a_gradient_gets_one(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh, 2)
    rule.requires_grad_(False)
    assert not rollout(rule, x, mesh, 3).requires_grad
    seed = x.clone().requires_grad_()
    rollout(rule, seed, mesh, 3).sum().backward()
    assert seed.grad is not None
    rule.update_rule.output.requires_grad_(True)
    rollout(rule, x, mesh, 3).sum().backward()
    assert rule.update_rule.output.weight.grad is not None
    assert rule.update_rule.hidden.weight.grad is None


def test_evaluation_mode_changes_nothing_but_what_is_kept(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh, 2)
    one, two = (outcome(trajectory, rule.train(mode), x, mesh, 7, record=(3, 5)) for mode in (True, False))
    assert_same(one, two, 1e-12)


@pytest.mark.parametrize("every", [None, 2])
def test_a_graph_that_is_retained_serves_again(every: int | None, mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh).requires_grad_()
    final = rollout(rule, x, mesh, 3, checkpoint_every=every)
    wanted = [x, *rule.parameters()]
    whole = torch.autograd.grad(final.square().sum(), wanted, retain_graph=True)
    halves = [
        torch.autograd.grad(part.square().sum(), wanted, retain_graph=number < 2)
        for number, part in enumerate(final.split(60))
    ]
    for together, *parts in zip(whole, *halves, strict=True):
        torch.testing.assert_close(sum(parts), together)
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        torch.autograd.grad(final.sum(), wanted)


@RECORDING
def test_a_start_may_be_written_to_while_there_is_a_record(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh)
    loss = rollout(rule, x, mesh, 3).sum()
    x.zero_()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="the states that it began with were modified by an inplace operation"):
        loss.backward()


SLOWER = pytest.mark.filterwarnings("ignore:.*take.* the layer's own steps, which are slower")


@SLOWER
@pytest.mark.parametrize("life_mask", ["pre", "pre_post", "post", None])
def test_gradients_of_gradients(life_mask: str | None, mesh: Data, random_rule: MakeRule) -> None:
    rule = random_rule(6, 10, life_mask=life_mask, output_bias=False, std=0.2).double()
    wanted, found = [patch(mesh, 2).requires_grad_(), *rule.parameters()], []
    for run in (stepped, trajectory):
        result = run(rule, wanted[0], mesh, 3, generator=torch.Generator().manual_seed(3))
        loss = result.final.pow(3).sum() + result.overflow.square().sum() + result.change.square().sum()
        first = torch.autograd.grad(loss, wanted, create_graph=True)
        second = torch.autograd.grad(sum(gradient.square().sum() for gradient in first), wanted)  # type: ignore[arg-type]
        found.append((*first, *second))
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)
    assert all(gradient.any() for gradient in found[0])


@RECORDING
def test_slow_gradients_say_so(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh).requires_grad_()
    final = rollout(rule, x, mesh, 2)
    with pytest.warns(UserWarning, match="differentiated themselves, or asked for many at once, take the layer's own"):
        torch.autograd.grad(final.sum(), x, create_graph=True)


@SLOWER
@pytest.mark.parametrize("vectorize", [False, True])
def test_jacobians(vectorize: bool, mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10, std=0.2).double(), patch(mesh)[:, :]

    def summary(run: Callable[..., Trajectory]) -> Callable[[Tensor], Tensor]:
        return lambda x: run(rule, x, mesh, 2, generator=torch.Generator().manual_seed(3)).final.pow(2)[60:70].sum(0)

    expected, found = (
        torch.autograd.functional.jacobian(summary(run), x, vectorize=vectorize) for run in (stepped, trajectory)
    )
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    assert found.any()


@RECORDING
@pytest.mark.parametrize("every", [None, 2])
@pytest.mark.parametrize("what", ["hidden.weight", "hidden.bias", "output.weight", "output.bias"])
def test_an_optimiser_that_steps_too_early_is_noticed(
    what: str, every: int | None, mesh: Data, random_rule: MakeRule
) -> None:
    rule = random_rule(6, 10).double()
    loss = rollout(rule, patch(mesh), mesh, 3, checkpoint_every=every).sum()
    with torch.no_grad():
        rule.update_rule.get_parameter(what).mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@RECORDING
def test_a_start_written_to_before_it_is_needed_again_is_noticed(mesh: Data, random_rule: MakeRule) -> None:
    x = patch(mesh)
    loss = rollout(random_rule(6, 10).double(), x, mesh, 3, checkpoint_every=5).sum()
    x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_in_inference_mode(substrates: dict[str, Data], random_rule: MakeRule) -> None:
    rule = random_rule(6, 10)
    with torch.inference_mode():
        grid = square_grid(6, 6)
        x = patch(grid)
        result = rollout(rule, x, grid, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        rollout(rule, x.clone(), square_grid(6, 6), 3, generator=torch.Generator().manual_seed(0)), result
    )


class Doubled(torch.nn.Module):
    """An update network of the user's own."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, perceived: Tensor) -> Tensor:
        return 2 * self.inner(perceived)


@ANY
def test_another_update_network(mesh: Data, random_rule: MakeRule) -> None:
    rule = random_rule(6, 10).double()
    rule.update_rule = Doubled(rule.update_rule)  # type: ignore[assignment]
    one, two = (outcome(run, rule, patch(mesh, 2), mesh, 3, **extra) for run, extra in RUNS)
    assert_same(one, two)


@KEEPING
def test_regions(mesh: Data, random_rule: MakeRule) -> None:
    """Frozen cells keep everything, mature cells their visible channels; the rest grows as the layer says."""
    rule, x = random_rule(6, 10, "isonca").double(), patch(mesh, 2)
    regions = torch.randint(3, (len(mesh["pos"]),))
    one, two = (
        run(rule, x, mesh, 5, regions=regions, generator=torch.Generator().manual_seed(0))
        for run in (stepped, trajectory)
    )
    torch.testing.assert_close(one.final, two.final)
    torch.testing.assert_close(one.change, two.change)
    after = two.final
    assert torch.equal(after[:, regions == FROZEN], x[:, regions == FROZEN])
    assert torch.equal(after[:, regions == MATURE, :4], x[:, regions == MATURE, :4])
    assert not torch.equal(after[:, regions == MATURE, 4:], x[:, regions == MATURE, 4:])
    assert not torch.equal(after[:, regions == GROWING, :4], x[:, regions == GROWING, :4])


def scattered_regions(*shape: int) -> Tensor:
    """A third of each, so that also dead and empty cells are frozen or mature."""
    return torch.randint(3, shape, generator=torch.Generator().manual_seed(11))


@KEEPING
@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)))
def test_regions_equal_the_layer_in_value_and_gradient(
    number: int, case: tuple[Any, ...], mesh: Data, random_rule: MakeRule
) -> None:
    """As the cases without regions; one region for all samples and one for each take turns, and so do the rest."""
    perception, life_mask, fire_per = case
    bits = [bool(number * 5 >> bit & 1) for bit in range(4)]
    rule = random_rule(
        6, 10, perception, life_mask=life_mask, fire_per=fire_per, hidden_bias=bits[3], output_bias=bits[2]
    ).double()
    x = patch(mesh, 2)
    x[:, 10:30, 4:] = 0.5  # hidden channels of the dead
    x[:, 60:70, :3] = 0.2  # and colours
    regions = scattered_regions(*((2, 135) if bits[1] else (135,)))
    one = outcome(stepped, rule, x, mesh, 9, regions=regions)
    two = outcome(trajectory, rule, x, mesh, 9, regions=regions, record=(3, 9), checkpoint_every=4 if bits[0] else None)
    assert_same(one, two, 1e-12 * max(1.0, float(one[0].final.detach().abs().max())))
    assert one[0].final.isfinite().all()


@KEEPING
@pytest.mark.parametrize("fire_per", ["cell", "channel"])
@pytest.mark.parametrize("life_mask", ["pre", "pre_post", "post"])
def test_regions_at_the_brink_of_life(life_mask: str, fire_per: str, mesh: Data, random_rule: MakeRule) -> None:
    """Alphas about the threshold everywhere, also of cells that keep them."""
    rule = random_rule(6, 10, "sobel", life_mask=life_mask, fire_per=fire_per, std=0.3).double()
    generator = torch.Generator().manual_seed(5)
    x = torch.rand(20, 135, 6, dtype=torch.float64, generator=generator) * 2 - 1
    x[..., 3] = 0.06 + 0.042 * x[..., 3]
    regions = scattered_regions(20, 135)
    one, two = (outcome(run, rule, x, mesh, 3, regions=regions, **extra) for run, extra in RUNS)
    assert_same(one, two, 1e-11)


@KEEPING
def test_regions_of_many_batch_axes(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10, "isonca").double(), patch(mesh, 2, 3)
    for regions in (scattered_regions(135), scattered_regions(3, 135), scattered_regions(2, 1, 135)):
        one, two = (outcome(run, rule, x, mesh, 4, regions=regions, **extra) for run, extra in RUNS)
        assert_same(one, two)


@KEEPING
def test_a_mask_after_the_step_sees_what_is_kept(mesh: Data, random_rule: MakeRule) -> None:
    """A frozen cell keeps its neighbours alive even where its own update would have ended it."""
    rule = random_rule(6, 10, "isonca", life_mask="pre_post", fire_rate=1.0, output_bias=True).double()
    with torch.no_grad():
        rule.update_rule.output.weight.zero_()
        rule.update_rule.output.bias.copy_(torch.tensor([0.0, 0, 0, -2, 0.5, 0.5]))  # type: ignore[union-attr]
    x = torch.zeros(135, 6, dtype=torch.float64)
    x[40] = 1.0
    regions = torch.full((135,), GROWING)
    regions[40] = FROZEN
    after = rollout(rule, x, mesh, 1, regions=regions)
    around = mesh["edge_index"][1][mesh["edge_index"][0] == 40]
    assert after[around, 4].eq(0.5).all()
    assert after.ne(0).any(1).sum() == len(around) + 1
    assert not rollout(rule, x, mesh, 1).any()


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((134, 6), {}, r"`x` must have shape \(\.\.\., 135, 6\) for this substrate and rule, got \(134, 6\)"),
        ((2, 135, 5), {}, r"`x` must have shape .* got \(2, 135, 5\)"),
        ((135, 6), {"num_steps": -1}, "`num_steps` must be at least 0"),
        ((135, 6), {"checkpoint_every": 0}, "`checkpoint_every` at least 1, got 2, 0"),
        ((135, 6), {"record": (3,)}, r"`record` must lie in 0\.\.2, got \[3\]"),
        ((135, 6), {"record": (-1,)}, r"`record` must lie in 0\.\.2"),
    ],
)
def test_arguments_that_do_not_fit_are_named(
    shape: tuple[int, ...], options: dict[str, Any], message: str, mesh: Data, random_rule: MakeRule
) -> None:
    with pytest.raises(ValueError, match=message):
        trajectory(random_rule(6, 10).double(), torch.zeros(shape).double(), mesh, **{"num_steps": 2, **options})


def test_an_option_that_there_is_not(mesh: Data, random_rule: MakeRule) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'fire_rte'"):
        rollout(random_rule(6, 10).double(), patch(mesh), mesh, 1, fire_rte=0.5)


@pytest.mark.parametrize(("perception", "field"), [("isonca", "edge_index"), ("sobel", "edge_attr")])
def test_a_graph_that_is_no_substrate(perception: str, field: str, random_rule: MakeRule) -> None:
    grid = square_grid(4, 4)
    del grid[field]
    with pytest.raises(ValueError, match=rf"`topology` must have the fields .* \['{field}'\] are missing"):
        rollout(random_rule(6, 10, perception), torch.zeros(16, 6), grid, 1)


def test_without_weights_all_neighbours_count_alike(mesh: Data, random_rule: MakeRule) -> None:
    for field in ("edge_weight", *STENCIL_FIELDS):
        del mesh[field]
    for perception in ("isonca", "sobel"):
        rule = random_rule(6, 10, perception).double()
        one, two = (outcome(run, rule, patch(mesh, 2), mesh, 3, **extra) for run, extra in RUNS)
        assert_same(one, two)


@pytest.mark.parametrize("rate", [1.5, 2.0, -0.5, math.nan, torch.full((135,), 1.5), torch.tensor([math.nan] * 135)])
def test_a_rate_that_is_no_probability(rate: float | Tensor, mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10).double(), patch(mesh)
    with pytest.raises(ValueError, match=r"`fire_rate` must (lie in \[0, 1\]|be finite)"):
        rollout(rule, x, mesh, 1, fire_rate=rate)
    if not isinstance(rate, Tensor):
        with pytest.raises(ValueError, match=r"`fire_rate` must (lie in \[0, 1\]|be finite)"):
            rule(x, **neighbourhood(mesh), fire_rate=rate)


@ANY
def test_a_negative_threshold_of_life(mesh: Data, random_rule: MakeRule) -> None:
    """Then cells live that hold nothing, which the engines leave out."""
    rule = random_rule(6, 10, life_mask="pre_post", alive_threshold=-0.1).double()
    one, two = (outcome(run, rule, patch(mesh, 2), mesh, 4, **extra) for run, extra in RUNS)
    assert_same(one, two)


@KEEPING
def test_what_a_rule_does_not_use_may_be_missing(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(6, 10, "isonca").double(), patch(mesh, 2)
    expected = rollout(rule, x, mesh, 3, generator=torch.Generator().manual_seed(0))
    for field in ("pos", "edge_attr", "stencil_gradient", "extent", "periodic", "area"):
        del mesh[field]
    mesh.num_nodes = 135
    for regions in (None, torch.zeros(135, dtype=torch.int64)):
        state = rollout(rule, x, mesh, 3, regions=regions, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(state, expected)


@ANY
def test_an_empty_batch(mesh: Data, random_rule: MakeRule) -> None:
    result = trajectory(random_rule(6, 10).double(), torch.zeros(0, 135, 6).double(), mesh, 3)
    assert result.final.shape == (0, 135, 6)
    assert result.overflow.shape == (0,)


@ANY
def test_a_graph_with_a_hub(random_rule: MakeRule) -> None:
    """One cell with 20,000 neighbours must not make every cell's row 20,000 long: that would take 24 GB."""
    leaves = 20_000
    turn = torch.linspace(0, 2 * math.pi, leaves + 1, dtype=torch.float64)[:-1]
    outward = torch.stack([turn.cos(), turn.sin()], 1)
    hub, leaf = torch.zeros(leaves, dtype=torch.int64), torch.arange(1, leaves + 1)
    star = Data(
        pos=torch.cat([torch.zeros(1, 2, dtype=torch.float64), outward]),
        edge_index=torch.cat([torch.stack([leaf, hub]), torch.stack([hub, leaf])], 1),
        edge_attr=torch.cat([outward, -outward]),
        edge_weight=torch.cat([torch.full((leaves,), 12 / leaves), torch.full((leaves,), 12.0)]).double(),
    )
    rule = random_rule(6, 10, "sobel").double()
    x = torch.rand(leaves + 1, 6, dtype=torch.float64)
    one, two = (outcome(run, rule, x, star, 3, **extra) for run, extra in RUNS)
    assert_same(one, two)


def test_interventions_happen_between_steps(mesh: Data, random_rule: MakeRule) -> None:
    """As if the rollout had been broken off, the state changed, and gone on, in value and gradient."""
    rule, x = random_rule(num_channels=6).double(), patch(mesh, 2)
    left = mesh["pos"][:, 0] < mesh["extent"][0, 0] / 2
    cut = {4: lambda state: erase(state, left), 9: lambda state: 0.5 * state}
    whole = trajectory(rule, x, mesh, 9, record=(4, 6), interventions=cut, generator=torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    first = trajectory(rule, x, mesh, 4, generator=generator)
    second = trajectory(rule, erase(first.final, left), mesh, 5, record=(0, 2), generator=generator)
    torch.testing.assert_close(whole.states[4], second.states[0])
    torch.testing.assert_close(whole.states[6], second.states[2])
    torch.testing.assert_close(whole.final, 0.5 * second.final)
    torch.testing.assert_close(whole.overflow, first.overflow + second.overflow)
    torch.testing.assert_close(whole.change, first.change + second.change)
    assert (whole.states[4][:, left] == 0).all()
    parameters = list(rule.parameters())
    one = torch.autograd.grad(whole.final.square().sum(), parameters)
    two = torch.autograd.grad((0.5 * second.final).square().sum(), parameters)
    torch.testing.assert_close(one, two)


def test_an_intervention_before_the_first_step(mesh: Data, random_rule: MakeRule) -> None:
    x = patch(mesh)
    result = trajectory(
        random_rule(num_channels=6).double(), x, mesh, 0, record=(0,), interventions={0: torch.zeros_like}
    )
    assert (result.states[0] == 0).all() and (result.final == 0).all()
    assert (x != 0).any()


def test_interventions_that_do_not_fit_are_named(mesh: Data, random_rule: MakeRule) -> None:
    rule, x = random_rule(num_channels=6).double(), patch(mesh)
    with pytest.raises(ValueError, match=r"`interventions` must come after 0\.\.3 steps, got \[4\]"):
        trajectory(rule, x, mesh, 3, interventions={4: torch.zeros_like})
    with pytest.raises(ValueError, match="`interventions` must return states of the shape"):
        trajectory(rule, x, mesh, 3, interventions={2: lambda state: state[..., :3]})
