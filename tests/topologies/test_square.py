"""The square grid: its sums are the published 3x3 kernels."""

import pytest
import torch
from torch.nn.functional import conv2d, pad

from topologies import TopologyError, square_grid


def test_sums_are_the_published_kernels() -> None:
    data = square_grid(7, 9)
    x = torch.randn(1, 1, 7, 9, generator=torch.Generator().manual_seed(0))
    flat = x.flatten()
    rise = (flat[data["edge_index"][0]] - flat[data["edge_index"][1]]) * data["edge_weight"]
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    laplacian = torch.tensor([[1.0, 2, 1], [2, -12, 2], [1, 2, 1]])
    kernels = torch.stack([laplacian, sobel, sobel.T])[:, None]  # y grows downwards, as rows do
    expected = conv2d(pad(x, (1, 1, 1, 1), mode="circular"), kernels)[0].flatten(1)
    terms = torch.cat([rise[:, None], rise[:, None] * data["edge_attr"]], dim=1)
    sums = torch.zeros(63, 3).index_add_(0, data["edge_index"][1], terms)
    torch.testing.assert_close(sums.T, expected)


@pytest.mark.parametrize("periodic", [True, False])
def test_cells_lie_in_image_order(periodic: bool) -> None:
    data = square_grid(3, 5, periodic=periodic)
    assert data["pos"][1 * 5 + 3].tolist() == [3.5, 1.5]
    assert data["extent"].tolist() == [[5.0, 3.0]]
    assert data["periodic"].tolist() == [periodic]
    assert data["area"].unique().tolist() == [1.0]


def test_open_border_sees_the_neighbours_it_has() -> None:
    data = square_grid(3, 4, periodic=False)
    total = torch.zeros(12).index_add_(0, data["edge_index"][1], data["edge_weight"]).view(3, 4)
    assert total.tolist() == [[5, 8, 8, 5], [8, 12, 12, 8], [5, 8, 8, 5]]
    assert data["edge_attr"].abs().max() == 1


def test_a_single_row_is_a_chain() -> None:
    assert square_grid(1, 6, periodic=False).num_edges == 10


@pytest.mark.parametrize(
    ("size", "periodic", "message"),
    [
        ((2, 5), True, "`height` must be at least 3 on a torus of squares, got 2"),
        ((5, 2), True, "`width` must be at least 3 on a torus of squares, got 2"),
        ((0, 5), False, "`height` must be at least 1 on a bounded domain of squares, got 0"),
        ((1, 1), False, "at least 2 cells"),
    ],
)
def test_too_small_is_refused(size: tuple[int, int], periodic: bool, message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        square_grid(*size, periodic=periodic)
