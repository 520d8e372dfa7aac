"""The film of a training: which moments it keeps, what it shows, and that a resumed one has a single film."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from graphnca.seeds import point_seed
from graphnca.training import PoolFilm, PoolPolicy, Training, TrainingConfig, World, last_state, run_and_save
from topologies import square_grid, surface_from_mesh
from topologies.surfaces.icosahedron import icosphere_mesh


def world(name: str = "square of eight") -> World:
    topology = square_grid(8, 8)

    def loss(states):
        return states.square().mean((-2, -1))

    return World(topology, point_seed(topology, 8), last_state(loss), loss, name)


def moments(folder: Path) -> list[int]:
    return [int(path.stem) for path in sorted((folder / "film").glob("*.png"))]


def test_the_first_and_every_hundredth_part_are_kept(tmp_path: Path) -> None:
    film, states = PoolFilm(tmp_path, 500), torch.zeros(2, 64, 8)
    for iteration in range(1, 21):
        film.note(iteration, world(), states, states)
    assert moments(tmp_path) == [1, 5, 10, 15, 20]


def test_of_several_kinds_of_worlds_the_first_is_shown(tmp_path: Path) -> None:
    film, states = PoolFilm(tmp_path, 4), torch.zeros(2, 64, 8)
    for iteration, name in enumerate(("hex of gain 1", "square of gain 1", "hex of gain 2"), 1):
        film.note(iteration, world(name), states, states)
    assert moments(tmp_path) == [1, 3]


@pytest.mark.parametrize(("offset", "ground"), [(None, 255), (0.5, 128)])
def test_the_batch_is_shown_before_and_after(offset: float | None, ground: int, tmp_path: Path) -> None:
    film = PoolFilm(tmp_path, 1, offset)
    before, after = torch.zeros(3, 64, 8), torch.zeros(3, 64, 8)
    after[:, :, 0] = after[:, :, 3] = 0.5 if offset else 1.0
    film.note(1, world(), before, after)
    (frame,) = film.frames()
    width, height = frame.size
    pixels = [frame.getpixel((width // 2, place)) for place in (height - 120, height - 40)]
    assert pixels == [(ground, ground, ground), (255, 0, 0) if offset is None else (255, 128, 128)]


def test_a_training_leaves_a_film_of_all_its_starts(tmp_path: Path, random_rule) -> None:
    for iterations in (3, 6):
        config = TrainingConfig(iterations=iterations, batch_size=2, steps=(2, 4), pool=PoolPolicy(size=4))
        film = PoolFilm(tmp_path, 6)
        run_and_save(Training(random_rule(8, 8, "isonca"), world(), config, tmp_path, film=film), "", {})
        assert moments(tmp_path) == list(range(1, iterations + 1))
        with Image.open(tmp_path / "pool.webp") as picture:
            assert getattr(picture, "n_frames", 1) == len(film.frames()) == iterations


def test_a_batch_on_a_surface_is_drawn_on_it(tmp_path: Path) -> None:
    sphere = surface_from_mesh(icosphere_mesh(1))
    states = torch.zeros(2, len(sphere["pos"]), 8)
    states[:, :, 1] = states[:, :, 3] = 1.0
    film = PoolFilm(tmp_path, 1)
    film.note(1, replace(world(), topology=sphere, seed=states[0]), states, states)
    (frame,) = film.frames()
    colours = frame.getcolors(frame.width * frame.height) or []
    assert any(isinstance(colour, tuple) and colour[1] > 2 * colour[0] for _, colour in colours)


def test_without_a_picture_there_is_no_film(tmp_path: Path) -> None:
    PoolFilm(tmp_path, 6).write()
    assert not [*tmp_path.iterdir()]
