"""Patches of a surface, drawn anew at every call."""

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca.losses import TextureLoss
from graphnca.rasterizers import TangentPatches
from topologies import sphere, square_grid


class Colours(nn.Module):
    def forward(self, images: Tensor) -> list[Tensor]:
        return [images]


@pytest.fixture(scope="module")
def ball() -> Data:
    return sphere(600)


def patches_of(ball: Data, **options: int) -> TangentPatches:
    return TangentPatches(ball, 8, places=6, generator=torch.Generator().manual_seed(0), **options)


def test_every_image_is_one_of_the_patches_and_all_states_have_the_same(ball: Data) -> None:
    view = patches_of(ball, count=3)
    states = torch.rand(2, len(ball["pos"]), 3)
    images = view(states)
    assert images.shape == (2, 3, 3, 8, 8) and len(view.patches) == 6
    every = torch.stack([patch(states) for patch in view.patches], 1)
    same = (images[:, :, None] == every[:, None]).flatten(3).all(-1)
    assert same.any(-1).all() and torch.equal(same[0], same[1])


def test_all_of_them_are_drawn_and_each_generator_draws_the_same(ball: Data) -> None:
    first, second = patches_of(ball), patches_of(ball)
    states = torch.rand(len(ball["pos"]), 1)
    drawn = [first(states) for _ in range(20)]
    assert len({float(image.sum()) for images in drawn for image in images}) == 6
    assert all(torch.equal(images, second(states)) for images in drawn)


def test_a_texture_loss_adds_them_up(ball: Data) -> None:
    states, template = torch.rand(2, len(ball["pos"]), 5), torch.rand(3, 8, 8)
    loss = TextureLoss(Colours(), template, rasterizer=patches_of(ball))
    total = loss(states, generator=torch.Generator().manual_seed(1))
    images = patches_of(ball)(states[..., :3]) + 0.5
    each = TextureLoss(Colours(), template)(images, generator=torch.Generator().manual_seed(1))
    assert total.shape == (2,) and each.shape == (2, 4)
    torch.testing.assert_close(total, each.sum(1))


def test_a_surface_that_is_narrower_than_a_patch_is_refused(ball: Data) -> None:
    with pytest.raises(ValueError, match="`side` must be less: no disk of 200 units"):
        TangentPatches(ball, 200, places=1)
    with pytest.raises(ValueError, match="`count` must be at least 1"):
        TangentPatches(ball, 8, count=0)
    with pytest.raises(ValueError, match="surface in space"):
        TangentPatches(square_grid(4, 4), 3)
