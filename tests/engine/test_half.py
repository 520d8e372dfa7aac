"""The compiled engine with products in bfloat16, against the layer with a network that rounds in the same places."""

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graphnca import Trajectory, trajectory
from graphnca.engine.choice import SWITCH
from graphnca.engine.native import load_library
from graphnca.layers import FILTERS, NCAConv
from graphnca.seeds import point_seed
from topologies import square_grid

library = load_library()
pytestmark = pytest.mark.skipif(
    library is None or not library.graphnca_has_half_products(), reason="no compiler, or a processor without bfloat16"
)
PERCEPTIONS = ("sobel", "laplacian", "isonca", ("identity", "laplacian", "gradient_norm"), tuple(FILTERS)[1:])
CASES = list(itertools.product(PERCEPTIONS, ("pre", "pre_post", "post", None), ("square", "voronoi")))


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "native")


class RoundedProduct(torch.autograd.Function):
    """X w^T + b of numbers rounded to bfloat16, b aside, in float32; so are the products of its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight = x.bfloat16().float(), weight.bfloat16().float()
        ctx.save_for_backward(x, weight)
        return x @ weight.T if bias is None else x @ weight.T + bias

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weight = ctx.saved_tensors
        grad = grad.bfloat16().float()
        return grad @ weight, grad.flatten(0, -2).T @ x.flatten(0, -2), grad.flatten(0, -2).sum(0)


class RoundedNetwork(nn.Module):
    """The update network of a rule with such products."""

    def __init__(self, rule: NCAConv) -> None:
        super().__init__()
        self.hidden, self.output = rule.update_rule.hidden, rule.update_rule.output

    def forward(self, perceived: Tensor) -> Tensor:
        hidden = RoundedProduct.apply(perceived, self.hidden.weight, self.hidden.bias).relu()
        return RoundedProduct.apply(hidden, self.output.weight, self.output.bias)


def outcome(rule: NCAConv, x: Tensor, topology: Any, **options: Any) -> list[Tensor]:
    """States and regularisers, and the gradients of something that depends on all of them."""
    rule.zero_grad()
    x = x.clone().requires_grad_()
    found: Trajectory = trajectory(
        rule, x, topology, 4, record=(3,), generator=torch.Generator().manual_seed(3), **options
    )
    loss = found.final.square().sum() + found.states[3].sin().sum() + found.overflow.sum() + 20 * found.change.sum()
    gradients = torch.autograd.grad(loss, [x, *rule.parameters()])
    return [found.final.detach(), found.overflow.detach(), found.change.detach(), *gradients]


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)))
def test_it_rounds_what_is_multiplied_and_nothing_else(
    number: int, case: tuple[Any, ...], substrates: dict[str, Any], random_rule: Any, monkeypatch: Any
) -> None:
    """As far from the float rule as the layer that rounds, and many times closer to that."""
    perception, life, substrate = case
    channels, hidden, per = ((6, 10), (17, 50), (33, 16), (4, 1))[number % 4] + (("cell", "channel")[number // 8 % 2],)
    rule = random_rule(channels, hidden, perception, life_mask=life, fire_per=per, std=0.02)
    nn.init.uniform_(rule.update_rule.hidden.bias, 0, 0.5, generator=torch.Generator().manual_seed(1))
    topology = substrates[substrate]
    x = torch.rand(3, len(topology["pos"]), channels, generator=torch.Generator().manual_seed(8)) * 3 - 0.7
    x[:, ::3] = 0
    exact = outcome(rule, x, topology)
    rounded = outcome(rule, x, topology, precision=torch.bfloat16)
    monkeypatch.setenv(SWITCH, "plain")
    layer = copy.copy(rule)
    layer._modules = {**rule._modules, "update_rule": RoundedNetwork(rule)}
    expected = outcome(layer, x, topology)
    for float32, one, two in zip(exact, rounded, expected, strict=True):
        assert one.dtype == torch.float32
        assert (one - two).norm() <= 1e-3 * two.norm()
        assert (one - two).norm() <= 0.2 * (float32 - two).norm() + 1e-6 * two.norm()


@pytest.fixture
def threads() -> Any:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_it_is_repeatable_to_the_bit_and_the_same_for_any_number_of_threads(
    threads: Callable[[int], None], random_rule: Callable[..., NCAConv]
) -> None:
    """States to the bit for any number; gradients for the same number."""
    rule, grid = random_rule(16, 40, "laplacian", life_mask="pre_post", std=0.05), square_grid(48, 48)
    start = point_seed(grid).repeat(6, 1, 1)
    outcomes = []
    for number in (1, 3, 3):
        threads(number)
        outcomes.append(outcome(rule, start, grid, precision=torch.bfloat16))
    assert torch.equal(outcomes[0][0], outcomes[1][0])
    assert all(map(torch.equal, outcomes[1], outcomes[2]))


def test_what_diverges_is_seen(random_rule: Callable[..., NCAConv]) -> None:
    """A NaN stays one, beside whatever else."""
    rule, grid = random_rule(8, 16, "isonca", life_mask=None), square_grid(8, 8)
    start = torch.zeros(64, 8)
    start[10, 2] = torch.nan
    final = trajectory(rule, start, grid, 4, precision=torch.bfloat16).final
    assert final.isnan().sum() > 8
    assert not final.isnan().all()
