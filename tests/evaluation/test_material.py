"""Cards that name channels as height and roughness."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graphnca.evaluation.material import bake
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.models import growing_nca, texture_nca
from graphnca.rasterizers import TextureAtlas
from graphnca.rules.card import check_card
from topologies import surface_mesh

PLACES = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]])
FACES = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
PLATE = TextureAtlas(9 * np.c_[PLACES, np.zeros(5)], np.tile([0, 0, 1.0], (5, 1)), FACES, PLACES * (1, -1) + (0, 1))
FLAT = surface_mesh((PLATE.vertices, FACES), 100)


def mean_of(path: Path) -> list[float]:
    with Image.open(path) as picture:
        return np.asarray(picture)[8:-8, 8:-8].reshape(-1, 3).mean(0).tolist()


@pytest.mark.parametrize(("is_texture", "shown"), [(True, (0.2 + 0.5) * 255), (False, 0.2 * 255)])
def test_channels_become_maps_as_the_card_names_them(is_texture: bool, shown: float, tmp_path: Path) -> None:
    rule = texture_nca() if is_texture else growing_nca(8, 16)
    state = torch.zeros(len(FLAT["pos"]), rule.num_channels)
    state[:, :3], state[:, 5], state[:, 6] = 0.1, 0.2, 0.5 * FLAT["pos"][:, 0]
    state[:, 3] = 1
    plain = bake(Subject("plain", rule), tmp_path / "plain.glb", state, FLAT, 32, mesh=PLATE)
    assert [file.name for file in plain] == ["plain.glb", "plain.png"]
    named = Subject("named", rule, {"height": 6, "roughness": 5})
    halved = Subject("halved", rule, {"height": 6, "deepest": 0.5})
    less = bake(halved, tmp_path / "less.glb", state, FLAT, 32, mesh=PLATE)[-1]
    gentle = (np.array([-0.25, 0, 1]) / np.hypot(0.25, 1) + 1) / 2 * 255
    np.testing.assert_allclose(mean_of(less), gentle, atol=3)
    _, colour, rough, normal = bake(named, tmp_path / "named.glb", state, FLAT, 32, mesh=PLATE)
    assert colour.read_bytes() == plain[1].read_bytes()
    np.testing.assert_allclose(mean_of(colour), 3 * [(0.6 if is_texture else 0.1) * 255], atol=1)
    np.testing.assert_allclose(mean_of(rough), [255, shown, 0], atol=1)
    steep = (np.array([-0.5, 0, 1]) / np.hypot(0.5, 1) + 1) / 2 * 255
    np.testing.assert_allclose(mean_of(normal), steep, atol=3)


def test_a_card_is_held_to_channels(tmp_path: Path) -> None:
    for wrong in ("red", -1, 1.5, True):
        with pytest.raises(ValueError, match="the card's `height` must be the number of a channel"):
            check_card({"height": wrong}, "here")
    state = torch.zeros(len(FLAT["pos"]), 8)
    with pytest.raises(SubjectError, match="has 8 channels, and its card names 8 as its roughness"):
        bake(Subject("few", growing_nca(8, 16), {"roughness": 8}), tmp_path / "a.glb", state, FLAT, mesh=PLATE)
