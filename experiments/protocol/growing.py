"""A rule that grows a picture upright from a single cell (Growing NCA), and how far what it grows is off."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.upright import upright
from graphnca.layers import NCAConv
from graphnca.rules import describe_rule, load_rule, shipped_rules
from graphnca.targets import load_target
from protocol.rules import read_rule

SIZE, PADDING = 40, 16  # pixels: a target of 40 on 72x72 cells, as published


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
    """The shipped rules of `growing/training.py`: they perceive gradients and grow an upright target; sorted."""
    return [
        name
        for name in shipped_rules()
        if {"target", "regime"} <= describe_rule(name)["card"].keys() and load_rule(name).perception.uses_gradient
    ]
