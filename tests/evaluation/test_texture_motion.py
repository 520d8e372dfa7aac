"""How far a texture has moved as a whole."""

import pytest
import torch

from graphnca.evaluation.texture_motion import displacement


@pytest.mark.parametrize("moved", [(0, 0), (3, -5), (-8, 2)])
def test_it_finds_how_far_a_picture_was_rolled(moved: tuple[int, int]) -> None:
    picture = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    right, down = moved
    shift, likeness = displacement(picture, picture.roll((down, right), (-2, -1)))
    assert shift.tolist() == [[right, down]] * 2
    torch.testing.assert_close(likeness, torch.ones(2))


def test_a_picture_of_something_else_is_not_like_it() -> None:
    one, other = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    assert float(displacement(one, other)[1]) < 0.2
