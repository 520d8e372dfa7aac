"""The page's rule is the library's: with the same keys, the same states."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.layers import NCAConv, in_8_bits
from graphnca.playground import export_page
from graphnca.playground.browser import difference, drawn_keys, opened, stepped
from graphnca.seeds import point_seed

SAME = 1e-3  # the largest difference of any channel after 100 steps
STEPS = 100
GROWN = 30  # steps before the comparison

SUBSTRATES = ("Squares", "Hexagons", "Voronoi")
CASES = [
    *[(rule, cells, engine) for rule in ("isonca-lizard-any", "growing-lizard") for cells in SUBSTRATES
      for engine in ("cpu", "gpu")],
    *[(rule, cells, "cpu") for rule in ("texture", "everything") for cells in SUBSTRATES],
    ("texture", "Voronoi", "gpu"),
    ("everything", "Hexagons", "gpu"),
]  # fmt: skip


def start_of(name: str, rule: NCAConv, topology: Data) -> Tensor:
    if name in ("texture", "everything"):
        generator = torch.Generator().manual_seed(2)
        return torch.rand(topology.num_nodes, rule.num_channels, generator=generator) - 0.3
    seed = point_seed(topology, rule.num_channels)
    with torch.no_grad():
        return rollout(rule, seed, topology, GROWN, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("name", "cells", "engine"), CASES)
def test_a_hundred_steps_are_the_librarys(
    name: str, cells: str, engine: str, match_page: Any, rules: dict[str, NCAConv], match_cells: dict[str, Data]
) -> None:
    rule, topology = rules[name], match_cells[cells]
    turn = {"angle": 0.7} if rule.perception.uses_gradient else {}
    start = start_of(name, rule, topology)
    found = difference(
        match_page,
        rule,
        topology,
        start,
        steps=STEPS,
        seed=5,
        engine=engine,
        rule=list(rules).index(name),
        substrate=list(match_cells).index(cells),
        **turn,
    )
    assert found < SAME


@pytest.mark.parametrize("engine", ["cpu", "gpu"])
@pytest.mark.parametrize("name", ["isonca-lizard-any", "growing-lizard"])
def test_what_is_no_number_stays_to_be_seen(
    name: str, engine: str, match_page: Any, rules: dict[str, NCAConv], match_cells: dict[str, Data]
) -> None:
    """It counts as life, as in the library, and does not pass for death."""
    rule, topology = rules[name], match_cells["Squares"]
    start = torch.full((topology.num_nodes, rule.num_channels), torch.nan)
    after, _ = stepped(match_page, start, drawn_keys(2, seed=1), engine=engine, rule=list(rules).index(name))
    assert after.isnan().any()


def test_other_keys_make_another_state(
    match_page: Any, rules: dict[str, NCAConv], match_cells: dict[str, Data]
) -> None:
    rule, topology = rules["isonca-lizard-any"], match_cells["Squares"]
    start = start_of("isonca-lizard-any", rule, topology)
    one, _ = stepped(match_page, start, drawn_keys(10, seed=1), engine="cpu")
    other, _ = stepped(match_page, start, drawn_keys(10, seed=2), engine="cpu")
    assert (one - other).abs().max() > SAME


def test_the_fire_rate_is_the_librarys(
    match_page: Any, rules: dict[str, NCAConv], match_cells: dict[str, Data]
) -> None:
    rule, topology = rules["isonca-lizard-any"], match_cells["Voronoi"]
    start = start_of("isonca-lizard-any", rule, topology)
    found = difference(match_page, rule, topology, start, steps=20, seed=5, engine="cpu", substrate=2, fireRate=0.2)
    assert found < SAME


@pytest.fixture(scope="module")
def eight_bit_page(chromium: Any, rules: dict[str, NCAConv], match_cells: dict[str, Data], tmp_path_factory: Any):
    rule = in_8_bits(rules["texture"])
    path = export_page([rule], match_cells, tmp_path_factory.mktemp("bytes") / "page.html")
    with opened(chromium, path, "engine=cpu&paused=1") as (page, complaints):
        yield rule, page
        assert complaints == []


@pytest.mark.parametrize("engine", ["cpu", "gpu"])
def test_a_rule_in_8_bits_has_the_same_bits_on_squares(
    engine: str, eight_bit_page: tuple[NCAConv, Any], match_cells: dict[str, Data]
) -> None:
    rule, page = eight_bit_page
    start = start_of("texture", rule, match_cells["Squares"])
    found = difference(page, rule, match_cells["Squares"], start, steps=STEPS, seed=5, engine=engine)
    assert found < 1e-6


def test_a_rule_in_8_bits_steps_alike_on_other_cells(
    eight_bit_page: tuple[NCAConv, Any], match_cells: dict[str, Data]
) -> None:
    """Off the grid perceived values are no whole numbers, and a tie may be rounded the other way: one unit, rarely."""
    rule, page = eight_bit_page
    topology = match_cells["Voronoi"]
    start = start_of("texture", rule, topology)
    with torch.no_grad():
        expected = rollout(rule, start, topology, 5, generator=torch.Generator().manual_seed(5))
    found, _ = stepped(page, start, drawn_keys(5, 5), engine="cpu", substrate=2)
    assert ((found - expected).abs() > SAME).float().mean() < 0.01
