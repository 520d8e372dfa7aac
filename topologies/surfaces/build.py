"""From cells on a surface to a substrate: the one place where a surface becomes a `Data`."""

import warnings

import numpy as np
import torch
from torch_geometric.data import Data

from topologies.assemble import finished
from topologies.contract import LAPLACIAN_GAIN, UNIT_LAW, TopologyError, spread_of_cells
from topologies.interior import interior_cells
from topologies.surfaces.closing import missing_pairs
from topologies.surfaces.connection import Connection
from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.mesh_repair import SurfaceWarning
from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.orientation import signed_volume
from topologies.surfaces.perceived import stencil_on_surface
from topologies.surfaces.ragged import thin_pairs
from topologies.surfaces.tangent import any_frames, turned
from topologies.surfaces.tangent_mesh import tangent_mesh, with_sides

ROUNDS = 2  # in which holes between cells are closed: what closes one may be seen to cross another
AREA_TOLERANCE = 0.1  # areas of tangent Voronoi cells may sum to another area than the surface's by this share


def built(cloud: Cloud, *, area: float | None = None, operators: str = "fitted") -> Data:
    """The substrate of the cells of a cloud, in units of length, with the smoothest field of frames.

    Args:
        cloud: Cells on a surface, in any unit, and their mirror images across its border.
        area: Of the surface, if it is known: the cells must have it together.
        operators: How cells see: `"fitted"` or `"averaged"`.

    Raises:
        TopologyError: If no substrate comes of it.
    """
    n = cloud.num_cells
    cells = cloud._replace(pos=cloud.pos[:n], normal=cloud.normal[:n])
    frame = any_frames(cells.normal)
    mesh = tangent_mesh(cloud, frame)
    alone = np.flatnonzero(np.bincount(mesh.edge_index[1], minlength=n) == 0)
    mesh = with_sides(mesh, thin_pairs(cloud, alone, float(np.sqrt(np.median(mesh.area)))))
    if (alone := np.flatnonzero(np.bincount(mesh.edge_index[1], minlength=n) == 0)).size:
        raise TopologyError(f"Every cell must have a neighbour on its side of the surface, cell {alone[0]} has none.")
    if area is not None and abs(mesh.area.sum() / area - 1) > AREA_TOLERANCE:
        raise TopologyError(
            f"The cells must have the surface's area together, got {mesh.area.sum() / area:.1%} of it: "
            f"{n} cells are too few for its shape."
        )
    if not mesh.open.any() and len(cloud.pos) == n and signed_volume(cells.pos, cells.normal, mesh.area) < 0:
        warnings.warn(
            "The normals of a closed surface pointed inwards; they were turned.", SurfaceWarning, stacklevel=3
        )
        return built(cloud._replace(normal=-cloud.normal), area=area, operators=operators)
    vectors = logarithmic_map(cells.pos, cells.normal, frame, mesh.edge_index)
    closed = cloud.connected is None or len(cloud.pos) == n  # or a cloud, whose border its cells know
    border = mesh.border if cloud.connected is None else np.full(n, not closed)
    for _ in range(ROUNDS):
        missing = missing_pairs(mesh.edge_index, mesh.length, vectors, border, mesh.halves, cells.pos)
        if not missing:
            break
        mesh = with_sides(mesh, missing)
        vectors = logarithmic_map(cells.pos, cells.normal, frame, mesh.edge_index)
    edges, receiver = mesh.edge_index, mesh.edge_index[1]
    weights = LAPLACIAN_GAIN * mesh.length / np.bincount(receiver, mesh.length, n)[receiver]
    spread, interior = spread_of_cells(receiver, vectors, weights, n), interior_cells(receiver, vectors, n)
    unit = float(np.sqrt(UNIT_LAW / spread[interior if interior.any() else slice(None)].mean()))
    pos, cell_area = cells.pos * unit, mesh.area * unit**2
    field = Connection.of(edges, vectors * unit, weights, cell_area).smoothest()
    frame = turned(cells.normal, frame, np.where(np.abs(field) > 0, field, 1.0))
    vectors = logarithmic_map(pos, cells.normal, frame, edges)
    arrays = {
        "pos": pos,
        "normal": cells.normal,
        "frame": frame,
        "edge_index": edges,
        "edge_attr": vectors,
        "edge_weight": weights,
        "area": cell_area,
    }
    data = Data(**{name: torch.from_numpy(array) for name, array in arrays.items()})
    return finished(data, lambda rounded: stencil_on_surface(rounded, operators))
