"""The symmetries of a substrate about its seed, as permutations of the cells, and how far a state is from them."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor
from torch_geometric.data import Data

from .scores import seeded_position

NEAR = 1e-3  # units within which an image of a cell's centre must lie at another cell's centre


def symmetries(topology: Data, turns: int) -> Int[Tensor, "g n"]:
    """The rotations by k / `turns` of a full turn about the seeded cell, then their reflections: 2 * `turns` in all.

    Row g holds, for every cell, the cell that lies at its image. 4 turns are the eight symmetries of a square, 6 turns
    the twelve of a hexagon. The first row is the identity.

    Raises:
        ValueError: If the substrate does not have one of them: a cell's image is no cell, or edges or weights differ.
    """
    pos = topology["pos"].double().numpy()
    centre, extent = np.array(seeded_position(topology)), topology["extent"].double().numpy()[0]
    periodic = bool(topology["periodic"])
    tree = KDTree(np.mod(pos, extent) if periodic else pos, boxsize=extent if periodic else None)
    permutations = []
    for mirror in (1.0, -1.0):
        for k in range(turns):
            cos, sin = np.cos(2 * np.pi * k / turns), np.sin(2 * np.pi * k / turns)
            images = (pos - centre) * [mirror, 1.0] @ np.array([[cos, sin], [-sin, cos]]) + centre
            distance, cell = map(np.asarray, tree.query(np.mod(images, extent) if periodic else images))
            if distance.max() > NEAR or len(np.unique(cell)) < len(cell):
                raise ValueError(
                    f"`topology` must have the symmetries of {turns} turns, but turned {k} times"
                    f"{' and mirrored' if mirror < 0 else ''} a cell is {distance.max():.3g} units away from all cells."
                )
            permutations.append(cell)
    found = torch.from_numpy(np.stack(permutations))
    original = _edges(topology["edge_index"], topology["edge_weight"], len(pos))
    for permutation in found:
        image = _edges(permutation[topology["edge_index"]], topology["edge_weight"], len(pos))
        if not all(torch.equal(one, other) for one, other in zip(original, image, strict=True)):
            raise ValueError(f"`topology` must have the symmetries of {turns} turns, but edges or weights differ.")
    return found


def asymmetry(states: Float[Tensor, "n c"], permutations: Int[Tensor, "g n"]) -> float:
    """The largest |x - image of x| over the symmetries, cells and channels; 0 only for a state that has them all."""
    return float((states[permutations] - states).abs().max())


def _edges(edge_index: Tensor, weight: Tensor, num_cells: int) -> tuple[Tensor, Tensor]:
    """Edges as sorted numbers, and their weights in that order."""
    key, order = (edge_index[1] * num_cells + edge_index[0]).sort()
    return key, weight[order]
