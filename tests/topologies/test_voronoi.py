"""Voronoi meshes against a raster of nearest points, known lattices, and bad input."""

import numpy as np
import pytest
import torch
from scipy.spatial import KDTree
from torch_geometric.data import Data

from topologies import TopologyError, check_topology, fields_of, hex_grid, voronoi_from_points, voronoi_mesh


def _random_points(n: int, extent: tuple[float, float], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 2)) * extent


@pytest.mark.parametrize("periodic", [True, False])
def test_cells_and_neighbours_are_those_of_nearest_points(periodic: bool) -> None:
    """The oracle colours a fine raster by nearest point: areas are counts, neighbours are adjacent colours."""
    extent = (12.0, 8.0)
    points = _random_points(60, extent)
    data = voronoi_from_points(points, extent, periodic=periodic)
    fine = 50
    rows, columns = np.mgrid[: 8 * fine, : 12 * fine]
    places = np.stack([columns + 0.5, rows + 0.5], axis=-1) / fine
    owner = np.asarray(KDTree(points, boxsize=extent if periodic else None).query(places)[1])
    unit = data["extent"][0, 0].item() / extent[0]
    np.testing.assert_allclose(data["area"] / unit**2, np.bincount(owner.ravel(), minlength=60) / fine**2, atol=0.04)
    touching = set()
    for axis in (0, 1):
        other = np.roll(owner, -1, axis)
        side = slice(None) if periodic else slice(None, -1)
        one, two = (part[side] if axis == 0 else part[:, side] for part in (owner, other))
        touching |= {tuple(sorted(pair)) for pair in zip(one.ravel().tolist(), two.ravel().tolist(), strict=True)}
    touching = {(i, j) for i, j in touching if i != j}
    found = {(i, j) for i, j in data["edge_index"].T.tolist() if i < j}
    weight = {(i, j): w for (i, j), w in zip(data["edge_index"].T.tolist(), data["edge_weight"].tolist(), strict=True)}
    assert all(weight[pair] < 0.3 for pair in found - touching)  # shared edges shorter than a pixel or two
    assert len(touching - found) <= 2  # corners that a pixel bridges


def test_weights_are_shares_of_the_outline() -> None:
    """w_ij * sum_j l_ij = 12 l_ij is symmetric; the outline of a closed cell follows from its weights and area."""
    data = voronoi_mesh(10, 12, seed=4)
    neighbour, receiver = data["edge_index"]
    weights = data["edge_weight"].double()
    # area = sum l d / 4 = outline / 48 * sum w d
    spread = torch.zeros(len(data["pos"]), dtype=torch.float64)
    spread.index_add_(0, receiver, weights * data["edge_attr"].double().norm(dim=1))
    outline = 48 * data["area"].double() / spread
    back = torch.argsort(neighbour * len(data["pos"]) + receiver)
    lengths = weights * outline[receiver] / 12
    torch.testing.assert_close(lengths, lengths[back], atol=1e-4, rtol=1e-4)


def test_hexagonal_points_give_the_hexagonal_grid() -> None:
    expected = hex_grid(6, 7)
    width, height = expected["extent"][0].tolist()
    data = voronoi_from_points(expected["pos"].double() / 3, (width / 3, height / 3))
    assert torch.equal(data["edge_index"], expected["edge_index"])
    for name in ("pos", "edge_attr", "edge_weight", "area", "extent", "stencil_weight", "stencil_gradient"):
        torch.testing.assert_close(data[name], expected[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_square_points_have_four_neighbours_as_corners_do_not_count(shift: float) -> None:
    points = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2) + shift
    data = voronoi_from_points(points, (6, 5))
    assert data.num_edges == 4 * 30
    torch.testing.assert_close(data["edge_weight"], torch.full((120,), 3.0))
    torch.testing.assert_close(data["extent"], torch.tensor([[6.0, 5.0]]) * np.sqrt(16 / 12))


def test_points_on_the_border_of_a_bounded_domain_own_half_cells() -> None:
    points = np.stack(np.meshgrid(np.arange(5), np.arange(4)), axis=-1).reshape(-1, 2)
    data = voronoi_from_points(points, (4, 3), periodic=False)
    relative = (data["area"] / data["area"].max()).view(4, 5)
    expected = torch.ones(4, 5)
    expected[[0, -1]] /= 2
    expected[:, [0, -1]] /= 2
    torch.testing.assert_close(relative, expected, atol=1e-4, rtol=0)


def test_the_unit_of_the_points_does_not_matter() -> None:
    points = _random_points(100, (10.0, 10.0), seed=1)
    one, other = voronoi_from_points(points, (10, 10)), voronoi_from_points(points * 77, (770, 770))
    assert torch.equal(one["edge_index"], other["edge_index"])
    torch.testing.assert_close(one["pos"], other["pos"])
    torch.testing.assert_close(one["edge_weight"], other["edge_weight"])


def test_a_shifted_torus_is_the_same_torus() -> None:
    points = _random_points(80, (9.0, 7.0), seed=3)
    one, other = (voronoi_from_points((points + shift) % (9.0, 7.0), (9, 7)) for shift in (0.0, (4.3, 2.9)))
    assert torch.equal(one["edge_index"], other["edge_index"])
    for name in ("edge_attr", "edge_weight", "stencil_weight", "stencil_gradient", "area"):
        torch.testing.assert_close(one[name], other[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("periodic", [True, False])
def test_clustered_points_leave_no_part_of_the_substrate_unowned(periodic: bool) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        points = rng.random((120, 2)) ** rng.uniform(0.7, 1.4) * (14, 10)
        check_topology(voronoi_from_points(points, (14, 10), periodic=periodic))


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("size", [(4, 4), (6, 15), (20, 20.5), (30, 24)])
def test_mesh_has_the_size_asked_for(size: tuple[float, float], periodic: bool) -> None:
    for seed in range(3):
        width, height = voronoi_mesh(*size, periodic=periodic, seed=seed)["extent"][0].tolist()
        assert height == pytest.approx(size[0], rel=0.0201)
        assert width == pytest.approx(size[1], rel=0.0201)
        assert width / height == pytest.approx(size[1] / size[0])


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("density", [1.0, 4.0])
def test_another_density_leaves_reach_and_kernel_as_they_are(density: float, periodic: bool) -> None:
    mesh = voronoi_mesh(14, 12, density=density, seed=3, periodic=periodic)  # its builder checks the contract
    assert len(mesh["pos"]) / mesh["extent"].prod() == pytest.approx(density, rel=0.08)
    reach = mesh["edge_attr"].norm(dim=1).max()
    assert 1.4 < reach < 1.75
    apart = torch.cdist(mesh["pos"], mesh["pos"])
    if not periodic:
        pairs = (apart <= reach).sum() - len(apart)
        assert abs(int(pairs) - mesh.num_edges) <= 2  # the last pair, by rounding
    read, reader = mesh["stencil_index"]
    assert (apart[read, reader][mesh["pos"][reader].sub(6).abs().amax(1) < 3] < 2.1 + 1e-4).all()


def test_on_fine_cells_no_wave_grows_by_itself() -> None:
    """The Laplacian's eigenvalues are at most 0, and as far below as on the square grid: what a rule's steps bear."""
    mesh = voronoi_mesh(14, 14, density=4.0, seed=3)
    number = len(mesh["pos"])
    laplacian = torch.zeros(number, number, dtype=torch.float64)
    read, reader = mesh["stencil_index"]
    laplacian[reader, read] = mesh["stencil_weight"].double()
    laplacian -= torch.diag(laplacian.sum(1))
    values = torch.linalg.eigvals(laplacian).real
    assert values.max() < 1e-3
    assert -17 < values.min() < -14


@pytest.mark.parametrize("density", [0.5, 20.0])
def test_densities_that_no_kernel_fits_are_refused(density: float) -> None:
    with pytest.raises(TopologyError, match="`density` must be 0.75 to 16.0 cells per unit of area"):
        voronoi_mesh(8, 8, density=density)


def test_mesh_has_the_expected_density() -> None:
    data = voronoi_mesh(40, 40)
    assert len(data["pos"]) / data["extent"].prod().item() == pytest.approx(0.8215, rel=0.01)


def test_cells_at_the_seam_are_like_all_others() -> None:
    at_seam, area = [], []
    for seed in range(6):
        data = voronoi_mesh(20, 20, seed=seed)
        at_seam.append(torch.minimum(data["pos"], data["extent"] - data["pos"]).amin(dim=1) < 1)
        area.append(data["area"])
    at_seam, area = torch.cat(at_seam), torch.cat(area)
    assert area[at_seam].mean().item() == pytest.approx(area.mean().item(), rel=0.02)
    assert area.max() < 2 * area.mean()


def test_lloyd_steps_make_cells_more_equal() -> None:
    def unevenness(data: Data) -> float:
        return (data["area"].std() / data["area"].mean()).item()

    for periodic in (True, False):
        spread = [unevenness(voronoi_mesh(16, 16, lloyd_steps=n, periodic=periodic)) for n in (0, 2, 20)]
        assert spread[0] > spread[1] > spread[2]


@pytest.mark.parametrize("periodic", [True, False])
def test_the_same_seed_gives_the_same_mesh(periodic: bool) -> None:
    one, same, other = (voronoi_mesh(8, 9, periodic=periodic, lloyd_steps=1, seed=s) for s in (7, 7, 8))
    assert all(torch.equal(one[name], same[name]) for name in fields_of(one))
    assert one["pos"].shape != other["pos"].shape or not torch.equal(one["pos"], other["pos"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"height": 3}, "`height` must be a finite number of units, at least 4, got 3"),
        ({"width": float("nan")}, "`width` must be finite, got nan"),
        ({"lloyd_steps": -1}, "`lloyd_steps` must be 0 or more, got -1"),
        ({"seed": -1}, "`seed` must be 0 or more, got -1"),
    ],
)
def test_bad_sizes_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        voronoi_mesh(**{"height": 8, "width": 8, **arguments})


def test_a_substrate_that_no_mesh_fits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.voronoi.EXTENT_TOLERANCE", 0.0)
    monkeypatch.setattr("topologies.voronoi.MAX_ATTEMPTS", 2)
    with pytest.raises(TopologyError, match=r"got 8 x 8, off by .* at best in 2 point sets"):
        voronoi_mesh(8, 8)


GOOD = _random_points(50, (8.0, 8.0))


def _with(index: int, point: tuple[float, float]) -> np.ndarray:
    points = GOOD.copy()
    points[index] = point
    return points


@pytest.mark.parametrize(
    ("points", "extent", "periodic", "message"),
    [
        (GOOD[:, :1], (8, 8), True, r"`points` must have shape \(N, 2\), got \(50, 1\)"),
        (GOOD, (8, 0), True, "`extent` must be (two positive numbers|finite)"),
        (GOOD, (8, float("inf")), True, "`extent` must be (two positive numbers|finite)"),
        (GOOD[:2], (8, 8), False, "`points` must be at least 3, got 2"),
        (GOOD[:4], (8, 8), True, "`points` must be enough.*got 4 points"),
        (_with(7, (np.nan, 1)), (8, 8), True, "`points` must be finite, got .* at index 7"),
        (_with(7, (8.1, 1)), (8, 8), True, "`points` must lie inside the extent .* at index 7"),
        (_with(7, (1, -0.1)), (8, 8), False, "`points` must lie inside the extent .* at index 7"),
        (_with(7, tuple(GOOD[30])), (8, 8), False, "`points` must lie apart, .* at index 7 and .* at 30"),
        (_with(7, tuple(GOOD[30] + 1e-9)), (8, 8), True, "`points` must lie apart, .* at index 7 and .* at 30"),
        (np.r_[GOOD, [[0, 4], [8, 4]]], (8, 8), True, "`points` must lie apart, .* at index 50 and .* at 51"),
        (np.r_[GOOD / 8, GOOD / 8 + 7], (8, 8), True, "`points` must be enough, and spread enough"),
        (
            GOOD / 8e3 + (13.4, 52.5),
            (13.401, 52.501),
            False,
            r"`points` must fill their extent, .* `points - points.min",
        ),
    ],
)
def test_bad_points_are_refused(points: np.ndarray, extent: tuple[float, float], periodic: bool, message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        voronoi_from_points(points, extent, periodic=periodic)


def test_points_may_be_a_tensor_or_a_list() -> None:
    expected = voronoi_from_points(GOOD, (8, 8))
    for points in (torch.tensor(GOOD, requires_grad=True), GOOD.tolist()):
        assert torch.equal(voronoi_from_points(points, (8, 8))["pos"], expected["pos"])


def test_points_may_lie_in_a_corner_of_their_extent() -> None:
    """Geographic coordinates, for example, of which the extent reaches to (0, 0)."""
    mesh = voronoi_from_points(GOOD / 80 + (13.4, 52.5), (13.5, 52.6), periodic=False)
    assert mesh["area"].double().sum() == pytest.approx(float(mesh["extent"].double().prod()), rel=1e-5)
