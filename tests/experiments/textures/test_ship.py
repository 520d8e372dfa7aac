"""Shipping a texture, small: what goes into the card, and which seeds it was measured on."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from textures import ship as script

from graphnca import save_rule
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.features import FilterBank
from graphnca.models import texture_nca
from graphnca.results import shipping
from graphnca.rules import describe_rule
from graphnca.templates import load_template
from graphnca.training.recipes import TextureRecipe
from topologies import substrates


def test_a_rule_is_measured_on_held_out_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_rule) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")
    trained = str(tmp_path / "trained.safetensors")
    rule = random_rule(6, 8, "laplacian", life_mask=None, std=0.02)
    save_rule(rule, trained, {"template": "dotted", "rgb_offset": 0.5, "hours": 1.5})
    config = script.Config(
        rule=trained, name="shipped", note="Small.", features="filter-bank", steps=(3, 5), meshes=1, runs=2
    )
    script.main(config)

    card = describe_rule(str(tmp_path / "shipped.safetensors"))["card"]
    measured = card["measured"]
    assert (card["template"], card["hours"]) == ("dotted", 1.5)  # what the training wrote stays
    assert (measured["seed"], measured["seed held out"], measured["note"]) == (script.HELD_OUT, True, "Small.")
    assert measured["features"] == FilterBank().description
    assert list(measured["sheets"]) == ["square", "hex", "voronoi 1001"]
    with Image.open(tmp_path / "docs" / "rules" / "shipped.webp") as picture:
        assert picture.width > 3 * 64

    texture, topology = read_subject(trained), substrates(size=64, meshes=1, seed=1000)["square"]
    states = texture.grow(topology, 2, (3, 5), 1000)[5]
    losses = TextureMeter(FilterBank(), texture.target)(texture.images(states, texture.view(topology, size=64)))
    entry = measured["sheets"]["square"]["step 5"]
    assert entry["losses"] == pytest.approx(losses.tolist(), rel=1e-3)
    hexagons = measured["sheets"]["hex"]["step 5"]["median loss"]
    assert measured["times square"]["step 5"]["hex"] == pytest.approx(hexagons / entry["median loss"], rel=1e-2)


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


def test_the_held_out_seed_is_nobodys_default() -> None:
    assert TextureRecipe(template="dotted").seed != script.HELD_OUT
