"""The graft on the flank, small: what is measured, and what is frozen."""

import pytest
import torch
from studying_growth.induction import OPERATIONS, Config, operated

from graphnca.evaluation.anatomy import Anatomy
from graphnca.evaluation.induction import change_below, difference_to_eye
from graphnca.evaluation.upright import painted
from graphnca.graft import graft
from graphnca.targets import load_target
from topologies import substrate_of_cells, substrates

ANATOMY, GRID = Anatomy(40, 4), substrate_of_cells("square", 48 * 48)
NEWT = painted(load_target("newt", size=40, padding=4), GRID)[None]
CONFIG = Config(cells=48 * 48, meshes=1, runs=2, steps=4, every=2)


def padded(states: torch.Tensor, channels: int = 6) -> torch.Tensor:
    return torch.cat([states, states.new_ones(*states.shape[:-1], channels - 4)], -1)


def test_a_perfect_eye_has_no_difference_and_bare_skin_a_large_one() -> None:
    with_eye, _ = graft(NEWT, GRID, ANATOMY.around_eye(GRID, 1.2), ANATOMY.shift)
    assert float(difference_to_eye(with_eye, NEWT, GRID, ANATOMY)) < 0.01
    assert float(difference_to_eye(NEWT, NEWT, GRID, ANATOMY)) > 0.25
    assert float(change_below(NEWT, with_eye, GRID, ANATOMY)) > 0.25
    assert float(change_below(NEWT, NEWT, GRID, ANATOMY)) == 0


def test_the_graft_alone_brings_nothing_below() -> None:
    """What is measured lies outside of what was grafted, on every substrate."""
    for topology in substrates(cells=48 * 48, meshes=1).values():
        newt = painted(load_target("newt", size=40, padding=4), topology)[None]
        after, covered = graft(newt, topology, ANATOMY.upper_half(topology), ANATOMY.shift)
        assert covered.any()
        assert float(difference_to_eye(after, newt, topology, ANATOMY)) > 0.2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_grafted_stays_and_the_rest_moves(operation: str, random_rule) -> None:
    rule, newts = random_rule(6, 8, "sobel", life_mask="pre_post"), padded(NEWT)
    states = operated(rule, newts, GRID, ANATOMY, operation, CONFIG)
    assert list(states) == [0, 2, 4]
    _, covered = graft(newts, GRID, ANATOMY.upper_half(GRID), ANATOMY.shift)
    assert torch.equal(states[0][:, ~covered], newts[:, ~covered])
    still = torch.equal(states[4][:, covered], states[0][:, covered])
    assert still is (operation != "none")
    assert not torch.equal(states[4][:, ~covered], states[0][:, ~covered])
    assert torch.equal(states[0], newts) is (operation != "graft")
