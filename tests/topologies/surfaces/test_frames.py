"""Fields of frames: smooth, carried, projected; and what they leave alone."""

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca import load_rule, rollout
from graphnca.seeds import point_seed
from topologies import check_topology, square_grid
from topologies.contract import TopologyError
from topologies.surfaces import bunny_mesh, icosphere, sphere, surface_mesh, torus, with_frames
from topologies.surfaces.connection import Connection
from topologies.surfaces.frames import AGREEING, WHOLE
from topologies.surfaces.log_map import logarithmic_map

SHORT = 0.1  # units


def connection_of(topology: Data) -> Connection:
    vectors, weights, area = (topology[name].double().numpy() for name in ("edge_attr", "edge_weight", "area"))
    return Connection.of(topology.edge_index.numpy(), vectors, weights, area)


def singularities(topology: Data) -> np.ndarray:
    """Index of the field of frames in every face of the cells' dual: how often it turns round as one goes round."""
    connection = connection_of(topology)
    side = connection.stiffness * np.abs(connection.directions)
    clear = side > SHORT  # of four cells round a corner, both pairs of opposite ones may see a short side
    connection = Connection(*(part[..., clear] for part in connection[:3]), connection.area)
    j, i = connection.edge_index
    n = len(connection.area)
    order = np.lexsort((np.angle(connection.directions), i))  # neighbours of every cell in turn
    start = np.searchsorted(i[order], np.arange(n))
    count = np.bincount(i)
    place = np.empty(len(i), np.int64)
    place[order] = np.arange(len(i))
    behind = order[start[i] + (place - start[i] - 1) % count[i]]  # the edge before this one round its cell
    back = np.searchsorted(i * n + j, j * n + i)
    following = behind[back]  # of the edge (j, i): go to j, and take the next edge there
    turns = connection.turns
    face, seen = [], np.zeros(len(i), bool)
    for edge in range(len(i)):
        around = []
        while not seen[edge]:
            seen[edge] = True
            around.append(edge)
            edge = following[edge]
        if around:
            face.append(around)
    assert n - len(i) // 2 + len(face) in (0, 2)  # the cells' dual is a surface
    index = [(np.angle(np.prod(turns[around])) - np.angle(turns[around]).sum()) / (2 * np.pi) for around in face]
    return np.array(index)


@pytest.mark.parametrize(
    ("build", "euler"),
    [
        (lambda: icosphere(3), 2),
        (lambda: sphere(600), 2),
        (lambda: torus(900), 0),
        (lambda: surface_mesh(bunny_mesh(), 2500), 2),
    ],
    ids=["icosphere", "sphere", "torus", "bunny"],
)
def test_indices_of_the_singularities_sum_to_the_euler_characteristic(build: Callable[[], Data], euler: int) -> None:
    topology = build()
    for field in ("smooth", 5, (0.3, -0.2, 0.9)):
        index = singularities(with_frames(topology, field))
        np.testing.assert_allclose(index, np.round(index), atol=1e-4)
        assert abs(np.round(index).sum()) == euler
    smooth = np.round(singularities(with_frames(topology, "smooth")))
    assert np.abs(smooth).sum() <= euler + 8  # no more than the shape asks for: ears and feet have some


def test_transport_on_a_sphere_is_the_rotation_about_the_way() -> None:
    for topology, allowed in ((icosphere(4), 0.5), (sphere(2500), 1.5)):
        carried = with_frames(topology, 17)
        frame, normal = carried.frame.double().numpy(), carried.normal.double().numpy()
        axis = np.cross(normal[17], normal)
        length = np.linalg.norm(axis, axis=1, keepdims=True)
        axis, cosine = axis / np.maximum(length, 1e-12), (normal @ normal[17])[:, None]
        first = frame[17]
        exact = first * cosine + np.cross(axis, first) * length + axis * (axis @ first)[:, None] * (1 - cosine)
        near = cosine[:, 0] > -0.5
        angle = np.degrees(np.arccos(np.clip((exact * frame).sum(1), -1, 1)))
        assert angle[near].max() < allowed
        torch.testing.assert_close(carried.frame[17], topology.frame[17], atol=1e-6, rtol=0)


def test_transport_is_that_of_potpourri3d() -> None:
    potpourri = pytest.importorskip("potpourri3d")
    from topologies.surfaces import surface_from_mesh

    vertices, faces = bunny_mesh()
    topology = with_frames(surface_from_mesh((vertices, faces)), 700)
    solver = potpourri.MeshVectorHeatSolver(vertices, faces)
    x, y, _ = solver.get_tangent_frames()
    frame = topology.frame.double().numpy()
    carried = solver.transport_tangent_vector(700, [frame[700] @ x[700], frame[700] @ y[700]])
    theirs = carried[:, :1] * x + carried[:, 1:] * y
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    away = np.linalg.norm(vertices - vertices[700], axis=1)
    angle = np.degrees(np.arccos(np.clip((theirs * frame).sum(1), -1, 1)))
    assert np.median(angle[away < 2]) < 4 and np.quantile(angle[away < 2], 0.9) < 10


def test_transport_leaves_no_seam_where_shortest_ways_meet() -> None:
    """Carried straight everywhere, one cell in twelve here has a neighbour turned by more than 30 degrees."""
    bunny = with_frames(surface_mesh(bunny_mesh(), 2500), 1200)
    connection = connection_of(bunny)
    turned = np.unique(connection.edge_index[1, np.abs(np.angle(connection.turns)) > np.deg2rad(30)])
    assert len(turned) < bunny.num_nodes / 24


def test_the_logarithmic_map_is_that_of_potpourri3d() -> None:
    potpourri = pytest.importorskip("potpourri3d")
    from topologies.surfaces.icosahedron import icosphere_mesh

    vertices, faces = icosphere_mesh(4)
    solver = potpourri.MeshVectorHeatSolver(vertices, faces)
    x, _, _ = solver.get_tangent_frames()
    theirs = solver.compute_log_map(9)
    near = np.flatnonzero((vertices @ vertices[9] > 0.9) & (np.arange(len(vertices)) != 9))
    ours = logarithmic_map(vertices, vertices, x, np.stack([near, np.full(len(near), 9)])) * [1, -1]
    np.testing.assert_allclose(ours, theirs[near], atol=0.03)


def test_spectrum_is_that_of_robust_laplacian() -> None:
    robust = pytest.importorskip("robust_laplacian")
    import scipy.sparse as sp
    from scipy.sparse.linalg import eigsh

    vertices, faces = bunny_mesh()
    connection = connection_of(surface_mesh((vertices, faces), 2500))
    j, i = connection.edge_index
    adjacency = sp.csr_array((connection.stiffness, (i, j)))
    laplacian = sp.csc_array(sp.diags_array(np.asarray(adjacency.sum(1)).ravel()) - adjacency)
    theirs, mass = robust.mesh_laplacian(vertices, faces)
    found, wanted = (
        np.sort(eigsh(matrix, 8, sp.csc_array(sp.diags_array(areas)), sigma=-1e-3, v0=np.ones(len(areas)))[0])[1:]
        * areas.sum()
        for matrix, areas in ((laplacian, connection.area), (sp.csc_array(theirs), mass.diagonal()))
    )
    np.testing.assert_allclose(found, wanted, rtol=0.06)


def test_only_directions_change(substrates) -> None:
    topology = sphere(500)
    for field in ("smooth", 3, (1.0, 0.0, 0.2)):
        other = with_frames(topology, field)
        check_topology(other)
        for name in set(topology.keys()) - {"frame", "edge_attr", "stencil_gradient"}:
            assert torch.equal(topology[name], other[name])
        torch.testing.assert_close(other.edge_attr.norm(dim=1), topology.edge_attr.norm(dim=1))
    torch.testing.assert_close(with_frames(topology, "smooth").frame, topology.frame, atol=1e-3, rtol=0)


def test_averaged_coefficients_turn_with_their_frames() -> None:
    topology = sphere(500, operators="averaged")
    other = with_frames(topology, (0.2, 1.0, 0.1), operators="averaged", fading=False)
    second = torch.linalg.cross(topology.frame, topology.normal)
    turn = torch.complex((other.frame * topology.frame).sum(1), (other.frame * second).sum(1))
    before, after = (torch.view_as_complex(t.stencil_gradient.contiguous()) for t in (topology, other))
    torch.testing.assert_close(after, before * turn.conj()[topology.stencil_index[1]], atol=2e-4, rtol=0)


def test_gradients_fade_where_frames_turn_round_a_point_and_nowhere_else() -> None:
    topology = sphere(2500)
    reader, angles = topology.stencil_index[1], torch.zeros(topology.num_nodes)
    for field, fades in (("smooth", False), (angles, False), ((0.0, 0.0, 1.0), True), (40, True)):
        whole, faded = (with_frames(topology, field, fading=fading) for fading in (False, True))
        assert torch.equal(with_frames(topology, field).stencil_gradient, (whole, faded)[fades].stencil_gradient)
        share = faded.stencil_gradient.norm(dim=1) / whole.stencil_gradient.norm(dim=1)
        agreement = torch.from_numpy(connection_of(whole).agreement(AGREEING)).float()
        torch.testing.assert_close(share, (agreement / WHOLE).clamp(max=1)[reader], atol=1e-4, rtol=0)
        assert share.min() < 0.2 and share.median() == 1
    assert (share[topology.normal[reader] @ topology.normal[40] > 0] == 1).all()  # in the half around that cell


def test_what_grows_beside_a_singularity_stays_bounded() -> None:
    """A lizard three units from the point round which frames turn; with whole gradients it exceeds 5."""
    ball, rule = sphere(2500), load_rule("growing-lizard")
    core = int(connection_of(with_frames(ball, 40)).agreement(AGREEING).argmin())
    beside = int(((ball.pos - ball.pos[core]).norm(dim=1) - 3).abs().argmin())
    for fading in (False, True):
        generator, topology = torch.Generator().manual_seed(0), with_frames(ball, 40, fading=fading)
        x, largest = point_seed(ball, 16, at=beside), []
        for _ in range(12):
            with torch.no_grad():
                x = rollout(rule, x, topology, 50, generator=generator)
            largest.append(float(x.abs().max()))
        assert max(largest[2:]) < 2 if fading else max(largest[2:]) > 5


def test_angles_turn_every_frame_from_x_towards_y() -> None:
    topology = sphere(500)
    angles = torch.linspace(-3, 3, topology.num_nodes)
    other = with_frames(topology, angles)
    y = torch.linalg.cross(topology.frame, topology.normal)
    torch.testing.assert_close(other.frame, angles.cos()[:, None] * topology.frame + angles.sin()[:, None] * y)
    assert torch.equal(other.stencil_weight, topology.stencil_weight)


def test_a_projected_direction_is_where_x_points() -> None:
    topology = with_frames(sphere(500), (0.0, 0.0, 2.0))
    up = torch.tensor([0.0, 0.0, 1.0])
    along = up - topology.normal[:, 2:] * topology.normal
    torch.testing.assert_close(topology.frame, along / along.norm(dim=1, keepdim=True), atol=1e-5, rtol=0)


def test_a_letter_reads_from_outside() -> None:
    """An F painted in a cell's tangent plane, x right and y down, seen by a camera outside."""
    topology = with_frames(sphere(3000), 40)
    near = (topology.normal @ topology.normal[40] > 0.9).nonzero()[:, 0].numpy()
    pos, normal, frame = (topology[name].double().numpy() for name in ("pos", "normal", "frame"))
    x, y = logarithmic_map(pos, normal, frame, np.stack([near, np.full(len(near), 40)])).T
    stem = (np.abs(x + 2) < 1) & (np.abs(y) < 5)
    arms = (x > -1) & (x < 3) & ((np.abs(y + 4) < 1) | (np.abs(y) < 1))
    right = frame[40]
    up = np.cross(normal[40], right)  # of a camera that looks against the normal
    across, height = pos[near] @ right, pos[near] @ up
    assert across[arms].mean() > across[stem].mean() + 2 and height[arms].mean() > height[stem].mean() + 1


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("upwards", '`field` must be "smooth", a cell or a direction'),
        (500, "`field` must be one of the cells 0 to"),
        (-1, "`field` must be one of the cells 0 to"),
        ((0.0, 0.0, 0.0), "`field` must be a direction (x, y, z) other than 0"),
        (torch.zeros(3), "`field` must be one angle for each of"),
    ],
)
def test_other_fields_are_refused(field, words: str) -> None:
    with pytest.raises(TopologyError, match=re.escape(words)):
        with_frames(icosphere(2), field)


def test_the_plane_has_no_frames() -> None:
    with pytest.raises(TopologyError, match="must be one surface in space"):
        with_frames(square_grid(6, 6), "smooth")
