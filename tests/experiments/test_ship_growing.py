"""Shipping a Growing rule, small: what goes into the card, and which seeds it was measured on."""

import json
from pathlib import Path

import pytest
import ship_growing
import torch
from PIL import Image
from protocol.growing import growing_of

from graphnca import save_rule
from graphnca.evaluation.runs import grow
from graphnca.rules import describe_rule
from graphnca.training.recipes import GrowingRecipe
from topologies import KINDS, substrate_of_cells, substrates


def test_a_rule_is_measured_on_held_out_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_rule) -> None:
    monkeypatch.setattr(ship_growing, "MOMENTS", (5, 10))
    monkeypatch.setattr(ship_growing, "MESH_MOMENTS", (5, 10))
    monkeypatch.setattr(ship_growing, "CUT_AT", 7)
    monkeypatch.setattr(ship_growing, "AFTER", (0, 3, 6))
    monkeypatch.setattr(ship_growing, "RULES", tmp_path)
    monkeypatch.setattr(ship_growing, "PICTURES", tmp_path / "pictures")
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    trained = str(tmp_path / "trained.safetensors")
    save_rule(rule, trained, {"target": "heart", "size": 12, "padding": 3, "regime": "naive", "hours": 1.5})
    config = ship_growing.Config(trained, "shipped", note="Small.", cells=324, runs=3, meshes=1, more_meshes=3)
    ship_growing.main(config)

    card = describe_rule(str(tmp_path / "shipped.safetensors"))["card"]
    measured = card["measured"]
    assert (card["hours"], card["note"]) == (1.5, "Small.")  # what the training wrote stays
    assert (measured["seed"], measured["seed held out"]) == (ship_growing.HELD_OUT, True)
    topologies = substrates(KINDS, 324, meshes=1, seed=ship_growing.HELD_OUT)
    assert list(measured["sheets"]) == list(topologies)
    assert json.loads((tmp_path / "shipped.json").read_text())["card"] == card

    growing, topology = growing_of(trained), topologies["hex"]
    states = grow(growing.rule, topology, 3, (5, 7, 10), ship_growing.HELD_OUT)
    step = measured["sheets"]["hex"]["step 10"]
    assert step["log10 errors"] == pytest.approx(growing.log_error(states[10], topology).tolist(), abs=0.006)
    assert step["median log10 error"] == sorted(step["log10 errors"])[1]
    assert sum(step["fates"].values()) == 3
    assert list(measured["sheets"]["hex"]["centre cut at 7"]) == ["0 steps later", "3 steps later", "6 steps later"]
    more = measured["errors to its own square pattern on more meshes"]
    assert list(more) == ["step 5", "step 10"]
    assert all(len(entry["errors"]) == 3 and entry["median"] == entry["errors"][1] for entry in more.values())
    with Image.open(tmp_path / "pictures" / "shipped.png") as picture:
        assert picture.width > 5 * 36 and picture.height > 3 * 36


def test_a_cut_takes_a_part_and_nothing_else(tmp_path: Path, random_rule) -> None:
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    save_rule(rule, tmp_path / "rule.safetensors", {"target": "heart", "size": 12, "padding": 3})
    growing, topology = growing_of(str(tmp_path / "rule.safetensors")), substrate_of_cells("square", 400)
    states = torch.ones(2, 400, 8)
    for cut, share in (("left half", 1 / 2), ("centre", 16**2 / 400)):
        left = ship_growing.after_cut(growing, states, topology, cut, 0)[0]
        assert float((left == 0).all(-1).double().mean()) == pytest.approx(share)
        assert (left[left != 0] == 1).all()


def test_a_rule_without_target_is_not_shipped(tmp_path: Path, random_rule) -> None:
    save_rule(random_rule(8, 16, "sobel"), tmp_path / "rule.safetensors", {})
    with pytest.raises(SystemExit, match="names its target"):
        ship_growing.main(ship_growing.Config(str(tmp_path / "rule.safetensors"), "shipped"))


def test_the_held_out_seed_is_nobodys_default() -> None:
    assert GrowingRecipe().seed != ship_growing.HELD_OUT
