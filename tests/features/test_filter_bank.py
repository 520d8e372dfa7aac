import math

import numpy as np
import pytest
import torch
from torch import Tensor

from graphnca.features import FilterBank
from graphnca.features.filter_bank import COLOURS, gabor_pairs
from graphnca.losses import TextureLoss


def images(height: int = 24, width: int = 32, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def stripes(angle: float, wavelength: float = 4.0, size: int = 32) -> Tensor:
    """Grey stripes that vary along `angle`, in a picture that need not be periodic."""
    place = torch.arange(size, dtype=torch.float64)
    along = place * math.cos(angle) + place[:, None] * math.sin(angle)
    return (0.5 + 0.4 * torch.cos(2 * math.pi / wavelength * along)).expand(1, 3, size, size)


def test_filters_see_no_constant_and_have_norm_one() -> None:
    filters = gabor_pairs(6)
    assert filters.shape == (12, 7, 7)
    torch.testing.assert_close(filters.sum((1, 2)), torch.zeros(12, dtype=torch.float64))
    torch.testing.assert_close(filters.square().sum((1, 2)), torch.ones(12, dtype=torch.float64))
    torch.testing.assert_close(filters[:6].flip(1, 2), filters[:6])  # even
    torch.testing.assert_close(filters[6:].flip(1, 2), -filters[6:])  # odd


def test_the_first_map_is_a_correlation_that_wraps_around() -> None:
    """One pixel at the seam, computed by hand in numpy."""
    bank, x = FilterBank(scales=1, orientations=4).double(), images(12, 14, 1)
    maps = bank(x)[1][0].detach().numpy()
    filters, colours = gabor_pairs(4).numpy(), np.array(COLOURS)
    pixels = np.einsum("ac,chw->ahw", colours, x[0].numpy() - 0.5)
    offsets = np.arange(-3, 4)
    patch = pixels[:, offsets % 12][:, :, (13 + offsets) % 14]  # around row 0, column 13
    responses = np.einsum("ahw,fhw->af", patch, filters).ravel()
    np.testing.assert_allclose(maps[:, 0, 13], np.maximum(np.concatenate([responses, -responses]), 0), atol=1e-6)


@pytest.mark.parametrize("number", range(8))
def test_stripes_are_seen_best_by_the_filters_across_them(number: int) -> None:
    maps = FilterBank(scales=1).double()(stripes(number * math.pi / 8))[1]
    inner = maps[0, :, 8:-8, 8:-8].square().mean((1, 2))
    brightness = (inner[:48] + inner[48:]).reshape(3, 2, 8)[0].sum(0)
    assert int(brightness.argmax()) == number


@pytest.mark.parametrize(("wavelength", "scale"), [(4, 0), (8, 1), (16, 2)])
def test_wide_stripes_are_seen_at_a_coarse_scale(wavelength: int, scale: int) -> None:
    maps = FilterBank(scales=3).double()(stripes(0.0, wavelength, 64))
    energies = [maps[1 + 2 * level].square().sum(1).mean().item() for level in range(3)]
    assert int(np.argmax(energies)) == scale


def test_a_shifted_image_has_shifted_maps() -> None:
    bank, x = FilterBank(scales=2).double(), images()
    for one, two in zip(bank(x), bank(x.roll((4, 8), (2, 3))), strict=True):
        rows, columns = 4 * one.shape[2] // 24, 8 * one.shape[3] // 32
        torch.testing.assert_close(one.roll((rows, columns), (2, 3)), two)


def test_the_second_map_separates_stripes_from_a_checkerboard_of_stripes() -> None:
    """Everywhere horizontal against patches of horizontal and vertical stripes: what varies is the amplitude."""
    place = torch.arange(64)
    patch = ((place // 8 + (place // 8)[:, None]) % 2).double()
    across, down = stripes(0.0, 4, 64), stripes(math.pi / 2, 4, 64)
    bank = FilterBank(scales=1).double()
    whole, patched = bank(across)[2], bank(across * patch + down * (1 - patch))[2]
    assert patched.square().mean() > 10 * whole.square().mean()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 9), (31, 17), (64, 48)])
def test_any_size_gives_all_maps(height: int, width: int) -> None:
    maps = FilterBank(scales=3, orientations=4).double()(images(height, width))
    assert [tuple(part.shape[:2]) for part in maps] == [(2, 3), *[(2, 48), (2, 16)] * 3]
    sizes = [(-(-height // 2**level), -(-width // 2**level)) for level in (0, 0, 1, 1, 2, 2, 3)]
    assert [tuple(part.shape[2:]) for part in maps] == sizes
    assert all(part.isfinite().all() for part in maps)


@pytest.mark.parametrize("size", [1, 2, 8])
def test_a_small_image_is_seen_as_it_repeats(size: int) -> None:
    bank, x = FilterBank(scales=1, orientations=4).double(), images(size, size)
    for small, large in zip(bank(x)[:2], bank(x.repeat(1, 1, 4, 4))[:2], strict=True):
        torch.testing.assert_close(small, large[:, :, : small.shape[2], : small.shape[3]])


def test_gradient() -> None:
    bank = FilterBank(scales=1, orientations=2).double()
    assert torch.autograd.gradcheck(lambda x: sum(m.square().sum() for m in bank(x)), images(8, 9, 1).requires_grad_())


def test_a_uniform_image_has_a_finite_gradient() -> None:
    x = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    TextureLoss(FilterBank(), images(16, 16, 1)[0].float())(x).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all() and x.grad.abs().max() > 0


@pytest.mark.parametrize("statistic", ["sliced_ot", "gram"])
def test_textures_are_separated(statistic: str) -> None:
    """A shifted piece of the same stripes costs nothing, but stripes turned, finer, or of another colour do."""
    template = stripes(0.0, 8)[0]
    loss = TextureLoss(FilterBank(scales=2).double(), template, statistic, balanced=True)  # type: ignore[arg-type]
    others = [stripes(math.pi / 2, 8)[0], stripes(0.0, 4)[0], template * torch.tensor([1, 0.5, 0.5])[:, None, None]]
    assert loss(template.roll(4, 2)) < 1e-6
    assert all(loss(other) > 0.5 for other in others)


@pytest.mark.parametrize("options", [{"scales": 0}, {"orientations": 0}])
def test_nothing_to_see_with(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(options))}` must be at least 1, got 0"):
        FilterBank(**options)


@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize(
    "x", [torch.rand(3, 8, 8), torch.rand(1, 4, 8, 8), torch.rand(1, 3, 0, 8), torch.ones(1, 3, 8, 8).int()]
)
def test_images_of_another_shape(x: Tensor) -> None:
    with pytest.raises(ValueError, match=r"`images` must be float images \(B, 3, H, W\), got"):
        FilterBank()(x)
