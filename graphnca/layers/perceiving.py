"""What the layer sees of its neighbours, by message passing."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.nn import MessagePassing
from torch_geometric.typing import OptTensor

from .arithmetic import ARITHMETICS
from .coefficients import Neighbourhood
from .given import check_given
from .operators import operated
from .perception import Perception


class Perceiving(MessagePassing):
    """A message-passing layer that perceives; `NCAConv` makes a step of what it sees.

    Args:
        perception: The filters.
        arithmetic: A key of `graphnca.layers.arithmetic.ARITHMETICS`.
    """

    def __init__(self, perception: Perception, arithmetic: str) -> None:
        super().__init__(aggr="add", node_dim=-2)
        self.perception = perception
        self.arithmetic = arithmetic

    @property
    def arithmetic(self) -> str:
        """The name of how a step computes, a key of `graphnca.layers.arithmetic.ARITHMETICS`."""
        return self._arithmetic

    @arithmetic.setter
    def arithmetic(self, name: str) -> None:
        if name not in ARITHMETICS:
            raise ValueError(f"`arithmetic` must be one of {sorted(ARITHMETICS)}, got {name!r}.")
        self._arithmetic = name

    def _set_jittable_templates(self, raise_on_error: bool = False) -> None:
        """PyG writes `propagate` anew for every class, into a file that stays; its general one does the same."""

    def perceive(
        self,
        x: Float[Tensor, "*b n c"],
        edge_index: Int[Tensor, "2 e"],
        edge_weight: Float[Tensor, " e"] | None = None,
        edge_attr: Float[Tensor, "e 2"] | None = None,
        *,
        stencil_index: Int[Tensor, "2 s"] | None = None,
        stencil_weight: Float[Tensor, " s"] | None = None,
        stencil_gradient: Float[Tensor, "s 2"] | None = None,
        angle: float | Float[Tensor, "*a"] | None = None,
    ) -> Float[Tensor, "*b n p"]:
        """The vector every cell perceives, band by band; arguments as in `forward`. In fixed point it is float64."""
        through = Neighbourhood(
            edge_index, edge_weight, edge_attr, stencil_index, stencil_weight, stencil_gradient, angle
        )
        check_given(x, through)
        arithmetic = ARITHMETICS[self.arithmetic]
        return arithmetic.leave(self._perceive(arithmetic.enter(x), through))

    def _perceive(
        self, state: Float[Tensor, "*b n c"], through: Neighbourhood, asked: Bool[Tensor, "*b n"] | None = None
    ) -> Float[Tensor, "*b n p"]:
        """As the step's arithmetic has it; what cells perceive that are not asked may be anything."""
        arithmetic, perception = ARITHMETICS[self.arithmetic], self.perception
        found = operated(state, through, arithmetic, self.propagate, perception.operators, asked)
        limits = {"norm_floor": arithmetic.norm_floor, "full_slope": arithmetic.full_slope}
        return arithmetic.perceived(perception(state, found, **limits))

    def message(self, x_i: Tensor, x_j: Tensor, edge_weight: Tensor, edge_gradient: OptTensor) -> Tensor:
        """w_ij (x_j - x_i), followed by g_ij (x_j - x_i) where a gradient is perceived."""
        difference = x_j - x_i
        if edge_gradient is None:
            return edge_weight[:, None] * difference
        along_x, along_y = edge_gradient[:, 0:1] * difference, edge_gradient[:, 1:2] * difference
        return torch.cat([edge_weight[:, None] * difference, along_x, along_y], dim=-1)
