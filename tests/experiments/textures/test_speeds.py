"""Two speeds on one substrate: who fires when."""

import pytest
import torch
from textures import speeds
from textures.speeds import WAYS, by_clock, by_firing, right_half, undisturbed

from graphnca.evaluation.subject import Subject
from graphnca.models import texture_nca
from topologies import substrates


@pytest.fixture
def counting() -> Subject:
    """A rule whose first channel counts the steps in which a cell has fired."""
    rule = texture_nca(12, 8)
    with torch.no_grad():
        for parameter in rule.update_rule.parameters():
            parameter.zero_()
        rule.update_rule.hidden.bias[0] = 1.0
        rule.update_rule.output.weight[0, 0] = 1.0
    return Subject("counting", rule)


def counts(texture: Subject, way: str, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """How often the cells of the left and of the right half have fired."""
    topology = substrates(["square"], size=24)["square"]
    states = WAYS[way](texture, topology, [steps], 3, 0)[steps][..., 0]
    slow = right_half(topology)
    assert int(slow.sum()) == 24 * 12
    return states[:, ~slow], states[:, slow]


@pytest.mark.parametrize("way", ["firing", "clock"])
def test_the_right_half_is_four_times_slower(counting: Subject, way: str) -> None:
    fast, slow = counts(counting, way, 80)
    assert float(fast.mean()) == pytest.approx(40, rel=0.02)
    assert float(slow.mean()) == pytest.approx(10, rel=0.03)


def test_undisturbed_halves_are_equally_fast(counting: Subject) -> None:
    fast, slow = counts(counting, "undisturbed", 40)
    assert float(slow.mean()) == pytest.approx(float(fast.mean()), rel=0.03)


def test_a_clock_lets_nothing_happen_between_its_strokes(counting: Subject) -> None:
    topology, counting.rule.fire_rate = substrates(["square"], size=24)["square"], 1.0
    course = by_clock(counting, topology, [1, 3, 4, 7, 8, 9], 1, 0)
    slow = right_half(topology)
    assert [float(course[step][0, slow, 0].mean()) for step in (1, 3, 4, 7, 8, 9)] == [0, 0, 1, 1, 2, 2]
    assert [float(course[step][0, ~slow, 0].mean()) for step in (1, 3, 4, 7, 8, 9)] == [1, 3, 4, 7, 8, 9]


def test_a_half_at_full_speed_would_be_the_undisturbed_run(counting: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    topology = substrates(["square"], size=24)["square"]
    monkeypatch.setattr(speeds, "SLOWNESS", 1)
    plain = undisturbed(counting, topology, [5], 2, 0)[5]
    for run in (by_firing, by_clock):
        torch.testing.assert_close(run(counting, topology, [5], 2, 0)[5], plain)
