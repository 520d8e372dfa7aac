"""Damage over time: the same disks for every rule, and what is said of the runs afterwards."""

from dataclasses import replace

import pytest
import torch
from growing.damage_over_time import (
    LEVELS,
    TESTS,
    Config,
    Course,
    comparison,
    course_of,
    disks_of,
    numbers_of,
    twice_as_many,
)

from graphnca.evaluation.form import own_form
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.models import growing_nca
from topologies import substrate_of_cells

CONFIG = Config(cells=400, runs=3, disks=3, every=4, rest=(5, 10), width=6.0, substrate=("square", "hex"))


def test_every_rule_gets_the_same_disks_on_every_substrate() -> None:
    square, hexagons = substrate_of_cells("square", 5184), substrate_of_cells("hex", 5184)
    wide = replace(CONFIG, width=36.0)
    first, again = disks_of(wide, square, 200), disks_of(wide, square, 20)
    assert list(first) == [200, 204, 208] and list(again) == [20, 24, 28]
    assert all(torch.equal(one, other) for one, other in zip(first.values(), again.values(), strict=True))
    areas = torch.stack([mask.sum(-1).float() for mask in first.values()])
    other = torch.stack([(mask * hexagons["area"]).sum(-1) for mask in disks_of(wide, hexagons, 200).values()])
    assert (areas.std() > 50) and ((areas - other).abs() < 0.12 * areas + 8).all()


def test_a_course_has_what_the_disks_took() -> None:
    still = Subject("still", growing_nca(8, 16), {"size": 12, "padding": 4}, goal="lizard")  # its seed stays as it is
    topology = substrate_of_cells("square", 400)
    config = replace(CONFIG, runs=40, width=10.0)
    course = course_of(still, topology, config, 6, own_form(still, topology, runs=2), pictures=True)
    masks = disks_of(config, topology, 6)
    seed = int(topology["pos"].sub(topology["extent"] / 2 + 0.5).norm(dim=1).argmin())
    hit = torch.stack([mask[:, seed] for mask in masks.values()]).cummax(0).values
    assert hit[-1].any() and not hit[-1].all()
    assert [fate == "died" for fate in course.fates] == hit[-1].tolist()
    assert course.taken.shape == (3, 40)
    assert torch.equal(course.taken[0] == 1, hit[0])
    assert course.moments[-1] == 6 + 2 * 4 + 10
    last = course.pictures[course.moments[-1]]
    assert last.shape == (40, 4, 20, 20)
    assert torch.equal(last[:, 3].flatten(1).any(1), ~hit[-1])


def test_a_run_has_recovered_by_its_error_after_the_rest() -> None:
    errors = torch.tensor([[-3.6, -3.6, -3.6], [-1.5, -1.5, -1.5], [-3.1, -2.6, -2.4], [-3.2, -3.1, -2.0]])
    course = Course([9, 18, 23, 28], errors, torch.full((3, 3), 0.25), ["whole", "whole", "died"], {})
    entry = numbers_of(course, CONFIG)
    assert entry["5 steps after"]["log10 errors"] == [-3.1, -2.6, -2.4]
    assert [entry["5 steps after"][f"at most {level}"] for level in LEVELS] == [1, 2]
    assert [entry["10 steps after"][f"at most {level}"] for level in LEVELS] == [2, 2]
    assert entry["median log10 error before"] == -3.6
    assert entry["fates"] == {"whole": 2, "died": 1}
    assert entry["share of the living cells that a disk took, mean"] == 0.25


def test_rules_are_compared_with_the_first() -> None:
    def measured(count: int) -> dict:
        return {"square": {test: {"5 steps after": {f"at most {LEVELS[0]}": count}} for test in TESTS}}

    compared = comparison({"usual": measured(4), "better": measured(9), "none": measured(0)}, 5)
    assert compared["better"]["regrowing"] == {"square": 2.25}
    assert compared["none"]["growing"] == {"square": 0.0}
    assert comparison({"none": measured(0), "some": measured(3)}, 5)["some"]["growing"] == {"square": None}


@pytest.mark.parametrize(
    ("before", "after", "word"), [(1, 19, "yes"), (3, 11, "open"), (12, 12, "no"), (0, 0, "no"), (0, 20, "yes")]
)
def test_twice_as_many_is_said_where_the_interval_says_so(before: int, after: int, word: str) -> None:
    assert twice_as_many(before, after, 20) == word


def test_a_rule_without_target_is_refused() -> None:
    nameless, square = Subject("nameless", growing_nca(8, 16)), substrate_of_cells("square", 400)
    own = own_form(nameless, square, runs=2)
    with pytest.raises(SubjectError, match="nameless"):
        course_of(nameless, square, CONFIG, 6, own)
