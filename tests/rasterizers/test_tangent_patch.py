"""A surface laid flat around a cell, against the plane and the sphere."""

import math

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.losses import RotationInvariantLoss
from graphnca.rasterizers import Barycentric, NearestCell, TangentPatch
from graphnca.rasterizers.interpolation import Interpolation
from graphnca.rasterizers.polar import PolarCells
from topologies import sphere, square_grid, surface_from_points, torus, voronoi_mesh, with_frames


@pytest.fixture(scope="module")
def ball() -> Data:
    return sphere(2500)


@pytest.fixture(scope="module")
def flat() -> tuple[Data, Data, float, int]:
    """An open mesh of the plane, the same in space with x of all frames to the right, its unit, and a middle cell."""
    plane = voronoi_mesh(24, 24, seed=2, periodic=False)
    places = plane["pos"].double().numpy()
    n = len(places)
    surface = surface_from_points(np.c_[places * [1, -1], np.zeros(n)], np.tile([0.0, 0.0, 1.0], (n, 1)))
    surface = with_frames(surface, (1.0, 0.0, 0.0))
    unit = float(np.ptp(surface["pos"][:, 0].numpy()) / np.ptp(places[:, 0]))
    return plane, surface, unit, int(np.square(places - 12).sum(1).argmin())


@pytest.mark.parametrize("interpolation", ["barycentric", "nearest"])
@pytest.mark.parametrize(("angle", "mirror"), [(0.0, False), (0.7, True)])
def test_of_a_plane_it_is_the_raster_of_the_plane(
    interpolation: Interpolation, angle: float, mirror: bool, flat: tuple[Data, Data, float, int]
) -> None:
    plane, surface, unit, cell = flat
    patch = TangentPatch(
        surface, 24, 26, at=cell, scale=2.0 / unit, angle=angle, mirror=mirror, interpolation=interpolation
    )
    raster = (Barycentric if interpolation == "barycentric" else NearestCell)(
        plane, 24, 26, centre=plane["pos"][cell], scale=2.0, angle=angle, mirror=mirror
    )
    error = (patch(plane["pos"].double()) - raster(plane["pos"].double())).norm(dim=0)
    assert float(error.median()) < 1e-4  # where no long way round an obtuse triangle was taken
    assert float(error.mean()) < 0.02
    assert patch.covered_once > 0.99 and patch.one_to_one


def test_on_a_sphere_every_pixel_is_where_the_logarithmic_map_says(ball: Data) -> None:
    """The pixel at distance r in direction t shows the place at the angle r / R from the cell, in that direction."""
    cell, size, scale = 700, 41, 1.0
    patch = TangentPatch(ball, size, at=cell, scale=scale)
    assert patch.covered_once == 1
    shown = torch.nn.functional.normalize(patch(ball["normal"].double()), dim=0)
    radius = float(ball["pos"].norm(dim=1).mean())
    normal, frame = ball["normal"][cell].double(), ball["frame"][cell].double()
    x, y = torch.from_numpy(patch.grid.points()[:, 0].T).reshape(2, size, size)
    far = (x**2 + y**2).sqrt()
    down = torch.linalg.cross(frame, normal)
    along = (x[None] * frame[:, None, None] + y[None] * down[:, None, None]) / far.clamp_min(1e-9)
    wanted = normal[:, None, None] * (far / radius).cos() + along * (far / radius).sin()
    assert float((shown - wanted).norm(dim=0).max()) * radius < 0.35


def test_turned_by_a_quarter_it_is_the_turned_image(ball: Data) -> None:
    states = torch.rand(len(ball["pos"]), 3)
    image = TangentPatch(ball, 21, at=5)(states)
    turned = TangentPatch(ball, 21, at=5, angle=math.pi / 2)(states)
    torch.testing.assert_close(turned, torch.rot90(image, 1, (-2, -1)))
    mirrored = TangentPatch(ball, 21, at=5, mirror=True)(states)
    torch.testing.assert_close(mirrored, image.flip(-1))


def test_a_place_in_space_is_its_nearest_cell(ball: Data) -> None:
    states = torch.rand(len(ball["pos"]), 3)
    there = TangentPatch(ball, 9, at=ball["pos"][44] * 1.01)(states)
    torch.testing.assert_close(there, TangentPatch(ball, 9, at=44)(states))
    torch.testing.assert_close(there[:, 4, 4], states[44])


def test_samples_are_the_mean_of_a_finer_patch(ball: Data) -> None:
    states = torch.rand(len(ball["pos"]), 3)
    coarse = TangentPatch(ball, 11, at=3, samples=3, scale=0.5)
    fine = TangentPatch(ball, 33, at=3, scale=1.5)
    torch.testing.assert_close(coarse(states), torch.nn.functional.avg_pool2d(fine(states), 3))


def test_it_says_whether_it_is_one_to_one() -> None:
    tube = torus(1200, tube=0.3)
    around = math.pi * float(np.ptp(tube["pos"][:, 2].numpy()))
    small, large = TangentPatch(tube, int(0.7 * around), at=3), TangentPatch(tube, int(1.5 * around), at=3)
    assert small.one_to_one
    assert not large.one_to_one and large.covered_once < 0.95


def test_beyond_the_surface_there_is_nothing(flat: tuple[Data, Data, float, int]) -> None:
    _, surface, unit, cell = flat
    patch = TangentPatch(surface, 60, at=cell)
    cover = patch(torch.ones(len(surface["pos"]), 1))[0]
    assert not cover[0].any() and not cover[:, -1].any()
    assert 0.8 < float(cover.sum()) / (24 * unit) ** 2 < 1.0
    assert not patch.one_to_one


def test_rings_of_cells_are_the_patch_on_rings(ball: Data) -> None:
    """Linear fields of the chart are sampled exactly, so rings agree with the patch at single pixels."""
    states = torch.rand(len(ball["pos"]), 3, dtype=torch.float64)
    radii = torch.arange(6, dtype=torch.float64)
    angles = torch.arange(4, dtype=torch.float64) * math.pi / 2
    rings = PolarCells(ball, radii, angles, centre=9)(states)
    image = TangentPatch(ball, 13, at=9)(states)
    for turn, (row, column) in enumerate([(0, 1), (1, 0), (0, -1), (-1, 0)]):
        for far in range(6):
            torch.testing.assert_close(rings[:, far, turn], image[:, 6 + far * row, 6 + far * column])


def test_the_rotation_invariant_loss_knows_no_frame(ball: Data) -> None:
    """A target that lies anywhere in the patch costs nothing, whichever frame the middle cell has."""
    target = torch.zeros(4, 25, 25)
    target[:, 8:11, 9:20] = 1.0
    states = torch.rand(2, len(ball["pos"]), 4)
    losses = []
    for angle in (0.0, math.pi / 2):
        patch = TangentPatch(ball, 25, at=77, angle=angle)
        loss = RotationInvariantLoss(target, rasterizer=patch)
        torch.testing.assert_close(loss(states), RotationInvariantLoss(target)(patch(states)), rtol=1e-4, atol=1e-4)
        losses.append(loss(states))
    torch.testing.assert_close(*losses)


def test_it_is_differentiable(ball: Data) -> None:
    patch = TangentPatch(ball, 9, at=3)
    a, b = torch.rand(2, len(ball["pos"]), 2, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(2, 9, 9, dtype=torch.float64)
    (gradient,) = torch.autograd.grad((patch(a) * weights).sum(), a)
    torch.testing.assert_close((gradient * b).sum(), (patch(b) * weights).sum())


def test_bad_arguments(ball: Data) -> None:
    for arguments, words in [
        ({"height": 0}, "`height` must be a positive whole number"),
        ({"height": 3, "scale": -1.0}, "`scale` must be a positive number"),
        ({"height": 3, "angle": math.nan}, "`angle` must be finite"),
        ({"height": 3, "at": 10**6}, "`at` must be one of the cells"),
        ({"height": 3, "at": (1.0, 2.0)}, r"\(x, y, z\) on a surface in space"),
        ({"height": 3, "samples": 0}, "`samples` must be a positive whole number"),
    ]:
        with pytest.raises(ValueError, match=words):
            TangentPatch(ball, **arguments)
    with pytest.raises(ValueError, match="`topology` must be a surface in space"):
        TangentPatch(square_grid(4, 4), 3)
