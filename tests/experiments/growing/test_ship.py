"""Shipping a Growing rule, small: what goes into the card, and which seeds it was measured on."""

import json
from pathlib import Path

import pytest
import torch
from growing import ship as script
from PIL import Image

from graphnca import save_rule
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.subject import Subject
from graphnca.results import shipping
from graphnca.rules import describe_rule
from graphnca.training.recipes import GrowingRecipe
from topologies import KINDS, substrate_of_cells, substrates


def test_a_rule_is_measured_on_held_out_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_rule) -> None:
    monkeypatch.setattr(script, "MOMENTS", (5, 10))
    monkeypatch.setattr(script, "MESH_MOMENTS", (5, 10))
    monkeypatch.setattr(script, "DAMAGED_AT", 7)
    monkeypatch.setattr(script, "AFTER", (0, 3, 6))
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    trained = str(tmp_path / "trained.safetensors")
    save_rule(rule, trained, {"target": "heart", "size": 12, "padding": 3, "regime": "naive", "hours": 1.5})
    config = script.Config(rule=trained, name="shipped", note="Small.", cells=324, runs=3, meshes=1, more_meshes=3)
    script.main(config)

    card = describe_rule(str(tmp_path / "shipped.safetensors"))["card"]
    measured = card["measured"]
    assert (card["hours"], card["note"]) == (1.5, "Small.")  # what the training wrote stays
    assert (measured["seed"], measured["seed held out"]) == (script.HELD_OUT, True)
    topologies = substrates(KINDS, 324, meshes=1, seed=script.HELD_OUT)
    assert list(measured["sheets"]) == list(topologies)
    assert json.loads((tmp_path / "shipped.json").read_text())["card"] == card

    subject, topology = read_subject(trained), topologies["hex"]
    states = subject.grow(topology, 3, (5, 7, 10), script.HELD_OUT)
    step = measured["sheets"]["hex"]["step 10"]
    assert step["log10 errors"] == pytest.approx(subject.log_error(states[10], topology).tolist(), abs=0.006)
    assert step["median log10 error"] == sorted(step["log10 errors"])[1]
    assert sum(step["fates"].values()) == 3
    assert list(measured["sheets"]["hex"]["centre cut at 7"]) == ["0 steps later", "3 steps later", "6 steps later"]
    more = measured["errors to its own square pattern on more meshes"]
    assert list(more) == ["step 5", "step 10"]
    assert all(len(entry["errors"]) == 3 and entry["median"] == entry["errors"][1] for entry in more.values())
    with Image.open(tmp_path / "docs" / "rules" / "shipped.webp") as picture:
        assert picture.width > 5 * 36 and picture.height > 3 * 36


def test_damage_takes_a_part_and_nothing_else(random_rule) -> None:
    subject = Subject("any", random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05))
    topology, states = substrate_of_cells("square", 400), torch.ones(2, 400, 8)
    for lost, share in (("left half", 1 / 2), ("centre", 16**2 / 400)):
        left = script.without(subject, states, topology, lost, 0)[0]
        assert float((left == 0).all(-1).double().mean()) == pytest.approx(share)
        assert (left[left != 0] == 1).all()


def test_a_rule_without_target_is_not_shipped(tmp_path: Path, random_rule) -> None:
    save_rule(random_rule(8, 16, "sobel"), tmp_path / "rule.safetensors", {})
    with pytest.raises(SystemExit, match="names its target"):
        script.main(script.Config(rule=str(tmp_path / "rule.safetensors"), name="shipped"))


def test_the_held_out_seed_is_nobodys_default() -> None:
    assert GrowingRecipe().seed != script.HELD_OUT
