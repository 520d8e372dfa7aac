import pytest
import torch
from torch import Tensor
from torch.nn import functional

from graphnca.losses.sharpening import sharpening_matrix


def sharpened(images: Tensor) -> Tensor:
    matrix = torch.from_numpy(sharpening_matrix(*images.shape[-2:]).toarray())
    return (images.flatten(-2) @ matrix.T).view_as(images)


@pytest.mark.parametrize("size", [(3, 3), (5, 9), (9, 11), (12, 7)])
def test_equals_a_convolution_with_mirrored_borders(size: tuple[int, int]) -> None:
    images = torch.randn(2, 3, *size, dtype=torch.float64)
    taps = torch.exp(-0.5 * torch.arange(-2, 3, dtype=torch.float64) ** 2)
    kernel = (taps[:, None] * taps / taps.sum() ** 2).expand(3, 1, 5, 5)
    blurred = functional.conv2d(functional.pad(images, (2, 2, 2, 2), mode="reflect"), kernel, groups=3)
    torch.testing.assert_close(sharpened(images), 3 * images - 2 * blurred)


@pytest.mark.parametrize("size", [(3, 3), (3, 8), (12, 5)])
def test_flat_images_stay(size: tuple[int, int]) -> None:
    flat = torch.full((4, *size), 0.7, dtype=torch.float64)
    torch.testing.assert_close(sharpened(flat), flat)


def test_too_small() -> None:
    with pytest.raises(ValueError, match="at least 3 pixels wide and high, got 2x8"):
        sharpening_matrix(2, 8)
