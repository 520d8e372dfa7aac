"""`graphnca rules`: the table of what is shipped, and cards."""

import json

import pytest

from graphnca.cli.cards import grows
from graphnca.rules import describe_rule, shipped_rules


def test_the_table_has_every_shipped_rule(graphnca) -> None:
    outcome = graphnca("rules")
    lines = outcome.out.splitlines()
    assert outcome.status == 0 and [line.split()[0] for line in lines[2:]] == shipped_rules()
    (row,) = [line for line in lines if line.startswith("isonca-lizard-3point ")]
    assert "several points" in row and "isotropic" in row and "9,408" in row
    (row,) = [line for line in lines if line.startswith("growing-shell ")]
    assert "a drawn shell" in row


def test_the_table_for_programs(graphnca) -> None:
    rows = json.loads(graphnca("rules", "--json").out)
    assert [row["rule"] for row in rows] == shipped_rules()


@pytest.mark.parametrize("name", shipped_rules())
def test_a_card_says_how_a_rule_was_trained_and_measured(name: str, graphnca) -> None:
    outcome = graphnca("rules", name)
    card = describe_rule(name)["card"]
    assert outcome.status == 0
    assert outcome.out.startswith("rule") and name in outcome.out.splitlines()[0]
    text = " ".join(outcome.out.split())  # without line breaks
    assert " ".join(card["trained by"].split()) in text
    assert all(len(line) < 150 for line in outcome.out.splitlines())


def test_a_card_for_programs(graphnca) -> None:
    assert json.loads(graphnca("rules", "isonca-heart", "--json").out) == describe_rule("isonca-heart")


def test_a_misspelt_name(graphnca) -> None:
    outcome = graphnca("rules", "isonca-hearth")
    assert outcome.status == 2 and "Did you mean isonca-heart" in outcome.err


def test_what_a_rule_grows() -> None:
    assert grows({"target": "heart"}) == "heart"
    assert grows({"template": "dotted"}) == "dotted"
    assert grows({"targets": ["rose", "tulip"]}) == "rose, tulip"
    assert grows({}) == "?"
