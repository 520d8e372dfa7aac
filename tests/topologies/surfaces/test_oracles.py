"""Surfaces against what is known: the plane in float64, another library's connection, waves on a flat mesh."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from scipy.sparse.linalg import eigsh

from topologies import (
    bunny_mesh,
    sphere,
    surface_from_mesh,
    surface_from_points,
    surface_mesh,
    voronoi_mesh,
    with_frames,
)
from topologies.contract import TopologyError
from topologies.operators import stencil
from topologies.rings import reads_in_plane
from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.mirror_images import with_mirror_images
from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.perceived import perceived
from topologies.surfaces.tangent_mesh import tangent_mesh
from topologies.surfaces.triangle_mesh import TriangleMesh
from topologies.voronoi import _Mesh

from .flat import flat_patch
from .test_frames import connection_of


@pytest.mark.parametrize("turn", [0, 4])
def test_a_flat_patch_is_the_plane_before_rounding(turn: int) -> None:
    """Edges, weights, and two rings from the border the stencil, to 1e-9."""
    patch = flat_patch(turn=turn)
    n, (x, y, outer) = len(patch.pos), patch.axes
    corner, _, far, _ = patch.corners
    flat, extent = ((places - corner) @ np.stack([x, y]).T / 3.7 for places in (patch.pos, far))
    plane = _Mesh.of(flat, extent, False)
    order = np.lexsort(plane.edge_index)
    normal, frame = np.tile(outer, (n, 1)), np.tile(x, (n, 1))
    mesh = TriangleMesh(*patch.outline).refined(3.7)
    cells = tangent_mesh(with_mirror_images(Cloud(patch.pos, normal, np.arange(n)), mesh, 3.7), frame)
    edges, receiver = cells.edge_index, cells.edge_index[1]
    np.testing.assert_array_equal(edges, plane.edge_index[:, order])
    weights = 12 * cells.length / np.bincount(receiver, cells.length)[receiver]
    np.testing.assert_allclose(weights, plane.weights[order], atol=1e-9)
    pos, flat = patch.pos * (plane.unit / 3.7), flat * plane.unit
    vectors = logarithmic_map(pos, normal, frame, edges)
    np.testing.assert_allclose(vectors, plane.vectors[order] * plane.unit, atol=1e-9)
    index, seen = perceived("fitted", pos, normal, frame, edges, vectors, weights)
    reads = reads_in_plane(flat, edges, vectors, extent * plane.unit, periodic=False)
    wanted_index, wanted = stencil("fitted", edges, vectors, weights, reads, n)
    deep = np.minimum(flat, extent * plane.unit - flat).min(1) > 5
    mine, theirs = deep[index[1]], deep[wanted_index[1]]
    np.testing.assert_array_equal(index[:, mine], wanted_index[:, theirs])
    assert mine.sum() > 1000
    np.testing.assert_allclose(seen.weight[mine], wanted.weight[theirs], atol=1e-9)
    np.testing.assert_allclose(seen.gradient[mine], wanted.gradient[theirs], atol=1e-9)


def test_the_connection_is_that_of_potpourri3d() -> None:
    """Lowest eigenvalues of the connection Laplacian, times the area: how much the smoothest fields change."""
    potpourri = pytest.importorskip("potpourri3d")
    vertices, faces = bunny_mesh()
    theirs = sp.csc_array(potpourri.MeshVectorHeatSolver(vertices, faces).get_connection_laplacian())
    mesh = TriangleMesh(vertices, faces)
    mass = np.bincount(faces.ravel(), np.repeat(mesh.areas / 3, 3))
    connection = connection_of(surface_mesh((vertices, faces), 2500))
    found, wanted = (
        np.sort(
            eigsh(matrix, 4, sp.csc_array(sp.diags_array(areas)), sigma=-1e-2 / areas.sum(), v0=np.ones(len(areas)))[0]
        )
        * areas.sum()
        for matrix, areas in ((connection.laplacian(), connection.area), (theirs, mass))
    )
    np.testing.assert_allclose(found, wanted, rtol=0.1)


def test_cells_of_a_sphere_agree_as_well_as_those_of_a_flat_mesh() -> None:
    """The Laplacian's spread from cell to cell, over its size, for waves that are as long."""

    def seen(topology, field: np.ndarray) -> np.ndarray:
        read, reader = topology["stencil_index"].numpy()
        return np.bincount(reader, topology["stencil_weight"].double().numpy() * (field[read] - field[reader]))

    ball = sphere(2500)
    height = ball["normal"][:, 2].double().numpy()
    radius = float(ball["pos"].norm(dim=1).mean())
    flat = voronoi_mesh(51, 51, seed=2)
    width = float(flat["extent"][0, 0])
    number = 2 * np.pi * np.round(np.sqrt(2) / radius * width / (2 * np.pi) + 0.5) / width  # a whole wave, no longer
    wave = np.cos(number * flat["pos"][:, 0].double().numpy())
    spread_flat = (seen(flat, wave) / (-4 * number**2) - wave).std() / wave.std()
    spread_ball = (seen(ball, height) / (-8 / radius**2) - height).std() / height.std()
    assert spread_ball < 1.1 * spread_flat


def test_vertices_in_another_order_are_the_same_cells(unrounded: None) -> None:
    vertices, faces = bunny_mesh()
    order = np.random.default_rng(0).permutation(len(vertices))
    where = np.argsort(order)
    plain = surface_from_mesh((vertices, faces))
    mixed = with_frames(surface_from_mesh((vertices[order], where[faces])), "smooth", anchor=int(where[0]))
    pairs = {(int(i), int(j)): k for k, (j, i) in enumerate(plain["edge_index"].T)}
    there = [pairs[int(order[i]), int(order[j])] for j, i in mixed["edge_index"].T]
    torch.testing.assert_close(mixed["edge_weight"], plain["edge_weight"][there], atol=1e-9, rtol=0)
    torch.testing.assert_close(mixed["pos"], plain["pos"][order], atol=1e-9, rtol=0)
    assert len(there) == plain.num_edges


def test_motions_and_scale_of_a_mesh_change_nothing(unrounded: None) -> None:
    """Before rounding: of places rounded to float32, coefficients are made that differ in the fourth digit at worst."""
    vertices, faces = bunny_mesh()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    plain, moved = (
        surface_mesh((vertices, faces), 1200),
        surface_mesh((0.3 * vertices @ turn.T + [1, 2, 3], faces), 1200),
    )
    assert torch.equal(plain["edge_index"], moved["edge_index"])
    assert torch.equal(plain["stencil_index"], moved["stencil_index"])
    for name in ("edge_attr", "edge_weight", "area", "stencil_weight", "stencil_gradient"):
        torch.testing.assert_close(plain[name], moved[name], atol=1e-9, rtol=1e-9)


def test_points_whose_normals_have_no_side_are_refused_at_the_door() -> None:
    points = sphere(400)["normal"].double().numpy()
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    flipped = points * np.where(np.random.default_rng(0).random(len(points)) < 0.2, -1, 1)[:, None]
    with pytest.raises(TopologyError, match="one side of the surface"):
        surface_from_points(points, flipped)
