"""Cells mirrored across the border of an open mesh, so that cells end at the border."""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.triangle_mesh import TriangleMesh

BAND = 3.0  # spacings from the border within which cells have mirror images
OCCUPIED = 0.7  # spacings from a cell within which there is surface
AROUND = 4  # cells nearest to an image that are looked at
ON_BORDER = 1e-6  # spacings from the border at which a cell on it is taken to lie


def with_mirror_images(cloud: Cloud, mesh: TriangleMesh, spacing: float) -> Cloud:
    """A cloud with the mirror images of the cells near a border.

    Cells are mirrored at each foot of a perpendicular, or else at the nearest place of the border.

    Args:
        cloud: Of cells alone.
        mesh: The surface, with edges no longer than about the spacing.
        spacing: Length of a cell.
    """
    borders = mesh.borders
    if not len(borders):
        return cloud
    start, stop = mesh.vertices[borders[:, 0]], mesh.vertices[borders[:, 1]]
    along = stop - start
    length = np.linalg.norm(along, axis=1)
    outward = np.cross(along, mesh.face_vectors[borders[:, 2]])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    reach = BAND * spacing + length.max() / 2
    near = KDTree(cloud.pos).sparse_distance_matrix(KDTree((start + stop) / 2), reach, output_type="coo_matrix")
    cell, edge = near.row.astype(np.int64), near.col.astype(np.int64)
    share = ((cloud.pos[cell] - start[edge]) * along[edge]).sum(1) / length[edge] ** 2
    foot = start[edge] + np.clip(share, 0.0, 1.0)[:, None] * along[edge]
    chord = foot - cloud.pos[cell]
    distance = np.linalg.norm(chord, axis=1)
    steep = np.abs((chord * cloud.normal[cell]).sum(1)) > 0.7 * distance  # the border of another layer
    fits = (distance < BAND * spacing) & ((distance < ON_BORDER * spacing) | ~steep)
    cell, edge, share, chord, distance = (part[fits] for part in (cell, edge, share, chord, distance))
    if not len(cell):
        return cloud
    order = np.lexsort((distance, cell))
    first = np.zeros(len(cell), bool)
    first[order[np.r_[True, np.diff(cell[order]) > 0]]] = True  # the nearest place of the border
    upright = (share >= 0) & (share < 1) & ((chord * outward[edge]).sum(1) > 0.7 * distance)
    kept = first | upright
    cell, edge, chord, distance = (part[kept] for part in (cell, edge, chord, distance))
    on = distance < ON_BORDER * spacing
    direction = np.where(on[:, None], outward[edge], chord / np.where(on, 1.0, distance)[:, None])
    pos = cloud.pos[cell] + 2 * np.maximum(distance, ON_BORDER * spacing)[:, None] * direction
    pos, cell = _apart(pos, cell, ON_BORDER * spacing)
    beyond = _in_the_open(cloud, pos, cell, spacing)
    pos, cell = pos[beyond], cell[beyond]
    return cloud._replace(
        pos=np.concatenate([cloud.pos, pos]),
        normal=np.concatenate([cloud.normal, cloud.normal[cell]]),
        origin=np.concatenate([cloud.origin, cell]),
    )


def _in_the_open(
    cloud: Cloud, pos: Float[np.ndarray, "g 3"], cell: Int[np.ndarray, " g"], spacing: float
) -> Bool[np.ndarray, " g"]:
    """Whether each image lies where there is no surface: not on the far side of a slit, or of a hole in the mesh.

    Across a straight border an image is never nearer to another cell than the cell that it mirrors.
    """
    near = np.asarray(KDTree(cloud.pos).query(pos, min(AROUND, len(cloud.pos)))[1]).reshape(len(pos), -1)
    away = np.linalg.norm(cloud.pos[near] - pos[:, None], axis=2)
    own = np.linalg.norm(cloud.pos[near] - cloud.pos[cell][:, None], axis=2)
    inside = (near != cell[:, None]) & (away < OCCUPIED * spacing) & (away < (1 - ON_BORDER) * own)
    return ~inside.any(1)


def _apart(
    pos: Float[np.ndarray, "g 3"], cell: Int[np.ndarray, " g"], least: float
) -> tuple[Float[np.ndarray, "h 3"], Int[np.ndarray, " h"]]:
    """Of images in one place, one."""
    pairs = KDTree(pos).query_pairs(least, output_type="ndarray")
    again = np.zeros(len(pos), bool)
    again[pairs.max(1) if len(pairs) else []] = True
    return pos[~again], cell[~again]
