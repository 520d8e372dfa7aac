import pytest
import torch

from graphnca.training import examine
from graphnca.training.guard import description


def healthy() -> torch.Tensor:
    states = torch.zeros(6, 9, 5)
    states[:, 4] = 0.5
    return states


def test_healthy_states_are_left_in_peace() -> None:
    diagnosis = examine(healthy())
    assert not diagnosis.lost.any()
    assert diagnosis.sentence() == ""


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_state_that_is_not_finite(value: float) -> None:
    states = healthy()
    states[2, 7, 1] = value
    diagnosis = examine(states)
    assert diagnosis.not_finite.tolist() == diagnosis.lost.tolist() == [False, False, True, False, False, False]
    assert diagnosis.sentence() == "1 not finite of 6 samples"


@pytest.mark.parametrize("value", [6.1, -6.1, 1e30])
def test_a_state_that_has_exploded(value: float) -> None:
    states = healthy()
    states[[0, 3], 4, 4] = value
    diagnosis = examine(states)
    assert diagnosis.exploded.tolist() == diagnosis.lost.tolist() == [True, False, False, True, False, False]
    assert diagnosis.sentence() == "2 exploded (|x| > 6) of 6 samples"


def test_a_state_that_has_died() -> None:
    states = healthy()
    states[1] = 0
    states[5, :, 3] = 0.1  # alpha at the threshold is not alive, whatever else the cells hold
    diagnosis = examine(states)
    assert diagnosis.dead.tolist() == diagnosis.lost.tolist() == [False, True, False, False, False, True]
    assert diagnosis.sentence() == "2 dead (no cell alive) of 6 samples"
    assert examine(states, alive_threshold=0.05).dead.tolist() == [False, True, False, False, False, False]


def test_a_rule_without_life_cannot_die() -> None:
    assert not examine(torch.zeros(2, 9, 3), alive_threshold=None).lost.any()


def test_one_reason_a_sample_and_all_of_them_named() -> None:
    states = healthy()
    states[0] = 0
    states[1, 0, 0] = 100
    states[1, :, 3] = 0
    states[2, 0, 0] = float("nan")
    states[2, 1, 1] = 100
    diagnosis = examine(states)
    assert torch.stack(list(diagnosis)).sum(0).tolist() == [1, 1, 1, 0, 0, 0]
    assert diagnosis.sentence() == "1 not finite, 1 exploded (|x| > 6), 1 dead (no cell alive) of 6 samples"
    assert diagnosis.counts().tolist() == [1, 1, 1]


def test_counts_of_several_batches_in_words() -> None:
    assert description([0, 2, 5], 16) == "2 exploded (|x| > 6), 5 dead (no cell alive) of 16 samples"
    assert description([0, 0, 0], 16) == ""


def test_the_limit_of_an_explosion_is_an_argument() -> None:
    states = healthy()
    states[1, 0, 0] = 20
    assert examine(states).exploded.tolist() == [False, True, False, False, False, False]
    assert not examine(states, limit=30.0).lost.any()
    assert description([0, 2, 0], 16, 30.0) == "2 exploded (|x| > 30) of 16 samples"
