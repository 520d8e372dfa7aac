"""The form of a pattern: what a rule's own one is, and that every part counts."""

import pytest
import torch

from graphnca.evaluation.fates import fates
from graphnca.evaluation.form import OwnForm, grown_at, own_form
from graphnca.evaluation.subject import Subject
from graphnca.layers import NCAConv
from graphnca.models import growing_nca, isonca
from graphnca.targets import load_target
from topologies import square_grid

LIZARD = load_target("lizard", size=28, padding=6, on_pixel=True)  # 41 x 41


def test_a_part_that_is_missing_weighs_one() -> None:
    """A bar of one colour without its lower half; and its own picture weighs nothing, wherever it lies."""
    picture = torch.zeros(4, 61, 61)
    picture[:, 10:51, 20:41] = 1
    own = OwnForm(861, picture, mirror=False, spread=0.0)
    half = picture.clone()
    half[:, 30:] = 0
    mine, moved, lost = own.worst_part(torch.stack([picture, picture.roll((3, -2), (1, 2)), half]))
    assert mine == moved == 0
    assert 0.9 < lost < 1.5


def test_how_a_pattern_lies() -> None:
    own = OwnForm(1, LIZARD, mirror=True, spread=0.0)
    quarter = torch.rot90(LIZARD, 1, (-2, -1))
    (as_it_is, *_), (turned, *_), (mirrored, *_) = own.orientations(torch.stack([LIZARD, quarter, LIZARD.flip(-1)]))
    assert as_it_is == (0, False)
    assert turned == (-90, False)
    assert mirrored.mirrored
    assert mirrored.angle == pytest.approx(0, abs=3)


def test_the_own_form_is_the_median_run_on_squares() -> None:
    """Of an untrained rule, whose seed stays: a single cell."""
    square = square_grid(9, 9)
    for rule in (isonca(), growing_nca(), NCAConv(16, 8, ("identity", "steered_gradient"))):
        subject = Subject("still", rule, {"size": 9}, goal="lizard")
        found = own_form(subject, square, runs=2)
        assert found.area == 1
        assert found.spread == pytest.approx(0, abs=1e-6)
        assert found.picture.shape == (4, 9, 9)
        assert found.mirror is not rule.perception.uses_gradient
        assert float(found.picture[3, 4, 4]) == 1  # in the middle pixel
        assert fates(subject.seed(square)[None], square, found) == ["whole"]


def test_a_rule_that_dies_has_no_form_of_its_own() -> None:
    rule = isonca()
    with torch.no_grad():
        rule.update_rule.hidden.weight.zero_()
        rule.update_rule.hidden.bias.fill_(1.0)
        rule.update_rule.output.weight.fill_(-1.0)
    with pytest.raises(ValueError, match="must grow on squares"):
        own_form(Subject("dies", rule, {"size": 9}, goal="lizard"), square_grid(9, 9), runs=2)


def test_a_naive_rule_is_measured_by_what_it_was_trained_for() -> None:
    card = {"regime": "naive", "configuration": {"steps": [64, 96]}}
    assert grown_at(Subject("naive", growing_nca(), card)) == 96
    assert grown_at(Subject("other", growing_nca(), {**card, "regime": "persistent"})) == 500


def test_a_rule_whose_states_are_large_by_its_card_has_exploded_later() -> None:
    square = square_grid(9, 9)
    for explosion, bound in ((6.0, 10.0), (30.0, 60.0)):
        card = {"size": 9, "configuration": {"explosion": explosion}}
        subject = Subject("large", isonca(), card, goal="lizard")
        state = subject.seed(square)
        state[:, 5] = 0.99 * bound
        found = own_form(subject, square, runs=2)
        assert fates(torch.stack([state, state * 1.02]), square, found)[1] == "exploded"
        assert fates(state[None], square, found) == ["whole"]
