"""The training of a large flower, tiny."""

from pathlib import Path
from typing import Any

from studying_growth.large_training import LargeRecipe

from graphnca.rules import describe_rule, load_rule
from topologies import sampled_torus

SMALL: dict[str, Any] = {"size": 8, "padding": 2, "iterations": 1, "batch_size": 2}


def test_it_writes_a_rule_of_the_published_architecture(tmp_path: Path) -> None:
    description = describe_rule(LargeRecipe(out=str(tmp_path), **SMALL).train(sampled_torus, ""))
    assert description["parameters"] == 16_544
    assert (description["architecture"]["fire_per"], description["architecture"]["fire_rate"]) == ("channel", 0.8)
    card = description["card"]
    assert (card["seed at"], card["size"], card["configuration"]["weight_decay"]) == ([0.5, 0.8], 8, 3e-5)


def test_the_recipe_is_the_published_one() -> None:
    config = LargeRecipe().config()
    assert (config.iterations, config.batch_size, config.steps, config.pool.size) == (12_000, 8, (64, 108), 1000)
    rates = [config.schedule(iteration) for iteration in (0, 2999, 3000, 6000, 9000)]
    assert [round(rate / 2e-3, 6) for rate in rates] == [1, 1, 0.2, 0.04, 0.008]
    schedule = LargeRecipe(iterations=100, milestones=(40, 90)).config().schedule
    assert [round(schedule(iteration) / 2e-3, 6) for iteration in (39, 40, 90)] == [1, 0.2, 0.04]


def test_it_can_go_on_from_a_rule(tmp_path: Path) -> None:
    first = LargeRecipe(num_channels=8, out=str(tmp_path / "first"), **SMALL).train(sampled_torus, "")
    path = LargeRecipe(start=str(first), out=str(tmp_path / "second"), **SMALL).train(sampled_torus, "")
    assert load_rule(path).num_channels == 8
    assert describe_rule(path)["card"]["started from"]["iterations"] == 1
