"""Hexagons that see as those of the texture demo do."""

import torch
from torch_geometric.data import Data

LEVEL = 1e-3  # units: neighbours that are no farther above or below are in the cell's own row


def demo_hexagons(topology: Data) -> Data:
    """A hexagonal grid whose cells perceive by the demo's own kernels: a new `Data`, the same cells and edges.

    Rows from above, two neighbours in each of the three: d/dx [-1 1; -2 2; -1 1], d/dy [-2 -2; 0 0; 2 2], and 2 for
    every neighbour in the Laplacian, at the gain of the raw square kernels (the demo divides all of them by 8). So a
    neighbour in the direction a counts 2 cos a along x and 2 sign(sin a) along y. On rows one unit apart that is 8
    times the slope along y and 6.93 times that along x: nearly what the square grid sees, but no gradient of the
    contract, which is why `topologies` doesn't build it, and why it comes without direction vectors.

    Source: the page of Niklasson, Mordvintsev, Randazzo, Levin, "Self-Organising Textures" (Distill 2021).

    Args:
        topology: A torus of `topologies.hex_grid`.

    Raises:
        ValueError: A cell has another number of neighbours than six.
    """
    index, vectors = topology["edge_index"], topology["edge_attr"]
    if not bool((index[1].bincount(minlength=len(topology["pos"])) == 6).all()):
        raise ValueError("`topology` must be a torus of hexagons, whose cells have six neighbours each.")
    across, down = vectors.unbind(-1)
    rows = torch.where(down.abs() > LEVEL, down.sign(), 0.0)
    other = topology.clone()
    other["stencil_index"] = index.clone()
    other["stencil_weight"] = torch.full_like(across, 2.0)
    other["stencil_gradient"] = torch.stack([2 * across / vectors.norm(dim=-1), 2 * rows], dim=-1)
    del other["edge_attr"]  # with vectors, a rollout would hold its gradient to their slopes (`engine.stale`)
    return other
