"""A rule that grows a picture upright from a single cell (Growing NCA), and how far what it grows is off.

Two errors, both mean squared errors of RGBA on a raster of one pixel per unit around the seed, 2x2 samples a pixel: to
the target, on a raster of the target's size, and to the rule's own pattern on the square grid, on 56x56 pixels. The
first is told as its decimal logarithm, as in the literature on these rules; the second says what another kind of cells
changes, whatever the rule has learnt.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.layers import NCAConv
from graphnca.rasterizers import NearestCell
from graphnca.rules import describe_rule, load_rule, shipped_rules
from graphnca.targets import load_target
from protocol.rules import read_rule
from protocol.runs import grow
from protocol.scores import ALIVE, EXPLODED, bounded, raster
from protocol.sheets import CELLS, square_sheet
from protocol.upright import upright

SIZE, PADDING = 40, 16  # pixels: a target of 40 on 72x72 cells, as published
OWN_SIDE = 56  # pixels and units: the raster on which a rule is compared with itself
NOTHING = 1e-8  # mean squared error that counts as none: its logarithm is -8, published rules reach -4.1
REFERENCE_SEED = 900  # of the run on squares that the others are compared with; no result uses it for anything else


@dataclass(frozen=True, eq=False)
class Growing:
    """A rule, its card, and the picture that it is to show."""

    name: str
    rule: NCAConv
    card: dict[str, Any]
    target: Tensor | None
    """RGBA (4, H, W); None where nothing says what the rule is to grow."""

    def log_error(self, states: Float[Tensor, "b n c"], topology: Data, *, angle: float = 0.0) -> Float[Tensor, " b"]:
        """log10 of the mean squared error to the target, one a run; of a pattern turned by `angle` radians, upright.

        Raises:
            ValueError: The rule has no target.
        """
        if self.target is None:
            raise ValueError(f"`{self.name}` has no target, so there is nothing to compare its pattern with.")
        view = upright(topology, *self.target.shape[-2:], angle=angle)
        return log10_error(view(bounded(states)[..., :4]), self.target)

    @cached_property
    def empty_log_error(self) -> float:
        """log10 of the mean squared error of a sheet without a living cell."""
        target = torch.zeros(4, 1, 1) if self.target is None else self.target
        return float(log10_error(torch.zeros_like(target)[None], target))


def growing_of(name_or_path: str, *, target: str = "") -> Growing:
    """The rule that a command line names, with the target that its card says, or that `target` says instead."""
    rule, card = read_rule(name_or_path)
    name = target or card.get("target", "")
    size, padding = card.get("size", SIZE), card.get("padding", PADDING)
    image = load_target(name, size=size, padding=padding) if name else None
    return Growing(Path(name_or_path).stem, rule, card, image)


def growing_rules() -> list[str]:
    """The shipped rules of `growing_training.py`: they perceive gradients and grow an upright target; sorted."""
    return [
        name
        for name in shipped_rules()
        if {"target", "regime"} <= describe_rule(name)["card"].keys() and load_rule(name).perception.uses_gradient
    ]


def log10_error(images: Float[Tensor, "b c h w"], target: Float[Tensor, "c h w"]) -> Float[Tensor, " b"]:
    """log10 of the mean squared difference over channels and pixels, at least -8."""
    return (images - target).square().mean((-3, -2, -1)).clamp_min(NOTHING).log10()


def own_raster(topology: Data) -> NearestCell:
    """The raster on which a rule is compared with itself on the square grid."""
    return raster(topology, OWN_SIDE, OWN_SIDE)


def own_patterns(
    rule: NCAConv, moments: Iterable[int], *, cells: int = CELLS, seed: int = REFERENCE_SEED
) -> dict[int, Float[Tensor, "4 h w"]]:
    """What one run of the rule shows on the square torus at each of the steps."""
    topology = square_sheet(cells)
    view = own_raster(topology)
    states = grow(rule, topology, 1, moments, seed)
    return {step: view(bounded(state)[0, :, :4]) for step, state in states.items()}


def own_error(states: Float[Tensor, "b n c"], topology: Data, pattern: Float[Tensor, "4 h w"]) -> Float[Tensor, " b"]:
    """Mean squared error of RGBA to such a pattern, one a run."""
    images = own_raster(topology)(bounded(states)[..., :4])
    return (images - pattern).square().mean((-3, -2, -1))


def fates(states: Float[Tensor, "b n c"]) -> list[str]:
    """What became of each run: exploded, died, or alive."""
    largest = bounded(states).abs().amax((-2, -1))
    mature = (states[..., 3] > ALIVE).any(-1)
    return [
        "exploded" if not size < EXPLODED else "alive" if living else "died"
        for size, living in zip(largest.tolist(), mature.tolist(), strict=True)
    ]
