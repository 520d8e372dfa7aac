"""What a Growing rule is measured by: its target, and its own pattern on squares."""

import json
import math
from pathlib import Path

import pytest
import torch
from protocol.growing import Growing, growing_of, growing_rules

from graphnca import save_rule
from graphnca.evaluation.pixel_error import NOTHING
from graphnca.evaluation.upright import painted
from graphnca.models import growing_nca
from topologies import substrate_of_cells


def saved(folder: Path, card: dict) -> str:
    path = folder / "rule.safetensors"
    save_rule(growing_nca(8, 16), path, card)
    return str(path)


def test_a_rule_brings_the_target_that_its_card_names(tmp_path: Path) -> None:
    growing = growing_of(saved(tmp_path, {"target": "butterfly", "regime": "naive", "size": 12, "padding": 3}))
    assert growing.name == "rule"
    assert growing.target is not None and growing.target.shape == (4, 18, 18)
    assert growing.empty_log_error == pytest.approx(math.log10(float(growing.target.square().mean())), abs=1e-6)


def test_the_target_is_forty_pixels_where_the_card_says_no_size(tmp_path: Path) -> None:
    target = growing_of(saved(tmp_path, {"target": "lizard"})).target
    assert target is not None and target.shape == (4, 72, 72)


def test_the_command_line_may_name_the_target_of_a_rule_without_card(tmp_path: Path) -> None:
    path = saved(tmp_path, {})
    named = growing_of(path, target="heart").target
    assert named is not None and named.shape == (4, 72, 72)
    nothing = growing_of(path)
    assert nothing.target is None
    with pytest.raises(ValueError, match="has no target"):
        nothing.log_error(torch.zeros(1, 144, 8), substrate_of_cells("square", 144))


def test_the_painted_target_has_no_error_and_a_turned_one_only_its_blur(tmp_path: Path) -> None:
    growing = growing_of(saved(tmp_path, {"target": "lizard"}))
    assert growing.target is not None
    topology = substrate_of_cells("square")
    perfect = painted(growing.target, topology)[None]
    assert float(growing.log_error(perfect, topology)) == pytest.approx(math.log10(NOTHING))
    turned = painted(growing.target, topology, angle=0.7)[None]
    upright, as_is = growing.log_error(turned, topology, angle=0.7), growing.log_error(turned, topology)
    assert float(upright) < -2.5 < -1.9 < float(as_is)


def test_growing_rules_perceive_gradients_and_have_a_regime() -> None:
    from graphnca import load_rule
    from graphnca.rules import describe_rule

    for name in growing_rules():
        assert load_rule(name).perception.uses_gradient
        assert json.dumps(describe_rule(name)["card"]["regime"])
    assert not any(name.startswith("isonca") for name in growing_rules())


def test_a_growing_rule_needs_nothing_but_its_parts() -> None:
    rule = growing_nca(8, 16)
    assert Growing("bare", rule, {}, None).empty_log_error == pytest.approx(math.log10(NOTHING))
