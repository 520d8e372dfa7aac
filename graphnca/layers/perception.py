"""What a cell perceives: a concatenation of filters of its neighbourhood."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

LAPLACIAN, ALONG_X, ALONG_Y = "laplacian", "along_x", "along_y"
FILTERS: dict[str, int] = {"identity": 1, "gradient": 2, "laplacian": 1, "gradient_norm": 1}
"""The known filters and how many bands of C channels each contributes."""

PRESETS: dict[str, tuple[str, ...]] = {
    "sobel": ("identity", "gradient"),  # Growing NCA, 3C
    "laplacian": ("identity", "gradient", "laplacian"),  # Self-Organising Textures, 4C
    "isonca": ("identity", "laplacian"),  # Growing Isotropic NCA, 2C
}
"""The perceptions of the three published architectures."""

PRESET_GAINS: dict[str, dict[str, float]] = {"sobel": {"gradient": 1.0 / 8.0}}  # everything else: the raw kernels, 1

NORM_FLOOR = 1e-8  # inside the square root of the gradient norm, as in the published "gradnorm" variant


class Perception(nn.Module):
    r"""Turns the two neighbour sums of a cell into the vector it perceives.

    On a graph with weights `w` and direction vectors `v`, the sums are

        lap_i  = sum_j w_ij (x_j - x_i)
        grad_i = 8 M_i^-1 sum_j w_ij v_ij (x_j - x_i),   M_i = sum_j w_ij v_ij v_ij^T

    On the square Moore grid these are the raw 3x3 Laplacian (centre -12) and the raw Sobel pair. The filters are
    concatenated band by band, the state first where it is asked for first: all channels of the first filter, then all
    channels of the second. The gradient has two bands, d/dx then d/dy (x right, y down).

    Args:
        filters: The name of a preset (`"sobel"`, `"laplacian"`, `"isonca"`) or a tuple of `"identity"`, `"gradient"`,
            `"laplacian"`, `"gradient_norm"` in the order of the bands.
        gains: Factor of each filter, by name. Those not named keep the preset's gain: 1/8 for the gradient of
            `"sobel"`, 1 (raw kernels) everywhere else. The identity has no gain.

    Raises:
        ValueError: For an unknown preset, filter or gain, or an empty or repeating tuple.
    """

    def __init__(self, filters: str | tuple[str, ...] = "sobel", gains: Mapping[str, float] | None = None) -> None:
        super().__init__()
        names = PRESETS.get(filters) if isinstance(filters, str) else tuple(filters)
        if names is None or not names or len(set(names)) != len(names) or any(name not in FILTERS for name in names):
            raise ValueError(
                f"`perception` must be one of {sorted(PRESETS)} or a tuple of different filters from "
                f"{sorted(FILTERS)}, got {filters!r}."
            )
        self.filters: tuple[str, ...] = names
        self.gains: dict[str, float] = {name: 1.0 for name in names if name != "identity"}
        if isinstance(filters, str):
            self.gains.update(PRESET_GAINS.get(filters, {}))
        for name, gain in (gains or {}).items():
            if name not in self.gains:
                raise ValueError(f"`gains` may name {sorted(self.gains)} for this perception, got {name!r}.")
            self.gains[name] = float(gain)

    @property
    def num_bands(self) -> int:
        """How many times the state's channels the perceived vector has."""
        return sum(FILTERS[name] for name in self.filters)

    @property
    def uses_gradient(self) -> bool:
        """Whether direction vectors are needed."""
        return "gradient" in self.filters or "gradient_norm" in self.filters

    @property
    def uses_laplacian(self) -> bool:
        """Whether the Laplacian is one of the filters."""
        return "laplacian" in self.filters

    def forward(
        self,
        x: Float[Tensor, "*b n c"],
        laplacian: Float[Tensor, "*b n c"] | None = None,
        gradient: tuple[Float[Tensor, "*b n c"], Float[Tensor, "*b n c"]] | None = None,
        *,
        norm_floor: float = NORM_FLOOR,
    ) -> Float[Tensor, "*b n p"]:
        """Concatenates the bands; the sums come in without gain, the gradient already in the cell's frame.

        `norm_floor` is what is added under the root of the gradient norm, in the square of the state's unit.
        """
        bands: list[Tensor] = []
        for name in self.filters:
            if name == "identity":
                bands.append(x)
            elif name == "laplacian" and laplacian is not None:
                bands.append(self.gains[name] * laplacian)
            elif name == "gradient" and gradient is not None:
                bands.extend(self.gains[name] * part for part in gradient)
            elif name == "gradient_norm" and gradient is not None:
                along_x, along_y = (self.gains[name] * part for part in gradient)
                bands.append(torch.sqrt(along_x**2 + along_y**2 + norm_floor))
            else:
                raise ValueError(f"The filter {name!r} needs its neighbour sum.")
        return torch.cat(bands, dim=-1)

    def extra_repr(self) -> str:
        """The filters with their gains, for `print(rule)`."""
        return ", ".join(f"{name} x {self.gains[name]:g}" if name in self.gains else name for name in self.filters)
