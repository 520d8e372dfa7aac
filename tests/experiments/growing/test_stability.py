"""The stability report, small: what it is compared with, its four trials, and that its checks can fail."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from growing import stability
from growing.stability import (
    OWN,
    Config,
    damaged,
    measure,
    subject_with_target,
    subjects,
    tables,
    two_seeds,
    verdict_of,
)

from graphnca import save_rule
from graphnca.evaluation.damage_tests import WHOLE
from graphnca.evaluation.scores import LOSS_SCALE
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.upright import painted
from graphnca.layers import NCAConv
from graphnca.models import growing_nca, isonca
from graphnca.results.result import Result
from graphnca.targets import load_target
from topologies import square_grid

CONFIG = Config(rule="", cells=324, steps=200, every=50, settled=100, dense=0, grown=10, runs=1)
CARD = {"target": "lizard", "size": 12, "padding": 3}


def saved(folder: Path, rule: NCAConv, card: dict, name: str = "still") -> str:
    """Untrained rules: their output layer is zero, so whatever lives stays as it is."""
    path = folder / f"{name}.safetensors"
    save_rule(rule, path, card)
    return str(path)


def test_a_rule_that_perceives_gradients_is_compared_as_it_stands(tmp_path: Path) -> None:
    pattern = subject_with_target(replace(CONFIG, rule=saved(tmp_path, growing_nca(8, 16), CARD)))
    target = load_target("lizard", size=12, padding=3)
    assert pattern.is_upright and not pattern.is_structured
    assert torch.equal(pattern.target, target)
    assert pattern.empty_loss == pytest.approx(LOSS_SCALE * float(target.square().mean()))
    assert float(pattern.loss(target[None])) == 0
    assert float(pattern.loss(target.flip(-1)[None])) > 0.1 * pattern.empty_loss


def test_an_isotropic_rule_is_compared_in_the_best_orientation(tmp_path: Path) -> None:
    pattern = subject_with_target(replace(CONFIG, rule=saved(tmp_path, isonca(), {"target": "lizard"})))
    assert not pattern.is_upright
    images = pattern.target
    turned = torch.rot90(images, 1, (-2, -1))
    assert float(pattern.loss(turned[None])) < 0.05 * pattern.empty_loss


@pytest.mark.parametrize("rule", [growing_nca(8, 16), isonca()], ids=["gradients", "isotropic"])
def test_a_rule_whose_target_nobody_names_is_compared_with_itself(rule: NCAConv, tmp_path: Path) -> None:
    config = replace(CONFIG, rule=saved(tmp_path, rule, {}))
    pattern = subject_with_target(config)
    assert pattern.goal == OWN
    assert pattern.target[3].sum() == 1  # the seed, which stays
    assert float(pattern.loss(pattern.target[None])) < 0.01 * pattern.empty_loss
    assert subject_with_target(replace(config, target="heart")).goal == "heart"


def test_a_rule_that_grows_nothing_is_refused(tmp_path: Path) -> None:
    rule = growing_nca(8, 16)
    with torch.no_grad():
        rule.update_rule.hidden.bias.fill_(1.0)
        rule.update_rule.output.weight.fill_(-1.0)
    with pytest.raises(SystemExit, match="grows something"):
        subject_with_target(replace(CONFIG, rule=saved(tmp_path, rule, {})))


class Painted(Subject):
    """A pattern whose seed is already the whole picture: with a rule that changes nothing, it stays."""

    def seed(self, topology, *, at=None, **_):
        states = torch.zeros(len(topology["pos"]), self.rule.num_channels)
        states[:, :4] = painted(self.target, topology, centre=at)
        return states


def still() -> Painted:
    return Painted(
        "still", growing_nca(8, 16), goal="lizard", picture_of_goal=load_target("lizard", size=12, padding=3)
    )


def test_what_never_heals_is_reported() -> None:
    entry, result = damaged(still(), square_grid(18, 18), CONFIG)
    assert len(entry) == 12 and WHOLE not in entry
    for numbers in entry.values():
        for steps in stability.LATER:
            more = numbers[f"more than without a cut, after {steps}"]
            assert more == pytest.approx(numbers["right after"], abs=0.05)  # thin parts die away
            assert numbers[f"healed after {steps}"] == (more[0] <= stability.HEALED)
    assert entry["left half"]["healed after 1000"] == entry["half of the cells"]["healed after 1000"] == 0
    assert result.shown["left half"].keys() == {0, 100, 1000}


def test_what_heals_at_once_is_healed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With cuts that take nothing."""
    monkeypatch.setattr(
        stability, "battery", lambda topology, runs, **_: {"nothing": torch.zeros(runs, 324, dtype=torch.bool)}
    )
    entry, _ = damaged(still(), square_grid(18, 18), CONFIG)
    assert entry["nothing"]["healed after 300"] == entry["nothing"]["healed after 1000"] == 1


def test_two_seeds_far_apart_are_two_patterns_and_close_ones_overlap() -> None:
    entry, pictures = two_seeds(still(), square_grid(18, 36), CONFIG)
    assert entry["alone"]["patterns' worth of cells"] == 1
    far, close = (entry[words]["patterns' worth of cells"] for words in ("far apart", "close"))
    assert far == 2
    assert max(entry["far apart"]["errors"]) < 0.01
    assert 1 < close < 1.95
    assert min(entry["close"]["errors"]) > 0.2
    assert len(pictures) == 2


def test_a_line_of_the_table_without_a_living_run() -> None:
    entry = {
        "long run": {
            "fates": {"died": 1},
            "motions": {},
            "median error": None,
            "median drift": None,
            "median rotation": None,
            "largest |state|": None,
            "runs": [{"run": 0, "fate": "died"}],
        },
        "damage": {"centre": {"healed after 300": 0, "healed after 1000": 1}},
        "two seeds": {"far apart": {"errors": [1.0, 1.0]}, "close": {"patterns' worth of cells": None}},
    }
    verdicts = {"square": verdict_of(entry, 1)}
    (row,) = tables({"verdicts": verdicts, "config": {"steps": 200}})["verdicts"].rows
    assert row == ("square", "1 died", "", "", "", "", "none", "0 of 1", "1 of 1", "1.00 and 1.00", "")


def test_a_seed_that_stays_is_its_own_pattern(tmp_path: Path) -> None:
    result = Result("still", tmp_path)
    measure(Subject("still", isonca(), goal="lizard"), replace(CONFIG, substrate=("square", "hex")), result)
    assert result.metrics["in the best of all orientations"] is True
    assert list(result.metrics["verdicts"]) == ["square", "hex"]
    assert sum(result.metrics["fates"].values()) == 2
    assert result.metrics["verdicts"]["square"]["cuts"] == 12


def test_lengths_must_divide() -> None:
    with pytest.raises(SystemExit, match="steps"):
        subjects(replace(CONFIG, steps=220))
