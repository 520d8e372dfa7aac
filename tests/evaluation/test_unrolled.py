"""Patterns on surfaces, unrolled, against those on squares."""

import torch

from graphnca.evaluation.runs import grow
from graphnca.evaluation.unrolled import UNROLLED_SIDE, one_to_one, patch, pattern_on_squares, unrolled_errors
from graphnca.seeds import point_seed
from topologies import sphere, square_grid


def test_a_run_on_squares_has_no_error_to_itself(random_rule) -> None:
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    square = square_grid(60, 60)
    pattern = pattern_on_squares(rule, square, 12, seed=4)
    assert pattern.shape == (4, UNROLLED_SIDE, UNROLLED_SIDE)
    assert float(unrolled_errors(grow(rule, square, 1, (12,), 4)[12], patch(square), pattern)) == 0
    assert (unrolled_errors(grow(rule, square, 2, (12,), 5)[12], patch(square), pattern) > 0).all()


def test_a_seed_lies_in_the_middle_of_its_patch_and_a_small_surface_shows_twice() -> None:
    ball = sphere(900)
    image = patch(ball, 40, side=9)(point_seed(ball, at=40)[None])
    assert image[0, 3, 4, 4] == 1 and 0.3 < float(image[0, 3].sum()) < 3  # one cell of about 1.2 square units
    assert one_to_one(ball, 40, side=21) and not one_to_one(ball, 40, side=81)


def test_what_exploded_has_a_finite_error() -> None:
    square = square_grid(60, 60)
    states = torch.full((1, 3600, 8), float("nan"))
    pattern = torch.zeros(4, UNROLLED_SIDE, UNROLLED_SIDE)
    assert torch.isfinite(unrolled_errors(states, patch(square), pattern)).all()
