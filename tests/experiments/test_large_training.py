"""The training of a large flower, tiny."""

from pathlib import Path
from unittest.mock import patch

import large_training
from large_training import Config, train

from graphnca.rules import describe_rule, load_rule
from graphnca.training import Training


def test_it_writes_a_rule_of_the_published_architecture(tmp_path: Path) -> None:
    path = train(Config(size=8, padding=2, iterations=1, batch_size=2, out=str(tmp_path)))
    description = describe_rule(path)
    assert description["parameters"] == 16_544
    assert (description["architecture"]["fire_per"], description["architecture"]["fire_rate"]) == ("channel", 0.8)
    card = description["card"]
    assert (card["seed at"], card["size"], card["configuration"]["weight_decay"]) == ([0.5, 0.8], 8, 3e-5)
    assert load_rule(path).num_channels == 32


def test_the_recipe_is_the_published_one(tmp_path: Path) -> None:
    made: list[Training] = []

    def instead(training: Training, card: dict) -> Path:
        made.append(training)
        return tmp_path

    with patch.object(large_training, "run", instead):
        train(Config(size=8, padding=2, out=str(tmp_path)))
    config = made[0].config
    assert (config.iterations, config.batch_size, config.steps, config.pool.size) == (12_000, 8, (64, 108), 1000)
    rates = [config.schedule(iteration) for iteration in (0, 2999, 3000, 6000, 9000)]
    assert [round(rate / 2e-3, 6) for rate in rates] == [1, 1, 0.2, 0.04, 0.008]
    with patch.object(large_training, "run", instead):
        train(Config(size=8, padding=2, iterations=100, milestones=(40, 90), out=str(tmp_path)))
    rates = [made[1].config.schedule(iteration) for iteration in (39, 40, 90)]
    assert [round(rate / 2e-3, 6) for rate in rates] == [1, 0.2, 0.04]
    assert made[0].optimizer.param_groups[0]["weight_decay"] == 3e-5


def test_it_can_go_on_from_a_rule(tmp_path: Path) -> None:
    first = train(Config(size=8, padding=2, iterations=1, batch_size=2, channels=8, out=str(tmp_path / "first")))
    second = Config(size=8, padding=2, iterations=1, batch_size=2, start=str(first), out=str(tmp_path / "second"))
    path = train(second)
    assert load_rule(path).num_channels == 8
    assert describe_rule(path)["card"]["started from"]["iterations"] == 1
