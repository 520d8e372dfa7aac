import math

import pytest
import torch
from torch_geometric.data import Data

from graphnca.layers import moment_correction


def star(*vectors: tuple[float, float], weights: list[float] | None = None) -> tuple[torch.Tensor, ...]:
    """Cell 0 in the middle perceives the others at the given vectors; the others perceive nothing."""
    count = len(vectors)
    edge_index = torch.stack([torch.arange(1, count + 1), torch.zeros(count, dtype=torch.int64)])
    weight = torch.ones(count) if weights is None else torch.tensor(weights)
    return edge_index, weight, torch.tensor(vectors, dtype=torch.float32)


def test_on_the_square_torus_nothing_is_corrected(substrates: dict[str, Data]) -> None:
    square = substrates["square"]
    correction = moment_correction(
        square["edge_index"], square["edge_weight"], square["edge_attr"], square["pos"].shape[0]
    )
    torch.testing.assert_close(correction, torch.eye(2).expand_as(correction))


def test_it_is_eight_times_the_inverse_moment(topology: Data) -> None:
    """Multiplied with the moment matrix it gives 8 I, on every cell of every substrate."""
    number = topology["pos"].shape[0]
    weight, vectors = topology["edge_weight"].double(), topology["edge_attr"].double()
    correction = moment_correction(topology["edge_index"], weight, vectors, number)
    moments = torch.zeros(number, 2, 2, dtype=torch.float64)
    for edge, cell in enumerate(topology["edge_index"][1].tolist()):
        moments[cell] += weight[edge] * torch.outer(vectors[edge], vectors[edge])
    torch.testing.assert_close(correction @ moments, 8 * torch.eye(2, dtype=torch.float64).expand(number, 2, 2))


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 2, 2.0])
@pytest.mark.parametrize("length", [0.01, 1.0, 100.0])
def test_neighbours_on_one_line_give_the_gradient_along_it(angle: float, length: float) -> None:
    along = torch.tensor([math.cos(angle), math.sin(angle)])
    for reach in ([1.0], [1.0, -1.0], [1.0, 2.0, -0.5]):
        vectors = [tuple((length * r * along).tolist()) for r in reach]
        edge_index, weight, vector = star(*vectors)
        correction = moment_correction(edge_index, weight, vector, len(reach) + 1)[0]
        slope = torch.tensor([0.7, -0.4])
        gradient = correction @ (weight[:, None] * vector * (vector @ slope)[:, None]).sum(0)
        torch.testing.assert_close(gradient, 8 * along * (along @ slope), rtol=1e-4, atol=1e-4)


def test_a_cell_without_neighbours_gets_zeros() -> None:
    edge_index, weight, vectors = star((1.0, 0.0), (0.0, 1.0))
    correction = moment_correction(edge_index, weight, vectors, 3)
    assert torch.equal(correction[1:], torch.zeros(2, 2, 2))
    torch.testing.assert_close(correction[0], 8 * torch.eye(2))
