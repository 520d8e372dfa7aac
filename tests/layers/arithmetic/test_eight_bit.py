"""Steps in 8 bits: against integers, against a straight-through graph written out, and through rollouts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import load_rule, rollout, save_rule, trajectory
from graphnca.engine.choice import SWITCH
from graphnca.engine.native import Native, load_library
from graphnca.layers import FILTERS, NCAConv, in_8_bits, in_float, neighbourhood
from graphnca.layers.arithmetic import ARITHMETICS
from graphnca.layers.arithmetic.eight_bit import weight_step
from graphnca.models import texture_nca
from graphnca.rules import describe_rule
from topologies import square_grid

MakeRule = Callable[..., NCAConv]
DEMO = {"gradient": 1 / 8, "laplacian": 1 / 8}  # the published gains
EIGHT_BIT = ARITHMETICS["quantised"]
compiled = pytest.mark.skipif(load_library() is None, reason="there is no C++ compiler on this machine")


def lively(random_rule: MakeRule, *args: Any, std: float = 0.3, **options: Any) -> NCAConv:
    """A quantised texture rule with biases, whose states go everywhere."""
    options = {"life_mask": None, "arithmetic": "quantised", **options}
    return random_rule(*(args or (5, 20, "laplacian")), std=std, **options)


def some_state(*shape: int, seed: int = 5, spread: float = 0.4) -> Tensor:
    return spread * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def on_state_grid(x: Tensor) -> Tensor:
    """The states nearest to `x` that 8 bits can hold."""
    return EIGHT_BIT.leave(EIGHT_BIT.enter(x))


def step(rule: NCAConv, x: Tensor, topology: Data, **options: Any) -> Tensor:
    return rule(x, **neighbourhood(topology), **options)


def kernels(height: int, width: int) -> list[np.ndarray]:
    """Laplacian and Sobel pair of a square torus as dense integer matrices."""
    stencils = np.array(
        [
            [[1, 2, 1], [2, -12, 2], [1, 2, 1]],
            [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
            [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        ]
    )
    dense = np.zeros((3, height * width, height * width), np.int64)
    for row in range(height):
        for column in range(width):
            for dy in range(3):
                for dx in range(3):
                    near = (row + dy - 1) % height * width + (column + dx - 1) % width
                    dense[:, row * width + column, near] += stencils[:, dy, dx]
    return list(dense)


def integer_layer(layer: torch.nn.Linear) -> tuple[np.ndarray, np.ndarray, np.float32]:
    """Weights and bias of a layer as whole numbers, and their step, by the published formula."""
    weight, bias = (parameter.detach().numpy() for parameter in (layer.weight, layer.bias))
    scale = np.float32(2) * max(np.abs(weight).max(), np.abs(bias).max()) / np.float32(255)
    return *(np.clip(np.rint(values / scale), -127, 128).astype(np.int64) for values in (weight, bias)), scale


@pytest.mark.parametrize("gains", [None, DEMO])
def test_steps_are_those_of_an_integer_program(random_rule: MakeRule, gains: dict | None) -> None:
    """Twelve steps of all cells on a square torus, to the last bit; int64 but for one product behind each layer."""
    grid, rule = square_grid(8, 9), lively(random_rule, gains=gains, std=0.5, fire_rate=1.0)
    (w1, b1, s1), (w2, b2, s2) = map(integer_layer, (rule.update_rule.hidden, rule.update_rule.output))
    laplacian, along_x, along_y = kernels(8, 9)
    x = on_state_grid(some_state(72, 5))
    state = np.rint(x.numpy() * 255 / 4).astype(np.int64)
    share = 1 if gains is None else 8
    saturated = 0
    for _ in range(12):
        sums = [(kernel @ state) / share for kernel in (along_x, along_y, laplacian)]
        p = np.clip(np.rint(np.concatenate([state, *sums], axis=1)), -127, 128).astype(np.int64)
        total = 4 * (p @ w1.T) + 255 * b1  # in quarters
        h = np.clip(np.rint(np.float32(2 * s1) * np.float32(np.maximum(total, 0) / 4)), 0, 255).astype(np.int64)
        change = np.rint(np.float32(s2 / 2) * np.float32((2 * (h @ w2.T) + 255 * b2) / 2))
        state = np.clip(state + np.clip(change, -127, 128).astype(np.int64), -127, 128)
        saturated += int((p == 128).sum() + (h == 255).sum())
        x = step(rule, x, grid)
        assert np.array_equal(x.detach().numpy() * 255 / 4, np.float32(state) * np.float32(4 / 255) * 255 / 4)
    assert saturated > 0
    assert len(np.unique(state)) > 20


@pytest.mark.parametrize("perception", ["sobel", "laplacian", "isonca", tuple(FILTERS)])
def test_states_are_on_the_grid_on_every_substrate(topology: Data, random_rule: MakeRule, perception: Any) -> None:
    rule = lively(random_rule, 5, 20, perception)
    x = some_state(2, topology["pos"].shape[0], 5, spread=1.5)  # some beyond the ends
    for _ in range(4):
        x = step(rule, x, topology, angle=0.3).detach()
        units = x * 255 / 4
        assert (units - units.round()).abs().max() < 1e-4
        assert units.min() > -127.001 and units.max() < 128.001


def test_eight_bits_are_near_the_float_rule(topology: Data, random_rule: MakeRule) -> None:
    rule = random_rule(5, 20, "laplacian", life_mask=None, std=0.1, gains=DEMO)
    x = on_state_grid(some_state(topology["pos"].shape[0], 5))
    exact, rounded = step(rule, x, topology, fire_rate=1.0), step(in_8_bits(rule), x, topology, fire_rate=1.0)
    assert 0 < (exact - rounded).abs().max() < 3 * 4 / 255


def test_the_float_twin_has_the_same_weights_and_no_levels(random_rule: MakeRule) -> None:
    rule, x, grid = lively(random_rule), some_state(48, 5), square_grid(6, 8)
    twin = in_float(rule)
    assert (rule.arithmetic, twin.arithmetic) == ("quantised", "float")
    for one, two in zip(rule.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, two) and one is not two
    after, exact = step(rule, x, grid), step(twin, x, grid)
    assert torch.equal(after, on_state_grid(after)) and not torch.equal(exact, on_state_grid(exact))


@pytest.mark.parametrize("perception", ["sobel", "laplacian", "isonca", tuple(FILTERS)])
@pytest.mark.parametrize("gain", [1 / 4, 1 / 16])
def test_a_smaller_gain_is_made_up_for_by_the_weights(
    topology: Data, random_rule: MakeRule, perception: Any, gain: float
) -> None:
    """In float both are the same rule."""
    rule = random_rule(5, 20, perception, life_mask=None, std=0.1)
    twin = in_8_bits(rule, gain=gain)
    assert all(
        twin.perception.gains[name] <= gain for name in ("gradient", "laplacian") if name in twin.config["gains"]
    )
    twin.arithmetic = "float"
    x = some_state(topology["pos"].shape[0], 5)
    torch.testing.assert_close(step(twin, x, topology, fire_rate=1.0), step(rule, x, topology, fire_rate=1.0))
    kept = in_8_bits(rule, gain=1.0)
    assert kept.config["gains"] == rule.config["gains"]
    assert torch.equal(kept.update_rule.hidden.weight, rule.update_rule.hidden.weight)
    assert NCAConv(**in_8_bits(rule, gain=gain).config).perception.gains == twin.perception.gains


def straight(values: Tensor, least: int = -127, most: int = 128) -> Tensor:
    """Rounding whose gradient is that of the identity, but 0 where what is rounded leaves the range."""
    whole = values.detach().round()
    inside = (whole >= least) & (whole <= most)
    return torch.where(inside, values + (whole - values).detach(), whole.clamp(least, most))


def written_out(rule: NCAConv, x: Tensor, topology: Data) -> Tensor:
    """A step of all cells with every rounding as an addition of a constant."""
    number = topology["pos"].shape[0]
    float_rule = NCAConv(**{**rule.config, "arithmetic": "float"}).to(x.dtype)
    dense = step_operators(float_rule, topology, number)
    x = straight(x * 255 / 4) * 4 / 255
    perceived = straight(torch.cat([x, *(operator @ x for operator in dense)], dim=-1) * 255 / 4) * 4 / 255

    def layer(linear: torch.nn.Linear, values: Tensor) -> Tensor:
        scale = 2 * torch.cat([linear.weight.flatten(), linear.bias]).abs().max().detach() / 255
        weight, bias = (
            parameter + ((parameter / scale).round().clamp(-127, 128) * scale - parameter).detach()
            for parameter in (linear.weight, linear.bias)
        )
        return values @ weight.T + bias

    hidden = straight(torch.relu(layer(rule.update_rule.hidden, perceived)) * 255 / 2, 0, 255) * 2 / 255
    change = straight(layer(rule.update_rule.output, hidden) * 255 / 4) * 4 / 255
    return straight((x + change) * 255 / 4) * 4 / 255


def step_operators(rule: NCAConv, topology: Data, number: int) -> list[Tensor]:
    """Matrices of d/dx, d/dy and the Laplacian, from what unit vectors perceive."""
    unit = torch.eye(number, dtype=torch.float64).unsqueeze(-1).expand(-1, -1, rule.num_channels)
    geometry = {name: v.double() if v.is_floating_point() else v for name, v in neighbourhood(topology).items()}
    perceived = rule.double().perceive(unit, **geometry)
    return [band[..., 0].T.detach() for band in perceived.split(rule.num_channels, dim=-1)[1:]]


def test_gradients_pass_straight_through(topology: Data, random_rule: MakeRule) -> None:
    """Of the state and of every parameter, with some perceived and hidden values clipped."""
    rule = lively(random_rule, std=0.05, fire_rate=1.0, gains={"gradient": 2**0.5 / 5, "laplacian": 3**0.5 / 9})
    rule = rule.double()
    with torch.no_grad():
        rule.update_rule.hidden.weight.mul_(3)
    number = topology["pos"].shape[0]
    x = some_state(number, 5).double().clamp(-1.5, 1.5).requires_grad_()
    pull = torch.randn(number, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    both = step(rule, x, topology), written_out(rule, x, topology)
    torch.testing.assert_close(*both)
    assert (both[0] - x).abs().max() < 1.5  # no change and
    assert both[0].abs().max() < 1.99  # no state is at an end, where a gradient stops a step earlier
    found, wanted = (torch.autograd.grad((out * pull).sum(), [x, *rule.parameters()]) for out in both)
    for one, two in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)  # the substrate's numbers are float32
        assert one.abs().max() > 0


def test_where_something_is_clipped_no_gradient_passes(random_rule: MakeRule) -> None:
    rule, grid = lively(random_rule, std=1e-3, fire_rate=1.0), square_grid(6, 6)
    x = torch.full((36, 5), 3.0, requires_grad=True)  # beyond the state's range
    step(rule, x, grid).sum().backward()
    assert x.grad is not None
    assert not x.grad.any()
    assert x.detach().clamp(max=128 * 4 / 255).eq(128 * 4 / 255).all()


def test_an_untrained_rule_leaves_the_grid_as_it_is_and_can_learn() -> None:
    rule, grid = texture_nca(arithmetic="quantised"), square_grid(6, 6)
    x = on_state_grid(some_state(36, 12))
    after = step(rule, x, grid)
    assert torch.equal(after, x)
    after.square().sum().backward()
    assert rule.update_rule.output.weight.grad is not None
    assert rule.update_rule.output.weight.grad.any()


RULES: dict[str, dict[str, Any]] = {
    "textures": {"perception": "laplacian", "life_mask": None},
    "demo gains": {"perception": "laplacian", "life_mask": None, "gains": DEMO},
    "every filter": {"perception": tuple(FILTERS), "life_mask": "post"},
    "isotropic": {"perception": "isonca", "life_mask": "pre", "output_bias": False},
    "growing": {"perception": "sobel", "life_mask": "pre_post"},
    "by channel": {"perception": "sobel", "life_mask": None, "fire_per": "channel", "fire_rate": 0.8},
}


@compiled
@pytest.mark.parametrize("kind", RULES)
@pytest.mark.parametrize("regions", [False, True])
def test_the_compiled_engine_takes_the_same_steps(
    kind: str, regions: bool, random_rule: MakeRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States, regularisers and gradients, in float64; states at the ends of their range included."""
    rule, grid = random_rule(5, 20, std=0.5, arithmetic="quantised", **RULES[kind]).double(), square_grid(7, 8)
    start = on_state_grid(some_state(2, 56, 5, spread=0.8).double())
    options: dict[str, Any] = {"record": [3, 9], "angle": 0.4}
    if regions:
        options["regions"] = torch.arange(56) % 7 // 5
    outcomes = []
    calls = []
    original = Native.__call__
    monkeypatch.setattr(Native, "__call__", lambda self, *args: calls.append(1) or original(self, *args))
    for engine in ("native", "plain"):
        monkeypatch.setenv(SWITCH, engine)
        x = start.clone().requires_grad_()
        rule.zero_grad()
        result = trajectory(rule, x, grid, 9, generator=torch.Generator().manual_seed(2), **options)
        pull = torch.randn(2, 56, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        value = (result.final * pull).sum() + result.overflow.sum() + 100 * result.change.sum()
        (value + (result.states[3] * pull).sum()).backward()
        gradients = [parameter.grad.clone() for parameter in rule.parameters() if parameter.grad is not None]
        outcomes.append([result.final, result.overflow, result.change, result.states[3], x.grad, *gradients])
    assert len(calls) == 2  # one segment up to each recorded step
    for one, two in zip(*outcomes, strict=True):
        torch.testing.assert_close(one, two)
        assert one.abs().max() > 0
    assert (outcomes[0][0].abs() > 1.99).any()


@compiled
def test_a_rollout_computed_again_has_the_same_gradients(random_rule: MakeRule) -> None:
    rule, grid = lively(random_rule), square_grid(7, 8)
    found = []
    for every in (None, 3):
        rule.zero_grad()
        final = rollout(
            rule,
            torch.zeros(2, 56, 5),
            grid,
            10,
            generator=torch.Generator().manual_seed(0),
            checkpoint_every=every,
        )
        final.square().sum().backward()
        gradients = [parameter.grad.clone() for parameter in rule.parameters() if parameter.grad is not None]
        found.append([final, *gradients])
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-3)


@compiled
def test_states_that_are_not_finite_stay_so(random_rule: MakeRule) -> None:
    """The guard of a training must see them."""
    rule, grid = lively(random_rule), square_grid(6, 6)
    x = torch.zeros(36, 5)
    x[4, 2] = torch.nan
    assert rollout(rule, x, grid, 3).isnan().any()
    assert step(rule, x, grid).isnan().any()


def test_the_option_is_stored_with_the_rule(tmp_path: Path, random_rule: MakeRule) -> None:
    rule, grid = in_8_bits(random_rule(5, 20, "laplacian", life_mask=None, std=0.3)), square_grid(6, 6)
    path = tmp_path / "rule.safetensors"
    save_rule(rule, path)
    again = load_rule(path)
    assert again.arithmetic == "quantised"
    assert again.weight_steps is None
    assert describe_rule(path)["architecture"] == rule.config
    x = some_state(36, 5)
    assert torch.equal(step(again, x, grid, fire_rate=1.0), step(rule, x, grid, fire_rate=1.0))
    float_rule = NCAConv(**{**rule.config, "arithmetic": "float"})
    assert "arithmetic" not in float_rule.config and "weight_steps" not in float_rule.config


def test_fixed_steps_take_the_place_of_those_by_the_largest_weight(random_rule: MakeRule) -> None:
    rule = lively(random_rule)
    layers = (rule.update_rule.hidden, rule.update_rule.output)
    first, second = (float(weight_step(layer)) for layer in layers)
    fixed = NCAConv(**rule.config, weight_steps=(first, second))
    fixed.load_state_dict(rule.state_dict())
    x, grid = some_state(36, 5), square_grid(6, 6)
    assert torch.equal(step(fixed, x, grid, fire_rate=1.0), step(rule, x, grid, fire_rate=1.0))
    coarse = NCAConv(**rule.config, weight_steps=(0.5, 0.25))
    coarse.load_state_dict(rule.state_dict())
    net = EIGHT_BIT.network(coarse.update_rule)
    assert torch.equal(net.w1, (rule.update_rule.hidden.weight / 0.5).round())
    assert NCAConv(**coarse.config).weight_steps == (0.5, 0.25)


def test_what_cannot_be(random_rule: MakeRule) -> None:
    for gain in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="`gain` must be (positive|finite)"):
            in_8_bits(texture_nca(), gain=gain)
    for steps in ((1.0, 0.0), [1.0], (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="`weight_steps` must be (two positive numbers or None|finite)"):
            texture_nca(weight_steps=steps)
    rule, grid = lively(random_rule), square_grid(6, 6)
    with pytest.raises(ValueError, match="`x` must be float32 or float64 for a step in 8 bits"):
        step(rule, torch.zeros(36, 5, dtype=torch.bfloat16), grid)
    rule.update_rule = torch.nn.Linear(20, 5)  # type: ignore[assignment]
    with pytest.raises(ValueError, match="`update_rule` must be an `UpdateRule` for a step in 8 bits"):
        step(rule, torch.zeros(36, 5), grid)
