"""The demo's kernels, by the direction of the neighbour, and as a step of a rule."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from graphnca.evaluation.demo_hexagons import demo_hexagons
from topologies import hex_grid, square_grid

KERNELS = torch.tensor(  # on cells (v, u) whose centre lies at x = u + v / 2, y = v: d/dx, d/dy, Laplacian
    [
        [[0.0, -1.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 1.0, 0.0]],
        [[0.0, -2.0, -2.0], [0.0, 0.0, 0.0], [2.0, 2.0, 0.0]],
        [[0.0, 2.0, 2.0], [2.0, -12.0, 2.0], [2.0, 2.0, 0.0]],
    ]
)


def perceived(topology, x: Tensor) -> Tensor:
    """d/dx, d/dy and Laplacian by the stencil, (N, 3)."""
    read, reader = topology["stencil_index"]
    coefficients = torch.cat([topology["stencil_gradient"], topology["stencil_weight"][:, None]], 1)
    return torch.zeros(len(x), 3).index_add(0, reader, coefficients * (x[read] - x[reader])[:, None])


def test_the_kernels_are_those_of_the_skewed_array() -> None:
    rows, columns = 8, 8
    topology = demo_hexagons(hex_grid(rows, columns))
    array = torch.rand(rows, columns, generator=torch.Generator().manual_seed(0))  # (v, u)
    v, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    u = (column - v // 2) % columns  # an odd row lies half a cell to the right of the even one above it
    found = perceived(topology, array[v, u].flatten()).T.view(3, rows, columns)
    wide = torch.cat([array.roll(-rows // 2, 1)[-1:], array, array.roll(rows // 2, 1)[:1]])  # the seam of the torus
    expected = conv2d(pad(wide[None, None], (1, 1, 0, 0), "circular"), KERNELS[:, None])[0]
    torch.testing.assert_close(found[:, v, column], expected[:, v, u], rtol=1e-5, atol=1e-5)


def test_slopes_along_y_are_exact_and_those_along_x_are_not() -> None:
    topology = demo_hexagons(hex_grid(12, 10))
    inside = ((topology["pos"] > 2) & (topology["pos"] < topology["extent"] - 2)).all(1)
    for axis, gain in ((0, 8 * 3**0.5 / 2), (1, 8.0)):
        slope = perceived(topology, topology["pos"][:, axis])[inside]
        torch.testing.assert_close(slope[:, axis], torch.full_like(slope[:, axis], gain))


def test_only_hexagons() -> None:
    with pytest.raises(ValueError, match="six neighbours"):
        demo_hexagons(square_grid(6, 6))
