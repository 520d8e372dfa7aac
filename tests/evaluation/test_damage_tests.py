"""The damage battery: what each cut takes, and that healing is told of the right runs."""

import pytest
import torch

from graphnca.evaluation.damage_tests import (
    CENTRE,
    CENTRE_SIDE,
    DISK,
    GOAL_CUTS,
    HALVES,
    QUARTERS,
    SHARES,
    WHOLE,
    battery,
    healing,
)
from graphnca.evaluation.runs import grow
from topologies import square_grid, substrates

SMALL = square_grid(16, 16)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_there_are_twelve_cuts_and_the_goal_is_about_five() -> None:
    cuts = battery(square_grid(72, 72), 2, generator=generator())
    assert list(cuts) == [*HALVES, *QUARTERS, CENTRE, DISK, *SHARES]
    assert len(cuts) == 12
    assert set(GOAL_CUTS) <= set(cuts)
    assert all(mask.shape == (2, 5184) for mask in cuts.values())
    assert not torch.equal(*cuts[DISK])
    assert torch.equal(*cuts["left half"])


def test_the_published_cuts_on_squares() -> None:
    cuts = {name: mask[0].view(72, 72) for name, mask in battery(square_grid(72, 72), 1, generator=generator()).items()}
    assert cuts[CENTRE].sum() == CENTRE_SIDE**2
    assert cuts[CENTRE][28:44, 28:44].all()
    # a torus is cut once more opposite the seed's column, which is the first
    assert cuts["left half"][:, 1:36].all() and not cuts["left half"][:, 36:].any()
    assert cuts["upper half"][1:36].all() and not cuts["upper half"][36:].any()
    assert cuts["lower right quarter"][37:, 37:].all()
    assert not (cuts["lower right quarter"] & (cuts["left half"] | cuts["upper half"])).any()


def test_cuts_are_the_same_part_of_the_plane_on_every_substrate() -> None:
    """Their areas, in square units; a disk even has the same place and radius."""
    for name in (CENTRE, DISK):
        areas = [
            float((battery(topology, 3, generator=generator())[name] * topology["area"]).sum(-1).mean())
            for topology in substrates(cells=5184, meshes=1, seed=5).values()
        ]
        assert max(areas) == pytest.approx(min(areas), rel=0.08)


def test_cuts_grow_with_the_target_and_may_lie_elsewhere() -> None:
    small = battery(square_grid(72, 72), 1, generator=generator(), half_width=18.0)
    assert small[CENTRE].sum() == (CENTRE_SIDE / 2) ** 2
    moved = battery(square_grid(72, 72), 1, generator=generator(), half_width=18.0, centre=(46.5, 36.5))
    assert torch.equal(moved[CENTRE][0].view(72, 72), small[CENTRE][0].view(72, 72).roll(10, 1))


def test_healing_scores_every_cut_beside_the_run_without_one(random_rule) -> None:
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    states = grow(rule, SMALL, 2, (20,), 1)[20]
    nothing = torch.zeros(2, 256, dtype=torch.bool)
    cuts = {"nothing": nothing, "everything": ~nothing}

    def living(states: torch.Tensor) -> torch.Tensor:
        return (states[..., 3] > 0.1).sum(-1).float()

    def apart(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (one - other).abs().amax((-2, -1))

    result = healing(rule, states, SMALL, cuts, (0, 2, 4), living, apart, seed=2, shown=(0, 4))
    assert result.moments == [0, 2, 4]
    assert torch.equal(result.scores[WHOLE][0], living(states))
    assert torch.equal(result.scores["nothing"][0], living(states))
    assert not result.scores["everything"].any()
    assert not result.apart["nothing"][0].any() and not result.apart[WHOLE].any()
    assert (result.apart["everything"] > 0).all()
    assert list(result.shown["everything"]) == [0, 4]
    assert torch.equal(result.shown[WHOLE][0], states[0])
    assert not healing(rule, states, SMALL, cuts, (0,), living, seed=2).apart
