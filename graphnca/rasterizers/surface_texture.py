"""The texture of a mesh, painted by the cells that lie on it."""

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree
from torch import Tensor, nn
from torch_geometric.data import Data

from ..arguments import checked
from .covering import covering
from .fans import cell_triangles, check_surface
from .interpolation import Interpolation
from .pixel_grid import PixelGrid, pixel_count
from .sampling import Sampling
from .texture_atlas import TextureAtlas

NEAR = 24  # cells among which one of the same side is looked for, where the nearest is of the other
BLOCK = 1 << 17  # pixels handled at a time
ROUNDS = 4  # in which the unit of a mesh is found: each is exact if every cell knows its face
SAME_PLANE = 1e-9  # of a mesh that lies in planes through the origin, distances from these do not tell the unit


class SurfaceTexture(nn.Module):
    """States of the cells of a surface as the texture of a mesh of that surface.

    A pixel within a face shows the place in space that lies there: the cell that covers it, or the triangle between
    three cells. A thin wall has two sides: a place is covered by cells that face its way. Beside all faces pixels
    are 0; where two faces share a place in the picture, it belongs to the first.

    Args:
        topology: One substrate of the contract, a surface in space.
        atlas: The mesh; in any unit of length, but not turned or moved against the one that the cells were laid on. By
            default the triangles between the cells.
        pixels: Along each side of the picture.
        interpolation: Between cells: their states flow into each other, or each is one patch (`"nearest"`).

    Attributes:
        atlas: The mesh.
        unit: Units of length that one unit of the mesh is.
        covered: (pixels, pixels), which of them lie within a face.
        face: The face of each covered pixel, row by row.
        share: How far it belongs to each of its corners.

    Shape:
        states (..., N, C) -> images (..., C, pixels, pixels), differentiable in the states.

    Raises:
        ValueError: A number out of range, a topology that is no surface in space, or a mesh none of whose faces lies in
            the picture.
        ImportError: There is no atlas, and xatlas, which makes one, is not installed.
    """

    @checked
    def __init__(
        self,
        topology: Data,
        atlas: TextureAtlas | None = None,
        pixels: int = 1024,
        *,
        interpolation: Interpolation = "barycentric",
    ) -> None:
        super().__init__()
        check_surface(topology)
        side = pixel_count("pixels", pixels)
        atlas = TextureAtlas.of_cells(topology) if atlas is None else atlas
        grid = PixelGrid(side, side, (0.0, 0.0), float(side))
        pairs = covering(atlas.places[atlas.faces], grid.points().reshape(-1, 2))
        seen = pairs.first(pairs.triangle.astype(float), grid.num_pixels)
        if not len(seen):
            raise ValueError("`atlas` must have faces that cover a pixel, got none that does.")
        pixel, self.face, self.share = pairs.point[seen], pairs.triangle[seen], pairs.share[seen]
        self.atlas = atlas
        self.covered: Bool[np.ndarray, "h w"] = np.isin(np.arange(grid.num_pixels), pixel).reshape(side, side)

        pos, normal = (topology[name].detach().cpu().double().numpy() for name in ("pos", "normal"))
        place, facing = self.interpolated(atlas.vertices), self.interpolated(atlas.normals)
        self.unit = _unit_of(atlas, place, self.face, pos, float(topology["area"].double().sum()))
        cell = _covering_cells(place * self.unit, facing, pos, normal)
        if interpolation == "nearest":
            entries = pixel, cell, np.ones(len(pixel))
        else:
            cells, share = _within_triangles(place * self.unit, cell, pos, cell_triangles(topology))
            entries = np.repeat(pixel, 3), cells.ravel(), share.ravel()
        self.sampling = Sampling(*entries, len(pos), side, side)

    def interpolated(self, values: Float[np.ndarray, "v k"]) -> Float[np.ndarray, "p k"]:
        """Values of the mesh's vertices at each covered pixel, row by row."""
        return np.einsum("pc,pck->pk", self.share, values[self.atlas.faces[self.face]])

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The textures (..., C, pixels, pixels) of states (..., N, C)."""
        return self.sampling(states)


def _unit_of(
    atlas: TextureAtlas,
    place: Float[np.ndarray, "p 3"],
    face: Int[np.ndarray, " p"],
    pos: Float[np.ndarray, "n 3"],
    area: float,
) -> float:
    """Units of length that one unit of the mesh is, so that the cells lie on it.

    First by the areas of both; then, as every cell must lie in the plane of the face that is nearest to it, by least
    squares of its distances from these planes.
    """
    a, b, c = (atlas.vertices[corner] for corner in atlas.faces.T)
    vectors = np.cross(b - a, c - a)
    doubled = np.linalg.norm(vectors, axis=1)
    unit = float(np.sqrt(2 * area / doubled.sum()))
    plane = vectors / np.maximum(doubled, np.finfo(float).tiny)[:, None]
    tree = KDTree(place)
    for _ in range(ROUNDS):
        nearest = np.asarray(tree.query(pos / unit)[1])
        along = plane[face[nearest]]
        here, there = (along * pos).sum(1), (along * place[nearest]).sum(1)
        if np.square(here).mean() < SAME_PLANE * np.square(pos).sum(1).mean():
            break
        unit = float((here * here).sum() / (here * there).sum())
    return unit


def _covering_cells(
    place: Float[np.ndarray, "p 3"],
    facing: Float[np.ndarray, "p 3"],
    pos: Float[np.ndarray, "n 3"],
    normal: Float[np.ndarray, "n 3"],
) -> Int[np.ndarray, " p"]:
    """The nearest cell of each place, of its side of the surface; a mesh that is clearly inside out is taken as turned.

    (Of a thin wall the nearest cells are as often of the one side as of the other.)
    """
    tree = KDTree(pos)
    cell = np.asarray(tree.query(place)[1])
    agreement = (facing * normal[cell]).sum(1)
    side = -1.0 if agreement.sum() < -np.abs(agreement).sum() / 2 else 1.0
    other = np.flatnonzero(side * agreement <= 0)
    if len(other):
        near = np.asarray(tree.query(place[other], min(NEAR, len(pos)))[1]).reshape(len(other), -1)
        alike = side * np.einsum("pa,pka->pk", facing[other], normal[near]) > 0
        cell[other] = near[np.arange(len(other)), alike.argmax(1)]  # the nearest of all where none is alike
    return cell


def _within_triangles(
    place: Float[np.ndarray, "p 3"],
    cell: Int[np.ndarray, " p"],
    pos: Float[np.ndarray, "n 3"],
    triangles: Int[np.ndarray, "t 3"],
) -> tuple[Int[np.ndarray, "p 3"], Float[np.ndarray, "p 3"]]:
    """Corners of the triangle at each place's cell within which it lies, seen against the triangle, and its shares.

    A place that lies beside all of them (between two triangles of a bent surface) goes to the nearest border.
    """
    order = np.argsort(triangles.ravel(), kind="stable")
    owner, number = triangles.ravel()[order], order // 3
    count = np.bincount(owner, minlength=len(pos))
    first = np.cumsum(count) - count
    cells, shares = np.repeat(cell[:, None], 3, axis=1), np.tile([1.0, 0.0, 0.0], (len(cell), 1))
    a, b, c = (pos[corner] for corner in triangles.T)
    to_b, to_c = b - a, c - a
    square_b, square_c, dot = ((one * two).sum(1) for one, two in ((to_b, to_b), (to_c, to_c), (to_b, to_c)))
    doubled = square_b * square_c - dot * dot
    for start in range(0, len(cell), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(cell)))
        best = np.full(len(rows), -np.inf)
        for turn in range(int(count.max(initial=0))):
            there = np.flatnonzero(count[cell[rows]] > turn)
            at = number[first[cell[rows[there]]] + turn]
            away = place[rows[there]] - a[at]
            along_b, along_c = (away * to_b[at]).sum(1), (away * to_c[at]).sum(1)
            second = (square_c[at] * along_b - dot[at] * along_c) / doubled[at]
            third = (square_b[at] * along_c - dot[at] * along_b) / doubled[at]
            share = np.stack([1 - second - third, second, third], axis=1)
            better = share.min(1) > best[there]
            found = rows[there[better]]
            best[there[better]] = share.min(1)[better]
            cells[found], shares[found] = triangles[at[better]], share[better].clip(0)
    return cells, shares / shares.sum(1, keepdims=True)
