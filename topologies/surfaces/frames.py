"""Fields of frames: in which direction every cell of a surface has its x."""

from functools import partial

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.contract import TopologyError
from topologies.surfaces.connection import Connection
from topologies.surfaces.perceived import stencil_on_surface
from topologies.surfaces.tangent import any_frames, in_frame, turned

AGREEING = 8.0  # squared units in which frames are averaged: a disk 4 units wide, about as far as a pattern has details
WHOLE = 0.9  # agreement of the frames around a cell from which on it perceives the whole gradient
NOWHERE = 1e-6  # length of a projected direction, or share of a field's largest value, below which it has no direction

Field = str | int | tuple[float, float, float] | Float[torch.Tensor, " n"]
""""smooth", a cell, a direction in space, or radians by which each frame is turned."""


@partial(checked, error=TopologyError)
def with_frames(
    topology: Data, field: Field, *, anchor: int = 0, operators: str = "fitted", fading: bool | None = None
) -> Data:
    """A surface with another field of frames: a new `Data`, of which only the directions are different.

    Positions, weights, lengths and perceived Laplacians stay, so a rule without gradients does not notice.

    Args:
        topology: A surface in space.
        field: `"smooth"`: the field that changes least, with singularities where it must (textures); the number of a
            cell: its frame, carried to all others along the shortest ways (patterns that grow upright from a seed
            there); a direction (x, y, z) in space, projected on every tangent plane: there the frame's first axis, x,
            points; radians, (N,), by which every cell's own frame is turned, from x towards y.
        anchor: The cell from which the smoothest field points to the nearest neighbour.
        operators: How the gradient is fitted, as of the builders: `"fitted"` or `"averaged"`.
        fading: Whether the perceived gradient fades to 0 where the frames turn round a point: what a rule that was
            trained on squares makes there of frames that contradict one another grows beyond all bounds. By default for
            a cell and a direction in space, the fields for patterns.

    Raises:
        TopologyError: If the topology is no surface, or the field is none of these.
    """
    if "frame" not in topology or "batch" in topology:
        raise TopologyError("`topology` must be one surface in space, with `normal` and `frame`.")
    names = ("normal", "frame", "edge_attr", "edge_weight", "area")
    normal, frame, vectors, weights, area = (topology[name].detach().cpu().double().numpy() for name in names)
    edges = topology["edge_index"].cpu().numpy()
    connection = Connection.of(edges, vectors, weights, area)
    if isinstance(field, str):
        if field != "smooth":
            raise TopologyError(
                f'`field` must be "smooth", a cell or a direction (x, y, z), or angles (N,), got {field!r}.'
            )
        frame = turned(normal, frame, _somewhere(connection.smoothest(_cell(anchor, "anchor", len(normal)))))
    elif isinstance(field, torch.Tensor):
        if field.shape != normal.shape[:1]:
            raise TopologyError(f"`field` must be one angle for each of {len(normal)} cells, got {tuple(field.shape)}.")
        frame = turned(normal, frame, np.exp(1j * field.detach().cpu().double().numpy()))
    elif isinstance(field, int):
        frame = turned(normal, frame, _somewhere(connection.transported(_cell(field, "field", len(normal)))))
    else:
        frame = projected(normal, np.asarray(field, dtype=np.float64))
    phase = _between(topology, normal, frame)
    vectors = _as_real(phase[edges[1]] * (vectors[:, 0] + 1j * vectors[:, 1]))
    other = topology.clone()
    other["frame"], other["edge_attr"] = _like(topology["frame"], frame), _like(topology["edge_attr"], vectors)
    if "stencil_gradient" in topology:
        index, (_, gradient) = stencil_on_surface(other, operators)
        if fading if fading is not None else not isinstance(field, str | torch.Tensor):
            agreement = Connection.of(edges, vectors, weights, area).agreement(AGREEING)
            gradient = gradient * np.minimum(agreement / WHOLE, 1.0)[index[1], None]
        other["stencil_gradient"] = _like(topology["stencil_gradient"], gradient)
    return other


def projected(normal: Float[np.ndarray, "n 3"], direction: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "n 3"]:
    """A direction in space, projected on the tangent planes; where it is upright on them, any.

    Raises:
        TopologyError: If it is no direction.
    """
    if direction.shape != (3,) or not np.isfinite(direction).all() or not direction.any():
        raise TopologyError(f"`field` must be a direction (x, y, z) other than 0, got {direction.tolist()}.")
    direction = direction / np.linalg.norm(direction)
    along = direction - (normal @ direction)[:, None] * normal
    length = np.linalg.norm(along, axis=1, keepdims=True)
    return np.where(length > NOWHERE, along / np.maximum(length, NOWHERE), any_frames(normal))


def _cell(number: int, name: str, num_cells: int) -> int:
    if not 0 <= number < num_cells:
        raise TopologyError(f"`{name}` must be one of the cells 0 to {num_cells - 1}, got {number}.")
    return number


def _somewhere(field: Complex[np.ndarray, " n"]) -> Complex[np.ndarray, " n"]:
    """A field with some direction where it has none."""
    return np.where(np.abs(field) > 0, field, 1.0)


def _between(
    topology: Data, normal: Float[np.ndarray, "n 3"], frame: Float[np.ndarray, "n 3"]
) -> Complex[np.ndarray, " n"]:
    """The numbers that turn components in the topology's frames into those in other ones."""
    old = in_frame(topology["frame"].detach().cpu().double().numpy(), normal, frame)
    turn = old[:, 0] + 1j * old[:, 1]
    return turn / np.abs(turn)


def _as_real(numbers: Complex[np.ndarray, " e"]) -> Float[np.ndarray, "e 2"]:
    return np.stack([np.real(numbers), np.imag(numbers)], axis=1)


def _like(tensor: torch.Tensor, array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array).to(tensor)
