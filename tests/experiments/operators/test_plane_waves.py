"""Answers of the square grid's own stencil are known in closed form."""

import numpy as np
import pytest
from plane_waves import SQUARE_NOISE, Answers, of_square, of_square_on_average, spectrum

from topologies import square_grid
from topologies.fit import Coefficients


@pytest.fixture(scope="module")
def square() -> Answers:
    grid = square_grid(12, 12)
    weight = grid["edge_weight"].double().numpy()
    gradient = weight[:, None] * grid["edge_attr"].double().numpy()
    return Answers(grid, grid["edge_index"].numpy(), Coefficients(weight, gradient))


def test_the_square_grids_answer_is_its_symbol(square: Answers) -> None:
    wave = np.array([0.7, -1.1])
    cos_x, cos_y = np.cos(wave)
    assert of_square(wave)[0].real == pytest.approx(4 * (1 + cos_x) * (1 + cos_y) - 16)
    np.testing.assert_allclose(square.to_wave(wave), np.broadcast_to(of_square(wave), (144, 3)), atol=1e-9)


def test_it_has_no_spread_and_no_error(square: Answers) -> None:
    answers = square.to_waves(1.3)
    assert answers["gradient"] == pytest.approx(of_square_on_average(1.3)[1])
    for name in ("spread of Laplacian", "spread of gradient", "error of Laplacian", "error of gradient"):
        assert answers[name] < 1e-9


def test_long_waves_see_derivatives() -> None:
    laplacian, gradient = of_square_on_average(0.01)
    assert laplacian == pytest.approx(-4 * 0.01**2, rel=1e-3)
    assert gradient == pytest.approx(8 * 0.01, rel=1e-3)


def test_its_noise_is_the_published_kernels(square: Answers) -> None:
    properties = square.properties()
    assert (properties["noise of gradient"], properties["noise of Laplacian"]) == pytest.approx(SQUARE_NOISE)
    assert properties["first order"] == properties["second order of Laplacian"] == 0


def test_its_spectrum_ends_at_minus_16(square: Answers) -> None:
    grid = square_grid(12, 12)
    found = spectrum(grid["edge_index"].numpy(), grid["edge_weight"].numpy(), 144)
    assert found["lowest"] == pytest.approx(-16)
    assert found["highest"] == pytest.approx(0, abs=1e-9)
    assert found["largest imaginary part"] < 1e-6
