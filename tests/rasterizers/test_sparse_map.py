import copy
import pickle

import numpy as np
import pytest
import torch
from scipy.sparse import coo_array, csr_array

from graphnca.rasterizers.sparse_map import SparseMap


def sparse(shape: tuple[int, int], density: float, seed: int) -> csr_array:
    rng = np.random.default_rng(seed)
    return csr_array(rng.random(shape) * (rng.random(shape) < density))


@pytest.fixture
def sparse_map() -> SparseMap:
    return SparseMap(sparse((9, 6), 0.3, 0))


def dense(sparse_map: SparseMap) -> torch.Tensor:
    return torch.from_numpy(sparse_map.matrix.toarray())


@pytest.mark.parametrize("columns", [0, 1, 5, 40])
def test_equals_the_dense_product(sparse_map: SparseMap, columns: int) -> None:
    x = torch.randn(6, columns, dtype=torch.float64)
    torch.testing.assert_close(sparse_map(x), dense(sparse_map) @ x)
    single = sparse_map(x.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single, (dense(sparse_map) @ x).float())


def test_strided_columns(sparse_map: SparseMap) -> None:
    wide = torch.randn(6, 16)
    torch.testing.assert_close(sparse_map(wide[:, :4]), sparse_map(wide)[:, :4], rtol=0, atol=0)
    tall = torch.randn(16, 6)
    torch.testing.assert_close(sparse_map(tall.T), sparse_map(tall.T.contiguous()))


def test_entries_of_one_place_add_up_zeros_are_dropped_and_empty_rows_are_zero() -> None:
    entries = ([0.25, 0.5, 1.0, -1.0], ([0, 0, 2, 2], [1, 1, 0, 0]))
    sparse_map = SparseMap(coo_array(entries, shape=(4, 2)))
    assert sparse_map.matrix.nnz == 1
    torch.testing.assert_close(sparse_map(torch.tensor([[8.0], [4.0]])), torch.tensor([[3.0], [0.0], [0.0], [0.0]]))


def test_gradients_first_and_second_order(sparse_map: SparseMap) -> None:
    x = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sparse_map, (x,))
    assert torch.autograd.gradgradcheck(lambda x: sparse_map(x).square(), (x,))


def test_repeats_to_the_bit() -> None:
    """Many entries a row and a column: any change in the order of the sum would show."""
    sparse_map = SparseMap(sparse((300, 200), 0.5, 1))
    x, seed = torch.randn(200, 24, requires_grad=True), torch.randn(300, 24)
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 2):
        torch.set_num_threads(threads)
        result = sparse_map(x)
        results.append((result, torch.autograd.grad(result, x, seed)[0]))
    torch.set_num_threads(before)
    for result, gradient in results[1:]:
        assert torch.equal(result, results[0][0])
        assert torch.equal(gradient, results[0][1])


def test_copies_do_not_share_placed_operators(sparse_map: SparseMap) -> None:
    x = torch.randn(6, 5)
    expected = sparse_map(x)
    for twin in (copy.deepcopy(sparse_map), pickle.loads(pickle.dumps(sparse_map))):
        torch.testing.assert_close(twin(x), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_follows_the_columns_to_the_gpu(sparse_map: SparseMap) -> None:
    x = torch.randn(6, 5, dtype=torch.float64)
    torch.testing.assert_close(sparse_map(x.cuda()).cpu(), sparse_map(x))
