import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.rasterizers.fans import cell_triangles
from topologies import icosphere, sphere, square_grid, surface_from_mesh, torus


def edges_of(triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every side from corner to corner, and the same backwards, as one number each."""
    start, stop = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    return start * 100_000 + stop, stop * 100_000 + start


@pytest.fixture(
    scope="module",
    params=[(lambda: sphere(900), 2), (lambda: icosphere(2), 2), (lambda: torus(900, seed=1), 0)],
    ids=["sphere", "icosphere", "torus"],
)
def closed(request: pytest.FixtureRequest) -> tuple[Data, int]:
    build, characteristic = request.param
    return build(), characteristic


def test_they_close_the_surface_once(closed: tuple[Data, int]) -> None:
    topology, characteristic = closed
    triangles = cell_triangles(topology)
    there, back = edges_of(triangles)
    assert len(np.unique(there)) == len(there)  # no side twice in one direction
    assert set(there) == set(back)  # and each in both
    assert len(topology["pos"]) - len(there) // 2 + len(triangles) == characteristic
    linked = set(map(tuple, topology["edge_index"].T.tolist()))
    assert {(int(a), int(b)) for a, b in triangles[:, :2]} <= linked


def test_they_turn_counterclockwise_seen_from_outside_and_have_the_area(closed: tuple[Data, int]) -> None:
    topology, _ = closed
    triangles = torch.from_numpy(cell_triangles(topology))
    a, b, c = topology["pos"].double()[triangles].unbind(1)
    vectors = torch.linalg.cross(b - a, c - a)
    assert bool(((vectors * topology["normal"][triangles].sum(1)).sum(1) > 0).all())
    assert 0.97 < float(vectors.norm(dim=1).sum()) / 2 / float(topology["area"].sum()) < 1


def flat(places: np.ndarray, edges: list[tuple[int, int]]) -> Data:
    """Places of the plane, seen from above with y down, and edges in both directions."""
    index = torch.tensor(sorted([(b, a) for a, b in edges] + edges, key=lambda edge: edge[::-1])).T
    pos = torch.tensor(places, dtype=torch.float32)
    up = torch.tensor([[0.0, 0.0, 1.0]]).expand(len(pos), 3)
    return Data(
        pos=torch.nn.functional.pad(pos * torch.tensor([1, -1]), (0, 1)),
        normal=up,
        frame=torch.tensor([[1.0, 0.0, 0.0]]).expand(len(pos), 3),
        edge_index=index,
        edge_attr=pos[index[0]] - pos[index[1]],
    )


SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
SIDES = [(0, 1), (1, 2), (2, 3), (0, 3)]


@pytest.mark.parametrize("diagonals", [[], [(0, 2)], [(1, 3)], [(0, 2), (1, 3)]], ids=len)
def test_four_cells_round_a_corner_are_cut_along_one_diagonal(diagonals: list[tuple[int, int]]) -> None:
    triangles = cell_triangles(flat(SQUARE, SIDES + diagonals))
    assert len(triangles) == 2
    assert {0, 1, 2, 3} == set(triangles.ravel().tolist())


def test_a_hole_stays_open() -> None:
    """Six cells round an empty place: no two that follow one another span a triangle across it."""
    ring = np.stack([np.cos(np.arange(6) * np.pi / 3), np.sin(np.arange(6) * np.pi / 3)], axis=1)
    assert not len(cell_triangles(flat(ring, [(i, (i + 1) % 6) for i in range(6)])))
    filled = cell_triangles(
        flat(np.r_[ring, [[0, 0]]], [(i, (i + 1) % 6) for i in range(6)] + [(i, 6) for i in range(6)])
    )
    assert len(filled) == 6


def test_vertices_of_a_mesh_get_its_triangles() -> None:
    mesh = icosphere(2)
    faces = cell_triangles(mesh)
    again = cell_triangles(surface_from_mesh((mesh["pos"].double(), torch.from_numpy(faces))))
    assert {frozenset(face) for face in faces.tolist()} == {frozenset(face) for face in again.tolist()}


def test_a_plane_is_no_surface_in_space() -> None:
    with pytest.raises(ValueError, match=r"`topology` must be a surface in space, .*got \(16, 2\) without normal"):
        cell_triangles(square_grid(4, 4))
