"""Ways for the cells of a torus to see: the fitted stencils, others that one could think of, and controls.

A way gives every cell coefficients for the cells within two rings (virtual pixels choose their own cells). Controls
change one property of the one ring's operators and leave the others, as far as that can be done:

    gain         what the cells see of every wave on average is the square grid's; cells differ as they did. Added is
                 the fit to the difference of two kernels: the square grid's, and the mean of the one ring's over all
                 cells and directions
    spread       every cell sees what the cells of the one ring see on average: the fit to that mean kernel. The gain
                 stays wrong, and the errors of single cells are gone, of first order too
    first order  the Laplacian is exact on linear fields in every cell, by the least change of its coefficients over
                 two rings (the gradient is already)
    second order both are exact on quadratic fields, likewise
    noise        the gradient's answer to noise is that of the fit in every cell, by mixing in less of the neighbours'
                 gradients than the noise-gain law does (`no smoothing`: none of them); the gain at short waves rises
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int
from torch_geometric.data import Data

from graphnca.rasterizers.barycentric import interpolation_weights
from graphnca.rasterizers.locate import CellLocator
from topologies.fit import (
    ALONG_X_OF_MONOMIALS,
    ALONG_Y_OF_MONOMIALS,
    LAPLACIAN_OF_MONOMIALS,
    OFFSETS,
    RINGS,
    WEIGHTS,
    Coefficients,
    Rings,
    fitted_coefficients,
)
from topologies.noise_gain import one_ring_stencil
from topologies.operators import merged, put_stencil
from topologies.rings import reads_in_plane

BIN = 0.05  # units: width of the rings to which a mean kernel is sorted
EXACT = np.array([LAPLACIAN_OF_MONOMIALS, ALONG_X_OF_MONOMIALS, ALONG_Y_OF_MONOMIALS])
LINEAR = 3  # monomials up to the first degree

Stencil = tuple[Int[np.ndarray, "2 s"], Coefficients]


@dataclass(frozen=True, eq=False)
class Torus:
    """A torus of cells, and what each may read: the cells within two rings.

    Attributes:
        topology: The substrate, without regard to its own stencil.
        index: Row 0 the cell that is read, row 1 the one that reads it; in the order of the contract.
        vectors: From the one that reads to the one that is read.
    """

    topology: Data
    index: Int[np.ndarray, "2 s"]
    vectors: Float[np.ndarray, "s 2"]

    @classmethod
    def of(cls, topology: Data) -> "Torus":
        """Of a substrate large enough that no cell is met twice within two rings."""
        pos, vectors, extent = (topology[name].double().numpy() for name in ("pos", "edge_attr", "extent"))
        return cls(topology, *reads_in_plane(pos, topology["edge_index"].numpy(), vectors, extent[0], periodic=True))

    @property
    def num_cells(self) -> int:
        """How many cells there are."""
        return len(self.topology["pos"])

    def fit(self, rings: Rings = RINGS) -> Coefficients:
        """Of a kernel that is averaged over all directions."""
        return fitted_coefficients(self.index, self.vectors, self.num_cells, averaged=True, rings=rings)

    @cached_property
    def fitted(self) -> Coefficients:
        """What substrates have: the gradient of the kernel in the cell's own frame."""
        return fitted_coefficients(self.index, self.vectors, self.num_cells)

    @cached_property
    def averaged(self) -> Coefficients:
        """The fit to the square grid's kernels, averaged over all directions."""
        return self.fit()

    @cached_property
    def one_ring(self) -> Coefficients:
        """The edges' Laplacian, and their gradient under the noise-gain law."""
        return self._one_ring(None)

    @cached_property
    def no_smoothing(self) -> Coefficients:
        """The same without the law: the moment-corrected gradient."""
        return self._one_ring(np.zeros(self.num_cells))

    def _one_ring(self, smoothing: Float[np.ndarray, " n"] | None) -> Coefficients:
        edges, vectors, weights = (
            self.topology[name].numpy().astype(kind)
            for name, kind in (("edge_index", np.int64), ("edge_attr", np.float64), ("edge_weight", np.float64))
        )
        index, own = one_ring_stencil(edges, vectors, weights, self.num_cells, smoothing)
        key, all_keys = (row[1] * self.num_cells + row[0] for row in (index, self.index))
        place = np.searchsorted(all_keys, key)
        weight, gradient = np.zeros(len(all_keys)), np.zeros((len(all_keys), 2))
        weight[place], gradient[place] = own
        return Coefficients(weight, gradient)

    @cached_property
    def mean_of_one_ring(self) -> Coefficients:
        """The kernel that the one ring is on average over cells and directions, fitted in every cell."""
        length = np.hypot(*self.vectors.T)
        along = (self.one_ring.gradient * self.vectors).sum(1) / length
        ring = np.round(length / BIN).astype(int)
        kept = np.unique(ring)
        radius = np.bincount(ring, length)[kept] / np.bincount(ring)[kept]
        weights, pulls = (np.bincount(ring, part)[kept] / self.num_cells for part in (self.one_ring.weight, along))
        laplacian = self.fit(list(zip(radius, weights, strict=True)))
        gradient = self.fit(list(zip(radius, pulls / radius, strict=True)))
        return Coefficients(laplacian.weight, gradient.gradient)

    @cached_property
    def as_noisy_as_fitted(self) -> Coefficients:
        """Between no smoothing and the one ring, where the gradient's noise gain is nearest to that of the fit."""
        one, plain, fit = (way.gradient for way in (self.one_ring, self.no_smoothing, self.averaged))
        start, slope, wanted = self._noise(one, one), self._noise(one, plain - one), self._noise(fit, fit)
        bend = self._noise(plain - one, plain - one)
        root = np.sqrt(np.maximum(slope**2 + bend * (wanted - start), 0.0))
        share = np.clip((root - slope) / np.where(bend > 0, bend, np.inf), 0.0, 1.0)[self.index[1], None]
        return Coefficients(self.one_ring.weight, one + share * (plain - one))

    def _noise(self, one: Float[np.ndarray, "s 2"], other: Float[np.ndarray, "s 2"]) -> Float[np.ndarray, " n"]:
        """The product of two gradients' coefficients, the cell's own among them."""
        return (self._sums(one * other) + self._sums(one) * self._sums(other)).sum(1)

    @cached_property
    def monomials(self) -> Float[np.ndarray, "s 5"]:
        """x, y, x^2, xy, y^2 of every entry."""
        x, y = self.vectors.T
        return np.stack([x, y, x * x, x * y, y * y], axis=1)

    def exact(self, coefficients: Coefficients, degree: int) -> Coefficients:
        """The least change of the coefficients that makes them exact on polynomials of the degree.

        The Laplacian keeps what it makes of those of higher degree, up to the second.
        """
        columns = np.column_stack([coefficients.weight, coefficients.gradient])
        made = self._sums(self.monomials[:, :, None] * columns[:, None, :])
        lacking = EXACT[:, 1:].T - made
        if degree == 1:
            lacking[:, LINEAR - 1 :] = 0.0
        change = self._smallest(np.ones(len(self.vectors)), 1.0, lacking)
        return Coefficients(coefficients.weight + change[:, 0], coefficients.gradient + change[:, 1:])

    def moving_least_squares(self, width: float) -> Coefficients:
        """Of the differential operators: derivatives at the cell of the quadratic that fits best around it."""
        near = np.exp(-np.square(self.vectors).sum(1) / (2 * width**2))
        found = self._smallest(near, 1.0, np.broadcast_to(EXACT[:, 1:].T, (self.num_cells, 5, 3)))
        return Coefficients(found[:, 0], found[:, 1:])

    def _smallest(
        self, near: Float[np.ndarray, " s"], own: float, wanted: Float[np.ndarray, "n 5 3"]
    ) -> Float[np.ndarray, "s 3"]:
        """Coefficients that make this of the monomials and 0 of 1, with the smallest sum of squares over nearness."""
        every = np.column_stack([np.ones(len(self.vectors)), self.monomials])
        normal = self._sums(near[:, None, None] * every[:, :, None] * every[:, None, :])
        normal[:, 0, 0] += own  # the cell itself, where all monomials but 1 are 0
        right = np.concatenate([np.zeros((self.num_cells, 1, 3)), wanted], axis=1)
        factors = np.linalg.solve(normal, right)[self.index[1]]
        return near[:, None] * (every[:, :, None] * factors).sum(1)

    def _sums(self, values: Float[np.ndarray, "s *k"]) -> Float[np.ndarray, "n *k"]:
        """Over the entries of every cell."""
        start = np.searchsorted(self.index[1], np.arange(self.num_cells))
        return np.add.reduceat(values, start, axis=0)

    def virtual_pixels(self) -> Stencil:
        """The square grid's kernel on eight places around every cell, interpolated between three cells each."""
        locator = CellLocator(self.topology)
        places = locator.pos[:, None] + OFFSETS
        cells, shares = interpolation_weights(locator, places.reshape(-1, 2))
        index = np.stack([cells.reshape(-1), np.repeat(np.arange(self.num_cells), 3 * len(OFFSETS))])
        weight = (shares.reshape(-1, len(OFFSETS), 3) * WEIGHTS[:, None]).reshape(-1)
        offset = np.tile(np.repeat(OFFSETS, 3, axis=0), (self.num_cells, 1))
        read = weight != 0
        kept = Coefficients(weight[read], (weight[:, None] * offset)[read])
        return merged(index[:, read], kept, self.num_cells)


def _one_ring_with_gain(torus: Torus) -> Coefficients:
    ways = torus.one_ring, torus.averaged, torus.mean_of_one_ring
    return Coefficients(*(one + right - mean for one, right, mean in zip(*ways, strict=True)))


OPPONENTS: dict[str, Callable[[Torus], Stencil]] = {
    "one ring": lambda torus: (torus.index, torus.one_ring),
    "averaged": lambda torus: (torus.index, torus.averaged),
    "fitted": lambda torus: (torus.index, torus.fitted),
    "GMLS, width 0.8": lambda torus: (torus.index, torus.moving_least_squares(0.8)),
    "GMLS, width 1.2": lambda torus: (torus.index, torus.moving_least_squares(1.2)),
    "virtual pixels": lambda torus: torus.virtual_pixels(),
}
"""What else one could do; all of them on the same cells."""

CONTROLS: dict[str, Callable[[Torus], Stencil]] = {
    "no smoothing": lambda torus: (torus.index, torus.no_smoothing),
    "noise alone": lambda torus: (torus.index, torus.as_noisy_as_fitted),
    "gain alone": lambda torus: (torus.index, _one_ring_with_gain(torus)),
    "first order alone": lambda torus: (torus.index, torus.exact(torus.one_ring, 1)),
    "second order alone": lambda torus: (torus.index, torus.exact(torus.one_ring, 2)),
    "spread alone": lambda torus: (torus.index, torus.mean_of_one_ring),
    "Laplacian alone": lambda torus: (torus.index, Coefficients(torus.averaged.weight, torus.one_ring.gradient)),
    "gradient alone": lambda torus: (torus.index, Coefficients(torus.one_ring.weight, torus.averaged.gradient)),
}
"""The one ring's operators with one property changed; the last two have one operator of the averaged fit."""

WAYS = OPPONENTS | CONTROLS


def seeing(topology: Data, stencil: Stencil) -> Data:
    """The same cells and edges with another stencil; whether it keeps the contract is not asked."""
    return put_stencil(topology.clone(), *stencil)
