"""Components are those of a covariance."""

import pytest
import torch

from graphnca.evaluation.components import coloured, components_of, explained
from graphnca.evaluation.subject import SubjectError


def states(seed: int = 0) -> torch.Tensor:
    """Four hidden channels with variances 9, 4, 1 and 1/4, the second of them three times the first visible one."""
    numbers = torch.randn(2, 5000, 7, generator=torch.Generator().manual_seed(seed))
    numbers[..., 3:] *= torch.tensor([3.0, 2.0, 1.0, 0.5])
    numbers[..., 0] = numbers[..., 4] / 3
    return numbers + 0.7


def test_components_are_the_axes_of_the_variance() -> None:
    components = components_of(states())
    torch.testing.assert_close(components.directions, torch.eye(4, 3, dtype=torch.float64), atol=0.05, rtol=0)
    torch.testing.assert_close(
        components.deviation, torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64), atol=0.05, rtol=0
    )
    assert components.shares == pytest.approx((9 / 14.25, 4 / 14.25, 1 / 14.25), abs=0.02)
    assert components.shares_on(states(1)) == pytest.approx((9 / 14.25, 4 / 14.25, 1 / 14.25), abs=0.02)
    seen = components.of(states())
    torch.testing.assert_close(seen.flatten(0, 1).std(0), torch.ones(3, dtype=torch.float64), atol=1e-3, rtol=0)
    assert float(coloured(states()[0], components).abs().mean()) < 0.2


def test_what_is_visible_explains_what_depends_on_it() -> None:
    assert explained(states(), components_of(states())) == pytest.approx([0, 1, 0], abs=0.02)


def test_flat_states_have_components_of_no_size() -> None:
    flat = torch.ones(1, 100, 7)
    components = components_of(flat)
    assert components.of(flat).abs().max() < 1e-6
    assert components.shares_on(flat) == [0, 0, 0]
    assert explained(flat, components) == [0, 0, 0]


def test_too_few_channels_are_refused() -> None:
    with pytest.raises(SubjectError, match="at least 3 hidden channels, got 2"):
        components_of(torch.rand(1, 20, 5))
