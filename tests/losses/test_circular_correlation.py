import pytest
import torch
from torch import Tensor

from graphnca.losses.circular_correlation import CircularCorrelation

# every case of the orbits: odd; twice odd; a multiple of 4; and the smallest of each
ANGLES = [1, 2, 3, 4, 5, 6, 8, 12, 13, 22, 28]


def plain(rings: Tensor, target: Tensor) -> Tensor:
    """The definition: the target turned by each k, as it is and mirrored, times the rings."""
    mirrored = target.flip(0).roll(1, 0)  # T[-a]
    return torch.stack(
        [
            torch.stack([torch.einsum("arbc,arc->b", rings, t.roll(k, 0)) for k in range(len(target))], dim=-1)
            for t in (target, mirrored)
        ],
        dim=1,
    )


@pytest.mark.parametrize("num_angles", ANGLES)
def test_equals_the_definition(num_angles: int) -> None:
    target = torch.randn(num_angles, 3, 2, dtype=torch.float64)
    rings = torch.randn(num_angles, 3, 4, 2, dtype=torch.float64)
    torch.testing.assert_close(CircularCorrelation(target)(rings), plain(rings, target))


@pytest.mark.parametrize("num_angles", [7, 10, 12])
def test_a_turned_target_meets_itself_at_its_turn(num_angles: int) -> None:
    target = torch.randn(num_angles, 5, 3)
    correlation = CircularCorrelation(target)
    mirrored = target.flip(0).roll(1, 0)
    turned = torch.stack([t.roll(k, 0) for t in (target, mirrored) for k in range(num_angles)], dim=2)
    assert correlation(turned).flatten(1).argmax(1).tolist() == list(range(2 * num_angles))


@pytest.mark.parametrize("num_angles", [9, 12])
def test_gradient(num_angles: int) -> None:
    target = torch.randn(num_angles, 2, 2, dtype=torch.float64)
    rings = torch.randn(num_angles, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(CircularCorrelation(target), (rings,))


def test_autocast_does_not_reach_it() -> None:
    target, rings = torch.randn(12, 3, 2), torch.randn(12, 3, 4, 2)
    correlation = CircularCorrelation(target)
    with torch.autocast("cpu", torch.bfloat16):
        result = correlation(rings)
    assert torch.equal(result, correlation(rings))


def test_dtype_is_the_targets_and_nothing_is_saved() -> None:
    target, rings = torch.randn(8, 3, 2, dtype=torch.float64), torch.randn(8, 3, 1, 2)
    assert CircularCorrelation(target.float())(rings).dtype == torch.float32
    converted = CircularCorrelation(target).float()(rings)
    torch.testing.assert_close(converted, CircularCorrelation(target.float())(rings))
    assert not CircularCorrelation(target).state_dict()
