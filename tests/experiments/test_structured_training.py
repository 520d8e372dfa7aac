from pathlib import Path

import pytest
from protocol.structured import SEEDS
from structured_training import Config, train

from graphnca.rules import describe_rule


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_training_writes_a_rule_with_its_card(target: str, tmp_path: Path) -> None:
    path = train(Config(target=target, size=40, padding=4, iterations=2, batch_size=2, out=str(tmp_path / "run")))
    card = describe_rule(str(path))["card"]
    assert card["target"] == target
    assert card["iterations"] == 2
