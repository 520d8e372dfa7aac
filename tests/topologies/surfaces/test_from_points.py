"""Surfaces of points: the plane itself, spheres, and what is refused."""

import re

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from topologies import check_topology
from topologies.contract import TopologyError
from topologies.interior import interior_cells
from topologies.surfaces import SurfaceWarning, surface_from_points, with_frames
from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.mirror_images import with_mirror_images
from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.perceived import perceived
from topologies.surfaces.tangent_mesh import tangent_mesh
from topologies.surfaces.triangle_mesh import TriangleMesh

from .flat import flat_patch


def ball(count: int, seed: int = 0) -> np.ndarray:
    from topologies.surfaces import sphere

    pos = sphere(count, seed=seed).normal.double().numpy()
    return pos / np.linalg.norm(pos, axis=1, keepdims=True)


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_flat_patch_has_the_cells_of_the_plane_borders_included(turn: int) -> None:
    patch = flat_patch(turn=turn)
    n = patch.planar.num_nodes
    x, _, outer = patch.axes
    normal, frame = np.tile(outer, (n, 1)), np.tile(x, (n, 1))
    mesh = TriangleMesh(*patch.outline).refined(3.7)
    cloud = with_mirror_images(Cloud(patch.pos, normal, np.arange(n)), mesh, 3.7)
    cells = tangent_mesh(cloud, frame)
    assert not cells.open.any()
    np.testing.assert_array_equal(cells.edge_index, patch.planar.edge_index)
    receiver = cells.edge_index[1]
    weights = 12 * cells.length / np.bincount(receiver, cells.length)[receiver]
    np.testing.assert_allclose(weights, patch.planar.edge_weight, rtol=1e-5, atol=1e-5)
    scale = np.sqrt(float(patch.planar.area.sum()) / cells.area.sum())
    np.testing.assert_allclose(cells.area * scale**2, patch.planar.area, rtol=1e-5)
    # and see what these see
    pos = patch.pos * scale
    vectors = logarithmic_map(pos, normal, frame, cells.edge_index)
    np.testing.assert_allclose(vectors, patch.planar.edge_attr, atol=1e-5)
    index, seen = perceived("fitted", pos, normal, frame, cells.edge_index, vectors, weights)
    flat = patch.planar.pos.numpy()
    deep = np.minimum(flat, patch.planar.extent.numpy() - flat).min(1) > 4
    found = {(i, j): k for k, (j, i) in enumerate(index.T.tolist()) if deep[i]}
    wanted = {(i, j): k for k, (j, i) in enumerate(patch.planar.stencil_index.T.tolist()) if deep[i]}
    assert found.keys() == wanted.keys() and len(found) > 1000
    mine, theirs = list(found.values()), [wanted[pair] for pair in found]
    np.testing.assert_allclose(seen.weight[mine], patch.planar.stencil_weight[theirs], atol=1e-4)
    np.testing.assert_allclose(seen.gradient[mine], patch.planar.stencil_gradient[theirs], atol=1e-4)


def test_in_float64_a_flat_patch_does_not_depend_on_its_place() -> None:
    """To 1e-9: the same cells in the plane z = 0 and turned, moved and scaled."""
    patch = flat_patch()
    flat = np.c_[patch.planar.pos.double().numpy(), np.zeros(len(patch.pos))]
    found = []
    for pos, (x, _, outer), scale in (
        (flat, np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, -1]]), 1),
        (patch.pos, patch.axes, 3.7),
    ):
        n = len(pos)
        normal, frame = np.tile(outer, (n, 1)), np.tile(x, (n, 1))
        cells = tangent_mesh(Cloud(pos, normal, np.arange(n)), frame)
        weights = cells.length / np.bincount(cells.edge_index[1], cells.length)[cells.edge_index[1]]
        vectors = logarithmic_map(pos, normal, frame, cells.edge_index) / scale
        index, seen = perceived("fitted", pos / scale, normal, frame, cells.edge_index, vectors, weights)
        inner = interior_cells(cells.edge_index[1], vectors, n)[index[1]]
        found.append((cells.edge_index, index, weights, vectors, seen.weight[inner], seen.gradient[inner]))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_an_open_cloud_ends_half_a_cell_beyond_its_points() -> None:
    patch = flat_patch()
    topology = surface_from_points(patch.pos, np.tile(patch.axes[2], (len(patch.pos), 1)))
    check_topology(topology)
    planar = patch.planar
    flat = planar.pos.numpy()
    deep = np.minimum(flat, planar.extent.numpy() - flat).min(1) > 3
    inside, there = (deep[edges[1]] for edges in (topology.edge_index.numpy(), planar.edge_index.numpy()))
    np.testing.assert_array_equal(topology.edge_index[:, inside], planar.edge_index[:, there])
    np.testing.assert_allclose(topology.edge_weight[inside], planar.edge_weight[there], atol=1e-4)
    assert abs(float(topology.area.sum() / planar.area.sum()) - 1) < 0.1
    assert topology.area[~torch.from_numpy(deep)].max() < 3 * topology.area.median()


def test_motions_and_scale_change_nothing_and_numbers_go_with_their_points() -> None:
    points = ball(400)
    plain = surface_from_points(points, points)
    turn = Rotation.random(random_state=1)
    moved = surface_from_points(7.0 * turn.apply(points) + [1, 2, 3], turn.apply(points))
    for name in ("edge_index", "stencil_index"):
        assert torch.equal(plain[name], moved[name])
    for name in ("edge_attr", "edge_weight", "area", "stencil_weight", "stencil_gradient"):
        torch.testing.assert_close(plain[name], moved[name], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        torch.from_numpy(turn.apply(plain.frame.numpy())).float(), moved.frame, atol=1e-4, rtol=0
    )
    order = np.random.default_rng(0).permutation(len(points))
    mixed = with_frames(surface_from_points(points[order], points[order]), "smooth", anchor=int(np.argsort(order)[0]))
    torch.testing.assert_close(mixed.frame, plain.frame[order], atol=2e-3, rtol=0)
    pairs = {(int(i), int(j)): k for k, (j, i) in enumerate(plain.stencil_index.T)}
    there = [pairs[int(order[i]), int(order[j])] for j, i in mixed.stencil_index.T]
    torch.testing.assert_close(mixed.stencil_weight, plain.stencil_weight[there], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(mixed.stencil_gradient, plain.stencil_gradient[there], atol=5e-3, rtol=1e-3)


def test_without_normals_a_closed_cloud_finds_its_outside() -> None:
    points = ball(600)
    topology = surface_from_points(2.0 * points - 3)
    assert (topology.normal.numpy() * points).sum(1).min() > 0.99
    with pytest.warns(SurfaceWarning, match="pointed inwards"):
        inwards = surface_from_points(points, -points)
    assert (inwards.normal.numpy() * points).sum(1).min() > 0.99


@pytest.mark.parametrize(
    ("points", "normals", "words"),
    [
        (np.zeros((5, 2)), None, "`points` must have shape (N, 3), got (5, 2)"),
        (np.eye(3), None, "at least 4, got 3"),
        (np.r_[np.eye(3), [[np.nan, 0, 0]]], None, "finite, got [nan, 0.0, 0.0] at index 3"),
        (np.r_[np.eye(3), np.eye(3)[:1]], None, "must lie apart"),
        (np.r_[np.eye(3), np.zeros((1, 3))], np.eye(3), "one for each of the 4 points, got 3"),
        (np.r_[np.eye(3), np.zeros((1, 3))], np.r_[np.eye(3), np.zeros((1, 3))], "must have a direction everywhere"),
    ],
)
def test_what_makes_no_surface_is_refused(points, normals, words: str) -> None:
    with pytest.raises(TopologyError, match=re.escape(words)):
        surface_from_points(points, normals)


def test_cells_that_see_nobody_are_named() -> None:
    points = ball(300)
    with pytest.raises(TopologyError, match=f"cell {len(points)} has none"):
        surface_from_points(np.r_[points, [[0.0, 0, 0]]], np.r_[points, [[1.0, 0, 0]]])
