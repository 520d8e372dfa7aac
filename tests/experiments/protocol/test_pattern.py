"""A rule's seed and score, of both kinds."""

from pathlib import Path

import pytest
import torch
from protocol.pattern import Pattern, isotropic_rules, pattern_of
from protocol.structured import seed_of

from graphnca import save_rule
from graphnca.evaluation.scores import LOSS_SCALE
from graphnca.models import growing_nca, isonca
from graphnca.rules import shipped_rules
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from topologies import square_grid

SQUARE = square_grid(72, 72)


def saved(folder: Path, card: dict) -> str:
    path = folder / "rule.safetensors"
    save_rule(isonca(), path, card)
    return str(path)


def target_as_states(target: str) -> torch.Tensor:
    states = torch.zeros(1, 5184, 16)
    states[0, :, :4] = load_target(target).flatten(1).T
    return states


def test_a_card_says_what_the_rule_grows(tmp_path: Path) -> None:
    single = pattern_of(saved(tmp_path, {"target": "heart"}))
    assert (single.name, single.target, single.structured) == ("rule", "heart", False)
    assert torch.equal(single.seed(SQUARE), point_seed(SQUARE))
    assert len(single.orientation.target) == 6
    structured = pattern_of(saved(tmp_path, {"target": "dancer", "seed": "structured"}))
    assert torch.equal(structured.seed(SQUARE), seed_of("dancer", SQUARE))
    assert len(structured.orientation.target) == 4


def test_a_card_without_a_target(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="names its target"):
        pattern_of(saved(tmp_path, {"origin": "a test"}))


def test_a_published_model_is_the_lizard(conformance: Path) -> None:
    pattern = pattern_of(str(conformance / "isonca_lizard" / "cadata.json"))
    assert (pattern.name, pattern.target, pattern.structured) == ("cadata", "lizard", False)


def test_a_structured_pattern_is_scored_in_one_orientation() -> None:
    pattern = Pattern("any", isonca(), "lizard", structured=True)
    states = target_as_states("lizard")
    assert pattern.measure(states, SQUARE)[0]["loss"] == 0
    turned = states.view(1, 72, 72, 16).rot90(2, (1, 2)).reshape(1, 5184, 16)
    row = pattern.measure(turned, SQUARE)[0]
    image = load_target("lizard")
    rolled = image.rot90(2, (1, 2))
    assert row["loss"] == pytest.approx(LOSS_SCALE * float((rolled - image).square().mean()), abs=0.01)
    assert row["loss"] > pattern.empty_loss / 3  # in a free orientation it would cost nothing
    assert abs(row["angle"]) == pytest.approx(180, abs=2)
    assert pattern.empty_loss == pytest.approx(LOSS_SCALE * float(image.square().mean()), rel=1e-5)


def test_a_single_seed_is_scored_in_any_orientation() -> None:
    pattern = Pattern("any", isonca(), "lizard")
    states = torch.zeros(1, 5184, 16)
    states[0, :, :5] = pattern.orientation.target.flatten(1).T
    turned = states.view(1, 72, 72, 16).rot90(1, (1, 2)).reshape(1, 5184, 16)
    assert pattern.measure(states, SQUARE)[0]["loss"] < 0.01
    assert pattern.measure(turned, SQUARE)[0]["loss"] < 3
    assert pattern.empty_loss == pytest.approx(38.3, abs=0.05)


def test_what_has_moved_is_seen_where_it_is() -> None:
    pattern = Pattern("any", isonca(), "lizard", structured=True)
    moved = target_as_states("lizard").view(1, 72, 72, 16).roll((5, -9), (1, 2)).reshape(1, 5184, 16)
    assert float(pattern.loss(pattern.images(moved, SQUARE))) > 10
    there = pattern.images(moved, SQUARE, centre=(36.5 - 9, 36.5 + 5))
    assert float(pattern.loss(there)) == pytest.approx(0, abs=1e-6)


def test_shipped_isotropic_rules_perceive_no_direction() -> None:
    assert "isonca-lizard" in isotropic_rules()
    assert set(isotropic_rules()) <= set(shipped_rules())


def test_rules_that_perceive_directions_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from protocol import pattern

    save_rule(growing_nca(), tmp_path / "growing.safetensors", {"target": "lizard"})
    save_rule(isonca(), tmp_path / "isotropic.safetensors", {"target": "lizard"})
    save_rule(isonca(), tmp_path / "nameless.safetensors", {})
    names = [str(path) for path in sorted(tmp_path.glob("*.safetensors"))]
    monkeypatch.setattr(pattern, "shipped_rules", lambda: names)
    assert pattern.isotropic_rules() == [str(tmp_path / "isotropic.safetensors")]
