"""The cells of a surface painted on a mesh of it."""

import numpy as np
import pytest
import torch
from scipy.spatial import KDTree
from torch_geometric.data import Data

from graphnca.rasterizers import SurfaceTexture, TextureAtlas
from topologies import bunny_mesh, sphere, square_grid, surface_mesh
from topologies.surfaces.icosahedron import icosphere_mesh

PIXELS = 96


def unfolded(vertices: np.ndarray, faces: np.ndarray) -> TextureAtlas:
    """Every face by itself, in one half of a square of a chequerboard."""
    side = int(np.ceil(np.sqrt(len(faces))))
    row, column = np.divmod(np.arange(len(faces)), side)
    corners = np.array([[0.0, 1], [1, 1], [0, 0]])  # counterclockwise with y down
    places = (np.stack([column, row], axis=1)[:, None] + corners) / side
    a, b, c = (vertices[corner] for corner in faces.T)
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return TextureAtlas(
        vertices[faces].reshape(-1, 3),
        np.repeat(normal, 3, axis=0),
        np.arange(faces.size).reshape(-1, 3),
        places.reshape(-1, 2),
    )


@pytest.fixture(scope="module")
def bunny() -> Data:
    return surface_mesh(bunny_mesh(), 1500)


@pytest.fixture(scope="module")
def atlas() -> TextureAtlas:
    return unfolded(*bunny_mesh())


def test_the_unit_of_a_mesh_is_found(bunny: Data, atlas: TextureAtlas) -> None:
    """Cells lie on the mesh: its vertices and theirs are as far from the origin, by one factor."""
    for scale in (1.0, 0.01):
        other = atlas._replace(vertices=scale * atlas.vertices)
        texture = SurfaceTexture(bunny, other, 512)
        place = texture.interpolated(other.vertices) * texture.unit
        away, _ = KDTree(place).query(bunny["pos"].numpy())
        assert np.median(away) < 0.05  # units, between samples of 0.1
        tilted = SurfaceTexture(bunny, other._replace(vertices=1.01 * other.vertices), 512)
        np.testing.assert_allclose(tilted.unit * 1.01, texture.unit, rtol=1e-4)


def test_a_pixel_shows_the_cell_that_covers_it(bunny: Data, atlas: TextureAtlas) -> None:
    texture = SurfaceTexture(bunny, atlas, PIXELS, interpolation="nearest")
    names = torch.arange(len(bunny["pos"]), dtype=torch.float64)[:, None]
    shown = texture(names)[0].numpy()[texture.covered].astype(int)
    place = texture.interpolated(atlas.vertices) * texture.unit
    pos, normal = bunny["pos"].double().numpy(), bunny["normal"].double().numpy()
    facing = texture.interpolated(atlas.normals)
    for at in range(0, len(place), 7):
        same_side = normal @ facing[at] > 0
        distance = np.linalg.norm(pos - place[at], axis=1)
        assert distance[shown[at]] <= distance[same_side].min() + 1e-9
    assert len(shown) > 0.4 * PIXELS**2 and not texture(names)[0].numpy()[~texture.covered].any()


def test_between_cells_states_flow(bunny: Data, atlas: TextureAtlas) -> None:
    """Constants stay, and on a bunny whose cells lie on it the places of the cells come out as places."""
    texture = SurfaceTexture(bunny, atlas, PIXELS)
    ones = texture(torch.ones(len(bunny["pos"]), 1, dtype=torch.float64))[0].numpy()
    np.testing.assert_allclose(ones, texture.covered, atol=1e-12)
    place = texture.interpolated(atlas.vertices) * texture.unit
    found = texture(bunny["pos"].double()).movedim(0, -1).numpy()[texture.covered]
    away = np.linalg.norm(found - place, axis=1)
    assert np.median(away) < 0.1 and np.quantile(away, 0.99) < 0.7  # chords below an arc, 1.1 units long


def test_the_two_sides_of_a_wall_stay_apart() -> None:
    x, y = np.meshgrid(np.arange(12.0), np.arange(12.0), indexing="ij")
    one = np.stack([x, y, 0 * x], axis=2).reshape(-1, 3)
    corner = (np.arange(11)[:, None] * 12 + np.arange(11)).ravel()
    up = np.concatenate(
        [np.stack([corner, corner + 12, corner + 13], 1), np.stack([corner, corner + 13, corner + 1], 1)]
    )
    vertices = np.concatenate([one + np.array([0, 0, 0.01]), one])
    faces = np.concatenate([up, up[:, ::-1] + 144])
    with pytest.warns(UserWarning, match="2 parts"):
        wall = surface_mesh((vertices, faces), 300)
    texture = SurfaceTexture(wall, unfolded(vertices, faces), 64, interpolation="nearest")
    side = texture(wall["normal"][:, 2:].double())[0].numpy()[texture.covered]
    np.testing.assert_array_equal(side > 0, texture.face < len(up))


def test_a_mesh_that_is_inside_out_is_the_same_surface(bunny: Data, atlas: TextureAtlas) -> None:
    plain = SurfaceTexture(bunny, atlas, 64, interpolation="nearest")
    inside_out = SurfaceTexture(bunny, atlas._replace(normals=-atlas.normals), 64, interpolation="nearest")
    states = torch.rand(len(bunny["pos"]), 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(plain(states), inside_out(states))


def test_gradients_reach_the_states() -> None:
    ball = sphere(200)
    states = torch.rand(2, len(ball["pos"]), 3, requires_grad=True)
    SurfaceTexture(ball, unfolded(*icosphere_mesh(2)), 48)(states).sum().backward()
    assert states.grad is not None and (states.grad > 0).float().mean() > 0.9


def test_bad_arguments() -> None:
    ball = sphere(100)
    atlas = unfolded(*icosphere_mesh(1))
    with pytest.raises(ValueError, match="surface in space"):
        SurfaceTexture(square_grid(4, 4), atlas)
    with pytest.raises(ValueError, match="`pixels` must be a positive"):
        SurfaceTexture(ball, atlas, 0)
    with pytest.raises(ValueError, match="cover a pixel"):
        SurfaceTexture(ball, atlas._replace(places=0 * atlas.places), 16)
