import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch.nn import functional

from graphnca.losses.sliced_transport import random_directions, resampled, sliced_transport, sort_with_order


def numbers(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=dtype)


def test_it_is_the_cheapest_assignment_along_each_direction() -> None:
    """An oracle that sorts nothing: the assignment problem, solved for one direction after the other."""
    maps, target, directions = numbers(2, 3, 4, 5), numbers(3, 20), random_directions(3, 6).double()
    expected = torch.zeros(2, dtype=torch.float64)
    for sample in range(2):
        for direction in directions.T:
            x, t = direction @ maps[sample].flatten(1), direction @ target
            cost = (x[:, None] - t).square().numpy()
            rows, columns = linear_sum_assignment(cost)
            expected[sample] += cost[rows, columns].sum()
    torch.testing.assert_close(sliced_transport(maps, target, directions), expected)


@pytest.mark.parametrize("size", [(4, 5), (3, 3), (7, 11)])
def test_another_size_is_resampled_to_the_nearest(size: tuple[int, int]) -> None:
    """Against numpy's sort and torch's own nearest interpolation, as the notebook has it."""
    maps, target, directions = numbers(2, 3, *size), numbers(3, 20), random_directions(3, 6).double()
    projected = np.sort(np.einsum("bcn,ck->bkn", maps.flatten(2).numpy(), directions.numpy()))
    wanted = torch.from_numpy(np.sort(directions.numpy().T @ target.numpy()))
    wanted = functional.interpolate(wanted[None], projected.shape[2], mode="nearest")[0].numpy()
    expected = torch.from_numpy(((projected - wanted) ** 2).sum((1, 2)))
    torch.testing.assert_close(sliced_transport(maps, target, directions), expected)


def test_pixels_in_another_order_cost_nothing() -> None:
    target = numbers(3, 20)
    maps = target[:, torch.randperm(20)].reshape(1, 3, 4, 5)
    assert sliced_transport(maps, target, random_directions(3, 8).double()) < 1e-24


def test_a_shift_costs_its_square_along_each_direction() -> None:
    target, shift, directions = numbers(3, 20), numbers(3), random_directions(3, 8).double()
    maps = (target + shift[:, None]).reshape(1, 3, 4, 5)
    torch.testing.assert_close(sliced_transport(maps, target, directions)[0], 20 * (shift @ directions).square().sum())


@pytest.mark.parametrize("size", [(4, 5), (3, 3)])
def test_gradient(size: tuple[int, int]) -> None:
    maps, target, directions = numbers(2, 3, *size).requires_grad_(), numbers(3, 20), random_directions(3, 4).double()
    assert torch.autograd.gradcheck(lambda x: sliced_transport(x, target, directions), (maps,))


def test_single_precision_has_the_gradient_of_double() -> None:
    target, directions = numbers(3, 500), random_directions(3, 4)
    gradients = []
    for dtype in (torch.float32, torch.float64):
        maps = numbers(2, 3, 20, 25).to(dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
        sliced_transport(maps, target.to(dtype), directions.to(dtype)).sum().backward()
        assert maps.grad is not None
        gradients.append(maps.grad.double())
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sorting_with_order_is_torchs(dtype: torch.dtype) -> None:
    x = numbers(3, 4, 1000).to(dtype) * 10 ** numbers(3, 4, 1000).to(dtype)
    values, order = sort_with_order(x)
    expected = x.sort(dim=-1)
    assert torch.equal(values, expected.values) and torch.equal(order, expected.indices)


def test_sorting_equal_values_zeros_of_both_signs_and_tiny_ones() -> None:
    x = torch.tensor([[0.0, -0.0, 1.0, -1.0, 1.0, 1e-45, -1e-45, -1.0, 3e38, -3e38, 0.0]])
    values, order = sort_with_order(x)
    assert torch.equal(values, x.sort(dim=-1).values)
    assert torch.equal(x.gather(1, order), values)
    assert torch.equal(order.sort().values[0], torch.arange(11))


def test_directions_are_unit_vectors_that_a_generator_repeats() -> None:
    one, two = (random_directions(5, 1000, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    torch.testing.assert_close(one.norm(dim=0), torch.ones(1000))
    torch.testing.assert_close(one @ one.T / 1000, torch.eye(5) / 5, atol=0.03, rtol=0)  # in all directions alike


def test_resampling_takes_every_entry_as_often() -> None:
    values = torch.arange(4.0)[None]
    assert resampled(values, 8).tolist() == [[0, 0, 1, 1, 2, 2, 3, 3]]
    assert resampled(values, 2).tolist() == [[0, 2]]
    assert resampled(values, 4) is values
