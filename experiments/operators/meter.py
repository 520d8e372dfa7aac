"""What rules on other cells are measured by: their own pattern on squares, or the loss of isotropic ones."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import own_form
from graphnca.evaluation.pixel_error import own_patterns, own_raster
from graphnca.evaluation.published_loss import isotropic_loss
from graphnca.evaluation.scores import bounded, rounded
from graphnca.evaluation.scores import measure as scores
from graphnca.evaluation.subject import Subject

FARTHEST = 3  # units by which a pattern is moved to where it fits best


def moved_error(images: Float[Tensor, "b 4 h w"], pattern: Float[Tensor, "4 h w"]) -> Float[Tensor, " b"]:
    """The least mean squared error to a pattern that is moved by whole units."""
    reach = range(-FARTHEST, FARTHEST + 1)
    moved = [torch.roll(pattern, (down, right), (-2, -1)) for down in reach for right in reach]
    return torch.stack([(images - one).square().mean((-3, -2, -1)) for one in moved]).amin(0)


class Meter:
    """Errors or losses of runs, and what became of them.

    Args:
        subject: The rule.
        square: The square torus on which it shows its own pattern.
        steps: Steps after which runs are looked at; isotropic rules at twice the first instead of the first.
    """

    def __init__(self, subject: Subject, square: Data, steps: tuple[int, ...]) -> None:
        self.upright = subject.rule.perception.has_direction
        first, *later = steps
        self.steps = (first if self.upright else 2 * first, *later)
        self.form = own_form(subject, square)
        self.patterns = own_patterns(subject.rule, square, self.steps) if self.upright else {}
        self.loss = None if self.upright else isotropic_loss(subject.goal, "")

    def __call__(self, states: Float[Tensor, "b n c"], topology: Data, step: int) -> dict[str, Any]:
        """Errors or losses of runs, and their fates."""
        found: dict[str, Any] = {"fates": counted(fates(states, topology, self.form))}
        if self.loss is None:
            images = own_raster(topology)(bounded(states)[..., :4])
            pattern = self.patterns[step]
            found["error"] = rounded((images - pattern).square().mean((-3, -2, -1)), 5)
            found["moved"] = rounded(moved_error(images, pattern), 5)
            return found
        return found | {"error": [row["relative"] for row in scores(states, topology, self.loss)]}

    @property
    def empty(self) -> dict[str, float]:
        """What an empty substrate has."""
        if not self.upright:
            return dict.fromkeys(map(str, self.steps), 1.0)
        return {str(step): round(float(pattern.square().mean()), 5) for step, pattern in self.patterns.items()}
