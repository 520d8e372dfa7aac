"""What a stencil makes of plane waves, of noise and of low polynomials, from cell to cell."""

from typing import Any

import numpy as np
from jaxtyping import Complex, Float, Int
from torch_geometric.data import Data

from topologies.contract import shortest_image
from topologies.fit import OFFSETS, WEIGHTS, Coefficients

DIRECTIONS = np.deg2rad(7.0 + 30.0 * np.arange(6))  # of the waves: no lattice has them, and half a turn is enough
SQUARE_NOISE = (3 / 16, 164.0)  # of the square grid's gradient at unit gain, and of its Laplacian: sums of squares
UNIT_GAIN = 8.0  # what the raw kernel makes of a slope of 1


class Answers:
    """A stencil's answers to waves, on one torus.

    Args:
        topology: The torus.
        index: Of the stencil.
        coefficients: Of the stencil.
    """

    def __init__(self, topology: Data, index: Int[np.ndarray, "2 s"], coefficients: Coefficients) -> None:
        pos, extent = topology["pos"].double().numpy(), topology["extent"][0].double().numpy()
        self.reader, self.num_cells = index[1], len(pos)
        self.columns = np.column_stack([coefficients.weight, coefficients.gradient])
        self.vectors = shortest_image(pos[index[0]] - pos[index[1]], extent, True)

    def sums(self, values: Float[np.ndarray, "s k"]) -> Float[np.ndarray, "n k"]:
        """Over the entries of every cell."""
        return np.stack([np.bincount(self.reader, part, self.num_cells) for part in values.T], axis=1)

    def to_wave(self, wave: Float[np.ndarray, " 2"]) -> Complex[np.ndarray, "n 3"]:
        """Laplacian, gradient along the wave and across it, over the wave's own value in the cell."""
        phase = self.vectors @ wave
        real, imaginary = (self.sums(self.columns * part[:, None]) for part in (np.cos(phase) - 1, np.sin(phase)))
        return _turned(real + 1j * imaginary, wave)

    def to_waves(self, length: float) -> dict[str, float]:
        """Of waves of one wave number in all directions: mean answers, their spread over cells, and their error.

        Spread: the root mean square, over cells and directions, of the distance to the mean over the cells. Error: of
        the distance to what the square grid's own kernel makes of the wave. Those of the gradient have both components.
        """
        found: dict[str, list[float]] = {}
        for angle in DIRECTIONS:
            wave = length * np.array([np.cos(angle), np.sin(angle)])
            seen, right = self.to_wave(wave), of_square(wave)
            spread, error = (np.square(np.abs(seen - other)).mean(0) for other in (seen.mean(0), right))
            for name, value in (
                ("Laplacian", np.real(seen[:, 0]).mean()),
                ("gradient", np.imag(seen[:, 1]).mean()),
                ("spread of Laplacian", spread[0]),
                ("spread of gradient", spread[1:].sum()),
                ("error of Laplacian", error[0]),
                ("error of gradient", error[1:].sum()),
            ):
                found.setdefault(name, []).append(value)
        means = {name: float(np.mean(values)) for name, values in found.items()}
        return {name: value if len(name.split()) == 1 else value**0.5 for name, value in means.items()}

    def properties(self) -> dict[str, float]:
        """What is left of linear and quadratic fields that should not be, and the answer to noise."""
        x, y = self.vectors.T
        linear = self.sums(self.columns[:, :1] * self.vectors)
        products = np.stack([x * x, x * y, y * y], axis=1)
        own = self.sums(self.columns[:, :1] * products) - np.array([8.0, 0.0, 8.0])
        leaks = [self.sums(part[:, None] * products) for part in self.columns[:, 1:].T]
        power = self.sums(np.square(self.columns)) + np.square(self.sums(self.columns))
        return {
            "first order": _rms(linear),
            "largest first order": float(np.hypot(*linear.T).max()),
            "second order of Laplacian": _rms(own),
            "second order of gradient": _rms(np.concatenate(leaks, axis=1)),
            "noise of gradient": float(power[:, 1:].mean()) / UNIT_GAIN**2,
            "noise of Laplacian": float(power[:, 0].mean()),
            "entries": len(self.reader) / self.num_cells,
        }


def spectrum(index: Int[np.ndarray, "2 s"], weight: Float[np.ndarray, " s"], num_cells: int) -> dict[str, Any]:
    """The eigenvalues of a Laplacian: the lowest and highest real parts, the largest imaginary one."""
    matrix = np.zeros((num_cells, num_cells))
    np.add.at(matrix, (index[1], index[0]), weight)
    matrix[range(num_cells), range(num_cells)] -= matrix.sum(1)
    values = np.linalg.eigvals(matrix)
    return {
        "lowest": float(values.real.min()),
        "highest": float(values.real.max()),
        "largest imaginary part": float(np.abs(values.imag).max()),
    }


def of_square(wave: Float[np.ndarray, " 2"]) -> Complex[np.ndarray, " 3"]:
    """What the square grid's kernels make of a wave: Laplacian, gradient along it and across."""
    phase = np.exp(1j * (OFFSETS @ wave)) - 1
    return _turned(phase @ np.column_stack([WEIGHTS, WEIGHTS[:, None] * OFFSETS]), wave)


def of_square_on_average(length: float) -> tuple[float, float]:
    """Its Laplacian's and gradient's answers, the mean over the same directions."""
    found = [of_square(length * np.array([np.cos(angle), np.sin(angle)])) for angle in DIRECTIONS]
    return float(np.mean([one[0].real for one in found])), float(np.mean([one[1].imag for one in found]))


def _turned(answers: np.ndarray, wave: np.ndarray) -> np.ndarray:
    along = wave / np.hypot(*wave)
    x, y = answers[..., 1], answers[..., 2]
    return np.stack([answers[..., 0], x * along[0] + y * along[1], y * along[0] - x * along[1]], axis=-1)


def _rms(values: np.ndarray) -> float:
    """Of vectors (n, k): the root mean square of their length."""
    return float(np.sqrt(np.square(values).sum(1).mean()))
