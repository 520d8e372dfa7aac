"""The best quadrature of the square grid's kernels on the cells there are.

What a rule trained on squares knows is no differential operator but two 3x3 kernels over the eight cells round it:

    Laplacian   [1 2 1; 2 -12 2; 1 2 1]         gradient   the raw Sobel pair, 8 times the slope

A cell of another substrate has no cells at those places. It gets coefficients c for the cells that it has, at v_0 = 0
(itself), v_1 ... v_m, so that sum_j c_j f(v_j) is as near to the kernel's L f as it can be for all smooth fields f: the
minimum of the error functional over the native space of the Gaussian k(v) = exp(-|v|^2 / 2 s^2), plus a ridge on the
coefficients, exact on polynomials up to the second degree (the first, where there are fewer than eight neighbours):

    [K + ridge  C^T] [c]   [b]       K_jk = k(v_j - v_k)     b_j = L k(v_j - .)
    [C          0  ] [m] = [d]       C: the monomials 1, x, y, x^2, xy, y^2 at the v_j     d: L of the monomials

What the Laplacian takes of the cell's own value, -12 f(0), is known and needs no quadrature: only the sum over the
others is fitted. (The ridge would smear it over near neighbours, and on four cells a unit of area short waves would
grow by themselves.) The Laplacian is averaged over all directions first, and with `averaged` the gradient too; with the
modified Bessel functions I_0, I_1 scaled by exp(-x) the mean of k over a ring of radius R, and of k times its first
harmonic, are

    exp(-(r - R)^2 / 2 s^2) I_0(r R / s^2)          exp(-(r - R)^2 / 2 s^2) I_1(r R / s^2) v / r

Width and ridge were chosen on rules and meshes that no result contains. Kin: RBF-FD and generalised moving least
squares, which approximate a differential operator instead; `docs/operators.md` says what that costs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.special import i0e, i1e

WIDTH, RIDGE = 0.8, 1e-3  # of the Gaussian, in units of length; of the coefficients
FINE_RIDGE = 1e-2  # of the coefficients of finer cells: with less, the gradient makes some of their short waves grow
OFFSETS = np.array([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1) if (x, y) != (0, 0)], dtype=np.float64)
WEIGHTS = np.where(np.abs(OFFSETS).sum(1) == 1, 2.0, 1.0)  # of the square grid's kernel: 2 along an edge, 1 at a corner
Rings = Sequence[tuple[float, float]]  # of a kernel averaged over directions: radius, and sum of the weights on it
RINGS = ((1.0, 8.0), (2.0**0.5, 4.0))  # of the square grid's
LAPLACIAN_OF_MONOMIALS = (0.0, 0.0, 0.0, 8.0, 0.0, 8.0)
MEAN_OF_MONOMIALS = (float(WEIGHTS.sum()), *LAPLACIAN_OF_MONOMIALS[1:])  # without the cell's own value
ALONG_X_OF_MONOMIALS = (0.0, 8.0, 0.0, 0.0, 0.0, 0.0)
ALONG_Y_OF_MONOMIALS = (0.0, 0.0, 8.0, 0.0, 0.0, 0.0)
QUADRATIC_FROM = 8  # neighbours from which on the coefficients are exact on quadratic fields
FLAT = 1e-6  # share of the largest eigenvalue of C C^T below which cells cannot tell a combination of monomials from 0
BLOCK = 1 << 14  # cells whose systems are solved at a time, of some 5 kB each


class Coefficients(NamedTuple):
    """What every entry of a stencil counts, of x_j - x_i."""

    weight: Float[np.ndarray, " s"]
    gradient: Float[np.ndarray, "s 2"]


def fitted_coefficients(
    index: Int[np.ndarray, "2 s"],
    vectors: Float[np.ndarray, "s 2"],
    num_cells: int,
    *,
    averaged: bool = False,
    laplacian_averaged: bool = True,
    rings: Rings = RINGS,
    width: float = WIDTH,
    ridge: float = RIDGE,
) -> Coefficients:
    """Coefficients of Laplacian and gradient (at the raw kernels' gain, 8) for the cells that each cell reads.

    Cells whose neighbours lie alike get the same coefficients, computed once: a lattice has one or two such sorts.
    Where its neighbours cannot tell some polynomials apart (few, or on one line), a cell is exact on those they can.

    Args:
        index: Row 0 the cell j that is read, row 1 the cell i that reads it; ascending in row 1. A cell may be read
            twice, or by itself, at different places: as its own mirror image across a border.
        vectors: Where it lies as the cell i sees it, in units of length, not (0, 0).
        num_cells: Number of cells.
        averaged: Whether the gradient too is averaged over all directions: then turning the frame of a cell turns its
            coefficients. Otherwise it is fitted to the kernel in the cell's own frame.
        laplacian_averaged: Whether the Laplacian is; without it no rule is isotropic.
        rings: What is averaged; of another kernel than the square grid's, whose weights w are 12 in all, 16 with their
            radius squared.
        width: s, in units of length.
        ridge: What is added to the diagonal of K.
    """
    counts = np.bincount(index[1], minlength=num_cells)
    start = np.r_[0, np.cumsum(counts)[:-1]]
    weight, gradient = np.zeros(len(vectors)), np.zeros((len(vectors), 2))
    for count in np.unique(counts[counts > 0]):
        cells = np.flatnonzero(counts == count)
        entries = start[cells][:, None] + np.arange(count)
        places = vectors[entries]
        first, same = _alike(places)
        solved = np.concatenate(
            [
                _solve(places[first[low : low + BLOCK]], averaged, laplacian_averaged, rings, width, ridge)
                for low in range(0, len(first), BLOCK)
            ]
        )[same]
        weight[entries], gradient[entries] = solved[:, :, 0], solved[:, :, 1:]
    return Coefficients(weight, gradient)


def _alike(places: Float[np.ndarray, "n k 2"]) -> tuple[Int[np.ndarray, " u"], Int[np.ndarray, " n"]]:
    """The first of every sort of neighbourhood that lies alike, to 1e-9 and in its order, and the sort of each."""
    grid = np.round(places * 1e9).astype(np.int64).reshape(len(places), -1)
    factors = np.random.default_rng(0).integers(1, 2**62, grid.shape[1])
    _, first, same = np.unique((grid * factors).sum(1), return_index=True, return_inverse=True)  # a sum modulo 2^64
    return first, same


def _solve(
    places: Float[np.ndarray, "n k 2"],
    averaged: bool,
    laplacian_averaged: bool,
    rings: Rings,
    width: float,
    ridge: float,
) -> Float[np.ndarray, "n k 3"]:
    """Coefficients of Laplacian, d/dx and d/dy of neighbourhoods of the same size."""
    n, others, _ = places.shape
    v = np.concatenate([np.zeros((n, 1, 2)), places], axis=1)
    kernel = _gaussian(v[:, :, None] - v[:, None], width)
    kernel[:, range(others + 1), range(others + 1)] += ridge
    x, y = v[..., 0], v[..., 1]
    monomials = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    exact = np.array([MEAN_OF_MONOMIALS, ALONG_X_OF_MONOMIALS, ALONG_Y_OF_MONOMIALS]).T
    if others < QUADRATIC_FROM:
        monomials, exact = monomials[:, :3], exact[:3]
    size, degree = others + 1, len(exact)
    # Combinations of monomials that the cells can tell from 0, and of the rest nothing: 1 on the diagonal, 0 beside it.
    values, basis = np.linalg.eigh(monomials @ monomials.swapaxes(1, 2))
    seen = values > FLAT * values[:, -1:]
    turned = np.where(seen[:, :, None], basis.swapaxes(1, 2) @ monomials, 0.0)
    wanted = np.where(seen[:, :, None], basis.swapaxes(1, 2) @ exact, 0.0)
    system = np.zeros((n, size + degree, size + degree))
    system[:, :size, :size] = kernel
    system[:, size:, :size] = turned
    system[:, :size, size:] = turned.swapaxes(1, 2)
    system[:, range(size, size + degree), range(size, size + degree)] = np.where(seen, 0.0, 1.0)
    right = np.concatenate([_targets(v, averaged, laplacian_averaged, rings, width), wanted], axis=1)
    return np.linalg.solve(system, right)[:, 1:size]


def _targets(
    v: Float[np.ndarray, "n k 2"], averaged: bool, laplacian_averaged: bool, rings: Rings, width: float
) -> Float[np.ndarray, "n k 3"]:
    """What Laplacian (without the cell itself), d/dx and d/dy make of the Gaussians round every place."""
    around = _gaussian(v[:, :, None] - OFFSETS, width) * WEIGHTS
    r = np.hypot(v[..., 0], v[..., 1])
    if laplacian_averaged:
        mean = np.zeros_like(r)
        for radius, total in rings:
            mean += total * np.exp(-((r - radius) ** 2) / (2 * width**2)) * i0e(r * radius / width**2)
    else:
        mean = around.sum(-1)
    if averaged:
        size = np.zeros_like(r)
        for radius, total in rings:
            size += total * radius * np.exp(-((r - radius) ** 2) / (2 * width**2)) * i1e(r * radius / width**2)
        gradient = size[..., None] * v / np.where(r > 0, r, 1.0)[..., None]
    else:
        gradient = around @ OFFSETS
    return np.concatenate([mean[..., None], gradient], axis=-1)


def _gaussian(v: Float[np.ndarray, "*s 2"], width: float) -> Float[np.ndarray, "*s"]:
    return np.exp(-np.square(v).sum(-1) / (2 * width**2))
