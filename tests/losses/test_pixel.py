import pytest
import torch

from graphnca.losses import PixelLoss
from graphnca.rasterizers import NearestCell
from topologies import square_grid


def test_the_target_costs_nothing_and_an_offset_its_square() -> None:
    target = torch.rand(4, 5, 6)
    loss = PixelLoss(target)(torch.stack([target, target + 0.5]))
    torch.testing.assert_close(loss, torch.tensor([0.0, 0.25]))


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_one_value_per_sample_and_further_channels_ignored(batch: tuple[int, ...]) -> None:
    target, images = torch.rand(4, 5, 6), torch.rand(*batch, 7, 5, 6)
    loss = PixelLoss(target)(images)
    assert loss.shape == batch
    expected = [torch.nn.functional.mse_loss(image[:4], target) for image in images.reshape(-1, 7, 5, 6)]
    torch.testing.assert_close(loss, torch.stack(expected).reshape(batch))


def test_states_through_a_rasterizer() -> None:
    target, images = torch.rand(4, 5, 6), torch.rand(2, 7, 5, 6)
    states = images.flatten(-2).movedim(-1, -2)
    loss = PixelLoss(target, rasterizer=NearestCell(square_grid(5, 6)))
    torch.testing.assert_close(loss(states), PixelLoss(target)(images))


def test_gradient() -> None:
    images = torch.randn(2, 5, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(PixelLoss(torch.rand(4, 3, 4, dtype=torch.float64)), (images,))


def test_the_target_is_copied() -> None:
    target = torch.rand(4, 5, 6)
    loss, before = PixelLoss(target), target.clone()
    target.zero_()
    assert loss(before) == 0


@pytest.mark.parametrize("shape", [(2, 3, 5, 6), (2, 4, 6, 5), (5, 6)])
def test_images_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"`images` must be \(\.\.\., 4 or more channels, 5, 6\)"):
        PixelLoss(torch.rand(4, 5, 6))(torch.rand(shape))


def test_states_drawn_at_another_size() -> None:
    loss = PixelLoss(torch.rand(4, 5, 6), rasterizer=NearestCell(square_grid(4, 4)))
    with pytest.raises(ValueError, match=r"the `rasterizer`'s images must be .* got shape \(2, 4, 4, 4\)"):
        loss(torch.rand(2, 16, 9))


@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize(
    "target", [torch.rand(5, 6), torch.rand(1, 4, 5, 6), torch.ones(4, 5, 6).int(), torch.rand(0, 5, 6)]
)
def test_a_target_that_is_no_image(target: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"`target` must (be of type Float\[Tensor, 'c h w'\]|have pixels), got"):
        PixelLoss(target)


def test_a_target_that_is_not_finite() -> None:
    with pytest.raises(ValueError, match="`target` must be finite"):
        PixelLoss(torch.full((4, 5, 6), float("nan")))
