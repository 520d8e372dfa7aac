"""A rule together with what it grows: the seed it starts from, the picture it is to show, the loss it is scored by."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import load_rule
from graphnca.evaluation.published_loss import published_loss
from graphnca.evaluation.scores import LOSS_SCALE, bounded, measure, raster
from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss, RotationInvariantLoss
from graphnca.rules import describe_rule, shipped_rules
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from protocol.growing import PADDING, SIZE
from protocol.rules import PUBLISHED, read_rule
from protocol.structured import seed_of

STRUCTURED = "structured"  # the entry "seed" in the card of a rule that starts from several coloured points
PUBLISHED_TARGET = "lizard"  # of the one isotropic model file that its authors published; it has no card


class Pattern:
    """A rule, its target and its kind of seed.

    From a single cell an isotropic rule grows its target in any orientation, and is scored by the published loss in the
    best of them, with the paper's auxiliary channels. A structured seed tells the orientation, and so do gradients: the
    score is 1000 times the mean squared error of RGBA in that one.

    Args:
        name: Of the rule.
        rule: The rule.
        target: Name of the picture.
        structured: Whether the seed is several points.
        picture: What is to be grown, RGBA (4, H, W), where it is not the target as IsoNCA has it.

    Attributes:
        name, rule, target, structured: As given.
        upright: Whether the pattern has one orientation, which the seed or the rule's frame tells.
        orientation: The loss whose match says how the pattern lies: with a structured seed, of RGBA alone.
        loss: The score of each image `(..., C, H, W)` of one pixel per unit of length.
        empty_loss: The score of a sheet without a living cell.
    """

    def __init__(
        self, name: str, rule: NCAConv, target: str, *, structured: bool = False, picture: Tensor | None = None
    ) -> None:
        self.name, self.rule, self.target, self.structured = name, rule, target, structured
        self.upright = structured or rule.perception.uses_gradient
        if picture is None:
            self.orientation = published_loss(target, "" if self.upright else None)
        else:
            self.orientation = RotationInvariantLoss(picture, variant="published")
        self.loss: Callable[[Tensor], Tensor] = self.orientation
        if self.upright:
            pixels = PixelLoss(self.orientation.target)
            self.loss = lambda images: LOSS_SCALE * pixels(images)
        self.empty_loss = float(self.loss(torch.zeros_like(self.orientation.target)))

    def seed(self, topology: Data, *, at: tuple[float, float] | None = None) -> Tensor:
        """The state `(N, C)` that growth starts from, in the middle of a substrate or at a point (x, y)."""
        if self.structured:
            return seed_of(self.target, topology, at=at)
        return point_seed(topology, self.rule.num_channels, at=at)

    def images(self, states: Tensor, topology: Data, *, centre: tuple[float, float] | None = None) -> Tensor:
        """What is scored of states `(..., N, C)`: pixels around the seed, or around another point."""
        return raster(topology, *self.orientation.target.shape[-2:], centre=centre)(bounded(states))

    def measure(self, states: Tensor, topology: Data) -> list[dict[str, Any]]:
        """The rows of `measure` for states `(runs, N, C)`, with this pattern's score as the loss."""
        rows = measure(states, topology, self.orientation)
        if self.upright:
            losses = self.loss(self.images(states, topology))
            rows = [{**row, "loss": round(float(loss), 2)} for row, loss in zip(rows, losses, strict=True)]
        return rows


def pattern_of(name_or_path: str, *, target: str = "") -> Pattern:
    """The pattern of a rule that a command line names; its card, or `target`, says what it is to grow from which seed.

    Raises:
        SystemExit: A rule whose card names no target, where none is given.
    """
    rule, card = read_rule(name_or_path)
    path = Path(name_or_path)
    isotropic = not rule.perception.uses_gradient
    published = PUBLISHED_TARGET if path.suffix in PUBLISHED and isotropic else ""
    target = target or card.get("target") or published
    if not target:
        raise SystemExit(f"--rule: expected a rule whose card names its target, got {name_or_path!r}.")
    picture = (
        None if isotropic else load_target(target, size=card.get("size", SIZE), padding=card.get("padding", PADDING))
    )
    return Pattern(path.stem, rule, target, structured=card.get("seed") == STRUCTURED, picture=picture)


def isotropic_rules() -> list[str]:
    """The shipped rules that perceive no direction and grow a target, sorted."""
    return [
        name
        for name in shipped_rules()
        if "target" in describe_rule(name)["card"] and not load_rule(name).perception.uses_gradient
    ]
