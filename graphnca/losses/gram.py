"""Which features occur together in an image: the Gram matrix of its maps."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def gram_matrix(maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c c"]:
    """Mean over the pixels of a a^T, with a the features at a pixel (Gatys, Ecker and Bethge 2015).

    It does not change where pixels change places, and does not grow with the image.
    """
    return _Gram.apply(maps.permute(0, 2, 3, 1).flatten(1, 2))  # a view where the maps lie in memory channels last


def gram_distance(maps: Float[Tensor, "b c h w"], target: Float[Tensor, "c c"]) -> Float[Tensor, " b"]:
    """Mean over the entries of (Gram matrix - target)^2, one value per sample (texture notebook in TensorFlow)."""
    return (gram_matrix(maps) - target).square().mean((1, 2))


class _Gram(torch.autograd.Function):
    """x^T x / n of pixels (b, n, c). The gradient is one product, x (g + g^T) / n, where autograd's would be two."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.save_for_backward(x)
        return x.transpose(1, 2) @ x / x.shape[1]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        (x,) = ctx.saved_tensors
        return x @ ((grad + grad.transpose(1, 2)) / x.shape[1])
