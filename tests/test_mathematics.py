"""The numbers that docs/mathematics.md derives, computed from the substrates themselves."""

import numpy as np
import pytest
from torch_geometric.data import Data

from topologies import hex_grid, square_grid, voronoi_mesh
from topologies.noise_gain import moment_inverse, noise_quadratic, smoothing_share


def laplacian(topology: Data) -> np.ndarray:
    num_cells = len(topology["pos"])
    matrix = np.zeros((num_cells, num_cells))
    neighbour, cell = topology["edge_index"].numpy()
    np.add.at(matrix, (cell, neighbour), topology["edge_weight"].numpy())
    return matrix - np.diag(matrix.sum(axis=1))


@pytest.mark.parametrize(("topology", "lowest"), [(square_grid(8, 8), -16), (hex_grid(6, 6), -18)])
def test_the_roughest_pattern_is_answered_with(topology: Data, lowest: float) -> None:
    assert np.real(np.linalg.eigvals(laplacian(topology))).min() == pytest.approx(lowest, abs=1e-4)


def test_a_mesh_goes_lower_in_a_few_cells_only() -> None:
    values, vectors = map(np.asarray, np.linalg.eig(laplacian(voronoi_mesh(24, 24, seed=0))))
    assert np.abs(np.imag(values)).max() < 1e-6  # similar to a symmetric matrix
    lowest = np.real(values).argmin()
    share = np.abs(vectors[:, lowest]) ** 2
    assert -22 < np.real(values)[lowest] < -19
    assert share.sum() ** 2 / (share**2).sum() < 30  # cells that take part, of some 470


@pytest.mark.parametrize("topology", [square_grid(6, 6), hex_grid(6, 6)])
def test_the_moment_matrix_of_a_lattice_is_8(topology: Data) -> None:
    vectors, weights = topology["edge_attr"].double().numpy(), topology["edge_weight"].double().numpy()
    inverse = moment_inverse(topology["edge_index"][1].numpy(), vectors, weights, len(topology["pos"]))
    np.testing.assert_allclose(8 * inverse, np.broadcast_to(np.eye(2), inverse.shape), atol=1e-6)


def test_the_noise_gain_of_hexagons() -> None:
    topology = hex_grid(6, 6)
    quadratic = noise_quadratic(
        topology["edge_index"].numpy(),
        topology["edge_attr"].double().numpy(),
        topology["edge_weight"].double().numpy(),
        len(topology["pos"]),
    )
    for values, derived in zip(quadratic, (1 / 4, 1 / 24, 5 / 144), strict=True):
        np.testing.assert_allclose(values, derived, rtol=1e-5)
    np.testing.assert_allclose(smoothing_share(quadratic), (30 - 3 * 71**0.5) / 29, rtol=1e-5)
