"""A filter is known to one file: two that exist only here are computed by layer, engines, adjoints and page."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from graphnca import trajectory
from graphnca.engine.choice import SWITCH
from graphnca.layers import FILTERS, NCAConv, in_8_bits, in_fixed_point, neighbourhood
from graphnca.layers.perception import Filter
from graphnca.playground import export_page
from graphnca.playground.browser import browser, difference, missing, opened

NEW = {
    "slope": Filter("Laplacian and d/dx in one", (("laplacian", "along_x"),)),
    "laplacian_again": Filter("its Laplacian, a second time", (("laplacian",),)),
}
PERCEPTION = ("slope", "identity", "laplacian", "laplacian_again", "gradient_norm")
GAINS = {"slope": 0.2, "laplacian": 0.5, "laplacian_again": -0.1, "gradient_norm": 0.125}
MakeRule = Callable[..., NCAConv]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, entry in NEW.items():
        monkeypatch.setitem(FILTERS, name, entry)


@pytest.fixture
def rule(random_rule: MakeRule) -> NCAConv:
    return random_rule(6, 12, PERCEPTION, gains=GAINS, life_mask="pre_post")


def test_the_layer_computes_what_the_filter_says(topology: Data, rule: NCAConv) -> None:
    x = torch.rand(2, len(topology["pos"]), 6)
    reads = NCAConv(6, 1, ("laplacian", "gradient"))
    laplacian, along_x, along_y = reads.perceive(x, **neighbourhood(topology), angle=0.4).split(6, -1)
    slope = (0.04 * (laplacian**2 + along_x**2) + 1e-8).sqrt()
    norm = ((along_x**2 + along_y**2) / 64 + 1e-8).sqrt()
    expected = torch.cat([slope, x, 0.5 * laplacian, -0.1 * laplacian, norm], -1)
    torch.testing.assert_close(rule.perceive(x, **neighbourhood(topology), angle=0.4), expected)


def test_a_filter_without_the_laplacian_or_without_an_angle_has_the_operators_it_needs() -> None:
    assert NCAConv(4, 1, ("slope",)).perception.operators == ("laplacian", "along_x", "along_y")
    assert NCAConv(4, 1, ("laplacian_again",)).perception.operators == ("laplacian",)
    assert NCAConv(4, 1, ("slope",)).perception.has_direction
    assert not NCAConv(4, 1, ("gradient_norm", "laplacian_again")).perception.has_direction


@pytest.mark.parametrize("engine", ["native", "active_list", "patches"])
def test_every_engine_computes_it_forward_and_backward(
    engine: str, topology: Data, rule: NCAConv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the layer under autograd, in float64."""
    rule = rule.double()
    for name, value in neighbourhood(topology).items():
        topology[name] = value.double() if value.is_floating_point() else value
    start = torch.rand(2, len(topology["pos"]), 6, dtype=torch.float64) - 0.2
    outcomes = []
    for name in (engine, "plain"):
        monkeypatch.setenv(SWITCH, name)
        x = start.clone().requires_grad_()
        rule.zero_grad()
        result = trajectory(rule, x, topology, 5, generator=torch.Generator().manual_seed(1), angle=0.3)
        (result.final.square().sum() + result.overflow.sum() + result.change.sum()).backward()
        gradients = [parameter.grad.clone() for parameter in rule.parameters()]
        outcomes.append([result.final, result.overflow, result.change, x.grad, *gradients])
    torch.testing.assert_close(*outcomes, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("convert", [in_8_bits, in_fixed_point])
def test_every_arithmetic_steps_with_it(convert: Callable[..., NCAConv], rule: NCAConv, topology: Data) -> None:
    x = torch.rand(len(topology["pos"]), 6)
    found = convert(rule)(x, **neighbourhood(topology), fire_rate=1.0)
    assert (found - rule(x, **neighbourhood(topology), fire_rate=1.0)).abs().max() < 0.2
    assert (found != x).any()


@pytest.fixture
def page(rule: NCAConv, substrates: dict[str, Data], tmp_path: Path) -> Iterator[Any]:
    if (reason := missing()) is not None:
        pytest.skip(f"no page can be opened here: {reason}")
    path = export_page([rule], {"Voronoi": substrates["voronoi"]}, tmp_path / "page.html")
    with browser() as chromium, opened(chromium, path, "engine=cpu&paused=1") as (found, complaints):
        yield found
        assert complaints == []


def test_the_page_computes_it_on_both_its_engines(page: Any, rule: NCAConv, substrates: dict[str, Data]) -> None:
    start = torch.rand(len(substrates["voronoi"]["pos"]), 6)
    for engine in ("cpu", "gpu"):
        arguments = {"steps": 30, "seed": 5, "engine": engine, "angle": 0.7}
        assert difference(page, rule, substrates["voronoi"], start, **arguments) < 1e-3
