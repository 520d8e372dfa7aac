import numpy as np
import torch

from graphnca.losses.gram import gram_distance, gram_matrix


def test_entry_by_entry() -> None:
    maps = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    values, expected = maps.numpy(), np.zeros((2, 3, 3))
    for b, i, j in np.ndindex(2, 3, 3):
        expected[b, i, j] = sum(values[b, i, r, c] * values[b, j, r, c] for r in range(4) for c in range(5)) / (4 * 5)
    torch.testing.assert_close(gram_matrix(maps), torch.from_numpy(expected))
    target = np.random.default_rng(0).normal(size=(3, 3))
    distance = torch.from_numpy(((expected - target) ** 2).mean((1, 2)))
    torch.testing.assert_close(gram_distance(maps, torch.from_numpy(target)), distance)


def test_it_is_blind_to_places_and_to_size() -> None:
    maps = torch.randn(1, 3, 4, 6, dtype=torch.float64)
    turned = maps.rot90(1, (2, 3)).roll(2, 3)
    torch.testing.assert_close(gram_matrix(turned), gram_matrix(maps))
    torch.testing.assert_close(gram_matrix(maps.repeat(1, 1, 3, 2)), gram_matrix(maps))


def test_gradient() -> None:
    maps = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    target = torch.randn(3, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: gram_distance(x, target), (maps,))
