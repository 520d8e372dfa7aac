"""The noise-gain law against a dense oracle, its quadratic against brute force, and its known values."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from topologies import NOISE_GAIN, hex_grid, square_grid, voronoi_mesh
from topologies.noise_gain import NoiseQuadratic, moment_inverse, noise_quadratic, one_ring_stencil, smoothing_share


def _dense_gradient(data: Data) -> torch.Tensor:
    """(2, N, N): the moment-corrected gradient as two dense matrices, written from its definition."""
    n = len(data["pos"])
    gradient = torch.zeros(2, n, n, dtype=torch.float64)
    vectors, weights = data["edge_attr"].double(), data["edge_weight"].double()
    for i in range(n):
        into = data["edge_index"][1] == i
        v, w, j = vectors[into], weights[into], data["edge_index"][0, into]
        stencil = torch.linalg.pinv(v.T @ (w[:, None] * v), rtol=1e-5) @ (w[:, None] * v).T
        gradient[:, i, j] += stencil
        gradient[:, i, i] -= stencil.sum(dim=1)
    return gradient


def _perceived_noise(data: Data, smoothing: torch.Tensor) -> torch.Tensor:
    gradient = _dense_gradient(data)
    weights = torch.zeros(len(data["pos"]), len(data["pos"]), dtype=torch.float64)
    weights[data["edge_index"][1], data["edge_index"][0]] = data["edge_weight"].double()
    mean = weights / weights.sum(dim=1, keepdim=True)
    perceived = (1 - smoothing)[:, None] * gradient + smoothing[:, None] * (mean @ gradient)
    return perceived.square().sum(dim=2).mean(dim=0)


def _quadratic(data: Data) -> NoiseQuadratic:
    vectors, weights = data["edge_attr"].double().numpy(), data["edge_weight"].double().numpy()
    return noise_quadratic(data["edge_index"].numpy(), vectors, weights, len(data["pos"]))


def test_quadratic_equals_the_dense_definition(topology: Data) -> None:
    quadratic = _quadratic(topology)
    for share in (0.0, 0.3, 1.0):
        smoothing = torch.full((len(topology["pos"]),), share, dtype=torch.float64)
        expected = _perceived_noise(topology, smoothing).numpy()
        np.testing.assert_allclose(quadratic.at(smoothing.numpy()), expected, rtol=1e-6)


def _share(data: Data) -> torch.Tensor:
    return torch.from_numpy(smoothing_share(_quadratic(data)))


def test_the_stencil_is_the_law_written_out(topology: Data) -> None:
    """One ring's Laplacian, and the blend of the gradients, as dense matrices from their definition."""
    number, share = len(topology["pos"]), _share(topology)
    vectors, weights = topology["edge_attr"].double().numpy(), topology["edge_weight"].double().numpy()
    index, (weight, gradient) = one_ring_stencil(topology["edge_index"].numpy(), vectors, weights, number)
    mean = torch.zeros(number, number, dtype=torch.float64)
    mean[topology["edge_index"][1], topology["edge_index"][0]] = topology["edge_weight"].double()
    laplacian = mean - torch.diag(mean.sum(1))
    mean = mean / mean.sum(1, keepdim=True)
    plain = _dense_gradient(topology)
    blended = 8 * ((1 - share)[:, None] * plain + share[:, None] * (mean @ plain))
    for values, expected in zip((weight, *gradient.T), (laplacian, *blended), strict=True):
        made = torch.zeros(number, number, dtype=torch.float64)
        made[index[1], index[0]] = torch.from_numpy(values)
        torch.testing.assert_close(made - torch.diag(made.sum(1)), expected, atol=1e-6, rtol=1e-6)


def test_perceived_noise_is_that_of_sobel(torus: Data) -> None:
    share = _share(torus)
    noise = _perceived_noise(torus, share)
    quieter = share == 0  # these are below the bound already
    torch.testing.assert_close(noise[~quieter], torch.full_like(noise[~quieter], NOISE_GAIN), atol=1e-6, rtol=0)
    assert bool((noise[quieter] <= NOISE_GAIN + 1e-6).all())


def test_smoothing_is_the_smallest_that_reaches_the_law(topology: Data) -> None:
    quadratic = _quadratic(topology)
    shares = np.linspace(0, 1, 2001)
    gains = np.stack([quadratic.at(np.full(len(topology["pos"]), s)) for s in shares])
    reached = gains <= NOISE_GAIN + 1e-9
    brute = np.where(reached.any(axis=0), shares[reached.argmax(axis=0)], shares[gains.argmin(axis=0)])
    np.testing.assert_allclose(_share(topology).numpy(), brute, atol=6e-4)


def test_known_values() -> None:
    square, hexagons = square_grid(6, 6), hex_grid(6, 6)
    assert bool((_share(square) == 0).all())
    np.testing.assert_allclose(_quadratic(square).plain, NOISE_GAIN)
    np.testing.assert_allclose(_quadratic(hexagons).plain, 1 / 4, rtol=1e-6)
    # On hexagons (plain, mixed, mean) = (1/4, 1/24, 5/144), so 29 s^2 - 60 s + 9 = 0.
    np.testing.assert_allclose(_share(hexagons), (60 - np.sqrt(2556)) / 58, rtol=1e-5)
    for seed in range(3):
        mesh = voronoi_mesh(30, 30, seed=seed)
        assert _quadratic(mesh).plain.mean() == pytest.approx(0.30, abs=0.01)
        assert _share(mesh).mean().item() == pytest.approx(0.23, abs=0.02)


def test_noise_gain_does_not_depend_on_the_frame() -> None:
    data = voronoi_mesh(8, 8, periodic=False)
    turn = np.array([[np.cos(0.7), np.sin(0.7)], [-np.sin(0.7), np.cos(0.7)]])
    vectors, weights = data["edge_attr"].double().numpy(), data["edge_weight"].double().numpy()
    for frame in (turn, turn @ np.diag([1, -1])):
        turned = noise_quadratic(data["edge_index"].numpy(), vectors @ frame.T, weights, len(data["pos"]))
        np.testing.assert_allclose(turned, _quadratic(data), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("coefficients", "share"),
    [
        ((0.1, 0.0, 0.2), 0.0),  # quiet enough already
        ((0.4375, 0.0625, 0.1875), 0.5),  # two roots, 0.5 and 1: the smaller one
        ((1.0, 0.5, 0.75), 2 / 3),  # never reached: the minimum of 1 - s + 3/4 s^2
        ((1.0, 0.6, 0.3), 1.0),  # falls all the way but not far enough
        ((1.0, 1.2, 1.5), 0.0),  # smoothing only makes it worse
        ((0.5, 0.5, 0.5), 0.0),  # smoothing changes nothing
    ],
)
def test_smoothing_share_of_one_quadratic(coefficients: tuple[float, float, float], share: float) -> None:
    quadratic = NoiseQuadratic(*(np.array([value]) for value in coefficients))
    np.testing.assert_allclose(smoothing_share(quadratic), [share], atol=1e-12)


def test_moment_inverse_is_the_pseudo_inverse() -> None:
    receiver = np.array([0, 0, 0, 1, 1, 2])
    vectors = np.array([[1.0, 0], [0, 2], [-1, 1], [3, 4], [-6, -8], [0, 1]])
    weights = np.array([1.0, 2, 3, 1, 1, 5])
    for cell, inverse in enumerate(moment_inverse(receiver, vectors, weights, 4)):
        v, w = vectors[receiver == cell], weights[receiver == cell]
        np.testing.assert_allclose(inverse, np.linalg.pinv((w[:, None] * v).T @ v), atol=1e-12)
