"""Every way is the stencil that it says it is, and every control changes what it says and nothing else."""

import numpy as np
import pytest
from plane_waves import Answers
from torch_geometric.data import Data
from ways import CONTROLS, OPPONENTS, Torus, seeing

from topologies import check_topology, square_grid, voronoi_mesh, with_operators
from topologies.fit import OFFSETS, WEIGHTS


@pytest.fixture(scope="module")
def torus() -> Torus:
    return Torus.of(voronoi_mesh(24, 24, seed=31))


def coefficients_by_pair(topology: Data) -> dict[tuple[int, ...], tuple[float, ...]]:
    parts = (topology[name].tolist() for name in ("stencil_weight", "stencil_gradient"))
    pairs = topology["stencil_index"].T.tolist()
    return {tuple(pair): (weight, *gradient) for pair, weight, gradient in zip(pairs, *parts, strict=True)}


def asked(torus: Torus, name: str) -> Answers:
    return Answers(torus.topology, *(OPPONENTS | CONTROLS)[name](torus))


@pytest.mark.parametrize(
    ("name", "operators"), [("one ring", "one_ring"), ("averaged", "averaged"), ("fitted", "fitted")]
)
def test_the_library_builds_these(torus: Torus, name: str, operators: str) -> None:
    built, made = with_operators(torus.topology, operators), seeing(torus.topology, OPPONENTS[name](torus))
    check_topology(made)
    own, theirs = (coefficients_by_pair(one) for one in (made, built))
    for pair, values in own.items():
        np.testing.assert_allclose(values, theirs.get(pair, (0, 0, 0)), atol=2e-5)
    assert theirs.keys() <= own.keys()


@pytest.mark.parametrize("name", ["second order alone", "spread alone", "GMLS, width 0.8", "averaged"])
def test_these_are_exact_on_quadratic_fields(torus: Torus, name: str) -> None:
    properties = asked(torus, name).properties()
    for field in ("first order", "second order of Laplacian", "second order of gradient"):
        assert properties[field] < 1e-6


def test_first_order_alone_leaves_second_order_and_the_gradient(torus: Torus) -> None:
    one, other = (asked(torus, name) for name in ("one ring", "first order alone"))
    before, after = one.properties(), other.properties()
    assert before["first order"] > 0.5
    assert after["first order"] < 1e-6
    assert after["second order of Laplacian"] == pytest.approx(before["second order of Laplacian"])
    np.testing.assert_allclose(other.columns[:, 1:], one.columns[:, 1:], atol=2e-6)


def test_gain_alone_mends_the_mean_and_leaves_the_spread(torus: Torus) -> None:
    one, other, right = (asked(torus, name).to_waves(2.0) for name in ("one ring", "gain alone", "averaged"))
    assert one["gradient"] < 0.85 * 6.88 < 0.97 * 6.88 < other["gradient"] < 6.88
    assert other["spread of gradient"] == pytest.approx(one["spread of gradient"], rel=0.1)
    assert right["spread of gradient"] < 0.4 * one["spread of gradient"]


def test_spread_alone_mends_the_spread_and_leaves_the_mean(torus: Torus) -> None:
    one, other = (asked(torus, name).to_waves(1.0) for name in ("one ring", "spread alone"))
    assert other["gradient"] == pytest.approx(one["gradient"], rel=0.01)
    assert other["spread of gradient"] < 0.25 * one["spread of gradient"]


def test_noise_alone_has_the_noise_gain_of_the_fit(torus: Torus) -> None:
    one, other, fit = (
        asked(torus, name).properties()["noise of gradient"] for name in ("one ring", "noise alone", "averaged")
    )
    assert other == pytest.approx(fit, rel=0.03)
    assert one < 0.9 * fit


def test_virtual_pixels_are_exact_on_linear_fields_alone(torus: Torus) -> None:
    properties = asked(torus, "virtual pixels").properties()
    assert properties["first order"] < 1e-6
    assert properties["second order of Laplacian"] > 1


def test_on_squares_virtual_pixels_are_the_kernel() -> None:
    torus = Torus.of(square_grid(12, 12))
    index, coefficients = torus.virtual_pixels()
    asked = Answers(torus.topology, index, coefficients)
    assert asked.properties()["entries"] == len(WEIGHTS)
    held = {tuple(np.round(v).astype(int)): c for v, c in zip(asked.vectors, asked.columns, strict=True)}
    for offset, weight in zip(OFFSETS, WEIGHTS, strict=True):
        np.testing.assert_allclose(held[tuple(offset.astype(int))], [weight, *(weight * offset)], atol=1e-6)


def test_moving_least_squares_are_the_derivatives_of_a_quadratic(torus: Torus) -> None:
    a, b, c = 0.3, -0.7, 0.2
    x, y = torus.vectors.T
    weight, gradient = torus.moving_least_squares(0.8)
    field = a * x + b * y + c * x * x - y * y
    made = np.stack([np.bincount(torus.index[1], one * field) for one in (weight, *gradient.T)], axis=1)
    np.testing.assert_allclose(made, np.broadcast_to([8 * (c - 1), 8 * a, 8 * b], made.shape), atol=1e-5)
