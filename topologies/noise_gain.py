"""Perceiving with one ring of neighbours, under the law that keeps a gradient's noise at that of the square grid.

What `operators="one_ring"` builds, for comparison with what is fitted: the Laplacian of the edges' own weights, and
their moment-corrected gradient mixed with the mean of the neighbours' as far as brings its noise gain to Sobel's.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from topologies.fit import Coefficients

NOISE_GAIN = 3 / 16
"""Sum of squared weights of one Sobel kernel divided by 8, of each axis: (4 * 1 + 2 * 4) / 64."""
SOBEL_GAIN = 8.0  # of the raw Sobel pair: 8 times the slope
NEGLIGIBLE_SLOPE = 1e-6  # share of the noise gain below which smoothing is taken to change nothing
BLOCK = 1 << 15  # cells handled at a time: the neighbours' neighbours of all cells would take 300 bytes a cell and more
SINGULAR_MOMENT = 1e-6  # det M <= this * (trace M)^2: the neighbours lie on a line (an isotropic M has 1/4)


class NoiseQuadratic(NamedTuple):
    """Noise gain of every cell as a quadratic in its smoothing s: (1-s)^2 `plain` + 2 s (1-s) `mixed` + s^2 `mean`."""

    plain: Float[np.ndarray, " n"]
    mixed: Float[np.ndarray, " n"]
    mean: Float[np.ndarray, " n"]

    def at(self, smoothing: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Noise gain of every cell when it perceives with this smoothing."""
        own = 1 - smoothing
        return own**2 * self.plain + 2 * own * smoothing * self.mixed + smoothing**2 * self.mean

    @property
    def slope(self) -> Float[np.ndarray, " n"]:
        """Half the decrease of the noise gain with s at s = 0; exactly 0 where rounding is all there is."""
        slope = self.plain - self.mixed
        return np.where(np.abs(slope) > NEGLIGIBLE_SLOPE * self.plain, slope, 0.0)

    @property
    def curvature(self) -> Float[np.ndarray, " n"]:
        """Coefficient of s^2: the noise gain of the difference between the two gradients."""
        return self.plain - 2 * self.mixed + self.mean

    def flattest(self) -> Float[np.ndarray, " n"]:
        """The smoothing in [0, 1] that makes the noise gain as small as it can be."""
        bends = self.curvature > 0
        return np.clip(np.where(bends, self.slope / np.where(bends, self.curvature, 1), self.slope > 0), 0, 1)


def moment_inverse(
    receiver: Int[np.ndarray, " e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    num_cells: int,
) -> Float[np.ndarray, "n 2 2"]:
    """Inverse of M_i = sum_j w_ij v_ij v_ij^T, in inverse square units; the pseudo-inverse M / (trace M)^2 if singular.

    A cell without edges gets zeros.
    """
    x, y = vectors.T
    xx, xy, yy = (np.bincount(receiver, weights * a * b, num_cells) for a, b in ((x, x), (x, y), (y, y)))
    trace, det = xx + yy, xx * yy - xy * xy
    singular = det <= SINGULAR_MOMENT * trace**2
    divisor = np.where(singular, np.where(trace > 0, trace**2, 1), np.where(singular, 1, det))
    adjugate = np.stack([yy, -xy, -xy, xx], axis=1)
    moment = np.stack([xx, xy, xy, yy], axis=1)
    return (np.where(singular[:, None], moment, adjugate) / divisor[:, None]).reshape(num_cells, 2, 2)


def noise_quadratic(
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    num_cells: int,
) -> NoiseQuadratic:
    """Noise gain of (1 - s) grad_i + s * (weighted mean of the neighbours' grad), as a function of s.

    grad_i = M_i^-1 sum_j w_ij v_ij (x_j - x_i) is the gradient at unit gain. The noise gain is the sum of the squared
    weights with which the cells (the perceiving cell included) enter one component, averaged over both components, so
    that it does not depend on the frame. The neighbours' mean has the weights w_ij / sum_j w_ij.

    Args:
        edge_index: row 0 neighbour, row 1 perceiving cell; sorted by row 1, then row 0.
        vectors: direction vectors in units of length.
        weights: Laplacian weights.
        num_cells: number of cells.
    """
    gradient, averaging = _gradient_and_mean(edge_index, vectors, weights, num_cells)
    plain, mixed, mean = (np.empty(num_cells) for _ in range(3))
    for start in range(0, num_cells, BLOCK):
        rows = slice(start, start + BLOCK)
        mine, around = gradient[rows], sp.csr_array(averaging[rows] @ gradient)
        plain[rows] = _component_mean(mine, mine)
        mixed[rows] = _component_mean(mine, around)
        mean[rows] = _component_mean(around, around)
    return NoiseQuadratic(plain, mixed, mean)


def smoothing_share(quadratic: NoiseQuadratic) -> Float[np.ndarray, " n"]:
    """Smallest s in [0, 1] that brings each cell's noise gain to 3/16; the minimiser where no s does.

    0 on the periodic square grid, 0.16 on hexagons, about 0.24 on average on Poisson-disk Voronoi meshes.
    """
    excess = quadratic.plain - NOISE_GAIN
    slope, curvature = quadratic.slope, quadratic.curvature
    discriminant = slope**2 - curvature * excess
    denominator = slope + np.sqrt(np.maximum(discriminant, 0))  # the smaller root, written without cancellation
    reachable = (discriminant >= 0) & (denominator > 0)
    root = np.where(reachable, excess / np.where(reachable, denominator, 1), np.inf)
    smoothing = np.where(root <= 1, root, quadratic.flattest())
    return np.where(excess <= 1e-12, 0.0, smoothing)


def one_ring_stencil(
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    num_cells: int,
    smoothing: Float[np.ndarray, " n"] | None = None,
) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """The law written out: index and coefficients of a stencil, sorted as edges are; arguments as of `noise_quadratic`.

    `smoothing` is the share of the neighbours' mean, that of the law unless it is given.
    """
    if smoothing is None:
        smoothing = smoothing_share(noise_quadratic(edge_index, vectors, weights, num_cells))
    gradient, averaging = _gradient_and_mean(edge_index, vectors, weights, num_cells)
    blended = sp.coo_array(
        SOBEL_GAIN * (sp.diags_array(1 - smoothing) @ gradient + sp.diags_array(smoothing) @ (averaging @ gradient))
    )
    receiver, neighbour = np.r_[blended.coords[0], edge_index[1]], np.r_[blended.coords[1], edge_index[0]]
    values, own = np.r_[blended.data, np.zeros(len(weights))], np.r_[np.zeros(len(blended.data)), weights]
    others = receiver != neighbour
    key, place = np.unique(receiver[others].astype(np.int64) * num_cells + neighbour[others], return_inverse=True)
    weight = np.bincount(place, own[others])
    gradients = np.stack([np.bincount(place, part[others]) for part in (values.real, values.imag)], axis=1)
    return np.stack([key % num_cells, key // num_cells]), Coefficients(weight, gradients)


def _gradient_and_mean(
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    num_cells: int,
) -> tuple[sp.csr_array, sp.csr_array]:
    """Of every cell the gradient at unit gain, d/dx + i d/dy, and the weighted mean of the neighbours, as matrices."""
    neighbour, receiver = edge_index
    inverse = moment_inverse(receiver, vectors, weights, num_cells)
    entry = weights[:, None] * np.einsum("eab,eb->ea", inverse[receiver], vectors)
    entry = entry[:, 0] + 1j * entry[:, 1]  # both components in one complex matrix: |z|^2 adds their squares
    total = np.bincount(receiver, weights, num_cells)
    indptr = np.r_[0, np.cumsum(np.bincount(receiver, minlength=num_cells))]
    shape = (num_cells, num_cells)
    neighbours = sp.csr_array((entry, neighbour, indptr), shape=shape)
    own = sp.diags_array(-np.asarray(neighbours.sum(axis=1)), shape=shape)
    averaging = sp.csr_array((weights / total[receiver], neighbour, indptr), shape=shape)
    return sp.csr_array(neighbours + own), averaging


def _component_mean(one: sp.csr_array, other: sp.csr_array) -> Float[np.ndarray, " n"]:
    """Inner product of the rows of two gradients, averaged over both components."""
    return np.real(np.asarray(one.multiply(other.conj()).sum(axis=1))) / 2
