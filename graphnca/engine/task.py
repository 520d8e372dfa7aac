"""What a rollout asks of an engine."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

from ..layers import NCAConv
from ..layers.firing import fire_keys
from ..regions import kept_channels
from .stencil import Stencil
from .stencil_cache import Known, known


@dataclass(frozen=True)
class Task:
    """Steps of a rule on a substrate, whatever takes them; the options are those of `graphnca.rollout`.

    Attributes:
        rule: The rule, as it is now.
        topology: The substrate.
        shape: Of the states, `(..., N, C)`.
        dtype: Of the states.
        device: Of the states.
        overflow_bound: Bound of the overflow; None: neither overflow nor change is measured.
        recompute: Whether the backward pass takes the steps of a call again instead of keeping a record of them.
        transformed: Whether `torch.func` transforms the rollout, or forward mode differentiates it.
    """

    rule: NCAConv
    topology: Data
    shape: torch.Size
    dtype: torch.dtype
    device: torch.device
    overflow_bound: float | None = None
    recompute: bool = False
    generator: torch.Generator | None = None
    angle: float | Float[Tensor, "*a"] | None = None
    fire_rate: float | Float[Tensor, "*r"] | None = None
    regions: Int[Tensor, "*g"] | None = None
    precision: torch.dtype | None = None
    transformed: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for a substrate whose numbers can't be trusted (see `graphnca.engine.graph`).

        So it does for numbers of cells that are of other cells.
        """
        for name in ("angle", "fire_rate", "regions"):
            value = getattr(self, name)
            if isinstance(value, Tensor) and not _fits(value.shape, self.shape[:-1]):
                raise ValueError(
                    f"`{name}` must be one number for each of the {self.num_cells} cells, or for each of every sample, "
                    f"{tuple(self.shape[:-1])}, got shape {tuple(value.shape)}."
                )
        _ = self.known

    @property
    def followed(self) -> str | None:
        """Why autograd alone can follow the steps; None where an engine's own backward pass does."""
        if self.transformed:
            return "a transform of `torch.func`, or forward-mode differentiation, follows them"
        if self.known.is_trained and torch.is_grad_enabled():
            return "the substrate's weights or vectors ask for gradients"
        return None

    @property
    def products(self) -> torch.dtype:
        """Type of the update network's products."""
        return self.precision or self.dtype

    @property
    def num_cells(self) -> int:
        """Cells of the substrate."""
        return self.shape[-2]

    @property
    def batch(self) -> int:
        """How many samples."""
        return self.shape[:-2].numel()

    @property
    def rate(self) -> float | Float[Tensor, "b n"]:
        """The fire rate that holds, for all or for every cell."""
        rate = self.rule.fire_rate if self.fire_rate is None else self.fire_rate
        return self._of_every_cell(rate.to(self.device)) if isinstance(rate, Tensor) else rate

    @property
    def kept(self) -> Int[Tensor, "b n"] | None:
        """How many channels every cell keeps, the first ones; None: nothing is kept."""
        return None if self.regions is None else self._of_every_cell(kept_channels(self.regions, self.shape[-1]))

    @cached_property
    def known(self) -> Known:
        """What was built for the substrate."""
        return known(self.topology, self.num_cells)

    @cached_property
    def stencil(self) -> Stencil:
        """Of the rule's perception on the substrate, in the type and on the device of the states."""
        return self.known.stencil(self.topology, self.rule.perception, self.dtype, self.device, self.angle)

    def keys(self, num_steps: int) -> Int[Tensor, " s"]:
        """The keys of the next steps."""
        return fire_keys(num_steps, self.generator).to(self.device)

    def _of_every_cell(self, values: Tensor) -> Tensor:
        """Values of all samples or of each, `(batch, N)`."""
        return values.expand(self.shape[:-1]).reshape(self.batch, self.num_cells)


def _fits(shape: torch.Size, cells: torch.Size) -> bool:
    """Whether a shape can be spread over that of the cells."""
    pairs = zip(reversed(shape), reversed(cells), strict=False)
    return len(shape) <= len(cells) and all(own in (1, whole) for own, whole in pairs)
