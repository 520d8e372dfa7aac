"""Twelve published textures, read from the shared folder: on squares each shows what its thumbnail shows."""

from pathlib import Path
from statistics import median

import pytest

from graphnca.evaluation.named import atlas_models, read_subject
from graphnca.evaluation.scores import lost
from graphnca.evaluation.thumbnails import Thumbnails
from topologies import square_grid

STEPS, RUNS = 1500, 3
LEAST_RIGHT = 11  # of the twelve
FARTHEST = 0.1  # of a flat picture's distance


@pytest.fixture(scope="module")
def atlas(conformance: Path) -> Path:
    path = conformance / "published" / "texture_atlas_12.json"
    if not path.is_file():
        pytest.skip(f"no published textures at {path}")
    return path


def test_each_shows_its_own_thumbnail(atlas: Path) -> None:
    names = list(atlas_models(atlas))
    thumbnails = Thumbnails.read(names, atlas.with_name("texture_atlas_12_thumbnails.jpg"))
    grid, right = square_grid(128, 128), 0
    for name in names:
        subject = read_subject(str(atlas), model=name)
        states = subject.grow(grid, RUNS, [STEPS], seed=0)[STEPS]
        assert "exploded" not in lost(states)
        images = subject.images(states, grid)
        nearest = thumbnails.nearest(images).count(name) > RUNS / 2
        right += nearest and median(thumbnails.shares(name, images).tolist()) < FARTHEST
    assert right >= LEAST_RIGHT
