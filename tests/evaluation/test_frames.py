"""Fields of frames: where down points, and what is drawn of it."""

import math

import pytest
import torch
from PIL import Image
from torch_geometric.data import Data

from graphnca.evaluation.frames import bipolar, discs, halves, offset_from, pointing, polar, with_frames


def down(turn: torch.Tensor) -> torch.Tensor:
    """Where (0, 1) points after a turn from x towards y."""
    return torch.stack([-turn.sin(), turn.cos()], -1)


def test_down_points_where_it_is_asked_to() -> None:
    direction = torch.tensor([[0.0, 2.0], [-3.0, 0.0], [1.0, 1.0], [0.0, -1.0]])
    torch.testing.assert_close(
        down(pointing(direction)), direction / direction.norm(dim=-1, keepdim=True), atol=1e-6, rtol=0
    )
    assert pointing(torch.tensor([[-1.0, 0.0]])).item() == pytest.approx(math.pi / 2)  # clockwise: down becomes left


def test_a_polar_field_points_away_from_the_middle(topology: Data) -> None:
    offset = offset_from(topology, (0.5, 0.5))
    far = offset.norm(dim=-1) > 0.1
    along = (down(polar(topology)) * offset).sum(-1) / offset.norm(dim=-1)
    torch.testing.assert_close(along[far], torch.ones(int(far.sum())), atol=1e-5, rtol=0)


def test_a_bipolar_field_leaves_one_pole_and_enters_the_other(torus: Data) -> None:
    for share, sign in ((0.25, 1.0), (0.75, -1.0)):
        offset = offset_from(torus, (share, share))
        near = (offset.norm(dim=-1) < 1.6) & (offset.norm(dim=-1) > 0.3)
        assert near.any()
        along = (down(bipolar(torus)) * offset).sum(-1) / offset.norm(dim=-1)
        assert (sign * along[near] > 0.9).all()


def test_regions_are_turned_and_the_rest_is_not(torus: Data) -> None:
    right = torus["pos"][:, 0] >= torus["extent"][0, 0] / 2
    torch.testing.assert_close(halves(torus), torch.where(right, math.radians(60.0), 0.0))
    turn = discs(torus)
    found = sorted({round(math.degrees(value)) for value in turn.tolist()})
    assert found == [0, 45, 90]
    assert (turn == 0).float().mean() > 0.5


def test_a_line_is_drawn_along_x_onto_a_copy(torus: Data) -> None:
    picture = Image.new("RGB", (120, 120), "white")
    level = with_frames(picture, torus, torch.zeros(torus.num_nodes), 10.0, spacing=6.0)
    steep = with_frames(picture, torus, torch.full((torus.num_nodes,), math.pi / 2), 10.0, spacing=6.0)
    assert picture.getcolors() == [(120 * 120, (255, 255, 255))]
    assert level.getpixel((40, 30)) != (255, 255, 255) and level.getpixel((30, 40)) == (255, 255, 255)
    headed = with_frames(picture, torus, torch.zeros(torus.num_nodes), 10.0, spacing=6.0, arrows=True)
    dark = [(x, y) for x in range(60) for y in range(60) if headed.getpixel((x, y)) != (255, 255, 255)]
    assert max(x for x, _ in dark) == 54 and min(x for x, y in dark if y != 30) > 40  # the head is at the far end
    assert steep.getpixel((30, 40)) != (255, 255, 255) and steep.getpixel((40, 30)) == (255, 255, 255)
