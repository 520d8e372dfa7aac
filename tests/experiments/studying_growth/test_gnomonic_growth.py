"""The shell's measurement, small: a perfect chamber scores as one, and regions follow from the state."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from studying_growth.gnomonic_growth import WHOLE, Config, main

from graphnca import save_rule
from graphnca.evaluation.chambers import Moment, growth, measured
from graphnca.models import growing_nca
from graphnca.regions import FROZEN, GROWING, MATURE
from graphnca.results import shipping
from graphnca.results.result import Result
from graphnca.rules import describe_rule
from graphnca.targets.chambers import placed_shell, starting_state
from topologies import square_grid


@pytest.mark.parametrize("chambers", [0, 5])
def test_a_perfect_chamber_is_one_and_half_of_it_is_half(chambers: int) -> None:
    grid = square_grid(72, 72)
    shell = placed_shell(grid, 19.0, 0.7)
    before, after = (starting_state(shell, grid, number, 16) for number in (chambers, chambers + 1))
    regions = shell.regions(grid["pos"], chambers)
    half = after.clone()
    chamber = ((regions == GROWING) & (after[:, 3] > 0)).nonzero().view(-1)
    half[chamber[::2]] = 0.0
    states = torch.stack([after, half, before])
    rows = measured(Moment(chambers, 160, states, regions.repeat(3, 1)), [shell] * 3, grid)
    assert rows[0]["area"] == pytest.approx(1, abs=0.05)  # cells against the exact integral
    assert rows[0]["overlap"] == 1
    assert rows[0]["colour error"] == 0
    assert rows[1]["area"] == pytest.approx(rows[0]["area"] / 2, rel=0.02)
    assert rows[1]["overlap"] == pytest.approx(0.5, abs=0.02)
    assert rows[2]["area"] == rows[2]["overlap"] == 0
    assert rows[2]["colour error"] > 0.3


def test_regions_follow_from_the_state_alone() -> None:
    """A rule that lifts every living cell's alpha fills a ring a step."""
    grid, rule = square_grid(15, 15), growing_nca(fire_rate=1.0)
    with torch.no_grad():
        rule.update_rule.output.bias[3] = 1.0
    start, regions = torch.zeros(1, 225, 16), torch.full((1, 225), GROWING)
    start[0, 112, :4], regions[0, 112] = 1.0, MATURE
    looks = list(growth(rule, grid, start, regions, chambers=2, cycle=2, look_every=1, generator=torch.Generator()))
    assert [(look.chambers, look.step) for look in looks] == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)]
    assert [int((look.states[..., 3] > 0.5).sum()) for look in looks] == [1, 9, 25, 49, 81]
    assert [int((look.regions == FROZEN).sum()) for look in looks] == [0, 0, 0, 1, 1]
    assert [int((look.regions == MATURE).sum()) for look in looks] == [1, 1, 1, 24, 24]


def test_an_untrained_rule_grows_no_chamber_and_is_shipped_with_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")
    save_rule(growing_nca(), tmp_path / "rule.safetensors", {"target": "shell"})
    config = Config(rule=str(tmp_path / "rule.safetensors"), scale=8.0, runs=1, cells=900, chambers=3, cycle=5)
    result = Result("shell", tmp_path / "out")
    main(replace(config, frame_every=2, substrate=("square", "hex"), ship="shipped"), result)
    for entry in result.metrics["substrates"].values():
        assert entry["chambers"] == 6 and entry["within tolerance"] == 0
        assert entry[WHOLE] == {"angle 1.9": 0, "angle 5.1": 0}
        assert [run["areas"] for run in entry["runs"]] == [[0, 0, 0]] * 2
    card = describe_rule(str(tmp_path / "shipped.safetensors"))["card"]
    assert card["measured"]["sheets"]["square"]["chambers"] == 6
