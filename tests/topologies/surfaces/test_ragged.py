"""Open meshes with wild borders: holes, spikes and scraps."""

import numpy as np
import pytest
import torch

from graphnca import load_rule, rollout
from topologies import SurfaceWarning, bunny_mesh, check_topology, surface_from_mesh, surface_mesh
from topologies.contract import TopologyError
from topologies.surfaces.mirror_images import with_mirror_images
from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.perceived import FEWEST
from topologies.surfaces.ragged import thin_pairs, without_scraps
from topologies.surfaces.triangle_mesh import TriangleMesh

DEEP = 5.5  # of a slit that ends at 8: three territories reach round its end


def moth_eaten(share: float) -> tuple[np.ndarray, np.ndarray]:
    """A bunny that lacks faces at random."""
    vertices, faces = bunny_mesh()
    return vertices, faces[np.random.default_rng(5).random(len(faces)) > share]


def slit_square(count: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """A flat square with a slit of no width from its left side to its middle."""
    x, y = (part.ravel() for part in np.meshgrid(np.arange(count + 1.0), np.arange(count + 1.0), indexing="ij"))
    corner = (np.arange(count)[:, None] * (count + 1) + np.arange(count)).ravel()
    faces = np.concatenate(
        [
            np.stack([corner, corner + count + 1, corner + count + 2], 1),
            np.stack([corner, corner + count + 2, corner + 1], 1),
        ]
    )
    upper = (y[faces].mean(1) > count / 2)[:, None]
    on_slit = (y == count / 2) & (x < count / 2)
    double = np.cumsum(on_slit) - 1 + len(x)
    faces = np.where(upper & on_slit[faces], double[faces], faces)
    vertices = np.stack([x, y, 0 * x], axis=1)
    return np.concatenate([vertices, vertices[on_slit] + np.array([0, 1e-3, 0])]), faces


def test_a_moth_eaten_mesh_has_lawful_cells() -> None:
    """Holes of a triangle: mirror images across one do not lie on its far side, and no cell is without a neighbour."""
    cells = surface_mesh(moth_eaten(0.05), 3000)
    check_topology(cells)
    reader = cells["stencil_index"][1]
    drawn = torch.zeros(cells.num_nodes).index_add_(0, reader, cells["stencil_weight"])
    assert drawn.min() > 4
    rule = load_rule("isonca-heart")
    constant = torch.full((cells.num_nodes, rule.num_channels), 0.3)
    rule.fire_rate = 1.0
    with torch.no_grad():  # nothing flows at any border: all cells of a constant stay alike, and as in the plane
        after = rollout(rule, constant, cells, 1)
    torch.testing.assert_close(after, after[:1].expand_as(after), atol=1e-6, rtol=0)


def test_textures_do_not_explode_from_the_borders_of_holes() -> None:
    """At a cell with one neighbour, and where the gradient sees noise, these did within 100 steps."""
    cells = surface_mesh(moth_eaten(0.05), 3000)
    for name in ("texture-bubbly", "texture-dotted"):
        rule, generator = load_rule(name), torch.Generator().manual_seed(0)
        with torch.no_grad():
            x = rollout(rule, torch.zeros(cells.num_nodes, rule.num_channels), cells, 300, generator=generator)
        assert 0.3 < float(x.abs().max()) < 3
    index, gradient = cells["stencil_index"], cells["stencil_gradient"]
    lone = torch.bincount(index[1], minlength=cells.num_nodes) < FEWEST
    assert lone.any() and not gradient[lone[index[1]]].any()


def test_too_many_holes_for_the_cells_is_one_clear_word() -> None:
    with pytest.raises(TopologyError, match="cells are too few for its shape"):
        surface_from_mesh(moth_eaten(0.05))  # of a vertex and a hole beside it, a cell has less than half


def test_the_two_sides_of_a_slit_see_nothing_of_each_other() -> None:
    vertices, faces = slit_square()
    cells = surface_from_mesh((vertices, faces))
    check_topology(cells)
    upper = vertices[:, 1] > 8 + 5e-4
    for name in ("edge_index", "stencil_index"):
        j, i = cells[name].numpy()
        beside = (upper[i] != upper[j]) & (vertices[i, 0] < DEEP) & (vertices[j, 0] < DEEP)
        assert not beside.any()
    assert ((upper[i] != upper[j]) & (vertices[i, 0] > 9)).any()


def test_mirror_images_lie_where_there_is_no_surface() -> None:
    vertices, faces = slit_square()
    mesh = TriangleMesh(vertices, faces)
    rng = np.random.default_rng(0)
    pos = np.c_[rng.uniform(0.2, 15.8, (900, 2)), np.zeros(900)]
    cloud = with_mirror_images(Cloud(pos, np.tile([0, 0, 1.0], (900, 1)), np.arange(900)), mesh, 0.5)
    images = cloud.pos[900:]
    outside = ((images[:, :2] < 0) | (images[:, :2] > 16)).any(1)
    near = np.linalg.norm(images[:, None] - pos, axis=2)
    near[np.arange(len(images)), cloud.origin[900:]] = np.inf
    assert outside.sum() > 250
    assert near[~outside].min(1).mean() > 0.3  # at the slit some lie between cells, none on one


def test_scraps_without_room_are_left_out_with_a_word() -> None:
    """Cell 2 of five is connected with none but itself."""
    pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 3], [2, 2], [3, 1], [3, 3], [3, 4], [4, 3], [4, 4]])
    pos = np.arange(15.0).reshape(5, 3)
    with pytest.warns(SurfaceWarning, match="1 cells on scraps that have room for one cell alone were left out"):
        found = without_scraps(Cloud(pos, pos, np.arange(5), pairs @ [5, 1]))
    np.testing.assert_array_equal(found.pos, pos[[0, 1, 3, 4]])
    wanted = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 2], [2, 1], [2, 2], [2, 3], [3, 2], [3, 3]])
    np.testing.assert_array_equal(found.connected, wanted @ [4, 1])
    assert without_scraps(found) is found


def test_a_cell_among_mirror_images_has_its_nearest_neighbour() -> None:
    pairs = np.array([[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [2, 0], [2, 2]]) @ [3, 1]
    cloud = Cloud(np.diag([0.0, 2, 1]), np.eye(3), np.arange(3), pairs)
    assert thin_pairs(cloud, np.array([0, 2]), 1.0) == [(0, 2, 0.1)]
    assert thin_pairs(cloud._replace(connected=None), np.array([0]), 1.0) == []


def test_a_border_that_no_cell_is_near_changes_nothing() -> None:
    vertices, faces = bunny_mesh()
    speck = np.array([[50.0, 0, 0], [50.01, 0, 0], [50, 0.01, 0]])
    v = len(vertices)
    mesh = np.concatenate([vertices, speck]), np.concatenate([faces, [[v, v + 1, v + 2]]])
    with pytest.warns(SurfaceWarning, match="2 parts"):
        check_topology(surface_mesh(mesh, 1000))
