"""What a run scores against the target of a single seed: its loss, and what that says of the pattern."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ..losses import RotationInvariantLoss
from ..rasterizers import NearestCell
from ..seeds import point_seed

EXPLODED = 10.0  # |x| beyond which a run counts as exploded; trained rules stay below 2
ALIVE = 0.1  # alpha above which a cell is mature
LOSS_SCALE = 1000.0  # of the mean squared error of RGBA that an upright pattern is scored by, as published


def empty_loss(loss: RotationInvariantLoss) -> float:
    """The loss of a substrate without a living cell."""
    return float(loss(torch.zeros_like(loss.target)))


def seeded_position(topology: Data) -> tuple[float, float]:
    """Where a single seed lies: the cell in the middle, in units."""
    x, y = topology["pos"][point_seed(topology, 4)[:, 3].argmax()].tolist()[:2]
    return x, y


def window(
    topology: Data, side: float, *, middle: tuple[float, float] = (0.0, 0.0)
) -> tuple[float, float, float, float]:
    """The square part (x0, y0, x1, y1) of a substrate, in units, whose middle lies so far from the seed."""
    x, y = (seed + offset for seed, offset in zip(seeded_position(topology), middle, strict=True))
    return x - side / 2, y - side / 2, x + side / 2, y + side / 2


def raster(topology: Data, height: int, width: int, *, centre: tuple[float, float] | None = None) -> NearestCell:
    """A raster of one pixel per unit of length, 2x2 samples a pixel: the same on every substrate.

    Around the seed, or around another point (x, y), where a pattern has moved.
    """
    return NearestCell(topology, height, width, centre=centre or seeded_position(topology), samples=2)


def bounded(states: Tensor, most: float = EXPLODED) -> Tensor:
    """States within +-`most`: what is beyond, or NaN, counts as that, so that every number measured is finite."""
    return states.nan_to_num(nan=most).clamp(-most, most)


def measure(states: Tensor, topology: Data, loss: RotationInvariantLoss) -> list[dict[str, Any]]:
    """One row of numbers a run, for states `(runs, N, C)`; what is beyond +-`EXPLODED`, or NaN, counts as that."""
    states = bounded(states)
    match = loss.match(raster(topology, *loss.target.shape[-2:])(states))
    alive, empty = (states[..., 3] > ALIVE).sum(-1), empty_loss(loss)
    return [
        {
            "run": run,
            "loss": round(float(match.loss[run]), 2),
            "relative": round(float(match.loss[run]) / empty, 4),
            "angle": round(float(match.angle[run].rad2deg())),
            "mirrored": bool(match.mirrored[run]),
            "alive": int(alive[run]),
            "largest": round(float(states[run].abs().max()), 2),
        }
        for run in range(len(states))
    ]


def lost(states: Float[Tensor, "b n c"]) -> list[str]:
    """Whether each run exploded or died, else nothing: what can be said of a run without knowing its pattern.

    What has become of the others is said by `graphnca.evaluation.fates`.
    """
    largest = bounded(states).abs().amax((-2, -1)).tolist()
    mature = (states[..., 3] > ALIVE).any(-1).tolist()
    return [
        "exploded" if not size < EXPLODED else "" if living else "died"
        for size, living in zip(largest, mature, strict=True)
    ]


def rounded(values: Tensor, digits: int) -> list[float]:
    """Numbers (B,) as metrics and cards hold them."""
    return [round(value, digits) for value in values.tolist()]
