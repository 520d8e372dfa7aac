"""Growing NCA's training from the command line, tiny, in every regime."""

from pathlib import Path

import pytest
from growing_training import HARDENED_STEPS, REGIMES, STEPS, WOUND_EVERY, WOUND_REST, Config, policy_of, steps_of, train

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
    training = card["configuration"]
    rollout = (training["steps"], training["wound_every"], training["wounded"], training["wound_rest"])
    hardened = (list(HARDENED_STEPS), WOUND_EVERY, 4, WOUND_REST)
    assert rollout == (hardened if regime == "hardened" else ([64, 96], 0, 0, 0))


def test_a_hardened_rollout_has_wounds_and_time_to_heal() -> None:
    """At least two wounds after the disk at its beginning, and never one in the last 40 steps."""
    for steps in range(*HARDENED_STEPS):
        wounds = list(range(WOUND_EVERY, steps - WOUND_REST, WOUND_EVERY))
        assert len(wounds) >= 2
        assert steps - wounds[-1] > WOUND_REST


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


def test_rollouts_are_as_long_as_the_regime_says_or_as_asked_for() -> None:
    assert steps_of(Config()) == STEPS
    assert steps_of(Config(regime="hardened")) == HARDENED_STEPS
    assert steps_of(Config(regime="hardened", steps=(128, 192))) == (128, 192)
    for wrong in ((96, 64), (0, 9), (64,)):
        with pytest.raises(SystemExit, match="--steps"):
            steps_of(Config(steps=wrong))
