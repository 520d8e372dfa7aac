"""Shipping an isotropic rule, small: what goes into the card, and which seeds it was measured on."""

import json
from pathlib import Path

import pytest
import torch
from isonca import ship as script
from PIL import Image

from graphnca import load_rule, save_rule
from graphnca.evaluation.published_loss import published_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import measure
from graphnca.models import isonca
from graphnca.results import shipping
from graphnca.rules import describe_rule
from graphnca.training.recipes import IsoNCARecipe
from topologies import substrates


def test_a_rule_is_measured_on_held_out_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "MOMENTS", (5, 10))
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")
    torch.manual_seed(0)
    rule = isonca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.05)
    trained = str(tmp_path / "trained.safetensors")
    save_rule(rule, trained, {"target": "heart", "hours": 1.5})
    config = script.Config(
        rule=trained, name="shipped", note="Small.", cells=150, runs=2, meshes=1, substrate=("square", "voronoi")
    )
    script.main(config)

    card = describe_rule(str(tmp_path / "shipped.safetensors"))["card"]
    measured = card["measured"]
    assert (card["hours"], card["note"]) == (1.5, "Small.")  # what the training wrote stays
    assert (measured["seed"], measured["seed held out"]) == (script.HELD_OUT, True)
    assert measured["loss"].startswith("published (RGBA, binary,radial4), ")
    assert list(measured["sheets"]) == ["square", f"voronoi {script.HELD_OUT + 1}"]
    assert json.loads((tmp_path / "shipped.json").read_text())["card"] == card
    with Image.open(tmp_path / "docs" / "rules" / "shipped.webp") as picture:
        assert picture.width > 2 * 36

    topology = substrates(config.substrate, config.cells, meshes=1, seed=config.seed)["square"]
    states = grow(load_rule(str(tmp_path / "shipped.safetensors")), topology, 2, (5, 10), script.HELD_OUT)
    rows = measure(states[10], topology, published_loss("heart", "binary,radial4"))
    assert measured["sheets"]["square"]["step 10"]["losses"] == [row["loss"] for row in rows]


def test_a_rule_without_target_is_not_shipped(tmp_path: Path) -> None:
    save_rule(isonca(), tmp_path / "rule.safetensors", {})
    with pytest.raises(SystemExit, match="whose card names its target"):
        script.main(script.Config(rule=str(tmp_path / "rule.safetensors"), name="shipped"))


def test_the_held_out_seed_is_nobodys_default() -> None:
    assert IsoNCARecipe().seed != script.HELD_OUT
