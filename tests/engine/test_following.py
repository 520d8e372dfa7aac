"""Whatever follows the steps of a rollout gets what it would from the layer's own; the user hears that it is slow."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.func import functional_call, grad, jacrev, jvp, vjp, vmap
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.layers import NCAConv
from topologies import square_grid

Run = Callable[[NCAConv, Tensor, Data], Tensor]


def rolled(rule: NCAConv, x: Tensor, grid: Data) -> Tensor:
    return rollout(rule, x, grid, 2, generator=torch.Generator().manual_seed(0))


def stepped(rule: NCAConv, x: Tensor, grid: Data) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        x = rule(x, grid["edge_index"], grid["edge_weight"], grid["edge_attr"], generator=generator)
    return x


@pytest.fixture
def grid() -> Data:
    grid = square_grid(4, 5)
    for name in ("edge_weight", "edge_attr"):
        grid[name] = grid[name].double()
    return grid


@pytest.fixture
def rule(random_rule: Any) -> NCAConv:
    return random_rule(5, 6, "laplacian", std=0.2, life_mask="pre").double()


@pytest.fixture
def x() -> Tensor:
    return torch.rand(20, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


class Whole(nn.Module):
    """A rollout as a module, for `functional_call`."""

    def __init__(self, rule: NCAConv, run: Run, grid: Data) -> None:
        super().__init__()
        self.rule, self.run, self.grid = rule, run, grid

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self.rule, x, self.grid)


def forward_mode(of: Callable[[Tensor], Tensor], x: Tensor) -> Tensor | None:
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(of(forward_ad.make_dual(x, torch.ones_like(x)))).tangent


def by_parameters(rule: NCAConv, run: Run, grid: Data, x: Tensor) -> Any:
    whole = Whole(rule, run, grid)
    parameters = {name: parameter.detach() for name, parameter in whole.named_parameters()}
    return grad(lambda given: functional_call(whole, given, (x,)).square().sum())(parameters)


FOLLOWING: dict[str, Callable[[NCAConv, Run, Data, Tensor], Any]] = {
    "jvp": lambda rule, run, grid, x: jvp(lambda x: run(rule, x, grid), (x,), (torch.ones_like(x),)),
    "vjp": lambda rule, run, grid, x: vjp(lambda x: run(rule, x, grid), x)[1](torch.ones_like(x)),
    "jacrev": lambda rule, run, grid, x: jacrev(lambda x: run(rule, x, grid)[:2].sum(0))(x),
    "vmap": lambda rule, run, grid, x: vmap(lambda x: run(rule, x, grid), randomness="same")(x.repeat(3, 1, 1)),
    "forward mode": lambda rule, run, grid, x: forward_mode(lambda x: run(rule, x, grid), x),
    "by parameters": by_parameters,
}


@pytest.mark.parametrize("how", FOLLOWING)
def test_it_is_right_and_said_to_be_slow(how: str, rule: NCAConv, grid: Data, x: Tensor) -> None:
    expected = FOLLOWING[how](rule, stepped, grid, x)
    with pytest.warns(UserWarning, match=r"takes the layer's own steps, which are slower, because a transform of"):
        found = FOLLOWING[how](rule, rolled, grid, x)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("field", ["edge_weight", "edge_attr"])
def test_a_substrate_may_be_trained(field: str, rule: NCAConv, grid: Data, x: Tensor) -> None:
    expected = torch.autograd.grad(stepped(rule, x, grid).sum(), rule.update_rule.output.weight)
    grid[field].requires_grad_()
    with pytest.warns(UserWarning, match="because the substrate's weights or vectors ask for gradients"):
        final = rolled(rule, x, grid)
    found = torch.autograd.grad(final.sum(), [rule.update_rule.output.weight, grid[field]])
    torch.testing.assert_close(found[0], expected[0])
    (by_layer,) = torch.autograd.grad(stepped(rule, x, grid).sum(), grid[field])
    torch.testing.assert_close(found[1], by_layer)
    assert found[1].any()
    with torch.no_grad():  # nobody follows: as fast as ever, without a word
        torch.testing.assert_close(rolled(rule, x, grid), final)
