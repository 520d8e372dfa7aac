"""How a pattern moves over a long run: where it is, how it lies, and how fast both change.

Positions are in units, x right and y down; angles in radians, from x towards y, as in `RotationInvariantLoss.match`.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.data import Data

from .scores import ALIVE

REACH = math.radians(25)  # how far a pattern may turn between two moments and still be followed


def centroid(states: Float[Tensor, "*b n c"], topology: Data) -> Float[Tensor, "*b 2"]:
    """The centroid of the mature cells, each counted by its area, NaN where none is mature.

    A torus is opened opposite the cells' circular mean, so a pattern may lie across a seam; the centroid is within the
    extent.
    """
    weight = (states[..., 3] > ALIVE) * topology["area"]
    weight = weight / weight.sum(-1, keepdim=True)
    pos = topology["pos"]
    if not bool(topology["periodic"]):
        return weight @ pos
    extent = topology["extent"].view(2)
    phase = 2 * math.pi * pos / extent
    middle = torch.atan2(weight @ phase.sin(), weight @ phase.cos()) / (2 * math.pi) * extent
    offset = pos - middle[..., None, :]
    offset = offset - extent * torch.round(offset / extent)
    return (middle + (weight[..., None] * offset).sum(-2)) % extent


def unwrapped(positions: Float[Tensor, "t *b 2"], topology: Data) -> Float[Tensor, "t *b 2"]:
    """A path of positions without its jumps at the seams of a torus, each step the shortest way round."""
    if not bool(topology["periodic"]):
        return positions
    extent = topology["extent"].view(2)
    moves = positions.diff(dim=0)
    moves = moves - extent * torch.round(moves / extent)
    return torch.cat([positions[:1], positions[:1] + moves.cumsum(0)])


def followed(
    landscapes: Float[Tensor, "t *b 2 a"], *, reach: float = REACH
) -> tuple[Float[Tensor, "t *b"], Bool[Tensor, "*b"]]:
    """The angle of a pattern over time, unwrapped, and whether it is mirrored.

    Args:
        landscapes: The loss over a closed circle of angles at each moment, as it is and mirrored
            (`RotationInvariantLoss.landscape`).
        reach: Radians; the angle is the best one that is no farther from the one before. So a target that is alike
            after a half turn, or a match that is ambiguous, causes no jump.

    Returns:
        The angles, refined between the sampled ones by the parabola through the best and its neighbours; and the
        chirality that fits better in the mean over all moments.
    """
    steps, num_angles = len(landscapes), landscapes.shape[-1]
    step = 2 * math.pi / num_angles
    mirrored = landscapes.amin(-1).mean(0).argmin(-1).bool()
    pick = mirrored.long()[None, ..., None, None].expand(steps, *mirrored.shape, 1, num_angles)
    losses = landscapes.gather(-2, pick).squeeze(-2)
    window = torch.arange(-round(reach / step), round(reach / step) + 1)
    index = losses[0].argmin(-1)
    angles = []
    for loss in losses:
        near = index[..., None] + window
        index = index + window[loss.gather(-1, near % num_angles).argmin(-1)]
        before, best, after = loss.gather(-1, (index[..., None] + torch.arange(-1, 2)) % num_angles).unbind(-1)
        curvature = before - 2 * best + after
        shift = torch.where(curvature > 0, (before - after) / (2 * curvature), 0.0).clamp(-0.5, 0.5)
        angles.append((index + shift) * step)
    return torch.stack(angles), mirrored


def rate(moments: Float[Tensor, " t"], values: Float[Tensor, "t *b"]) -> Float[Tensor, "*b"]:
    """The slope of the least-squares line through values over time, per unit of time.

    Raises:
        ValueError: Fewer than two moments.
    """
    if len(moments) < 2:
        raise ValueError(f"`moments` must be at least two, got {len(moments)}.")
    time = moments - moments.mean()
    return torch.tensordot(time, values - values.mean(0), dims=1) / time.square().sum()
