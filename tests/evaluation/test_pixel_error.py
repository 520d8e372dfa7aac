"""Errors of upright patterns: to a target, and to the rule's own pattern on squares."""

import torch

from graphnca.evaluation.pixel_error import OWN_SIDE, log10_error, own_error, own_patterns, own_raster
from graphnca.evaluation.runs import grow
from topologies import square_grid


def test_log10_error_is_the_logarithm_of_the_mean_square() -> None:
    target = torch.zeros(4, 3, 3)
    images = torch.stack([torch.full_like(target, 0.1), torch.zeros_like(target)])
    torch.testing.assert_close(log10_error(images, target), torch.tensor([-2.0, -8.0]))


def test_a_rule_is_compared_with_itself_on_squares(random_rule) -> None:
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    patterns = own_patterns(rule, square_grid(60, 60), (0, 12), seed=4)
    topology = square_grid(60, 60)
    again = grow(rule, topology, 1, (0, 12), 4)
    assert patterns[12].shape == (4, OWN_SIDE, OWN_SIDE)
    assert float(own_error(again[12], topology, patterns[12])) == 0
    other = own_error(grow(rule, topology, 3, (12,), 5)[12], topology, patterns[12])
    assert (other > 0).all()
    assert own_raster(topology)(again[0])[0, 3, OWN_SIDE // 2, OWN_SIDE // 2] == 1
