"""How far the features of an image must be moved to be those of another: optimal transport, one direction at a time."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

SPARE_BITS = 29  # of a double's 52 bits of fraction, which a float32 with its 23 leaves 0


def random_directions(num_channels: int, count: int, generator: torch.Generator | None = None) -> Float[Tensor, "c k"]:
    """Unit vectors, evenly spread over all directions, as columns: float32, on the CPU."""
    return functional.normalize(torch.randn(num_channels, count, generator=generator, dtype=torch.float32), dim=0)


def sliced_transport(
    maps: Float[Tensor, "b c h w"],
    target: Float[Tensor, "c m"],
    directions: Float[Tensor, "c k"],
) -> Float[Tensor, " b"]:
    """Sum over directions d and ranks i of (x_i - t_j)^2, one value per sample.

    x are the n projections a . d of the image's features, one per pixel, in increasing order, t the m of the target's
    in the same order and j = floor(i m / n): on a line the i-th smallest is best moved to the i-th smallest. Nearest
    resampling, and a sum, not a mean: it grows with the number of pixels (texture notebook in PyTorch, 2022).

    Args:
        maps: Features of the images.
        target: Features of the target, one column per pixel.
        directions: One column each; the same ones for all samples.
    """
    pixels = maps.permute(0, 2, 3, 1).flatten(1, 2)  # a view where the maps lie in memory channels last
    projected = (pixels @ directions).transpose(1, 2).contiguous()
    return _Moved.apply(projected, resampled(_increasing(directions.T @ target), projected.shape[2]))


def resampled(values: Float[Tensor, "k m"], count: int) -> Float[Tensor, "k n"]:
    """Values at floor(i m / n) for i = 0 .. n - 1."""
    size = values.shape[-1]
    return values if size == count else values[..., torch.arange(count, device=values.device) * size // count]


class _Moved(torch.autograd.Function):
    """sum over k, i of (sorted x[b, k, i] - wanted[k, i])^2. The gradient is made on the way, from the differences."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, wanted: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        if not ctx.needs_input_grad[0]:
            return (_increasing(x) - wanted).square().sum((1, 2))
        values, order = sort_with_order(x)
        difference = values.sub_(wanted)
        ctx.save_for_backward(torch.empty_like(x).scatter_(2, order, difference))
        return difference.square().sum((1, 2))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (difference,) = ctx.saved_tensors
        return difference * (2 * grad[:, None, None]), None


def sort_with_order(x: Float[Tensor, "*k n"]) -> tuple[Float[Tensor, "*k n"], Int[Tensor, "*k n"]]:
    """Return the values in increasing order along the last axis, and where each was.

    torch.sort takes some fifty times as long on a CPU as numpy does with plain floats (torch 2.13, numpy 2.4). So
    there each float32 is made a double, in whose last bits its place is written, and these are sorted.
    """
    size = x.shape[-1]
    if x.device.type != "cpu" or x.dtype != torch.float32 or size >= 2**SPARE_BITS:
        return x.sort(dim=-1)
    keys = x.double()
    places = keys.view(torch.int64).bitwise_or_(torch.arange(size))
    keys.numpy().sort(axis=-1)
    order = places & (2**SPARE_BITS - 1)
    return places.bitwise_and_(-(2**SPARE_BITS)).view(torch.float64).float(), order


def _increasing(x: Float[Tensor, "*k n"]) -> Float[Tensor, "*k n"]:
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return x.sort(dim=-1).values
    return torch.from_numpy(np.sort(x.detach().numpy(), axis=-1))
