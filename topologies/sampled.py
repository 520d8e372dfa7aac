"""Substrates for trainings: drawn at random, on cells that no result is measured on."""

import numpy as np
from torch_geometric.data import Data

from topologies.kinds import KINDS, cells_within, substrate_of_cells
from topologies.operators import OPERATORS
from topologies.surfaces import is_surface, surface, with_frames

FIRST_SEED = 1_000_000  # results are measured on meshes of small seeds, which no training may see
MESHES = (FIRST_SEED, 2**31)  # seeds of training meshes
LLOYD_STEPS = (0, 0, 0, 1, 2)
RIGHT = (1.0, 0.0, 0.0)  # as a viewer sees it who looks at a surface along its z, from where z is largest


def sampled_substrate(
    kind: str,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    counted: str = "cells",
    gain_noise: float = 0.0,
    upright: bool = False,
) -> tuple[Data, float]:
    """A torus of a kind, or cells on a surface in space, drawn anew; and its gain.

    Args:
        kind: One of `KINDS`, of `SHAPES`, or the path of a mesh.
        shape: As of `sampled_torus`; a surface has as many cells, or the area, of the torus.
        rng: All random numbers.
        counted: As of `sampled_torus`.
        gain_noise: Likewise.
        upright: Whether patterns are to grow upright: frames of a surface are then carried from the cell with the
            largest z, where x is to the right as a viewer there sees it. Otherwise they vary least.

    Raises:
        TopologyError: If there is no such kind, or no surface can be made of a mesh.
        FileNotFoundError: If there is no such file.
    """
    if not is_surface(kind):
        return sampled_torus(kind, shape, rng, counted=counted, gain_noise=gain_noise)
    gain, cells = _gain(gain_noise, rng), _cells("voronoi", shape, counted)  # of one density
    topology = surface(kind, cells, seed=int(rng.integers(*MESHES)))
    if upright:
        topology = upright_frames(topology, int(topology["pos"][:, 2].argmax()))
    return _with_gain(topology, gain), gain


def sampled_torus(
    kind: str,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    counted: str = "cells",
    gain_noise: float = 0.0,
    upright: bool = False,  # noqa: ARG001
) -> tuple[Data, float]:
    """A torus of a kind, and its gain, a factor of its Laplacian weights: a pattern is sqrt(gain) times as large.

    Args:
        kind: One of `KINDS`.
        shape: Height and width; the torus is about as high as it is wide.
        rng: All random numbers: the points of a mesh, its Lloyd steps, the gain.
        counted: What the shape is counted in: `"cells"`, and there are about height x width of them whatever the kind,
            or `"units"`, and as many as fill the area.
        gain_noise: The gain is 1 + noise (u + v - 1) with u and v uniform in [0, 1], so mostly near 1.
        upright: For surfaces alone (`sampled_substrate`): in the plane all frames agree.

    Raises:
        TopologyError: If there is no such kind.
    """
    gain, cells = _gain(gain_noise, rng), _cells(kind, shape, counted)
    lloyd_steps = seed = 0
    if kind in KINDS and KINDS[kind].random:
        lloyd_steps, seed = int(rng.choice(LLOYD_STEPS)), int(rng.integers(*MESHES))
    return _with_gain(substrate_of_cells(kind, cells, lloyd_steps=lloyd_steps, seed=seed), gain), gain


def upright_frames(
    topology: Data, cell: int, right: tuple[float, float, float] = RIGHT, *, operators: str = OPERATORS[0]
) -> Data:
    """The surface with x to the right at a cell, and that frame carried from there to all others."""
    return with_frames(with_frames(topology, right, operators=operators), cell, operators=operators)


def _gain(noise: float, rng: np.random.Generator) -> float:
    return 1.0 + noise * float(rng.random() + rng.random() - 1.0)


def _cells(kind: str, shape: tuple[int, int], counted: str) -> int:
    height, width = shape
    return height * width if counted == "cells" else cells_within(kind, (height * width) ** 0.5)


def _with_gain(topology: Data, gain: float) -> Data:
    for name in {"edge_weight", "stencil_weight"}.intersection(topology.keys()):
        topology[name] = topology[name] * gain
    return topology
