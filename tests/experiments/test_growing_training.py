"""Growing NCA's training from the command line, tiny, in every regime."""

from pathlib import Path

import pytest
from growing_training import REGIMES, Config, policy_of, train

from graphnca import load_rule
from graphnca.rules import describe_rule


@pytest.mark.parametrize("regime", sorted(REGIMES))
def test_training_writes_a_rule_with_its_card(regime: str, tmp_path: Path) -> None:
    config = Config(
        target="butterfly",
        regime=regime,
        substrate="square,hex",
        size=10,
        padding=3,
        iterations=2,
        batch_size=8,
        channels=8,
        out=str(tmp_path / "run"),
    )
    path = train(config)
    card = describe_rule(str(path))["card"]
    assert (card["target"], card["regime"], card["iterations"]) == ("butterfly", regime, 2)
    assert (card["size"], card["padding"]) == (10, 3)
    assert load_rule(str(path)).num_channels == 8


def test_regimes_are_the_published_ones() -> None:
    naive, persistent, regenerating = (REGIMES[name] for name in ("naive", "persistent", "regenerating"))
    assert naive.fresh and not persistent.fresh
    assert persistent.size == regenerating.size == 1024
    assert persistent.rank and persistent.seed_every == 1 and persistent.damage_every == 0
    assert (regenerating.damage_every, regenerating.damage_count) == (1, 3)


def test_the_pool_is_divided_among_the_sheets() -> None:
    assert policy_of(Config(regime="persistent"), 4).size == 256
    assert policy_of(Config(regime="naive"), 4).size == 8
    with pytest.raises(SystemExit, match="--regime"):
        policy_of(Config(regime="eager"), 1)
