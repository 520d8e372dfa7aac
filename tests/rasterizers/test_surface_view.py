"""A surface as a viewer sees it: every place appears where it is, nearer ones hide others."""

import math

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.rasterizers import Barycentric, Camera, NearestCell, SurfaceView
from graphnca.rasterizers.surface_view import Interpolation
from topologies import sphere, square_grid, surface_from_points, torus, voronoi_mesh

CAMERAS = [Camera(), Camera(0.7, 0.4), Camera(-2.0, -1.2, up=(0.0, 0.0, 1.0)), Camera(1.0, math.pi / 2)]
PERSPECTIVES = [Camera(0.7, 0.4, distance=2.5), Camera(-2.0, -1.2, distance=1.5)]


@pytest.fixture(scope="module")
def ball() -> Data:
    return sphere(900)


@pytest.fixture(scope="module")
def ring() -> Data:
    return torus(700)


@pytest.mark.parametrize("camera", CAMERAS + PERSPECTIVES, ids=str)
def test_every_place_appears_where_it_is(camera: Camera, ring: Data) -> None:
    """The field of positions, drawn and projected, is the field of pixels: exact on linear fields in space."""
    view = SurfaceView(ring, 60, camera=camera)
    image = view(ring["pos"].double())
    covered = view(torch.ones(len(ring["pos"]), 1, dtype=torch.float64))[0] > 0.5
    assert 0.1 < float(covered.double().mean()) < 0.9
    offset = image[:, covered].T.numpy() - (ring["pos"].amin(0) + ring["pos"].amax(0)).double().numpy() / 2
    x, y, towards = camera.axes @ offset.T
    radius = float((ring["pos"] - (ring["pos"].amin(0) + ring["pos"].amax(0)) / 2).norm(dim=1).max())
    nearer = 1.0 if camera.distance is None else camera.distance * radius / (camera.distance * radius - towards)
    pixels = view.grid.points()[:, 0][covered.numpy().ravel()]
    np.testing.assert_allclose(np.stack([x, y], axis=1) * np.reshape(nearer, (-1, 1)), pixels, atol=1e-4)


@pytest.mark.parametrize("camera", CAMERAS, ids=str)
def test_of_a_sphere_the_side_towards_the_viewer_is_seen(camera: Camera, ball: Data) -> None:
    view = SurfaceView(ball, 80, camera=camera)
    image = view(ball["normal"].double())
    covered = image.norm(dim=0) > 0.5
    towards = torch.einsum("chw,c->hw", image, torch.tensor(camera.axes[2]))
    assert float(towards[covered].min()) > -0.05
    radius = float(ball["pos"].norm(dim=1).mean()) * view.grid.scale
    assert abs(float(covered.sum()) / (math.pi * radius**2) - 1) < 0.02


def test_axes_are_those_of_a_picture() -> None:
    assert np.allclose(Camera().axes, [[1, 0, 0], [0, -1, 0], [0, 0, 1]])
    assert np.allclose(Camera(azimuth=math.pi / 2).axes[2], [1, 0, 0])
    assert np.allclose(Camera(elevation=math.pi / 2).axes[2], [0, 1, 0])
    assert np.allclose(Camera(up=(0.0, 0.0, 2.0)).axes, [[1, 0, 0], [0, 0, -1], [0, -1, 0]])
    for camera in CAMERAS:
        assert np.allclose(camera.axes @ camera.axes.T, np.eye(3)) and np.linalg.det(camera.axes) == pytest.approx(-1)


def test_seen_from_outside_no_pattern_is_mirrored(ball: Data) -> None:
    """Looking down on a cell with its frame to the right, x of its frame grows to the right and y downwards."""
    cell = int((ball["pos"][:, 2]).argmax())
    axes = Camera().axes
    seen = ball["edge_attr"][ball["edge_index"][1] == cell].double()
    offset = (ball["pos"][ball["edge_index"][0][ball["edge_index"][1] == cell]] - ball["pos"][cell]).double().numpy()
    picture = torch.tensor(offset @ axes[:2].T)
    cross = seen[:, None, 0] * seen[None, :, 1] - seen[:, None, 1] * seen[None, :, 0]
    on_picture = picture[:, None, 0] * picture[None, :, 1] - picture[:, None, 1] * picture[None, :, 0]
    clear = cross.abs() > 0.2
    assert bool((cross[clear].sign() == on_picture[clear].sign()).all())


@pytest.mark.parametrize("interpolation", ["barycentric", "nearest"])
def test_a_plane_seen_straight_is_the_raster_of_the_plane(interpolation: Interpolation) -> None:
    plane = voronoi_mesh(16, 16, seed=2, periodic=False)
    flat = plane["pos"].double().numpy()
    n = len(flat)
    surface = surface_from_points(np.c_[flat * [1, -1], np.zeros(n)], np.tile([0.0, 0.0, 1.0], (n, 1)))
    unit = float(np.ptp(surface["pos"][:, 0].numpy()) / np.ptp(flat[:, 0]))
    middle = (flat.min(0) + flat.max(0)) / 2
    view = SurfaceView(surface, 31, scale=2.0 / unit, interpolation=interpolation)
    raster = (Barycentric if interpolation == "barycentric" else NearestCell)(
        plane, 31, 31, origin=tuple((middle - 31 / 4).tolist()), scale=2.0
    )
    states = torch.rand(n, 3, dtype=torch.float64)
    inner = (slice(None), slice(6, 25), slice(6, 25))
    same = (view(states)[inner] - raster(states)[inner]).abs().amax(0) < 1e-3
    assert float(same.double().mean()) > 0.98  # rounding of positions may move a border over a pixel


def test_samples_are_the_mean_of_a_finer_picture(ball: Data) -> None:
    states = torch.rand(2, len(ball["pos"]), 3)
    for camera in (CAMERAS[1], PERSPECTIVES[0]):
        fine = SurfaceView(ball, 60, 80, camera=camera, scale=2.0)(states)
        coarse = SurfaceView(ball, 30, 40, camera=camera, scale=1.0, samples=2)(states)
        assert coarse.shape == (2, 3, 30, 40)
        torch.testing.assert_close(coarse, torch.nn.functional.avg_pool2d(fine, 2))


def test_it_is_a_fixed_linear_map_and_differentiable(ball: Data) -> None:
    view = SurfaceView(ball, 20)
    a, b = torch.rand(2, len(ball["pos"]), 2, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(view(2 * a - b), 2 * view(a) - view(b))
    weights = torch.rand(2, 20, 20, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((view(a) * weights).sum(), a)
    torch.testing.assert_close((gradient * b).sum(), (view(b) * weights).sum())


def test_the_whole_surface_fits_however_it_is_turned(ring: Data) -> None:
    for camera in CAMERAS + PERSPECTIVES:
        cover = SurfaceView(ring, 40, camera=camera)(torch.ones(len(ring["pos"]), 1))[0]
        assert not cover[0].any() and not cover[-1].any() and not cover[:, 0].any() and not cover[:, -1].any()
        assert cover.any(0).sum() > 12


def test_bad_arguments(ball: Data) -> None:
    for arguments, words in [
        ({"height": 0}, "`height` must be a positive whole number"),
        ({"width": -3}, "`width` must be a positive whole number"),
        ({"scale": 0.0}, "`scale` must be a positive number"),
        ({"samples": 0}, "`samples` must be a positive whole number"),
        ({"interpolation": "cubic"}, "`interpolation` must be one of 'barycentric', 'nearest'"),
    ]:
        with pytest.raises(ValueError, match=words):
            SurfaceView(ball, **arguments)
    with pytest.raises(ValueError, match="`topology` must be a surface in space"):
        SurfaceView(square_grid(4, 4))
    for arguments, words in [
        ({"elevation": 2.0}, "`elevation` must be between"),
        ({"up": (0.0, 0.0, 0.0)}, "`up` must be a direction"),
        ({"distance": 1.0}, "`distance` must be more than 1 radius"),
        ({"azimuth": math.nan}, "`azimuth` must be finite"),
    ]:
        with pytest.raises(ValueError, match=words):
            Camera(**arguments)
