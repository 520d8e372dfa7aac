"""The principal components of the hidden channels of states: what cells hold beside what they show."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from .subject import SubjectError

SHOWN = 3  # components, as red, green and blue
SATURATED = 2.5  # standard deviations
VISIBLE = 3  # channels


@dataclass(frozen=True)
class Components:
    """The principal components of hidden channels."""

    mean: Float[Tensor, " h"]
    directions: Float[Tensor, "h 3"]
    """Unit vectors, in order of the variance along them; each with its largest entry positive."""
    deviation: Float[Tensor, " 3"]
    """Along each."""
    shares: tuple[float, ...]
    """Of the variance."""

    def of(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n 3"]:
        """The components of states, in their standard deviations."""
        return (states[..., VISIBLE:].double() - self.mean) @ self.directions / self.deviation

    def shares_on(self, states: Float[Tensor, "*b n c"]) -> list[float]:
        """The share of other states' variance along each direction."""
        hidden = states[..., VISIBLE:].double().flatten(0, -2)
        total = float(hidden.var(0).sum())
        along = (hidden @ self.directions).var(0)
        return [round(float(value) / total, 3) if total > 0 else 0.0 for value in along]


def components_of(states: Float[Tensor, "*b n c"]) -> Components:
    """The principal components of the hidden channels over all cells of some states.

    Raises:
        SubjectError: Fewer than three hidden channels.
    """
    hidden = states[..., VISIBLE:].double().flatten(0, -2)
    if hidden.shape[1] < SHOWN:
        raise SubjectError(f"`states` must have at least {SHOWN} hidden channels, got {hidden.shape[1]}.")
    mean = hidden.mean(0)
    variances, vectors = torch.linalg.eigh(torch.cov((hidden - mean).T))
    variances, vectors = variances.flip(0).clamp_min(0), vectors.flip(1)[:, :SHOWN]
    signs = vectors.gather(0, vectors.abs().argmax(0, keepdim=True)).sign()
    shares = (variances / variances.sum().clamp_min(1e-30))[:SHOWN].tolist()
    deviation = variances[:SHOWN].sqrt().clamp_min(1e-12)
    return Components(mean, vectors * signs, deviation, tuple(round(share, 3) for share in shares))


def explained(states: Float[Tensor, "*b n c"], components: Components) -> list[float]:
    """R^2 of each component by the visible channels of the same cell and a constant."""
    visible = states[..., :VISIBLE].double().flatten(0, -2)
    known = torch.cat([visible, torch.ones_like(visible[:, :1])], 1)
    wanted = components.of(states).flatten(0, -2)
    fitted = known @ torch.linalg.lstsq(known, wanted).solution
    left = (wanted - fitted).square().sum(0)
    total = (wanted - wanted.mean(0)).square().sum(0)
    return [round(float(1 - a / b), 3) if b > 0 else 0.0 for a, b in zip(left, total, strict=True)]


def coloured(states: Float[Tensor, "n c"], components: Components) -> Float[Tensor, "n 3"]:
    """The components as colours around 0, to be drawn with an offset of 0.5."""
    return (components.of(states) / (2 * SATURATED)).float()
