"""Every kind of name that a command line may give a rule."""

from pathlib import Path

import pytest
from protocol.rules import read_rule

from graphnca import save_rule
from graphnca.models import isonca


def test_a_shipped_rule_comes_with_its_card() -> None:
    rule, card = read_rule("isonca-lizard")
    assert rule.num_channels == 16
    assert card["target"] == "lizard"


def test_a_file_comes_with_its_card(tmp_path: Path) -> None:
    path = tmp_path / "rule.safetensors"
    save_rule(isonca(), path, {"target": "heart"})
    assert read_rule(str(path))[1] == {"target": "heart"}


def test_a_published_model_has_no_card(conformance: Path) -> None:
    rule, card = read_rule(str(conformance / "isonca_lizard" / "cadata.json"))
    assert sum(parameter.numel() for parameter in rule.parameters()) == 9408
    assert card == {}


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="isonca-lizard"):
        read_rule("isonca-unicorn")
