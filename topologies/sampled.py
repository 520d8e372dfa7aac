"""Substrates for trainings: drawn at random, on cells that no result is measured on."""

import numpy as np
from torch_geometric.data import Data

from topologies.kinds import KINDS, cells_within, substrate_of_cells

FIRST_SEED = 1_000_000  # results are measured on meshes of small seeds, which no training may see
LLOYD_STEPS = (0, 0, 0, 1, 2)


def sampled_torus(
    kind: str, shape: tuple[int, int], rng: np.random.Generator, *, counted: str = "cells", gain_noise: float = 0.0
) -> tuple[Data, float]:
    """A torus of a kind, and its gain, a factor of its Laplacian weights: a pattern is sqrt(gain) times as large.

    Args:
        kind: One of `KINDS`.
        shape: Height and width; the torus is about as high as it is wide.
        rng: All random numbers: the points of a mesh, its Lloyd steps, the gain.
        counted: What the shape is counted in: `"cells"`, and there are about height x width of them whatever the kind,
            or `"units"`, and as many as fill the area.
        gain_noise: The gain is 1 + noise (u + v - 1) with u and v uniform in [0, 1], so mostly near 1.

    Raises:
        TopologyError: If there is no such kind.
    """
    gain = 1.0 + gain_noise * float(rng.random() + rng.random() - 1.0)
    height, width = shape
    cells = height * width if counted == "cells" else cells_within(kind, (height * width) ** 0.5)
    lloyd_steps = seed = 0
    if kind in KINDS and KINDS[kind].random:
        lloyd_steps, seed = int(rng.choice(LLOYD_STEPS)), int(rng.integers(FIRST_SEED, 2**31))
    topology = substrate_of_cells(kind, cells, lloyd_steps=lloyd_steps, seed=seed)
    for name in {"edge_weight", "stencil_weight"}.intersection(topology.keys()):
        topology[name] = topology[name] * gain
    return topology, gain
