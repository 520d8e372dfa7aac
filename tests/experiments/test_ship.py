"""Shipping, small: what goes into the card of each kind of rule, and which seeds it was measured on."""

import json
from pathlib import Path
from typing import Any

import pytest
import ship as script
import torch
from PIL import Image

from graphnca import load_rule, save_rule
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.published_loss import isotropic_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import measure
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.features import FilterBank
from graphnca.models import isonca, texture_nca
from graphnca.results import shipping
from graphnca.rules import describe_rule
from graphnca.templates import load_template
from graphnca.training.recipes import GrowingRecipe, IsoNCARecipe, TextureRecipe
from topologies import KINDS, substrate_of_cells, substrates


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Ships a rule with a card, small, and returns what was measured."""
    monkeypatch.setattr(script, "MESH_MOMENTS", (5, 10))
    monkeypatch.setattr(script, "DAMAGED_AT", 7)
    monkeypatch.setattr(script, "AFTER", (0, 3, 6))
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")

    def shipped(rule: Any, card: dict[str, Any], **options: Any) -> dict[str, Any]:
        trained = str(tmp_path / "trained.safetensors")
        save_rule(rule, trained, {**card, "hours": 1.5})
        script.main(script.Config(rule=trained, name="shipped", note="Small.", meshes=1, **options))
        card = describe_rule(str(tmp_path / "shipped.safetensors"))["card"]
        assert card["hours"] == 1.5  # what the training wrote stays
        assert (card if "target" in card else card["measured"])["note"] == "Small."
        assert (card["measured"]["seed"], card["measured"]["seed held out"]) == (script.HELD_OUT, True)
        assert json.loads((tmp_path / "shipped.json").read_text())["card"] == card
        return card["measured"]

    return shipped


def picture_size(folder: Path) -> tuple[int, int]:
    with Image.open(folder / "docs" / "rules" / "shipped.webp") as picture:
        return picture.size


def test_an_isotropic_rule_is_measured_on_held_out_seeds(tmp_path: Path, shipped) -> None:
    torch.manual_seed(0)
    rule = isonca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.001)
    kinds = ("square", "voronoi")
    measured = shipped(
        rule,
        {"target": "heart", "regime": "naive", "configuration": {"steps": [3, 5]}},
        cells=150,
        runs=2,
        substrate=kinds,
        steps=(5, 10),
    )
    assert measured["loss"].startswith("published, with a closed ring around the seed (RGBA, binary,radial4), ")
    assert list(measured["sheets"]) == ["square", f"voronoi {script.HELD_OUT + 1}"]
    assert picture_size(tmp_path)[0] > 2 * 36

    topology = substrates(kinds, 150, meshes=1, seed=script.HELD_OUT)["square"]
    states = grow(load_rule(str(tmp_path / "shipped.safetensors")), topology, 2, (5, 10), script.HELD_OUT)
    rows = measure(states[10], topology, isotropic_loss("heart", "binary,radial4"))
    assert measured["sheets"]["square"]["step 10"]["losses"] == [row["loss"] for row in rows]


def test_an_upright_rule_is_measured_on_held_out_seeds(tmp_path: Path, shipped, random_rule) -> None:
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    card = {"target": "heart", "size": 12, "padding": 3, "regime": "naive", "configuration": {"steps": [3, 5]}}
    measured = shipped(rule, card, cells=324, runs=3, more_meshes=3, steps=(5, 10))
    topologies = substrates(KINDS, 324, meshes=1, seed=script.HELD_OUT)
    assert list(measured["sheets"]) == list(topologies)

    subject, topology = read_subject(str(tmp_path / "trained.safetensors")), topologies["hex"]
    states = subject.grow(topology, 3, (5, 7, 10), script.HELD_OUT)
    step = measured["sheets"]["hex"]["step 10"]
    assert step["log10 errors"] == pytest.approx(subject.log_error(states[10], topology).tolist(), abs=0.006)
    assert step["median log10 error"] == sorted(step["log10 errors"])[1]
    assert sum(step["fates"].values()) == 3
    assert list(measured["sheets"]["hex"]["centre cut at 7"]) == ["0 steps later", "3 steps later", "6 steps later"]
    more = measured["errors to its own square pattern on more meshes"]
    assert list(more) == ["step 5", "step 10"]
    assert all(len(entry["errors"]) == 3 and entry["median"] == entry["errors"][1] for entry in more.values())
    width, height = picture_size(tmp_path)
    assert width > 5 * 36 and height > 3 * 36


def test_a_texture_is_measured_on_held_out_seeds(tmp_path: Path, shipped, random_rule) -> None:
    rule = random_rule(6, 8, "laplacian", life_mask=None, std=0.02)
    card: dict[str, Any] = {"template": "dotted", "rgb_offset": 0.5}
    measured = shipped(rule, card, features="filter-bank", steps=(3, 5), runs=2)
    assert measured["features"] == FilterBank().description
    assert list(measured["sheets"]) == ["square", "hex", "voronoi 1001"]
    assert picture_size(tmp_path)[0] > 3 * 64

    texture, topology = read_subject(str(tmp_path / "trained.safetensors")), substrates(size=64, seed=1000)["square"]
    states = texture.grow(topology, 2, (3, 5), 1000)[5]
    losses = TextureMeter(FilterBank(), texture.target)(texture.images(states, texture.view(topology, size=64)))
    entry = measured["sheets"]["square"]["step 5"]
    assert entry["losses"] == pytest.approx(losses.tolist(), rel=1e-3)
    hexagons = measured["sheets"]["hex"]["step 5"]["median loss"]
    assert measured["times square"]["step 5"]["hex"] == pytest.approx(hexagons / entry["median loss"], rel=1e-2)


def test_damage_takes_a_part_and_nothing_else(random_rule) -> None:
    subject = Subject("any", random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05))
    topology, states = substrate_of_cells("square", 400), torch.ones(2, 400, 8)
    for lost, share in (("left half", 1 / 2), ("centre", 16**2 / 400)):
        left = script.without(subject, states, topology, lost, 0)[0]
        assert float((left == 0).all(-1).double().mean()) == pytest.approx(share)
        assert (left[left != 0] == 1).all()


def test_on_squares_the_template_is_shown_as_it_is() -> None:
    template, topology = load_template("dotted", 32), substrates(("square",), size=32)["square"]
    view = Subject("any", texture_nca()).view(topology, size=32)
    assert torch.equal(view(script.on_cells(template, topology)), template)


def test_on_a_mesh_a_cell_has_the_colour_of_its_centre() -> None:
    template, topology = load_template("dotted", 32), substrates(("voronoi",), size=32, meshes=1)["voronoi 1"]
    colours = script.on_cells(template, topology)
    for cell in (0, 17, 400):
        x, y = (int(place) for place in topology.pos[cell])
        assert torch.equal(colours[cell], template[:, y % 32, x % 32])


def test_a_rule_without_target_is_not_shipped(tmp_path: Path, random_rule) -> None:
    save_rule(random_rule(8, 16, "sobel"), tmp_path / "rule.safetensors", {})
    with pytest.raises(SystemExit, match="names its target"):
        script.main(script.Config(rule=str(tmp_path / "rule.safetensors"), name="shipped"))


def test_the_held_out_seed_is_nobodys_default() -> None:
    recipes = (IsoNCARecipe(), GrowingRecipe(), TextureRecipe(template="dotted"))
    assert script.HELD_OUT not in {recipe.seed for recipe in recipes}
