"""Sets of runs of a texture: how far those on other cells lie from those on squares, and these from each other.

The loss of a run against a template scatters by a factor of two from run to run, so a ratio of two medians says little.
Here every run is compared with every run on squares, by sliced transport to its picture, and the median over all pairs
stands beside the median over the pairs of squares, with an interval (both sets of runs drawn anew).
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from .intervals import below, resampled
from .scores import EXPLODED, bounded
from .texture_meter import TextureMeter

NONE = 1e-6  # distance of runs that are all one picture


def distances(
    first: Float[Tensor, "a 3 h w"], second: Float[Tensor, "b 3 h w"], features: nn.Module
) -> Float[Tensor, "a b"]:
    """Sliced transport of every picture of the second set to every one of the first."""
    return torch.stack([TextureMeter(features, picture)(second) for picture in first])


def apart(
    among: Float[Tensor, "a a"], across: Float[Tensor, "a b"], states: Float[Tensor, "b n c"], at_most: float
) -> dict[str, Any]:
    """How many times as far as from each other the runs on squares lie from those on other cells.

    Args:
        among: The distances among the runs on squares.
        across: Those of the others to them.
        states: Of the others; what has exploded is never within a goal.
        at_most: The goal.

    Returns:
        `"times"`, its `"interval"`, whether that is `"within"` the goal (yes, no, open), and how many `"exploded"`.
    """
    near, far = among.double().numpy(), across.double().numpy()
    everything = [np.arange(len(near)), np.arange(far.shape[1])]

    def ratio(drawn: Any) -> float:
        squares, others = drawn
        drawn_twice = squares[:, None] == squares[None]
        squares_too = everything[0] if drawn_twice.all() else squares  # of two runs one is drawn twice now and then
        pairs = near[np.ix_(squares_too, squares_too)][squares_too[:, None] != squares_too[None]]
        return float(np.median(far[np.ix_(squares, others)]) / max(NONE, np.median(pairs)))

    exploded = int((bounded(states).abs().amax((-2, -1)) >= EXPLODED).sum())
    low, high = (round(value, 3) for value in resampled(ratio, [len(near), far.shape[1]]))
    return {
        "times": round(ratio(everything), 3),
        "interval": [low, high],
        "within": "no" if exploded else below((low, high), at_most),
        "exploded": exploded,
    }
