from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from graphnca.features import VGG16, FilterBank
from graphnca.features.vgg import Statistic
from graphnca.losses import TextureLoss
from graphnca.losses.sliced_transport import random_directions
from graphnca.rasterizers import NearestCell
from topologies import square_grid, voronoi_mesh

WIDTHS = (4, 3, 5, 4, 6, 5, 4, 7, 6, 5, 8, 7, 6)
STATISTICS = ("sliced_ot", "gram")


class Blurs(nn.Module):
    """A feature module of a user's own: the image, and its 2x2 means."""

    description = "blurs"

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images, functional.avg_pool2d(images, 2)]


@pytest.fixture
def vgg() -> VGG16:
    return VGG16.untrained(widths=WIDTHS, dtype=torch.float64)


@pytest.fixture
def draw() -> Callable[..., Tensor]:
    """Random images in float64, of a seed of their own for each shape."""
    return lambda *shape: torch.rand(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=torch.float64)


def seeded(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_gram_is_the_published_sum_over_layers(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    """Mean over the batch of: sum over five layers of the mean squared difference of (F F^T) / (h w), in numpy."""
    template, images = draw(3, 32, 32), draw(4, 3, 48, 32)

    def grams(batch: Tensor) -> list[np.ndarray]:
        found = []
        for maps in vgg.selecting("gram")(batch):
            b, c, h, w = maps.shape
            rows = maps.numpy().reshape(b, c, h * w)
            found.append(np.stack([row @ row.T for row in rows]) / (h * w))
        return found

    expected = sum(
        ((one - two) ** 2).mean((1, 2)) for one, two in zip(grams(images), grams(template[None]), strict=True)
    )
    loss = TextureLoss(vgg, template, "gram")(images)
    torch.testing.assert_close(loss, torch.from_numpy(expected))


def test_sliced_transport_is_the_published_sum(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    """One sum over layers, batch, 32 directions and positions, of sorted projections, in numpy."""
    template, images, generator = draw(3, 32, 32), draw(4, 3, 32, 32), seeded()
    network, expected = vgg.selecting("sliced_ot"), 0.0
    for maps, target in zip(network(images), network(template[None]), strict=True):
        directions = random_directions(maps.shape[1], 32, generator).double().numpy()
        x = np.sort(np.einsum("bcn,ck->bkn", maps.flatten(2).numpy(), directions))
        t = np.sort(np.einsum("cn,ck->kn", target[0].flatten(1).numpy(), directions))
        expected += ((x - t) ** 2).sum()
    loss = TextureLoss(vgg, template, generator=seeded())(images)
    assert loss.shape == (4,)
    torch.testing.assert_close(loss.sum(), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_samples_do_not_see_each_other(vgg: VGG16, statistic: str, draw: Callable[..., Tensor]) -> None:
    loss = TextureLoss(vgg, draw(3, 32, 32), statistic)  # type: ignore[arg-type]
    images = draw(2, 3, 3, 32, 32)
    together = loss(images, generator=seeded())
    assert together.shape == (2, 3)
    for sample, value in zip(images.flatten(0, 1), together.flatten(), strict=True):
        torch.testing.assert_close(loss(sample, generator=seeded()), value)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("balanced", [False, True])
def test_the_template_costs_nothing(vgg: VGG16, statistic: str, balanced: bool, draw: Callable[..., Tensor]) -> None:
    template = draw(3, 32, 32)
    loss = TextureLoss(vgg, template, statistic, balanced=balanced)  # type: ignore[arg-type]
    assert loss(template) < 1e-20 < loss(1 - template)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_where_things_are_does_not_count(statistic: str, draw: Callable[..., Tensor]) -> None:
    """Features that see one pixel at a time: the pixels may change places."""
    template = draw(3, 20, 20)
    shuffled = template.flatten(1)[:, torch.randperm(400, generator=seeded())].reshape(3, 20, 20)
    assert TextureLoss(vgg_image(), template, statistic)(shuffled) < 1e-20  # type: ignore[arg-type]


def vgg_image() -> nn.Module:
    class Image(nn.Module):
        def forward(self, images: Tensor) -> list[Tensor]:
            return [images]

    return Image()


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("size", [(32, 32), (16, 40), (33, 47)])
def test_images_of_any_size(vgg: VGG16, statistic: str, size: tuple[int, int], draw: Callable[..., Tensor]) -> None:
    loss = TextureLoss(vgg, draw(3, 24, 32), statistic)(draw(2, 3, *size))  # type: ignore[arg-type]
    assert loss.shape == (2,) and (loss > 0).all()


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_larger_piece_of_the_same_texture_costs_little(statistic: str, draw: Callable[..., Tensor]) -> None:
    template = draw(3, 16, 16)
    loss = TextureLoss(FilterBank(scales=1).double(), template, statistic, balanced=True)  # type: ignore[arg-type]
    repeated, other = template.repeat(1, 2, 3), draw(3, 32, 48) * 0.5 + 0.5
    assert loss(repeated) < 0.02 * loss(other)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("balanced", [False, True])
def test_gradient(vgg: VGG16, statistic: str, balanced: bool, draw: Callable[..., Tensor]) -> None:
    loss = TextureLoss(vgg, draw(3, 16, 16), statistic, balanced=balanced)  # type: ignore[arg-type]
    images = draw(2, 3, 16, 17).requires_grad_()
    direction = draw(2, 3, 16, 17) - 0.5
    value = loss(images, generator=seeded())
    (gradient,) = torch.autograd.grad(value.sum(), images)
    step = 1e-6
    with torch.no_grad():
        change = loss(images + step * direction, generator=seeded()) - loss(
            images - step * direction, generator=seeded()
        )
    torch.testing.assert_close((gradient * direction).sum((1, 2, 3)), change / (2 * step), rtol=1e-4, atol=1e-6)


def test_directions_are_new_at_each_call_and_repeat_with_the_generator(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    template, images = draw(3, 32, 32), draw(3, 32, 32) ** 2
    loss = TextureLoss(vgg, template, generator=seeded())
    one, two = loss(images), loss(images)
    assert one != two
    loss.generator = seeded()
    assert loss(images) == one and loss(images) == two
    assert loss(images, generator=seeded()) == one


def test_more_directions_are_more_terms(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    template, images = draw(3, 32, 32), draw(3, 32, 32) ** 2
    few, many = (TextureLoss(vgg, template, num_directions=count, generator=seeded()) for count in (500, 1000))
    torch.testing.assert_close(many(images) / few(images), torch.tensor(2.0, dtype=torch.float64), rtol=0.2, atol=0)


def test_terms_add_up_and_balancing_divides_each_by_its_own_of_nothing(
    draw: Callable[..., Tensor],
) -> None:
    template, images = draw(3, 8, 8), draw(2, 3, 8, 8)
    for statistic in STATISTICS:
        plain = TextureLoss(Blurs(), template, statistic, num_directions=2000)  # type: ignore[arg-type]
        balanced = TextureLoss(Blurs(), template, statistic, num_directions=2000, balanced=True)  # type: ignore[arg-type]
        terms = plain.terms(images, generator=seeded())
        assert terms.shape == (2, 2)
        torch.testing.assert_close(plain(images, generator=seeded()), terms.sum(0))
        ratio = terms / plain.terms(torch.zeros_like(images), generator=seeded())
        torch.testing.assert_close(balanced.terms(images, generator=seeded()), ratio, rtol=0.05, atol=0)


def test_states_through_a_rasterizer(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    template, images = draw(3, 32, 32), draw(2, 3, 16, 18)
    states = torch.cat([images - 0.5, draw(2, 4, 16, 18)], 1).flatten(2).transpose(1, 2)
    loss = TextureLoss(vgg, template, rasterizer=NearestCell(square_grid(16, 18)))
    torch.testing.assert_close(loss(states, generator=seeded()), TextureLoss(vgg, template)(images, generator=seeded()))
    shifted = TextureLoss(vgg, template, rasterizer=NearestCell(square_grid(16, 18)), offset=0.25)
    assert (shifted(states) != loss(states)).all()


def test_states_of_a_mesh(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    mesh = voronoi_mesh(16, 16, seed=1)
    loss = TextureLoss(vgg, draw(3, 32, 32), rasterizer=NearestCell(mesh))
    states = (draw(2, mesh.num_nodes, 5) - 0.5).requires_grad_()
    loss(states).sum().backward()
    assert states.grad is not None
    assert states.grad[..., :3].abs().sum() > 0 and states.grad[..., 3:].abs().sum() == 0


def test_features_without_a_selection_are_taken_as_they_are(draw: Callable[..., Tensor]) -> None:
    features = Blurs()
    assert TextureLoss(features, draw(3, 8, 8)).features is features
    assert TextureLoss(features, draw(3, 8, 8), "gram").num_layers == 2


def test_the_template_is_copied(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    template = draw(3, 32, 32)
    loss, before = TextureLoss(vgg, template), template.clone()
    template.zero_()
    assert torch.equal(loss.template, before) and loss(before) < 1e-20


@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize("template", [torch.rand(8, 8), torch.ones(3, 8, 8).int()])
def test_a_template_that_is_no_image(template: Tensor) -> None:
    with pytest.raises(ValueError, match=r"`template` must be of type Float\[Tensor, 'c h w'\], got"):
        TextureLoss(Blurs(), template)


@pytest.mark.parametrize(
    ("channels", "views"), [(4, ((0, 1, 2),)), (3, ((0, 1, 2), (3, 1, 4))), (3, ()), (3, ((0, 1, -1),))]
)
def test_a_template_has_the_channels_of_the_views(channels: int, views: tuple) -> None:
    with pytest.raises(ValueError, match="`template` must have the channels of `views`"):
        TextureLoss(Blurs(), torch.rand(channels, 8, 8), views=views)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_views_are_pictures_of_their_own(statistic: Statistic, draw: Callable[..., Tensor]) -> None:
    """The loss of a material is that of its colours, and that of a picture whose red, green and blue are other maps."""
    template, images = draw(5, 8, 8), draw(2, 5, 12, 12)
    both = TextureLoss(Blurs(), template, statistic, views=((0, 1, 2), (3, 1, 4)))(images, generator=seeded())
    colours, maps = (TextureLoss(Blurs(), template[view], statistic) for view in ([0, 1, 2], [3, 1, 4]))
    generator = seeded()
    alone = colours(images[:, :3], generator=generator) + maps(images[:, [3, 1, 4]], generator=generator)
    torch.testing.assert_close(both, alone)


def test_a_rasterizer_draws_the_channels_of_all_views(draw: Callable[..., Tensor]) -> None:
    grid = square_grid(8, 8)
    template, states = draw(5, 8, 8), draw(2, 64, 7)
    drawn = NearestCell(grid, 8, 8)
    loss = TextureLoss(Blurs(), template, rasterizer=drawn, views=((0, 1, 2), (3, 1, 4)))
    plain = TextureLoss(Blurs(), template, views=((0, 1, 2), (3, 1, 4)))
    expected = plain(drawn(states[..., :5]) + 0.5, generator=seeded())
    torch.testing.assert_close(loss(states, generator=seeded()), expected)


def test_a_template_that_is_too_small(vgg: VGG16, draw: Callable[..., Tensor]) -> None:
    with pytest.raises(ValueError, match="at least 16 pixels"):
        TextureLoss(vgg, draw(3, 15, 32))


@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "mean"}, "`statistic` must be one of"),
        ({"num_directions": 0}, "`num_directions` must be at least 1, got 0"),
        ({"offset": float("nan")}, "`offset` must be finite"),
    ],
)
def test_other_values(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TextureLoss(Blurs(), torch.rand(3, 8, 8), **options)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_layer_that_is_empty_but_for_rounding_does_not_outweigh_the_others(statistic: str) -> None:
    """The differences of neighbouring pixels of a uniform template, as good as 0."""

    class Differences(nn.Module):
        def forward(self, images: Tensor) -> list[Tensor]:
            return [images, images.diff(dim=3) + 1e-17]

    loss = TextureLoss(Differences(), torch.full((3, 8, 8), 0.5), statistic, balanced=True)  # type: ignore[arg-type]
    assert loss(torch.full((3, 8, 8), 0.5) + 1e-3 * torch.rand(3, 8, 8)) < 1


def test_nothing_to_balance_by() -> None:
    with pytest.raises(ValueError, match="must not be all 0 in every layer to be balanced"):
        TextureLoss(Blurs(), torch.zeros(3, 8, 8), balanced=True)


@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize("images", [torch.rand(2, 4, 8, 8), torch.rand(8, 8), torch.ones(2, 3, 8, 8).int()])
def test_images_of_another_shape(images: Tensor) -> None:
    with pytest.raises(ValueError, match=r"`images` must be floats \(\.\.\., 3, height, width\), got"):
        TextureLoss(Blurs(), torch.rand(3, 8, 8))(images)


def test_features_with_fewer_maps_of_small_images() -> None:
    class Sizes(nn.Module):
        def forward(self, images: Tensor) -> list[Tensor]:
            return [images] * (images.shape[2] // 4)

    with pytest.raises(
        ValueError, match=r"as many maps of every image as of the template, 2, got 1 of images \(2, 3, 4,"
    ):
        TextureLoss(Sizes(), torch.rand(3, 8, 8))(torch.rand(2, 3, 4, 8))


@pytest.mark.usefixtures("as_released")
def test_states_without_three_channels() -> None:
    loss = TextureLoss(Blurs(), torch.rand(3, 8, 8), rasterizer=NearestCell(square_grid(8, 8)))
    with pytest.raises(ValueError, match="the `rasterizer`'s images must be floats"):
        loss(torch.rand(2, 64, 2))
