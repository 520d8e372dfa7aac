import pytest
import torch
from torch.nn import functional

from graphnca.losses.sharpening import Sharpen


def test_equals_a_convolution_with_mirrored_borders() -> None:
    images = torch.randn(2, 3, 9, 11, dtype=torch.float64)
    taps = torch.exp(-0.5 * torch.arange(-2, 3, dtype=torch.float64) ** 2)
    kernel = (taps[:, None] * taps / taps.sum() ** 2).expand(3, 1, 5, 5)
    blurred = functional.conv2d(functional.pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=3)
    torch.testing.assert_close(Sharpen(9, 11, dtype=torch.float64)(images), 3 * images - 2 * blurred)


@pytest.mark.parametrize("size", [(3, 3), (3, 8), (12, 5)])
def test_flat_images_stay(size: tuple[int, int]) -> None:
    torch.testing.assert_close(Sharpen(*size)(torch.full((4, *size), 0.7)), torch.full((4, *size), 0.7))


def test_too_small() -> None:
    with pytest.raises(ValueError, match="at least 3 pixels wide and high, got 2x8"):
        Sharpen(2, 8)
