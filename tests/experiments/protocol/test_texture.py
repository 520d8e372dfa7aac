from pathlib import Path

import pytest
import torch
from protocol.texture import RGB_OFFSET, cells_of, texture_of, texture_raster, texture_sheets, zero_seed

from graphnca import save_rule
from graphnca.models import growing_nca, texture_nca
from graphnca.templates import load_template


def test_sheets_are_of_one_size_whatever_their_cells() -> None:
    sheets = texture_sheets(size=32, meshes=2, seed=7)
    assert list(sheets) == ["square", "hex", "voronoi 8", "voronoi 9"]
    for topology in sheets.values():
        torch.testing.assert_close(topology.extent, torch.full((1, 2), 32.0), rtol=0.05, atol=0)
    assert sheets["square"].num_nodes == 1024 == cells_of("square", 32)
    assert sheets["hex"].num_nodes == pytest.approx(cells_of("hex", 32), rel=0.03)
    assert sheets["voronoi 8"].num_nodes == pytest.approx(cells_of("voronoi", 32), rel=0.03)


def test_on_squares_the_raster_is_the_sheet_itself() -> None:
    topology = texture_sheets(("square",), 16)["square"]
    states = torch.randn(2, 256, 3)
    torch.testing.assert_close(texture_raster(topology, 16)(states), states.transpose(1, 2).reshape(2, 3, 16, 16))


def test_every_sheet_fills_its_raster() -> None:
    for topology in texture_sheets(size=16, meshes=1).values():
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
    topology = texture_sheets(("square",), 16)["square"]
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
