"""Memory is a correlation."""

import torch

from graphnca.evaluation.persistence import correlation


def test_correlation_knows_neither_scale_nor_offset() -> None:
    picture = torch.rand(3, 50, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(correlation(picture, 3 * picture + 1), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(correlation(picture, -picture), -torch.ones(3, dtype=torch.float64))
    assert correlation(picture, torch.zeros_like(picture)).tolist() == [0, 0, 0]
    assert float(correlation(picture[0], picture[1]).abs()) < 0.3
