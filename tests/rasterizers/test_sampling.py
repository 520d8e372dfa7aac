import copy
import pickle

import numpy as np
import pytest
import torch

from graphnca.rasterizers.sampling import Sampling


@pytest.fixture
def mixing() -> Sampling:
    rng = np.random.default_rng(1)
    return Sampling(rng.integers(0, 12, 40), rng.integers(0, 7, 40), rng.normal(size=40), 7, height=3, width=4)


def dense(sampling: Sampling) -> torch.Tensor:
    matrix = torch.zeros(sampling.height * sampling.width, sampling.num_cells, dtype=torch.float64)
    matrix[sampling.pixel, sampling.cell] = torch.from_numpy(sampling.weight)
    return matrix


def test_equals_the_dense_matrix_on_any_batch_axes(mixing: Sampling) -> None:
    for batch in [(), (2,), (2, 3), (0,)]:
        states = torch.randn(*batch, 7, 5, dtype=torch.float64)
        expected = torch.einsum("pn,...nc->...cp", dense(mixing), states).reshape(*batch, 5, 3, 4)
        torch.testing.assert_close(mixing(states), expected)


def test_repeated_entries_add_up() -> None:
    sampling = Sampling(np.zeros(3, int), np.array([1, 1, 0]), np.array([0.25, 0.5, 0.25]), 2, 1, 1)
    torch.testing.assert_close(sampling(torch.tensor([[4.0], [8.0]])), torch.full((1, 1, 1), 7.0))


@pytest.mark.parametrize("kind", ["reshape", "index", "index with gaps", "mixture"])
def test_gradients_first_and_second_order(kind: str, mixing: Sampling) -> None:
    order = np.arange(6)
    sampling = {
        "reshape": Sampling(order, order, np.ones(6), 6, 2, 3),
        "index": Sampling(order, order[[2, 0, 0, 1, 5, 3]], np.ones(6), 6, 2, 3),
        "index with gaps": Sampling(order[1:], order[1:], np.ones(5), 6, 2, 3),
        "mixture": mixing,
    }[kind]
    assert sampling.is_reshape == (kind == "reshape")
    states = torch.randn(2, sampling.num_cells, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sampling, (states,))
    assert torch.autograd.gradgradcheck(lambda x: sampling(x).square(), (states,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_dtype_follows_the_states(mixing: Sampling, dtype: torch.dtype) -> None:
    states = torch.rand(7, 5, dtype=dtype)
    image = mixing(states)
    assert image.dtype == dtype
    expected = (dense(mixing) @ states.double()).T.reshape(5, 3, 4)
    torch.testing.assert_close(image.double(), expected, rtol=0.0, atol=2.0 * torch.finfo(dtype).eps * 10)


def test_copies_do_not_share_placed_operators(mixing: Sampling) -> None:
    states = torch.randn(7, 5)
    expected = mixing(states)
    for twin in (copy.deepcopy(mixing), pickle.loads(pickle.dumps(mixing))):
        torch.testing.assert_close(twin(states), expected)
    assert not mixing.state_dict()


def test_states_of_another_substrate_are_refused(mixing: Sampling) -> None:
    with pytest.raises(ValueError, match=r"`states` must have shape \(\.\.\., 7, C\).*got \(8, 5\)"):
        mixing(torch.zeros(8, 5))
