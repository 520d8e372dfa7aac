"""Worlds that are drawn at random for a training: sheets of any kind, with a gain that is off, replaced on the way."""

from dataclasses import dataclass

import numpy as np
from torch_geometric.data import Data

from graphnca.evaluation.scores import seeded_position
from graphnca.rasterizers import NearestCell
from graphnca.training import sampled_environments as sampled_environments
from topologies import KINDS, substrate_of_cells

FIRST_SEED = 1_000_000  # results are measured on meshes of small seeds, which no training may see
LLOYD_STEPS = (0, 0, 0, 1, 2)


@dataclass(frozen=True)
class Sheet:
    """A drawn substrate."""

    topology: Data
    gain: float
    """Factor on the Laplacian weights; a pattern is then sqrt(gain) times as large."""

    def raster(self, height: int, width: int) -> NearestCell:
        """The raster that shows a pattern in its normal size, centred on the seed."""
        centre = seeded_position(self.topology)
        return NearestCell(self.topology, height, width, centre=centre, scale=self.gain**-0.5, samples=2)


def drawn_sheet(kind: str, cells: int, gain_noise: float, rng: np.random.Generator) -> Sheet:
    """A torus of a kind; its gain is 1 + noise (u + v - 1) with u and v uniform in [0, 1], so mostly near 1."""
    if kind not in KINDS:
        raise SystemExit(f"--substrate: expected kinds out of {', '.join(KINDS)}, separated by commas, got {kind!r}.")
    gain = 1.0 + gain_noise * float(rng.random() + rng.random() - 1.0)
    lloyd_steps, seed = 0, 0
    if KINDS[kind].random:
        lloyd_steps, seed = int(rng.choice(LLOYD_STEPS)), int(rng.integers(FIRST_SEED, 2**31))
    topology = substrate_of_cells(kind, cells, lloyd_steps=lloyd_steps, seed=seed)
    topology["edge_weight"] = topology["edge_weight"] * gain
    return Sheet(topology, gain)
