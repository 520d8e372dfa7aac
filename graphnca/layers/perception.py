"""What a cell perceives: a concatenation of filters of its neighbourhood."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import checked
from ..filters import ACROSS, ALONG, are_steered, have_direction
from ..filters import ALONG_X as ALONG_X
from ..filters import ALONG_Y as ALONG_Y
from ..filters import FILTERS as FILTERS
from ..filters import GRADIENT as GRADIENT
from ..filters import LAPLACIAN as LAPLACIAN
from ..filters import OPERATORS as OPERATORS
from ..filters import PRESET_GAINS as PRESET_GAINS
from ..filters import PRESETS as PRESETS
from ..filters import Filter as Filter

NORM_FLOOR = 1e-8  # inside the square root of the gradient norm, as in the published "gradnorm" variant
FULL_SLOPE = 1.0  # of the guide, from which on it steers fully, as published

OWN = NONE = -1
PARTS = ("", ALONG, ACROSS)


class Band(NamedTuple):
    """One band of the perceived vector, as engines and page walk it.

    Attributes:
        first: Which of `Perception.operators`; `OWN`: the cell's own state.
        second: The other operator of a norm or of a vector; `NONE`: there is none.
        gain: Factor of what the operators make, inside a norm.
        part: Which of `PARTS`: 0 the norm of two operators, 1 the part of their vector along the guide, 2 across it.
    """

    first: int
    second: int
    gain: float
    part: int = 0


class Perception(nn.Module):
    r"""Turns the two neighbour sums of a cell into the vector it perceives.

    On a graph with weights `w` and direction vectors `v`, the sums are

        lap_i  = sum_j w_ij (x_j - x_i)
        grad_i = 8 M_i^-1 sum_j w_ij v_ij (x_j - x_i),   M_i = sum_j w_ij v_ij v_ij^T

    On the square Moore grid these are the raw 3x3 Laplacian (centre -12) and the raw Sobel pair. The filters are
    concatenated band by band, the state first where it is asked for first: all channels of the first filter, then all
    channels of the second. The gradient has two bands, d/dx then d/dy (x right, y down).

    A steered gradient has no frame but the cell's own, whatever that of the substrate. With g the gradient of the last
    channel by the raw kernels, and the guide u = g / max(|g|, 1), its two bands are the gain times

        u_x d/dx + u_y d/dy    along the guide
        u_x d/dy - u_y d/dx    across it, a quarter turn from x to y

    It knows left from right, and no up; a weak guide turns little and counts little (Randazzo et al., "Growing
    Steerable Neural Cellular Automata", 2023; there the last channel's own two numbers, |g| |u| and 0, are left out).

    Args:
        filters: The name of a preset (`"sobel"`, `"laplacian"`, `"isonca"`) or a tuple of `"identity"`, `"gradient"`,
            `"laplacian"`, `"gradient_norm"`, `"steered_gradient"` in the order of the bands.
        gains: Factor of each filter, by name. Those not named keep the preset's gain: 1/8 for the gradient of
            `"sobel"`, 1 (raw kernels) everywhere else. The identity has no gain.

    Raises:
        ValueError: For an unknown preset, filter or gain, or an empty or repeating tuple.
    """

    @checked
    def __init__(self, filters: str | tuple[str, ...] = "sobel", gains: Mapping[str, float] | None = None) -> None:
        super().__init__()
        names = PRESETS.get(filters) if isinstance(filters, str) else tuple(filters)
        if names is None or not names or len(set(names)) != len(names) or any(name not in FILTERS for name in names):
            raise ValueError(
                f"`perception` must be one of {sorted(PRESETS)} or a tuple of different filters from "
                f"{sorted(FILTERS)}, got {filters!r}."
            )
        self.filters: tuple[str, ...] = names
        self.gains: dict[str, float] = {name: 1.0 for name in names if any(FILTERS[name].bands)}
        if isinstance(filters, str):
            self.gains.update(PRESET_GAINS.get(filters, {}))
        for name, gain in (gains or {}).items():
            if name not in self.gains:
                raise ValueError(f"`gains` may name {sorted(self.gains)} for this perception, got {name!r}.")
            self.gains[name] = float(gain)

    @property
    def num_bands(self) -> int:
        """How many times the state's channels the perceived vector has."""
        return sum(len(FILTERS[name].bands) for name in self.filters)

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that its filters are made of, in the order of `OPERATORS`."""
        named = {operator for name in self.filters for band in FILTERS[name].bands for operator in band}
        return tuple(o for o in OPERATORS if o in named or (o in GRADIENT and not named.isdisjoint(GRADIENT)))

    @property
    def uses_gradient(self) -> bool:
        """Whether direction vectors are needed."""
        return ALONG_X in self.operators

    @property
    def has_direction(self) -> bool:
        """Whether what it perceives turns with the frame: a band that sees d/dx or d/dy without the other."""
        return have_direction(self.filters)

    @property
    def is_steered(self) -> bool:
        """Whether it sees a direction, and none but the guide: patterns lie anyhow, and are no mirror images."""
        return are_steered(self.filters)

    def program(self) -> list[Band]:
        """Its bands, in the order of the perceived vector."""
        rows, bands = self.operators, []
        for name in self.filters:
            for operators in FILTERS[name].bands:
                first, second, *_ = (*map(rows.index, operators[:2]), OWN, NONE)
                part = PARTS.index("".join(operators[2:]))
                bands.append(Band(first, second if len(operators) > 1 else NONE, self.gains.get(name, 1.0), part))
        return bands

    def forward(
        self,
        x: Float[Tensor, "*b n c"],
        operated: Sequence[Float[Tensor, "*b n c"]] = (),
        *,
        norm_floor: float = NORM_FLOOR,
        full_slope: float = FULL_SLOPE,
    ) -> Float[Tensor, "*b n p"]:
        """Concatenates the bands; of every one of `operators` what it makes of the states comes in, without gain.

        `norm_floor` is what is added under the root of a norm, in the square of the states' levels; `full_slope` is the
        guide's size from which on it steers fully, in their levels.

        Raises:
            ValueError: If there is not one for each operator.
        """
        if len(operated) != len(self.operators):
            raise ValueError(f"`operated` must hold one tensor for each of {self.operators}, got {len(operated)}.")
        bands: list[Tensor] = []
        for first, second, gain, part in self.program():
            if first == OWN:
                bands.append(x)
            elif second == NONE:
                bands.append(gain * operated[first])
            elif part == 0:
                one, other = gain * operated[first], gain * operated[second]
                bands.append(torch.sqrt(one**2 + other**2 + norm_floor))
            else:
                bands.append(gain * steered(operated[first], operated[second], part, full_slope))
        return torch.cat(bands, dim=-1)

    def extra_repr(self) -> str:
        """The filters with their gains, for `print(rule)`."""
        return ", ".join(f"{name} x {self.gains[name]:g}" if name in self.gains else name for name in self.filters)


def steered(
    along_x: Float[Tensor, "*b n c"], along_y: Float[Tensor, "*b n c"], part: int, full_slope: float = FULL_SLOPE
) -> Float[Tensor, "*b n c"]:
    """One part of every channel's gradient, as the guide, the last channel's, has it."""
    x, y = along_x[..., -1:], along_y[..., -1:]
    size = (x**2 + y**2).clamp(min=full_slope**2).sqrt()
    x, y = x / size, y / size
    return x * along_x + y * along_y if PARTS[part] == ALONG else x * along_y - y * along_x
