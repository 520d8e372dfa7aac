"""The compiled engine in 8 bits, through products of bytes where the processor has them, against the layer."""

from typing import Any

import pytest
import torch
from torch import nn

from graphnca import rollout, trajectory
from graphnca.engine.choice import SWITCH
from graphnca.engine.native import load_library
from graphnca.layers.arithmetic import ARITHMETICS
from topologies import square_grid

pytestmark = pytest.mark.skipif(load_library() is None, reason="there is no C++ compiler on this machine")


@pytest.mark.parametrize("perception", ["sobel", "laplacian", "isonca"])
@pytest.mark.parametrize("life", [None, "pre", "pre_post"])
@pytest.mark.parametrize(("channels", "hidden"), [(4, 1), (12, 96), (17, 50)])
def test_it_has_the_bits_of_the_layer(
    perception: str, life: str | None, channels: int, hidden: int, random_rule: Any, monkeypatch: Any
) -> None:
    """On a square grid, where sums are whole or, with the Sobel pair's eighths, often half way between two.

    Weights reach 128, values are clipped at both ends.
    """
    rule = random_rule(channels, hidden, perception, life_mask=life, arithmetic="quantised", std=0.3)
    for layer in (rule.update_rule.hidden, rule.update_rule.output):
        nn.init.uniform_(layer.weight, -1, 1, generator=torch.Generator().manual_seed(1))
        layer.weight.data.view(-1)[0] = 1.5  # the largest of a layer becomes 128
    levels = ARITHMETICS["quantised"].network(rule.update_rule)
    assert levels.w1.max() == levels.w2.max() == 128
    grid = square_grid(9, 11)
    x = torch.rand(2, 99, channels, generator=torch.Generator().manual_seed(2)) * 5 - 2
    found = []
    for engine in ("native", "plain"):
        monkeypatch.setenv(SWITCH, engine)
        run = trajectory(rule, x, grid, 12, record=(1, 2, 5, 12), generator=torch.Generator().manual_seed(3))
        found.append(torch.stack(list(run.states.values())))
    assert torch.equal(*(states.view(torch.int32) for states in found))  # -0 too
    assert found[0].min() < -1.9
    assert found[0].max() > 2


def test_what_is_not_a_number_stays_so(random_rule: Any, monkeypatch: Any) -> None:
    """No byte holds it."""
    rule, grid = random_rule(6, 16, "laplacian", life_mask=None, arithmetic="quantised"), square_grid(6, 6)
    x = torch.zeros(36, 6)
    x[14, 2] = torch.nan
    found = []
    for engine in ("native", "plain"):
        monkeypatch.setenv(SWITCH, engine)
        found.append(rollout(rule, x, grid, 3, generator=torch.Generator().manual_seed(3)))
    assert torch.equal(found[0].isnan(), found[1].isnan())
    assert found[0].isnan().any()
