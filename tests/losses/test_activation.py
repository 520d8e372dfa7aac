import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from graphnca.features import VGG16
from graphnca.losses import ActivationLoss
from graphnca.rasterizers import NearestCell
from topologies import square_grid, voronoi_mesh


class Listed(nn.Module):
    """The image, and its 2x2 means with one channel more."""

    description = "means"

    def forward(self, images: Tensor) -> list[Tensor]:
        means = functional.avg_pool2d(images, 2)
        return [images, torch.cat([means, means.sum(1, keepdim=True)], dim=1)]


class Named(Listed):
    """The same by name."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
        image, means = super().forward(images)
        return {"image": image, "means": means}


def some_images(*batch: int) -> Tensor:
    """Some pixels are out of range."""
    return 0.5 + torch.randn(*batch, 3, 8, 10, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("features", "layer"), [(Listed(), 1), (Named(), "means")])
def test_it_is_the_formula(features: nn.Module, layer: str | int) -> None:
    images, weight = some_images(2, 3), 50.0
    loss = ActivationLoss(features, layer, 3, overflow_weight=weight)(images)
    assert loss.shape == (2, 3)
    for one, value in zip(images.flatten(0, 1), loss.flatten(), strict=True):
        over = ((one - 1).clamp(min=0) ** 2 + (-one).clamp(min=0) ** 2).mean()
        torch.testing.assert_close(value, weight * over - one.sum(0).mean())


def test_what_is_in_range_costs_nothing_but_its_activation() -> None:
    images = some_images(2).clamp(0, 1)
    torch.testing.assert_close(ActivationLoss(Listed(), 0, 1)(images), -images[:, 1].mean((-2, -1)))


def test_the_activation_is_that_of_the_image_as_it_is_shown() -> None:
    loss, images = ActivationLoss(Listed(), 0, 2), some_images(2)
    torch.testing.assert_close(loss.activation(images), images[:, 2].clamp(0, 1).mean((-2, -1)))
    torch.testing.assert_close(loss.activation(images, clipped=False), images[:, 2].mean((-2, -1)))


def test_a_layer_of_vgg_by_name() -> None:
    vgg = VGG16.untrained(widths=(4,) * 13)
    loss, images = ActivationLoss(vgg, "conv2_1", 1, overflow_weight=0.0), some_images(2)
    (maps,) = vgg.giving(("conv2_1",))(images)
    torch.testing.assert_close(loss(images), -maps[:, 1].mean((-2, -1)))
    assert loss.features is not vgg and vgg.layers != ("conv2_1",)  # the user's module stays as it is


@pytest.mark.parametrize("grid", ["square", "voronoi"])
def test_states_through_a_rasterizer(grid: str) -> None:
    topology = square_grid(8, 10) if grid == "square" else voronoi_mesh(10, 8, seed=1)
    raster = NearestCell(topology, 8, 10)
    number = topology.num_nodes or 0
    states = torch.randn(2, number, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
    loss = ActivationLoss(Listed(), 1, 0, rasterizer=raster, offset=0.25)
    plain = ActivationLoss(Listed(), 1, 0)(raster(states[..., :3]) + 0.25)
    torch.testing.assert_close(loss(states), plain)
    loss(states).sum().backward()
    assert states.grad is not None
    assert states.grad[..., :3].any() and not states.grad[..., 3:].any()


def excess(image: Tensor) -> float:
    return float((image - image.clamp(0, 1)).detach().square().mean())


def test_descending_excites() -> None:
    """A few steps against the gradient raise the channel and bring the colours into their range."""
    vgg = VGG16.untrained(widths=(4,) * 13)
    image = (0.5 + 0.7 * torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))).requires_grad_()
    loss = ActivationLoss(vgg, "conv1_2", 2)
    optimizer, before = torch.optim.Adam([image], lr=0.05), excess(image)
    first = float(loss.activation(image).detach())
    for _ in range(30):
        optimizer.zero_grad()
        loss(image).sum().backward()
        optimizer.step()
    assert float(loss.activation(image).detach()) > first
    assert excess(image) < before / 10


def test_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="`channel` must be at least 0, got -1"):
        ActivationLoss(Listed(), 0, -1)
    for weight in (-1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="`overflow_weight` must be (at least 0|finite)"):
            ActivationLoss(Listed(), 0, 0, overflow_weight=weight)
    with pytest.raises(ValueError, match=r"`channel` must be one of the 4 of layer 1, got 4"):
        ActivationLoss(Listed(), 1, 4)(some_images(1))
    with pytest.raises(ValueError, match=r"`layer` must be one of \[0, 1\] for these features, got 2"):
        ActivationLoss(Listed(), 2, 0)(some_images(1))
    with pytest.raises(ValueError, match=r"`layer` must be one of \['image', 'means'\]"):
        ActivationLoss(Named(), "sums", 0)(some_images(1))
    with pytest.raises(ValueError, match="`layers` must be some of"):
        ActivationLoss(VGG16.untrained(widths=(4,) * 13), "conv9_1", 0)
    with pytest.raises(ValueError, match="`images` must be floats"):
        ActivationLoss(Listed(), 0, 0)(torch.zeros(2, 4, 8, 8))
