"""A border around a core: what is carried over, what is measured, and every file that is promised."""

import json
from pathlib import Path

import pytest
import texture_border as script
import torch
from PIL import Image
from protocol.expansion import mesh_expansion, square_expansion
from protocol.texture import Texture
from texture_border import Config, disturbance, followed, main, picture_of
from torch import Tensor, nn

from graphnca import save_rule
from graphnca.drawing import CellCanvas
from graphnca.models import texture_nca
from graphnca.results import result as report

SMALL = {"core": 12, "size": 24, "steps": 6, "runs": 2}


class Colours(nn.Module):
    """The smallest features: the image itself and its half."""

    description = "the colours alone"

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images, nn.functional.avg_pool2d(images, 2)]


@pytest.fixture
def texture(random_rule) -> Texture:
    """Something that moves."""
    return Texture(random_rule(12, 8, "laplacian", life_mask=None, output_bias=False, std=0.02), {})


@pytest.mark.parametrize("kind", ["square", "voronoi"])
def test_the_whole_begins_with_the_core_and_cells_at_zero(texture: Texture, kind: str) -> None:
    sheet = square_expansion(12, 24) if kind == "square" else mesh_expansion(12.0, 24.0, seed=2)
    with torch.no_grad():
        course = followed(texture, sheet, Config(**SMALL))
    whole = course.after[0]
    torch.testing.assert_close(whole[:, sheet.inside], course.before[6][:, sheet.source])
    assert float(whole[:, sheet.inside].abs().max()) > 0 and (whole[:, ~sheet.inside] == 0).all()
    assert course.after[6].shape == course.undisturbed.shape == whole.shape
    assert course.after[6][:, ~sheet.inside].abs().max() > 0  # the new cells live


def test_a_core_that_nothing_happens_to_is_not_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    config, sheet = Config(**SMALL), square_expansion(12, 24)
    course = followed(Texture(texture_nca(), {}), sheet, config)  # untrained: all stays 0
    assert set(disturbance(sheet, course, config).values()) == {0.0}
    rim = torch.zeros(24, 24, dtype=torch.bool)
    rim[6:18, 6:18] = True
    rim[10:14, 10:14] = False
    course.after[6][:, rim.flatten(), 0] = 1.0  # the outermost four cells of the core, and no others
    found = disturbance(sheet, course, config)
    assert found["middle"] == 0 and found["rim"] == pytest.approx(3**-0.5, abs=1e-3) and found["rim, alone"] == 0


def test_a_core_is_drawn_in_its_place_without_cells_around(texture: Texture) -> None:
    sheet = square_expansion(12, 24)
    canvas = CellCanvas(sheet.whole, scale=2)
    picture = picture_of(texture, canvas, sheet, torch.zeros(144, 12), 2, outlined=False)
    assert picture.getpixel((24, 24)) == (128, 128, 128) and picture.getpixel((2, 2)) == (217, 217, 217)
    outlined = picture_of(texture, canvas, sheet, torch.zeros(576, 12), 2)
    assert outlined.getpixel((12, 12)) == (255, 255, 255) and outlined.getpixel((24, 24)) == (128, 128, 128)


def test_every_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texture: Texture) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr(script, "features_of", lambda text, dtype=None: Colours())
    monkeypatch.setattr(script, "FRAMES", 2)
    monkeypatch.setattr(script, "FRAME_EVERY", 2)
    save_rule(texture.rule, tmp_path / "small.safetensors", {"rgb_offset": 0.5, "template": "dotted"})
    rule = (str(tmp_path / "small.safetensors"),)
    main(Config(rule=rule, out=str(tmp_path / "out"), publish=True, **SMALL))
    folder = tmp_path / "docs/texture_border_small"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["sheets"]) == ["square", "voronoi 2301"]
    for entry in metrics["sheets"].values():
        assert list(entry["losses"]) == ["1", "6"] and entry["cells of the core"] < entry["cells"]
    assert metrics["goal"]["of"] == 2
    for file in ("figure.png", "curves.png", "border.gif"):
        with Image.open(folder / file) as picture:
            assert picture.width > 60
