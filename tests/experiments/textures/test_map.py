"""Two rules on one substrate: who lives by which."""

from pathlib import Path

import pytest
import torch
from textures.map import Config, disc, fuzzy, halves, middles, two_textures

from graphnca import rollout, save_rule
from graphnca.evaluation.mapped import mapped
from graphnca.evaluation.subject import Subject
from graphnca.models import texture_nca
from topologies import substrates


def adding(number: float) -> Subject:
    """A rule that adds a number to the first channel in every step."""
    rule = texture_nca(12, 8, fire_rate=1.0)
    with torch.no_grad():
        for parameter in rule.update_rule.parameters():
            parameter.zero_()
        rule.update_rule.hidden.bias[0] = 1.0
        rule.update_rule.output.weight[0, 0] = number
    return Subject("texture", rule)


def test_each_cell_lives_by_the_rule_of_the_map() -> None:
    topology = substrates(["square"], size=16)["square"]
    for kind in (halves, disc):
        second = kind(topology)
        assert set(second.tolist()) == {0.0, 1.0}
        states = mapped([adding(1.0), adding(-1.0)], topology, second, [2, 5], 3, 0)
        for step in (2, 5):
            torch.testing.assert_close(states[step][..., 0], step * (1 - 2 * second).expand(3, -1))


def test_where_rules_are_mixed_cells_live_by_both() -> None:
    topology = substrates(["square"], size=16)["square"]
    states = mapped([adding(1.0), adding(0.0)], topology, torch.full((256,), 0.25), [80], 1, 0)[80]
    assert float(states[..., 0].mean()) == pytest.approx(60, rel=0.03)
    assert states[..., 0].std() > 1


def test_a_rule_beside_itself_is_the_rule(random_rule) -> None:
    rule = random_rule(12, 8, "laplacian", life_mask=None, output_bias=False, std=0.02)
    rule.fire_rate = 1.0  # the two parts draw from one generator, one after the other
    texture, topology = Subject("texture", rule), substrates(["square"], size=16)["square"]
    found = mapped([texture, texture], topology, halves(topology), [6], 1, 0)[6][0]
    with torch.no_grad():
        torch.testing.assert_close(found, rollout(rule, torch.zeros(256, 12), topology, 6), atol=1e-6, rtol=0)


def test_a_fuzzy_map_goes_evenly_from_rule_to_rule_and_back_round_the_torus() -> None:
    topology = substrates(["square"], size=64)["square"]
    row = fuzzy(topology).view(64, 64)[0]
    assert row[16] < 0.03 and row[48] > 0.97 and row[31:33].mean() == pytest.approx(0.5)
    assert (row[0] + row[-1]) / 2 == pytest.approx(0.5)
    assert row.diff().abs().max() < 0.04


def test_middles_leave_out_what_is_near_a_border() -> None:
    columns = torch.arange(64.0).expand(3, 64, 64)
    left, right = middles(columns)
    assert (left[0, 0, 0], left[0, 0, -1], right[0, 0, 0], right[0, 0, -1]) == (8, 23, 40, 55)


def test_two_rules_are_needed_that_go_together(tmp_path: Path, random_rule) -> None:
    for channels in (8, 12):
        rule = random_rule(channels, 8, "laplacian", life_mask=None)
        save_rule(rule, tmp_path / f"{channels}.safetensors", {"template": "dotted"})
    one, other = (str(tmp_path / f"{channels}.safetensors") for channels in (8, 12))
    with pytest.raises(SystemExit, match="two rules, got 1"):
        two_textures(Config(rule=(one,)))
    with pytest.raises(SystemExit, match="equally many channels"):
        two_textures(Config(rule=(one, other)))
