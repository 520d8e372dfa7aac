"""How far a texture has moved as a whole."""

import torch
from jaxtyping import Float
from torch import Tensor


def displacement(
    earlier: Float[Tensor, "*b c h w"], later: Float[Tensor, "*b c h w"]
) -> tuple[Float[Tensor, "*b 2"], Float[Tensor, "*b"]]:
    """Pixels to the right and down by which the later of two pictures of a torus fits the earlier one best.

    The peak of their cross-correlation, in whole pixels, at most half a picture away: what repeats is taken for having
    moved by the nearest of its periods.

    Returns:
        The displacement, and the correlation there: 1 if the picture has moved and nothing else.
    """
    height, width = earlier.shape[-2:]
    before, after = (images - images.mean((-2, -1), keepdim=True) for images in (earlier, later))
    waves = torch.fft.rfft2(before).conj() * torch.fft.rfft2(after)
    products = torch.fft.irfft2(waves.sum(-3), s=(height, width))
    best, place = products.flatten(-2).max(-1)
    energies = [images.square().sum((-3, -2, -1)) for images in (before, after)]
    down, right = _shorter_way(place // width, height), _shorter_way(place % width, width)
    return torch.stack([right, down], -1).to(earlier), best / (energies[0] * energies[1]).sqrt()


def _shorter_way(shift: Tensor, length: int) -> Tensor:
    return (shift + length // 2) % length - length // 2
