"""What a checkpoint remembers of its worlds, so that a run notices when it goes on in another one."""

import torch
from torch import Tensor, nn

from .worlds import World

TOLERANCE = 1e-6  # of a tensor's norm: two machines round differently, and a changed pixel is a thousand times more

Fingerprint = dict[str, list[float]]


def fingerprint(world: World) -> Fingerprint:
    """By name: size, norm, and projection on fixed numbers, of every tensor of substrate, seed and loss."""
    tensors = {f"topology {name}": value for name, value in world.topology.to_dict().items()}
    tensors["seed"] = world.seed
    if isinstance(world.loss, nn.Module):
        tensors |= {f"loss {name}": value for name, value in world.loss.named_buffers()}
    return {name: _numbers(value) for name, value in sorted(tensors.items()) if isinstance(value, Tensor)}


def differences(before: Fingerprint, now: Fingerprint) -> list[str]:
    """Names of the tensors that are not the same in both."""
    return [name for name in sorted({*before, *now}) if not _alike(before.get(name), now.get(name))]


def _numbers(tensor: Tensor) -> list[float]:
    values = tensor.detach().cpu().double().flatten()
    fixed = torch.arange(1, len(values) + 1, dtype=torch.float64).cos()
    return [float(len(values)), float(values.norm()), float(values @ fixed)]


def _alike(before: list[float] | None, now: list[float] | None) -> bool:
    if before is None or now is None or before[0] != now[0]:
        return False
    return all(abs(one - other) <= TOLERANCE * max(before[1], now[1]) for one, other in zip(before, now, strict=True))
