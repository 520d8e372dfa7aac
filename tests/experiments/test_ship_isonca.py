"""Shipping, small: what goes into the card, and which seeds it was measured on."""

import json
from pathlib import Path

import pytest
import ship_isonca
import torch
from isonca_voronoi import Config

from graphnca import load_rule, save_rule
from graphnca.evaluation.published_loss import published_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import measure
from graphnca.models import isonca
from graphnca.rules import describe_rule
from graphnca.training.recipes import IsoNCARecipe
from topologies import substrates


def test_a_rule_is_measured_on_held_out_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ship_isonca, "MOMENTS", (5, 10))
    monkeypatch.setattr(ship_isonca, "RULES", tmp_path)
    monkeypatch.setattr(ship_isonca, "PICTURES", tmp_path / "pictures")
    torch.manual_seed(0)
    rule = isonca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.05)
    save_rule(rule, tmp_path / "trained.safetensors", {"target": "heart", "hours": 1.5})
    config = Config(cells=150, runs=2, meshes=1, substrate=("square", "voronoi"), seed=ship_isonca.HELD_OUT)
    ship_isonca.main(str(tmp_path / "trained.safetensors"), "shipped", config)

    card = describe_rule(str(tmp_path / "shipped.safetensors"))["card"]
    measured = card["measured"]
    assert card["hours"] == 1.5  # what the training wrote stays
    assert (measured["seed"], measured["seed held out"]) == (ship_isonca.HELD_OUT, True)
    assert list(measured["sheets"]) == ["square", f"voronoi {ship_isonca.HELD_OUT + 1}"]
    assert (tmp_path / "pictures" / "shipped.png").stat().st_size > 0
    assert json.loads((tmp_path / "shipped.json").read_text())["card"] == card

    topology = substrates(config.substrate, config.cells, meshes=1, seed=config.seed)["square"]
    states = grow(load_rule(str(tmp_path / "shipped.safetensors")), topology, 2, (5, 10), ship_isonca.HELD_OUT)
    rows = measure(states[10], topology, published_loss("heart", "binary,radial4"))
    assert measured["sheets"]["square"]["step 10"]["losses"] == [row["loss"] for row in rows]


def test_the_held_out_seed_is_nobodys_default() -> None:
    assert ship_isonca.HELD_OUT not in {IsoNCARecipe().seed, Config().seed}
