"""Growing NCA's training from the command line, tiny, in every regime."""

from pathlib import Path

import pytest
from growing_training import Config, steps_of, train, wounds_of

from graphnca import load_rule
from graphnca.rules import describe_rule
from graphnca.training.recipes import REGIMES
from graphnca.training.recipes.growing import HARDENED_STEPS, WOUND_EVERY, WOUND_REST


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
    rollout = (training["steps"], training["rollout_damage"])
    hardened = (list(HARDENED_STEPS), {"every": WOUND_EVERY, "count": 4, "rest": WOUND_REST})
    assert rollout == (hardened if regime == "hardened" else ([64, 96], None))


def test_an_unknown_regime_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--regime"):
        train(Config(regime="eager", out=str(tmp_path / "run")))


def test_rollouts_are_as_long_as_the_regime_says_or_as_asked_for() -> None:
    assert steps_of(Config(regime="hardened")) is None
    assert steps_of(Config(regime="hardened", steps=(128, 192))) == (128, 192)
    for wrong in ((96, 64), (0, 9), (64,)):
        with pytest.raises(SystemExit, match="--steps"):
            steps_of(Config(steps=wrong))


def test_wounds_are_the_regime_s_or_as_asked_for(tmp_path: Path) -> None:
    assert wounds_of(Config(regime="hardened")) is None
    for wrong in ((96,), (0, 9), (9, 0)):
        with pytest.raises(SystemExit, match="--wounds"):
            wounds_of(Config(wounds=wrong))
    asked = Config(
        target="butterfly", size=10, padding=3, channels=8, iterations=1, wounds=(30, 20), out=str(tmp_path / "run")
    )
    training = describe_rule(str(train(asked)))["card"]["configuration"]
    assert training["rollout_damage"] == {"every": 30, "count": 4, "rest": 20}
