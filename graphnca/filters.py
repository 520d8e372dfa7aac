"""The filters that perceptions are made of, as data; torch is not needed to read about them."""

from collections.abc import Iterable
from typing import NamedTuple

LAPLACIAN, ALONG_X, ALONG_Y = "laplacian", "along_x", "along_y"
OPERATORS = (LAPLACIAN, ALONG_X, ALONG_Y)  # in the order in which tables of them are kept; `operators.py` derives them
GRADIENT = (ALONG_X, ALONG_Y)  # always together: a frame that is turned mixes them
ALONG, ACROSS = "along", "across"  # the guide: the gradient of the cell's last channel


class Filter(NamedTuple):
    """What a cell perceives of every channel, before gains.

    Attributes:
        words: What it is, for people.
        bands: Each the names of its operators: none is the cell's own state, one is what the operator makes of the
            state, two are the norm of what both make of it. `ALONG` or `ACROSS` behind two makes of the vector of both
            its part along the guide, or across it, a quarter turn from x to y (`Perception`).
    """

    words: str
    bands: tuple[tuple[str, ...], ...]


FILTERS: dict[str, Filter] = {
    "identity": Filter("the state", ((),)),
    "gradient": Filter("its gradient", ((ALONG_X,), (ALONG_Y,))),
    "laplacian": Filter("its Laplacian", ((LAPLACIAN,),)),
    "gradient_norm": Filter("the gradient's size", ((ALONG_X, ALONG_Y),)),
    "steered_gradient": Filter("its gradient, turned to its last channel's", ((*GRADIENT, ALONG), (*GRADIENT, ACROSS))),
}
"""The known filters. Layer, engines and page walk the bands of a perception (`Perception.program`), in their order."""

PRESETS: dict[str, tuple[str, ...]] = {
    "sobel": ("identity", "gradient"),  # Growing NCA, 3C
    "laplacian": ("identity", "gradient", "laplacian"),  # Self-Organising Textures, 4C
    "isonca": ("identity", "laplacian"),  # Growing Isotropic NCA, 2C
}
"""The perceptions of the three published architectures."""

PRESET_GAINS: dict[str, dict[str, float]] = {"sobel": {"gradient": 1.0 / 8.0}}  # everything else: the raw kernels, 1


def have_direction(filters: Iterable[str]) -> bool:
    """Whether what they make turns with the frame: a band that sees d/dx or d/dy without the other."""
    bands = [band for name in filters for band in FILTERS[name].bands]
    return any(len(set(GRADIENT) & set(band)) == 1 for band in bands)


def are_steered(filters: Iterable[str]) -> bool:
    """Whether they see a direction, and none but that of the guide: patterns lie anyhow, and are no mirror images."""
    filters = list(filters)
    return not have_direction(filters) and any(ACROSS in band for name in filters for band in FILTERS[name].bands)
