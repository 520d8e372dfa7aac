import math

import pytest
import torch
from torch_geometric.data import Data

from graphnca.layers import along_edges


def star(*vectors: tuple[float, float], weights: list[float] | None = None) -> tuple[torch.Tensor, ...]:
    """Cell 0 in the middle perceives the others at the given vectors; the others perceive nothing."""
    count = len(vectors)
    edge_index = torch.stack([torch.arange(1, count + 1), torch.zeros(count, dtype=torch.int64)])
    weight = torch.ones(count) if weights is None else torch.tensor(weights)
    return edge_index, weight, torch.tensor(vectors, dtype=torch.float32)


def test_on_the_square_torus_they_are_the_sobel_pair(substrates: dict[str, Data]) -> None:
    square = substrates["square"]
    index, weight, gradient = along_edges(
        square["edge_index"], square["edge_weight"], square["edge_attr"], square["pos"].shape[0]
    )
    assert gradient is not None
    assert torch.equal(weight, square["edge_weight"])
    assert torch.equal(gradient, square["edge_weight"][:, None] * square["edge_attr"])
    assert torch.equal(index, square["edge_index"])


def test_linear_fields_give_eight_times_their_slope(topology: Data) -> None:
    """The sums of g_ij v_ij^T are 8 I, on every cell of every substrate."""
    number = topology["pos"].shape[0]
    weight, vectors = topology["edge_weight"].double(), topology["edge_attr"].double()
    index, _, gradient = along_edges(topology["edge_index"], weight, vectors, number)
    assert gradient is not None
    sums = torch.zeros(number, 2, 2, dtype=torch.float64)
    sums.index_add_(0, index[1], gradient[:, :, None] * vectors[:, None, :])
    torch.testing.assert_close(sums, 8 * torch.eye(2, dtype=torch.float64).expand(number, 2, 2))


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 2, 2.0])
@pytest.mark.parametrize("length", [0.01, 1.0, 100.0])
def test_neighbours_on_one_line_give_the_gradient_along_it(angle: float, length: float) -> None:
    along = torch.tensor([math.cos(angle), math.sin(angle)])
    for reach in ([1.0], [1.0, -1.0], [1.0, 2.0, -0.5]):
        vectors = [tuple((length * r * along).tolist()) for r in reach]
        edge_index, weight, vector = star(*vectors)
        coefficients = along_edges(edge_index, weight, vector, len(reach) + 1).gradient
        assert coefficients is not None
        slope = torch.tensor([0.7, -0.4])
        gradient = (coefficients * (vector @ slope)[:, None]).sum(0)
        torch.testing.assert_close(gradient, 8 * along * (along @ slope), rtol=1e-4, atol=1e-4)


def test_without_weights_they_are_equal_and_sum_to_twelve() -> None:
    edge_index, _, _ = star((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0))
    assert along_edges(edge_index, None, None, 4).weight.tolist() == [4.0, 4.0, 4.0]
