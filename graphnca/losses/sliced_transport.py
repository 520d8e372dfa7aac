"""How far the features of an image must be moved to be those of another: optimal transport, one direction at a time."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

SPARE_BITS = 28  # of a double's 52 bits of fraction, after a float32's 23 and one that is rounded away
CACHED_VALUES = 2**16  # sorted at a time, with their doubles: what a core's second cache holds


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
    wanted = resampled(_increasing(directions.T @ target), pixels.shape[1])
    return _Moved.apply(pixels, directions, wanted)


def resampled(values: Float[Tensor, "k m"], count: int) -> Float[Tensor, "k n"]:
    """Values at floor(i m / n) for i = 0 .. n - 1."""
    size = values.shape[-1]
    return values if size == count else values[..., torch.arange(count, device=values.device) * size // count]


class _Moved(torch.autograd.Function):
    """sum over k, i of (i-th smallest (x[b] @ d[:, k]) - wanted[k, i])^2; the differences make the gradient too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, directions: Tensor, wanted: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        projected = directions.T.expand(len(x), -1, -1) @ x.transpose(1, 2)
        if not ctx.needs_input_grad[0]:
            return (_increasing(projected) - wanted).square_().sum((1, 2))
        value = x.new_empty(len(x))
        rows = max(1, CACHED_VALUES // x.shape[1])
        for sample, row in enumerate(projected):
            value[sample] = sum(
                _moved(part, goal) for part, goal in zip(row.split(rows), wanted.split(rows), strict=True)
            )
        ctx.save_for_backward(projected, directions)  # which is now how far each pixel is from its goal
        return value

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        distance, directions = ctx.saved_tensors
        weighted = 2 * grad[:, None, None] * directions.T
        return distance.transpose(1, 2) @ weighted, None, None


def _moved(projected: Float[Tensor, "k n"], wanted: Float[Tensor, "k n"]) -> Float[Tensor, ""]:
    """Sum of the squared differences of the sorted values; each value is replaced by its own difference."""
    values, order = sort_with_order(projected)
    difference = values.sub_(wanted)
    projected.scatter_(1, order, difference)
    return difference.square_().sum()


def sort_with_order(x: Float[Tensor, "*k n"]) -> tuple[Float[Tensor, "*k n"], Int[Tensor, "*k n"]]:
    """Return the values in increasing order along the last axis, and where each was.

    torch.sort takes 20 to 150 times as long on a CPU as numpy does with plain floats (torch 2.13, numpy 2.4, AVX-512).
    So there each float32 is made a double, in whose last bits its place is written, and these are sorted.
    """
    size = x.shape[-1]
    if x.device.type != "cpu" or x.dtype != torch.float32 or size > 2**SPARE_BITS:
        return x.sort(dim=-1)
    keys = x.detach().double()
    places = keys.view(torch.int64).bitwise_or_(torch.arange(size))
    keys.numpy().sort(axis=-1)
    values = keys.float()  # what was written is less than half of a float32's last bit: it is rounded away
    return values, places.bitwise_and_(2**SPARE_BITS - 1)


def _increasing(x: Float[Tensor, "*k n"]) -> Float[Tensor, "*k n"]:
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64):
        return x.sort(dim=-1).values
    return torch.from_numpy(np.sort(x.detach().numpy(), axis=-1))
