import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data

from graphnca.losses import RotationInvariantLoss
from graphnca.losses.rotation_invariant import Variant
from graphnca.rasterizers import Barycentric, NearestCell
from graphnca.targets import binary_channel, load_target, radial_channel
from topologies import square_grid


@pytest.fixture(scope="module")
def lizard() -> Tensor:
    """IsoNCA's lizard target: RGBA and the binary auxiliary channel."""
    target = load_target("lizard")
    return torch.cat([target, binary_channel(target)[None]])


@pytest.fixture(scope="module")
def small() -> Tensor:
    """A small target without symmetry, in float64."""
    target = load_target("lizard", size=10, padding=3).double()
    return torch.cat([target, binary_channel(target)[None]])


def blobs(angle: float = 0.0, mirrored: bool = False, side: int = 48) -> Tensor:
    """A smooth chiral picture (2, side, side), turned clockwise on the screen by `angle` after flipping it upside down.

    Each blob's centre moves; nothing is interpolated, so the picture is exact at every angle.
    """
    axis = torch.arange(side, dtype=torch.float64) + 0.5 - side / 2
    image = torch.zeros(2, side, side, dtype=torch.float64)
    for channel, x, y, height in [(0, 9.0, 0.0, 1.0), (0, -5.0, 6.0, 0.8), (1, 2.0, -11.0, 0.7), (1, -8.0, -3.0, -0.6)]:
        u, v = x, -y if mirrored else y
        u, v = u * math.cos(angle) - v * math.sin(angle), u * math.sin(angle) + v * math.cos(angle)
        image[channel] += height * torch.exp(-((axis - u) ** 2 + (axis[:, None] - v) ** 2) / 32)
    return image


def plain_landscape(images: Tensor, target: Tensor, num_angles: int, step: float) -> Tensor:
    """The published loss as a direct program: convolution, grid_sample, and a loop over the orientations (B, 2, A)."""

    def polar(x: Tensor) -> Tensor:
        channels, side = x.shape[-3], x.shape[-1]
        taps = torch.exp(-0.5 * torch.arange(-2, 3, dtype=x.dtype) ** 2)
        kernel = (taps[:, None] * taps / taps.sum() ** 2).expand(channels, 1, 5, 5)
        blurred = functional.conv2d(functional.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, groups=channels)
        radii = torch.linspace(0.5 / side, 1, side // 2, dtype=x.dtype)[:, None]
        angles = torch.arange(num_angles, dtype=x.dtype) * step
        grid = torch.stack([radii * angles.cos(), radii * angles.sin()], dim=-1)
        grid = grid.expand(len(x), *grid.shape)
        return functional.grid_sample(3 * x - 2 * blurred, grid, align_corners=False)

    rings, wanted = polar(images), polar(target[None])
    mirrored = wanted.flip(-1).roll(1, -1)
    return torch.stack(
        [
            torch.stack([(rings - t.roll(k, -1)).square().sum(-1).mean((1, 2)) for k in range(num_angles)], dim=-1)
            for t in (wanted, mirrored)
        ],
        dim=1,
    )


def test_published_numbers_of_the_lizard(lizard: Tensor) -> None:
    loss = RotationInvariantLoss(lizard, variant="published")
    assert loss.num_angles == 227
    assert loss.polar(lizard[None]).shape == (1, 5, 36, 227)
    turned = [torch.rot90(lizard, quarter, (1, 2)) for quarter in (1, 2, 3)]
    images = torch.stack([torch.zeros_like(lizard), lizard, *turned, lizard.flip(2), lizard.flip(1)])
    expected = torch.tensor([38.31, 0.0, 0.28, 0.60, 0.31, 0.40, 0.06])
    torch.testing.assert_close(loss(images), expected, atol=0.006, rtol=0)

    landscape = loss.landscape(lizard)
    assert landscape.shape == (2, 227)
    assert landscape.min() == pytest.approx(0, abs=1e-3)
    assert landscape.quantile(0.5) == pytest.approx(34.9, abs=0.05)
    assert landscape.max() == pytest.approx(47.7, abs=0.05)
    assert landscape[0, 113] == pytest.approx(34.6, abs=0.05)
    assert landscape[1].min() == pytest.approx(24.6, abs=0.05)


@pytest.mark.parametrize("variant", ["closed", "published"])
def test_equals_the_plain_program(small: Tensor, variant: Variant) -> None:
    loss = RotationInvariantLoss(small, variant=variant)
    images = torch.randn(3, *small.shape, dtype=torch.float64)
    expected = plain_landscape(images, small, loss.num_angles, loss.step)
    expected *= loss.step * small.shape[-1] / 2  # 1 for the published ring
    torch.testing.assert_close(loss.landscape(images), expected)
    torch.testing.assert_close(loss(images), expected.flatten(1).min(1).values)


def test_the_closed_ring_is_closed_and_on_the_published_scale(lizard: Tensor) -> None:
    loss = RotationInvariantLoss(lizard)
    assert loss.num_angles % 4 == 0
    assert loss.num_angles * loss.step == pytest.approx(2 * math.pi)
    assert loss(torch.zeros_like(lizard)) == pytest.approx(38.3, rel=0.005)
    published = RotationInvariantLoss(lizard, variant="published")
    images = torch.rand(4, 5, 72, 72)
    torch.testing.assert_close(loss(images), published(images), rtol=0.01, atol=0)


@pytest.mark.parametrize("name", ["lizard", "spiderweb", "heart", "dancer"])
@pytest.mark.parametrize("padding", [12, 9])
def test_quarter_turns_and_flips_of_the_target_cost_nothing(name: str, padding: int) -> None:
    target = load_target(name, padding=padding)
    target = torch.cat([target, binary_channel(target)[None], radial_channel(target, 4)[None]])
    loss = RotationInvariantLoss(target)
    turned = [torch.rot90(target, quarter, (1, 2)) for quarter in range(4)]
    images = torch.stack(turned + [image.flip(2) for image in turned])
    assert loss(images).max() < 1e-8


@pytest.mark.parametrize("size", [(17, 17), (20, 14), (13, 18)])
def test_half_turns_and_flips_of_odd_and_oblong_targets_cost_nothing(size: tuple[int, int]) -> None:
    target = torch.rand(3, *size)
    loss = RotationInvariantLoss(target)
    assert loss(torch.stack([target, target.flip(1, 2), target.flip(1), target.flip(2)])).max() < 1e-8


@pytest.mark.parametrize("variant", ["closed", "published"])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0.0, 0.4, 1.3, math.pi - 0.1, -0.7, -2.9])
def test_any_orientation_is_found_and_costs_little(variant: Variant, mirrored: bool, angle: float) -> None:
    loss = RotationInvariantLoss(blobs(), variant=variant)
    match = loss.match(blobs(angle, mirrored))
    assert match.mirrored == mirrored
    error = (match.angle.item() - angle + math.pi) % (2 * math.pi) - math.pi
    assert abs(error) <= loss.step
    assert match.loss < 0.01 * loss(torch.zeros(2, 48, 48, dtype=torch.float64))
    torch.testing.assert_close(match.loss, loss(blobs(angle, mirrored)))


def test_signs_of_the_match(lizard: Tensor) -> None:
    """y points down: torch.rot90 turns counterclockwise on the screen, which is the negative direction."""
    quarter = math.pi / 2
    images = torch.stack([lizard, *(torch.rot90(lizard, k, (1, 2)) for k in (1, 2, 3)), lizard.flip(1), lizard.flip(2)])
    match = RotationInvariantLoss(lizard).match(images)
    torch.testing.assert_close(match.angle, torch.tensor([0.0, -quarter, 2 * quarter, quarter, 0.0, 2 * quarter]))
    assert match.mirrored.tolist() == [False, False, False, False, True, True]


def test_without_mirror_the_mirrored_target_costs(lizard: Tensor) -> None:
    loss = RotationInvariantLoss(lizard, mirror=False)
    flipped = loss.match(torch.stack([lizard, lizard.flip(1)]))
    assert flipped.loss[0] < 1e-8
    assert 20 < flipped.loss[1] < 30
    assert not flipped.mirrored.any()


def test_auxiliary_channel_separates_the_ends() -> None:
    """A target that is symmetric in its colours: only the fifth channel makes half a turn cost anything."""
    target = torch.zeros(4, 32, 32)
    target[:, 6:26, 14:18] = 1
    with_ends = torch.cat([target, binary_channel(target)[None]])
    assert RotationInvariantLoss(target).landscape(target)[0, 52] < 1e-4
    loss = RotationInvariantLoss(with_ends)
    assert loss.landscape(with_ends)[0, loss.num_angles // 2] > 1


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
def test_a_batch_is_its_samples_one_by_one(small: Tensor, batch: tuple[int, ...]) -> None:
    loss = RotationInvariantLoss(small)
    images = torch.randn(*batch, *small.shape, dtype=torch.float64)
    single = [loss.match(image) for image in images.reshape(-1, *small.shape)]
    match = loss.match(images)
    assert loss.landscape(images).shape == (*batch, 2, loss.num_angles)
    for name in ("loss", "angle", "mirrored"):
        together = getattr(match, name)
        assert together.shape == batch
        torch.testing.assert_close(together, torch.stack([getattr(one, name) for one in single]).reshape(batch))


def test_further_channels_are_ignored(small: Tensor) -> None:
    images = torch.randn(2, 8, *small.shape[1:], dtype=torch.float64, requires_grad=True)
    loss = RotationInvariantLoss(small)
    torch.testing.assert_close(loss(images), loss(images[:, :5]))
    loss(images).sum().backward()
    assert images.grad is not None
    assert images.grad[:, :5].any()
    assert not images.grad[:, 5:].any()


@pytest.mark.parametrize("variant", ["closed", "published"])
@pytest.mark.parametrize("sharpen", [True, False])
def test_gradient_by_finite_differences(variant: Variant, sharpen: bool) -> None:
    target = torch.rand(2, 7, 7, dtype=torch.float64)
    loss = RotationInvariantLoss(target, variant=variant, sharpen=sharpen, channel_weights=[1.0, 3.0])
    images = torch.rand(2, 2, 7, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, (images,))
    assert torch.autograd.gradcheck(loss.landscape, (images,))


def test_gradient_flows_through_the_chosen_orientation_alone(small: Tensor) -> None:
    loss = RotationInvariantLoss(small)
    images = torch.rand(3, *small.shape, dtype=torch.float64, requires_grad=True)
    entries = loss.landscape(images).flatten(1)
    chosen = entries.gather(1, entries.argmin(1, keepdim=True)).sum()
    (expected,) = torch.autograd.grad(chosen, images)
    (gradient,) = torch.autograd.grad(loss(images).sum(), images)
    torch.testing.assert_close(gradient, expected)
    (others,) = torch.autograd.grad(loss.landscape(images).sum(), images)
    assert not torch.allclose(gradient, others)


def test_gradient_vanishes_at_the_turned_target(small: Tensor) -> None:
    image = torch.rot90(small, 1, (1, 2)).requires_grad_()
    (gradient,) = torch.autograd.grad(RotationInvariantLoss(small)(image), image)
    assert gradient.abs().max() < 1e-10


def test_channel_weights(small: Tensor) -> None:
    images = torch.randn(2, *small.shape, dtype=torch.float64)
    plain = RotationInvariantLoss(small).landscape(images)
    alone = RotationInvariantLoss(small, channel_weights=[0.0, 0.0, 0.0, 0.0, 1.0]).landscape(images)
    weighted = RotationInvariantLoss(small, channel_weights=[1.0, 1.0, 1.0, 1.0, 3.0]).landscape(images)
    torch.testing.assert_close(weighted, plain + 2 * alone)


def test_states_through_a_rasterizer(small: Tensor) -> None:
    side = small.shape[-1]
    images = torch.randn(2, 3, 9, side, side, dtype=torch.float64)
    states = images.flatten(-2).movedim(-1, -2)
    loss = RotationInvariantLoss(small, rasterizer=NearestCell(square_grid(side, side)))
    reference = RotationInvariantLoss(small)
    torch.testing.assert_close(loss(states), reference(images))
    torch.testing.assert_close(loss.match(states).angle, reference.match(images).angle)
    torch.testing.assert_close(loss.landscape(states), reference.landscape(images))


def test_computed_in_the_dtype_of_the_target(small: Tensor) -> None:
    images = torch.rand(2, *small.shape)
    assert RotationInvariantLoss(small)(images).dtype == torch.float64
    single = RotationInvariantLoss(small.float())
    assert single(images.bfloat16()).dtype == torch.float32
    converted = single.double()(images.double())
    torch.testing.assert_close(converted, RotationInvariantLoss(small)(images.double()), rtol=1e-5, atol=0)


def test_nothing_of_it_is_saved_with_a_model(small: Tensor) -> None:
    assert not RotationInvariantLoss(small).state_dict()


@pytest.mark.parametrize("shape", [(2, 4, 16, 16), (2, 5, 16, 15), (16, 16)])
def test_images_of_another_shape(small: Tensor, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"`images` must be \(\.\.\., 5 or more channels, 16, 16\) .* got shape"):
        RotationInvariantLoss(small)(torch.rand(shape))


@pytest.mark.usefixtures("as_released")
def test_bad_arguments(small: Tensor) -> None:
    with pytest.raises(ValueError, match=r"`target` must be of type Float\[Tensor, 'c h w'\], got"):
        RotationInvariantLoss(small[0])
    with pytest.raises(ValueError, match="`target` must be at least 4 pixels wide and high, got 16x3"):
        RotationInvariantLoss(small[:, :, :3])
    with pytest.raises(ValueError, match=r"`variant` must be one of 'closed', 'published', got 'open'"):
        RotationInvariantLoss(small, variant="open")  # pyright: ignore[reportArgumentType]
    for weights in ([1.0] * 4, [1, 1, 1, 1, -1], [1, 1, 1, 1, float("nan")], [1, 1, 1, 1, float("inf")]):
        with pytest.raises(ValueError, match="`channel_weights` must be 5 finite values of 0 or more"):
            RotationInvariantLoss(small, channel_weights=weights)


@pytest.mark.parametrize("rasterizer", [NearestCell, Barycentric])
def test_drawing_is_part_of_the_loss_on_every_substrate(topology: Data, small: Tensor, rasterizer: type) -> None:
    raster = rasterizer(topology, *small.shape[1:], origin=(-1.3, -0.7))
    states = torch.randn(2, topology.num_nodes or 0, 7, dtype=torch.float64, requires_grad=True)
    composed = RotationInvariantLoss(small, rasterizer=raster)
    drawn = RotationInvariantLoss(small, rasterizer=lambda x: raster(x))  # any function will do as a rasterizer
    assert composed.drawing is not None
    assert drawn.drawing is None
    torch.testing.assert_close(composed(states), drawn(states))
    torch.testing.assert_close(composed.landscape(states), RotationInvariantLoss(small).landscape(raster(states)))
    gradients = [torch.autograd.grad(loss(states).sum(), states)[0] for loss in (composed, drawn)]
    torch.testing.assert_close(*gradients)


def test_states_that_do_not_fit(small: Tensor) -> None:
    loss = RotationInvariantLoss(small, rasterizer=NearestCell(square_grid(16, 16)))
    with pytest.raises(ValueError, match=r"`states` must have shape \(\.\.\., 256, C\), one row per cell"):
        loss(torch.rand(2, 255, 16))
    with pytest.raises(ValueError, match=r"the `rasterizer`'s images must be \(\.\.\., 5 or more channels, 16, 16\)"):
        loss(torch.rand(2, 256, 4))
    other = RotationInvariantLoss(small, rasterizer=NearestCell(square_grid(4, 4)))
    with pytest.raises(ValueError, match=r"the `rasterizer`'s images must be .* got shape \(2, 5, 4, 4\)"):
        other(torch.rand(2, 16, 9))


def test_second_derivatives(small: Tensor) -> None:
    loss = RotationInvariantLoss(small[:, 4:12, 4:12], channel_weights=[1.0, 1.0, 2.0, 1.0, 0.0])
    images = torch.rand(1, 5, 8, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(loss, (images,))


@pytest.mark.parametrize("variant", ["closed", "published"])
def test_repeats_to_the_bit(lizard: Tensor, variant: Variant) -> None:
    loss = RotationInvariantLoss(lizard, variant=variant, rasterizer=NearestCell(square_grid(72, 72)))
    states = torch.rand(3, 72 * 72, 16, requires_grad=True)
    values = [loss(states) for _ in range(3)]
    gradients = [torch.autograd.grad(value.sum(), states)[0] for value in values]
    assert all(torch.equal(value, values[0]) for value in values)
    assert all(torch.equal(gradient, gradients[0]) for gradient in gradients)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("variant", ["closed", "published"])
def test_on_the_gpu_it_is_the_same_and_waits_for_nothing(small: Tensor, variant: Variant) -> None:
    loss = RotationInvariantLoss(small, variant=variant, rasterizer=NearestCell(square_grid(16, 16)))
    states = torch.rand(3, 256, 16, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(loss(states).sum(), states)
    on_gpu = loss.cuda()
    there = states.detach().cuda().requires_grad_()
    on_gpu(there).sum().backward()  # places the operators
    there.grad = None
    torch.cuda.set_sync_debug_mode("error")
    try:
        on_gpu(there).sum().backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert there.grad is not None
    torch.testing.assert_close(there.grad.cpu(), expected)
