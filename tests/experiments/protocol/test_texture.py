"""Texture rules are read with what their cards say, and seen alike on every sheet."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from protocol import texture as module
from protocol.texture import RGB_OFFSET, animated, named, texture_of, texture_raster, textures_of, zero_seed

from graphnca import save_rule
from graphnca.drawing import CellCanvas
from graphnca.models import growing_nca, texture_nca
from graphnca.templates import load_template
from topologies import substrates


def test_on_squares_the_raster_is_the_sheet_itself() -> None:
    topology = substrates(("square",), size=16)["square"]
    states = torch.randn(2, 256, 3)
    torch.testing.assert_close(texture_raster(topology, 16)(states), states.transpose(1, 2).reshape(2, 3, 16, 16))


def test_every_sheet_fills_its_raster() -> None:
    for topology in substrates(size=16, meshes=1).values():
        for scale in (1, 3):
            image = texture_raster(topology, 16, scale)(torch.ones(topology.num_nodes, 1))
            assert image.shape == (1, 16 * scale, 16 * scale)
            torch.testing.assert_close(image, torch.ones_like(image))


def test_a_rule_is_read_with_its_card(tmp_path: Path) -> None:
    save_rule(texture_nca(), tmp_path / "rule.safetensors", {"template": "dotted", "rgb_offset": 0.25})
    texture = texture_of(str(tmp_path / "rule.safetensors"))
    assert texture.offset == 0.25
    assert torch.equal(texture.template(), load_template("dotted", 128))
    assert torch.equal(texture.template("banded"), load_template("banded", 128))
    topology = substrates(("square",), size=16)["square"]
    seed = zero_seed(texture.rule, topology)
    assert seed.shape == (256, 12) and not seed.any()
    image = texture.image(seed, texture_raster(topology, 16))
    torch.testing.assert_close(image, torch.full((3, 16, 16), 0.25))


def test_a_card_may_say_nothing(tmp_path: Path) -> None:
    save_rule(texture_nca(), tmp_path / "rule.safetensors", {})
    texture = texture_of(str(tmp_path / "rule.safetensors"))
    assert texture.offset == RGB_OFFSET
    with pytest.raises(SystemExit, match="--template: expected a name or a path"):
        texture.template()


def test_a_rule_of_living_cells_is_refused(tmp_path: Path) -> None:
    save_rule(growing_nca(), tmp_path / "rule.safetensors", {})
    with pytest.raises(SystemExit, match="expected a texture rule, got .* has a life mask"):
        texture_of(str(tmp_path / "rule.safetensors"))


def atlas(path: Path) -> Path:
    """A file in the format of the article's demo: two models of 12 channels and 96 hidden units, all zeros."""
    layers = []
    for rows, outputs in ((49, 96), (97, 12)):
        file = io.BytesIO()
        Image.fromarray(np.full((rows, 2 * outputs // 4, 4), 127, np.uint8)).save(file, "PNG")
        data = base64.b64encode(file.getvalue()).decode()
        layers.append({"scale": 1.0, "data": data, "shape": [rows, outputs], "layout": [2, 1]})
    path.write_text(json.dumps({"model_names": ["chess", "dots"], "layers": layers}))
    return path


def test_a_published_model_has_its_own_colours(tmp_path: Path) -> None:
    path = str(atlas(tmp_path / "models.json"))
    first, second = textures_of((), path)[0], textures_of((), path, "dots")[0]
    assert (first.name, second.name) == ("chess", "dots")
    topology = substrates(("square",), size=16)["square"]
    states = torch.full((256, 12), 0.5)
    torch.testing.assert_close(first.image(states, texture_raster(topology, 16)), torch.full((3, 16, 16), 0.75))
    assert first.drawn(CellCanvas(topology, scale=1), states).getpixel((3, 3)) == (191, 191, 191)
    with pytest.raises(SystemExit, match="--published"):
        texture_of(path)


def test_what_exploded_has_a_finite_picture(tmp_path: Path) -> None:
    save_rule(texture_nca(), tmp_path / "rule.safetensors", {})
    texture = texture_of(str(tmp_path / "rule.safetensors"))
    topology = substrates(("square",), size=16)["square"]
    states = torch.full((256, 12), float("nan"))
    states[0] = float("-inf")
    assert texture.image(states, texture_raster(topology, 16)).isfinite().all()


def test_rules_are_those_named_or_all_that_are_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_rule(texture_nca(), tmp_path / "woven.safetensors", {})
    assert [texture.name for texture in textures_of((str(tmp_path / "woven.safetensors"),))] == ["woven"]
    monkeypatch.setattr(module, "shipped_rules", lambda: ["growing-lizard"])
    with pytest.raises(SystemExit, match="none is shipped"):
        textures_of(())


def test_a_rule_is_called_after_its_file_or_its_run(tmp_path: Path) -> None:
    assert named("texture-dotted") == "texture-dotted"
    assert named(str(tmp_path / "bricks.safetensors")) == "bricks"
    assert named(str(tmp_path / "bricks" / "rule.safetensors")) == "bricks"


def test_frames_of_animations_have_few_colours() -> None:
    ramp = np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (2, 256, 3))
    frame = np.asarray(animated(Image.fromarray(ramp.copy())))
    assert len(np.unique(frame)) == 32
    assert np.abs(frame.astype(int) - ramp).max() <= 5
    assert {0, 255} <= set(frame.flat)
