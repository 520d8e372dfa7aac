"""A border around a core: what is carried over, and what is measured."""

from typing import Any

import pytest
import torch
from expansion import mesh_expansion, square_expansion
from textures.border import Config, disturbance, followed, picture_of

from graphnca.drawing import CellCanvas
from graphnca.evaluation.subject import Subject
from graphnca.models import texture_nca

SMALL: dict[str, Any] = {"core": 12, "size": 24, "steps": 6, "runs": 2}


@pytest.fixture
def texture(random_rule) -> Subject:
    """Something that moves."""
    return Subject("texture", random_rule(12, 8, "laplacian", life_mask=None, output_bias=False, std=0.02))


@pytest.mark.parametrize("kind", ["square", "voronoi"])
def test_the_whole_begins_with_the_core_and_cells_at_zero(texture: Subject, kind: str) -> None:
    grown = square_expansion(12, 24) if kind == "square" else mesh_expansion(12.0, 24.0, seed=2)
    with torch.no_grad():
        course = followed(texture, grown, Config(**SMALL))
    whole = course.after[0]
    torch.testing.assert_close(whole[:, grown.inside], course.before[6][:, grown.source])
    assert float(whole[:, grown.inside].abs().max()) > 0 and (whole[:, ~grown.inside] == 0).all()
    assert course.after[6].shape == course.undisturbed.shape == whole.shape
    assert course.after[6][:, ~grown.inside].abs().max() > 0  # the new cells live


def test_a_core_that_nothing_happens_to_is_not_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    config, grown = Config(**SMALL), square_expansion(12, 24)
    course = followed(Subject("texture", texture_nca()), grown, config)  # untrained: all stays 0
    assert set(disturbance(grown, course, config).values()) == {0.0}
    rim = torch.zeros(24, 24, dtype=torch.bool)
    rim[6:18, 6:18] = True
    rim[10:14, 10:14] = False
    course.after[6][:, rim.flatten(), 0] = 1.0  # the outermost four cells of the core, and no others
    found = disturbance(grown, course, config)
    assert found["middle"] == 0 and found["rim"] == pytest.approx(3**-0.5, abs=1e-3) and found["rim, alone"] == 0


def test_a_core_is_drawn_in_its_place_without_cells_around(texture: Subject) -> None:
    grown = square_expansion(12, 24)
    canvas = CellCanvas(grown.whole, scale=2)
    picture = picture_of(texture, canvas, grown, torch.zeros(144, 12), 2, outlined=False)
    assert picture.getpixel((24, 24)) == (128, 128, 128) and picture.getpixel((2, 2)) == (217, 217, 217)
    outlined = picture_of(texture, canvas, grown, torch.zeros(576, 12), 2)
    assert outlined.getpixel((12, 12)) == (255, 255, 255) and outlined.getpixel((24, 24)) == (128, 128, 128)
