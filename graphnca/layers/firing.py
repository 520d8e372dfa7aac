"""Which cells fire in a step: random numbers that can be asked for cell by cell.

Asynchronous updates need one random bit per cell and step. Instead of drawing N numbers a step, a step draws a single
key, and the number of a cell is a hash of the key and the cell's index. So the fast path asks only for the cells that
live, a recomputed step gets the same mask from its stored key, and CPU, GPU and any other program (a web page) that
knows the hash get the same mask, bit for bit.

The hash is a 32-bit multiply-xorshift finaliser (two rounds on the index, two more once the key is mixed in), with the
multipliers 0x7feb352d and 0x846ca68b, which have low bias in the avalanche test (C. Wellons, hash-prospector, 2018).
"""

from typing import overload

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_FIRST = 0x7FEB352D
_SECOND = 0x846CA68B - (1 << 32)  # as a signed 32-bit number
_RANGE = 1 << 31


def fire_key(generator: torch.Generator | None = None, device: torch.device | str = "cpu") -> Int[Tensor, ""]:
    """Draws the key of one step: an int32 in [0, 2^31), from `generator` or, without one, PyTorch's default."""
    source = generator.device if generator is not None else torch.device("cpu")
    return torch.randint(_RANGE - 1, (), dtype=torch.int32, generator=generator, device=source).to(device)


def fire_keys(num_steps: int, generator: torch.Generator | None = None) -> Int[Tensor, " s"]:
    """The keys of many steps, the same that `fire_key` draws one by one, on the source's device."""
    source = generator.device if generator is not None else torch.device("cpu")
    if source.type == "cpu":  # whose numbers come one by one in any case
        return torch.randint(_RANGE - 1, (num_steps,), dtype=torch.int32, generator=generator)
    keys = torch.empty(num_steps, dtype=torch.int32, device=source)
    for step in range(num_steps):
        keys[step] = fire_key(generator, source)
    return keys


def hash_index(index: Int[Tensor, "*n"]) -> Int[Tensor, "*n"]:
    """Spreads a running index over 32 bits; constant over a rollout, so it is computed once."""
    return _mix(index.to(torch.int32))


def fires(
    key: Int[Tensor, ""], hashed_index: Int[Tensor, "*n"], rate: float | Float[Tensor, "*#n"]
) -> Bool[Tensor, "*n"]:
    """True with probability `rate`, independently for every index and key.

    Args:
        key: The step's key (`fire_key`).
        hashed_index: The cells' indices (for channels that fire on their own: cell * channels + channel), hashed.
        rate: Probability of firing, one for all or a tensor that broadcasts against the indices; 1: always, 0: never.
    """
    bits, threshold = _mix(hashed_index ^ key).bitwise_and(_RANGE - 1), firing_threshold(rate)
    if isinstance(threshold, Tensor):
        return bits < threshold
    return bits <= threshold - 1  # 2^31 itself would wrap round in an int32 comparison


@overload
def firing_threshold(rate: float) -> int: ...
@overload
def firing_threshold(rate: Float[Tensor, "*n"]) -> Int[Tensor, "*n"]: ...
def firing_threshold(rate: float | Tensor) -> int | Tensor:
    """The number in [0, 2^31] that a cell's 31 random bits must stay below for it to fire; int64 for a tensor.

    Raises:
        ValueError: If a number is no probability. The values of a tensor are looked at where it enters (`check_rate`).
    """
    if isinstance(rate, Tensor):
        return torch.round(rate.to(torch.float64) * _RANGE).to(torch.int64)
    check_rate(rate)
    return round(rate * _RANGE)


def check_rate(rate: float | Float[Tensor, "*n"]) -> None:
    """Raises ValueError unless all values are probabilities."""
    least, most = (rate.min(), rate.max()) if isinstance(rate, Tensor) and rate.numel() else (rate, rate)
    if not (isinstance(rate, Tensor) and rate.numel() == 0) and not 0 <= least <= most <= 1:
        raise ValueError(f"`fire_rate` must lie in [0, 1], got {float(least):g}..{float(most):g}.")


def _mix(bits: Tensor) -> Tensor:
    bits = _times(bits ^ ((bits >> 16) & 0xFFFF), _FIRST)
    bits = _times(bits ^ ((bits >> 15) & 0x1FFFF), _SECOND)
    return bits ^ ((bits >> 16) & 0xFFFF)


def _times(bits: Tensor, factor: int) -> Tensor:
    """The low 32 bits of a product.

    PyTorch's own int32 product wraps round. In the C++ that `torch.compile` writes, signed overflow is undefined, and
    g++ makes other masks of it (pytorch issue 190764), so there the product is formed in 64 bits, where it fits.
    """
    if torch.compiler.is_compiling():
        return (bits.to(torch.int64) * factor).to(torch.int32)
    return bits * factor
