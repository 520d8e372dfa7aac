"""Figures: which run is shown, one canvas a substrate, plots side by side."""

import pytest
import torch

from graphnca.evaluation.subject import Subject
from graphnca.models import isonca
from graphnca.results.figures import Strips, curves, median_run, spread
from topologies import hex_grid, square_grid


@pytest.mark.parametrize(
    ("values", "run"), [([3.0, 1.0, 2.0], 2), ([4.0, 1.0, 2.0, 3.0], 2), ([1.0], 0), ([5.0, 5.0, 1.0], 0)]
)
def test_the_run_in_the_middle_is_the_lower_of_two(values: list[float], run: int) -> None:
    assert median_run(values) == run


def test_strips_keep_a_canvas_for_each_substrate() -> None:
    strips = Strips(Subject("any", isonca()), scale=3.0, pad=2)
    square, hexagons = square_grid(8, 8), hex_grid(8, 7)
    tiles = [(topology, torch.rand(topology.num_nodes, 16), "a") for topology in (square, hexagons, square)]
    picture = strips(tiles, columns=3, title="three")
    assert picture.width == 3 * 24 + 4 * 2
    assert strips.canvas(square) is strips.canvas(square) is not strips.canvas(hexagons)


def test_a_strip_may_show_a_part() -> None:
    whole = square_grid(8, 8)
    subject = Subject("any", isonca())
    window = (2.0, 2.0, 6.0, 5.0)
    for given in (window, lambda topology: window):
        canvas = Strips(subject, scale=2.0, window=given).canvas(whole)
        assert (canvas.width, canvas.height) == (8, 6)


def test_plots_stand_side_by_side() -> None:
    line = {"line": ([1, 2], [1.0, 2.0])}
    one, two, four = (curves({f"{number}": line for number in range(count)}, size=(320, 200)) for count in (1, 2, 4))
    assert one.width < two.width < four.width and one.height == two.height < four.height


def test_what_is_spread_has_both_ends() -> None:
    assert spread(range(10), 4) == [0, 3, 6, 9]
    assert spread(["a", "b"], 8) == ["a", "b"]
    assert spread([7], 3) == [7]
