"""A substrate and its middle as a substrate of its own: what has grown in the middle is carried over by position."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.data import Data

from graphnca.rasterizers.locate import CellLocator
from topologies import square_grid, voronoi_from_points, voronoi_mesh


class Expansion(NamedTuple):
    """A core and the larger substrate around it.

    Attributes:
        core: A bounded domain: its border cells have no neighbours beyond.
        whole: A torus.
        inside: Which cells of the whole are the core's.
        source: For each of these, in their order, its number in the core.
        window: Where the core lies in the whole: (x0, y0, x1, y1), in units.
    """

    core: Data
    whole: Data
    inside: Bool[Tensor, " n"]
    source: Int[Tensor, " m"]
    window: tuple[float, float, float, float]

    def expanded(self, states: Float[Tensor, "*b m c"], fill: float = 0.0) -> Float[Tensor, "*b n c"]:
        """States of the whole: those of the core where it was, and one number, the seed's 0, in the new cells."""
        larger = states.new_full((*states.shape[:-2], len(self.inside), states.shape[-1]), fill)
        larger[..., self.inside, :] = states[..., self.source, :]
        return larger


def square_expansion(core: int, whole: int) -> Expansion:
    """Squares: `core` x `core` cells in the middle of `whole` x `whole`.

    Raises:
        ValueError: A core that is not smaller, or not by an even number of cells.
    """
    if not 0 < core < whole or (whole - core) % 2:
        raise ValueError(f"`core` must be smaller than `whole` by an even number of cells, got {core} and {whole}.")
    return _joined(square_grid(core, core, periodic=False), square_grid(whole, whole), float(core))


def mesh_expansion(core: float, whole: float, *, seed: int = 0) -> Expansion:
    """A Voronoi mesh, and the mesh of those of its points that lie within `core` units around its middle.

    Cells at the core's border are cut off there; all others are the same cells in both. The unit law stretches the
    core by a share of a per cent.

    Raises:
        ValueError: A core that is not smaller.
    """
    if not 0 < core < whole:
        raise ValueError(f"`core` must be smaller than `whole`, got {core} and {whole}.")
    larger = voronoi_mesh(whole, whole, seed=seed)
    corner, inside = _middle(larger, core)
    points = larger["pos"][inside].double() - corner
    return _joined(voronoi_from_points(points, (core, core), periodic=False), larger, core)


def _middle(whole: Data, core: float) -> tuple[Tensor, Tensor]:
    """The corner of the square in the middle, and which cells lie in it."""
    corner = (whole["extent"][0].double() - core) / 2
    pos = whole["pos"].double()
    return corner, ((pos >= corner) & (pos < corner + core)).all(-1)


def _joined(core: Data, whole: Data, size: float) -> Expansion:
    corner, inside = _middle(whole, size)
    stretch = float(core["extent"][0, 0]) / size
    places = ((whole["pos"][inside].double() - corner) * stretch).numpy()
    source = torch.from_numpy(CellLocator(core).nearest(places)[1][:, 0].astype(np.int64))
    x, y = corner.tolist()
    return Expansion(core, whole, inside, source, (x, y, x + size, y + size))
