"""Runs that are walked through, with damage on the way."""

import pytest
import torch

from graphnca import rollout
from graphnca.damage import erase
from graphnca.evaluation.runs import grow, walk
from graphnca.seeds import point_seed
from topologies import square_grid

SMALL = square_grid(12, 12)


@pytest.fixture
def rule(random_rule):
    return random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_a_walk_is_one_rollout_wherever_it_is_looked_at(rule) -> None:
    start = point_seed(SMALL, 8).expand(2, -1, -1)
    seen = dict(walk(rule, start, SMALL, (0, 3, 4, 9), generator=generator()))
    assert list(seen) == [0, 3, 4, 9]
    assert torch.equal(seen[0], start)
    torch.testing.assert_close(seen[9], grow(rule, SMALL, 2, (9,), 3)[9])


def test_a_part_is_erased_at_its_step_and_seen_there(rule) -> None:
    start = point_seed(SMALL, 8).expand(2, -1, -1)
    masks = torch.zeros(2, 144, dtype=torch.bool)
    masks[1] = True
    seen = dict(walk(rule, start, SMALL, (2, 5, 6), generator=generator(), damage={5: masks}))
    assert seen[2][1].any()
    assert not seen[5][1].any()
    assert not seen[6][1].any()
    assert seen[6][0].any()
    cut = {5: lambda x: erase(x, masks)}
    torch.testing.assert_close(seen[6], rollout(rule, start, SMALL, 6, generator=generator(), interventions=cut))


def test_damage_between_the_looks_and_after_the_last(rule) -> None:
    start = point_seed(SMALL, 8)[None]
    everything = torch.ones(144, dtype=torch.bool)
    seen = dict(walk(rule, start, SMALL, (4,), generator=generator(), damage={2: everything, 9: everything}))
    assert list(seen) == [4]
    assert not seen[4].any()
