"""The fit returns the kernel where the cells allow it, and is exact, symmetric and bounded where they don't."""

import numpy as np
import pytest

from topologies import square_grid, voronoi_mesh
from topologies.fit import OFFSETS, WEIGHTS, fitted_coefficients

RING = np.stack([np.arange(1, 9), np.zeros(8, np.int64)])


def of_one_cell(places: np.ndarray, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """What a cell makes of others at these places."""
    count = len(places)
    index = np.stack([np.arange(1, count + 1), np.zeros(count, dtype=np.int64)])
    return fitted_coefficients(index, places, count + 1, **options)  # type: ignore[arg-type]


def scattered(seed: int, count: int = 18) -> np.ndarray:
    """Places at some distance from each other and from the middle."""
    rng, found = np.random.default_rng(seed), [np.zeros(2)]
    while len(found) <= count:
        place = rng.uniform(-2.4, 2.4, 2)
        if min(np.hypot(*(place - other)) for other in found) > 0.75:
            found.append(place)
    return np.array(found[1:])


def test_on_the_square_grids_own_cells_it_is_the_square_kernel() -> None:
    weight, gradient = of_one_cell(OFFSETS, laplacian_averaged=False, ridge=1e-9)
    np.testing.assert_allclose(weight, WEIGHTS, atol=1e-5)
    np.testing.assert_allclose(gradient, WEIGHTS[:, None] * OFFSETS, atol=1e-5)


def test_that_kernel_is_what_the_square_grids_edges_hold() -> None:
    grid = square_grid(5, 5)
    into = grid["edge_index"][1] == 12
    held = {
        tuple(v): w for v, w in zip(grid["edge_attr"][into].tolist(), grid["edge_weight"][into].tolist(), strict=True)
    }
    assert held == {tuple(offset): weight for offset, weight in zip(OFFSETS.tolist(), WEIGHTS.tolist(), strict=True)}


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_it_is_exact_on_quadratic_fields(seed: int, averaged: bool) -> None:
    places = scattered(seed)
    weight, gradient = of_one_cell(places, averaged=averaged)
    x, y = places.T
    for field, laplacian, slope in (
        (x, 0, (8, 0)), (y, 0, (0, 8)), (x * x, 8, (0, 0)), (x * y, 0, (0, 0)), (y * y, 8, (0, 0)),
    ):  # fmt: skip
        np.testing.assert_allclose(weight @ field, laplacian, atol=1e-9)
        np.testing.assert_allclose(gradient.T @ field, slope, atol=1e-9)


def test_with_few_neighbours_it_is_exact_on_linear_fields_alone() -> None:
    places = scattered(1, 5)
    weight, gradient = of_one_cell(places)
    np.testing.assert_allclose(weight @ places, 0, atol=1e-9)
    np.testing.assert_allclose(gradient.T @ places, 8 * np.eye(2), atol=1e-9)
    assert abs(weight @ (places**2)).max() > 1  # it knows that it is a Laplacian


@pytest.mark.parametrize("turn", [0.0, 0.4])
@pytest.mark.parametrize("reach", [(1.0,), (1.0, -1.0), (-2.0, -1.0, 1.0, 2.0)])
def test_cells_on_a_line_see_along_it(reach: tuple[float, ...], turn: float) -> None:
    along = np.array([np.cos(turn), np.sin(turn)])
    places = np.array(reach)[:, None] * along
    weight, gradient = of_one_cell(places, averaged=True)
    np.testing.assert_allclose(gradient.T @ (places @ along), 8 * along, atol=1e-6)
    assert max(abs(weight).max(), abs(gradient).max()) < 20


@pytest.mark.parametrize("seed", range(3))
def test_averaged_over_directions_it_turns_with_the_cells(seed: int) -> None:
    places, turn = scattered(seed), np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    weight, gradient = of_one_cell(places, averaged=True)
    for frame in (turn, turn @ np.diag([1, -1])):
        turned_weight, turned_gradient = of_one_cell(places @ frame.T, averaged=True)
        np.testing.assert_allclose(turned_weight, weight, atol=1e-9)
        np.testing.assert_allclose(turned_gradient, gradient @ frame.T, atol=1e-9)


def test_in_the_cells_own_frame_it_does_not() -> None:
    places, turn = scattered(0), np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    weight, gradient = of_one_cell(places)
    turned_weight, turned_gradient = of_one_cell(places @ turn.T)
    np.testing.assert_allclose(turned_weight, weight, atol=1e-9)  # the Laplacian is always isotropic
    assert abs(turned_gradient - gradient @ turn.T).max() > 0.01


def test_equal_neighbourhoods_are_solved_once_and_alike() -> None:
    places = np.concatenate([scattered(0), scattered(1), scattered(0)])
    receiver = np.repeat([0, 1, 2], 18)
    weight, _ = fitted_coefficients(np.stack([receiver, receiver]), places, 3)
    np.testing.assert_array_equal(weight[:18], weight[36:])
    alone, _ = of_one_cell(scattered(1))
    np.testing.assert_allclose(weight[18:36], alone, atol=1e-12)


def response(mesh: object, length: float, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """Of every cell to a plane wave with that wave number: of the Laplacian, and of the gradient along it."""
    index, pos = mesh["stencil_index"].numpy(), mesh["pos"].double().numpy()
    difference = pos[index[0]] - pos[index[1]]
    extent = mesh["extent"].double().numpy()[0]
    difference -= extent * np.round(difference / extent)
    direction = np.array([np.cos(turn), np.sin(turn)])
    wave = np.exp(1j * length * difference @ direction) - 1
    count = len(pos)
    laplacian, gradient = (
        np.bincount(index[1], values * wave.real, count) + 1j * np.bincount(index[1], values * wave.imag, count)
        for values in (mesh["stencil_weight"].double().numpy(), mesh["stencil_gradient"].double().numpy() @ direction)
    )
    return laplacian, gradient / 1j


@pytest.mark.parametrize("length", [0.6, 1.0, 1.5])
def test_a_mesh_answers_waves_as_squares_do(length: float) -> None:
    """Within 4 % in the mean, and from cell to cell with less than 0.4 of one ring's spread."""
    spread = {}
    for operators in ("averaged", "one_ring"):
        found = [response(voronoi_mesh(30, 30, seed=3, operators=operators), length, turn) for turn in (0.1, 0.9, 1.7)]
        spread[operators] = [np.std(np.concatenate(parts)) for parts in zip(*found, strict=True)]
        if operators == "averaged":
            means = [np.mean(np.concatenate(parts)) for parts in zip(*found, strict=True)]
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    phase = length * OFFSETS @ np.stack([np.cos(angles), np.sin(angles)])
    laplacian = (WEIGHTS @ (np.cos(phase) - 1)).mean()
    along = OFFSETS @ np.stack([np.cos(angles), np.sin(angles)])
    gradient = (WEIGHTS @ (along * np.sin(phase))).mean()
    np.testing.assert_allclose(means, [laplacian, gradient], rtol=0.04)
    assert all(fitted < 0.4 * one for fitted, one in zip(spread["averaged"], spread["one_ring"], strict=True)), spread
