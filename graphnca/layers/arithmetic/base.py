"""What a step leaves to its arithmetic."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..coefficients import Coefficients
from ..perception import FULL_SLOPE, NORM_FLOOR
from ..update import UpdateRule


class ScaledNetwork(NamedTuple):
    """The parameters of an update network as a step has them, and what its two layers' sums are multiplied by."""

    w1: Float[Tensor, "h p"]
    b1: Float[Tensor, " h"] | None
    w2: Float[Tensor, "c h"]
    b2: Float[Tensor, " c"] | None
    hidden_scale: float | Float[Tensor, ""] = 1.0
    output_scale: float | Float[Tensor, ""] = 1.0


class Arithmetic(ABC):
    """How the numbers of a step are rounded on their way through it.

    `NCAConv.forward` is one walk for every arithmetic: states come in by `enter`, the perception is summed of factors
    and `perceived`, the network makes a `change` of it, `add` makes the next states, which go out by `leave`. What is
    not said here stays as it is. An arithmetic has no state: what it needs of a rule it finds at the rule's network.

    Attributes:
        name: What files and `NCAConv(arithmetic=...)` call it.
        rounding: What is rounded: nothing, every computed number to a whole level, or every factor of a sum. An engine
            takes the kinds that it knows.
        levels: How many levels 1 has: between `enter` and `leave`, numbers are counted in levels.
    """

    name: ClassVar[str]
    rounding: ClassVar[Literal["none", "levels", "factors"]]
    levels: ClassVar[float] = 1.0

    @property
    def norm_floor(self) -> float:
        """What stands under the root of a norm, in squared levels."""
        return NORM_FLOOR * self.levels**2

    @property
    def full_slope(self) -> float:
        """Size of a guide from which on it steers fully, in levels."""
        return FULL_SLOPE * self.levels

    @abstractmethod
    def enter(self, x: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n c"]:
        """States as a step computes with them."""

    def asked(self, cells: Bool[Tensor, "*b n"] | None) -> Bool[Tensor, "*b n"] | None:
        """The cells whose change is computed, where that of some `cells` alone counts; None: all."""
        return None

    def coefficients(self, read: Coefficients, num_nodes: int) -> Coefficients:
        """The perception's coefficients as a step computes with them."""
        return read

    def factor(self, values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """A factor of the terms of a sum."""
        return values

    def perceived(self, values: Float[Tensor, "*b n p"]) -> Float[Tensor, "*b n p"]:
        """The perceived vectors, from the perception's sums."""
        return values

    @abstractmethod
    def change(
        self, network: nn.Module, perceived: Float[Tensor, "*b n p"], among: Bool[Tensor, "*b n"] | None
    ) -> Float[Tensor, "*b n c"]:
        """What the update network makes of perceived vectors, `among` the cells of `asked`; elsewhere 0."""

    @abstractmethod
    def add(
        self, state: Float[Tensor, "*b n c"], change: Float[Tensor, "*b n c"], fired: Bool[Tensor, "*b n #c"]
    ) -> Float[Tensor, "*b n c"]:
        """The states after the change of what fired."""

    def leave(self, state: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """States, or perceived vectors, as they are outside of a step."""
        return state

    def network(self, network: UpdateRule) -> ScaledNetwork:
        """What an engine that knows the `rounding` computes with in place of the network."""
        hidden, output = network.hidden, network.output
        return ScaledNetwork(hidden.weight, hidden.bias, output.weight, output.bias)
