"""The data contract that every substrate keeps: its fields, its constants, and the check of its laws.

A topology is a `torch_geometric.data.Data` with the fields of `FIELDS`; N cells, E directed edges. States (`x`) belong
to the model and are not part of it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch_geometric.data import Data

from topologies.interior import interior_cells

LAPLACIAN_GAIN = 12.0
"""Sum of the weights into a cell, that of the kernel [1 2 1; 2 -12 2; 1 2 1]; 16 makes square-trained rules explode."""
UNIT_LAW = 16.0
"""Mean over interior cells of sum_j w_ij |v_ij|^2, that of the same kernel: 4 * 2 * 1 + 4 * 1 * 2."""
GRADIENT_GAIN = 8.0
"""What a perceived gradient is of the slope of a linear field, that of the raw Sobel pair."""
COEFFICIENT_LIMIT = 1000.0  # of the absolute coefficients of a cell: some 25 on a mesh, 300 in a random graph
QUADRATIC_FROM = 8  # cells read from which on a fitted stencil is exact on quadratic fields
MIRROR_REACH = 2.1  # units, or mean distances of a cell's neighbours, within which it reads mirror images: two rings
BORDER_REACH = 1.0  # centres this near the border of a bounded domain may have weights that sum to less than the gain


class FieldSpec(NamedTuple):
    """Type and shape of one field; sizes "n", "e" and "g" stand for cells, edges and graphs in a batch."""

    dtype: torch.dtype
    shape: tuple[str | int, ...]
    meaning: str


FIELDS: dict[str, FieldSpec] = {
    "pos": FieldSpec(torch.float32, ("n", "d"), "cell centre; x right, y down; (N, 3) on a surface in space"),
    "edge_index": FieldSpec(torch.int64, (2, "e"), "row 0 neighbour j, row 1 perceiving cell i; sorted by i, then j"),
    "edge_attr": FieldSpec(torch.float32, ("e", 2), "direction vector pos_j - pos_i; shortest image on a torus"),
    "edge_weight": FieldSpec(torch.float32, ("e",), "Laplacian weight w_ij > 0; those into a cell sum to 12"),
    "area": FieldSpec(torch.float32, ("n",), "cell area in square units"),
}
"""The fields of every topology by name, each with its dtype, its shape and its meaning."""
PLANE_FIELDS: dict[str, FieldSpec] = {
    "extent": FieldSpec(torch.float32, ("g", 2), "width and height of the domain; one row per graph of a batch"),
    "periodic": FieldSpec(torch.bool, ("g",), "torus or bounded domain; one entry per graph of a batch"),
}
"""Those that a substrate of the plane has besides."""
SURFACE_FIELDS: dict[str, FieldSpec] = {
    "normal": FieldSpec(torch.float32, ("n", 3), "outer unit normal"),
    "frame": FieldSpec(torch.float32, ("n", 3), "first axis of the tangent frame; the second is frame x normal"),
}
"""Those that a surface in space has besides."""
STENCIL_FIELDS: dict[str, FieldSpec] = {
    "stencil_index": FieldSpec(torch.int64, (2, "s"), "row 0 the cell j that is read, row 1 the perceiving cell i"),
    "stencil_weight": FieldSpec(torch.float32, ("s",), "coefficient of x_j - x_i in the perceived Laplacian"),
    "stencil_gradient": FieldSpec(torch.float32, ("s", 2), "its coefficients in the perceived gradient, raw gain"),
}
"""How cells see where they are no squares: all three or none, and then cells perceive along their edges."""


class TopologyError(ValueError):
    """A substrate, or the input to build one from, breaks the data contract."""


def check_topology(data: Data, *, rounded: bool = True) -> None:
    """Checks that a topology, or a flat `Batch` of them, keeps the data contract; returns nothing if it does.

    The laws, in the order in which they are checked:

    1. all fields that `fields_of` names are there, with their dtype and shape, finite, and indices in range;
    2. edges are sorted by perceiving cell, then neighbour; no self-loops, no duplicates, every cell has a neighbour;
    3. every edge has a partner in the other direction with the opposite direction vector;
    4. positions lie inside the extent, no two cells share one, and direction vectors are differences of positions
       (the shortest image on a torus);
    5. weights are positive and those into a cell sum to 12 (`LAPLACIAN_GAIN`); on a bounded domain they may sum to
       less in a cell whose centre lies within one unit of the border, as they do on the square grid;
    6. the mean over interior cells of sum_j w_ij |v_ij|^2 is 16 (`UNIT_LAW`), graph by graph; a cell is interior when
       its neighbours surround it (`interior_cells`), and a graph without such cells is not judged;
    7. areas are positive and sum to that of the extent;
    8. the stencil, if there is one, is sorted as the edges are, no cell reads itself or another one twice, the
       absolute coefficients of a cell sum to at most `COEFFICIENT_LIMIT`, and away from borders the gradient of a
       linear field is 8 (`GRADIENT_GAIN`) times its slope; the Laplacian is that of the edges' weights, or else it is 0
       on linear fields and, where a cell reads eight others or more, 8, 0 and 8 on x^2, xy and y^2.

    On a surface the direction vectors live in tangent frames: then the two of a pair are of equal length instead of
    opposite, and normals and frames are unit vectors at right angles instead of law 4. Of law 7 only positive areas are
    left, and of law 8 what its builder alone can know is left out: exactness on fields.

    Args:
        data: the topology to check; float64 fields are accepted in place of float32.
        rounded: whether the numbers may have been rounded to float32. If not, the tolerances are those of float64, in
            which the builders check what they made.

    Raises:
        TopologyError: on the first law that is broken; names the field, what was expected and what came.
    """
    _check_fields(data)
    _check_laws(data, rounded)


def _fail(field: str, expected: str, got: object) -> None:
    raise TopologyError(f"`{field}` must {expected}, got {got}.")


def fields_of(data: Data) -> dict[str, FieldSpec]:
    """The fields that a topology must have, by name: in the plane, in space, and with a stencil or without."""
    space = isinstance(data.get("pos"), torch.Tensor) and data["pos"].shape[-1:] == (3,)
    stencil = STENCIL_FIELDS if any(name in data for name in STENCIL_FIELDS) else {}
    return FIELDS | (SURFACE_FIELDS if space else PLANE_FIELDS) | stencil


def _check_fields(data: Data) -> None:
    if not isinstance(data, Data):
        raise TopologyError(f"`data` must be a torch_geometric.data.Data, got {type(data).__name__}.")
    fields = fields_of(data)
    missing = [name for name in fields if name not in data]
    if missing:
        raise TopologyError(f"A topology has the fields {list(fields)}; missing: {missing}.")
    sizes: dict[str, int] = {}
    for name, spec in fields.items():
        value = data[name]
        if not isinstance(value, torch.Tensor):
            _fail(name, "be a tensor", type(value).__name__)
        double = spec.dtype == torch.float32 and value.dtype == torch.float64
        if value.dtype != spec.dtype and not double:
            _fail(name, f"have dtype {spec.dtype}", value.dtype)
        matches = value.ndim == len(spec.shape)
        for size, want in zip(value.shape, spec.shape, strict=False):
            matches = matches and size == (sizes.setdefault(want, size) if isinstance(want, str) else want)
        if not matches:
            known = tuple(sizes.get(want, want) if isinstance(want, str) else want for want in spec.shape)
            _fail(name, f"have shape {known}", tuple(value.shape))
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            bad = int((~torch.isfinite(value)).nonzero()[0, 0])
            _fail(name, "be finite", f"{value[bad].tolist()} at index {bad}")
    if sizes["d"] not in (2, 3):
        _fail("pos", "have shape (N, 2) or (N, 3)", tuple(data["pos"].shape))
    if sizes["n"] == 0 or sizes["e"] == 0:
        _fail("edge_index", "join at least one pair of cells", f"{sizes['n']} cells and {sizes['e']} edges")
    for name in {"edge_index", "stencil_index"}.intersection(fields):
        low, high = (data[name].min().item(), data[name].max().item()) if data[name].numel() else (0, 0)
        if low < 0 or high >= sizes["n"]:
            _fail(name, f"hold cells 0 to {sizes['n'] - 1}", f"values from {low} to {high}")
    if not isinstance(data.get("batch"), torch.Tensor | None):
        _fail("batch", "be a tensor", type(data["batch"]).__name__)
    graph = _graph_of_cells(data)
    if graph.dtype != np.int64 or graph.shape != (sizes["n"],) or graph.min() < 0:
        _fail("batch", f"hold the graph of each of the {sizes['n']} cells", f"{graph.dtype} of shape {graph.shape}")
    graphs = int(graph.max()) + 1
    if sizes.get("g", graphs) != graphs:
        _fail("extent", f"have one row for each of the {graphs} graphs", f"{sizes['g']} rows")


def _graph_of_cells(data: Data) -> Int[np.ndarray, " n"]:
    """Index of every cell's graph in a batch; zeros for a single topology."""
    batch = data.get("batch")
    return np.zeros(len(data["pos"]), dtype=np.int64) if batch is None else batch.cpu().numpy()


def _check_laws(data: Data, rounded: bool) -> None:
    arrays = {name: data[name].detach().cpu().numpy() for name in fields_of(data)}
    edges = arrays["edge_index"]
    neighbour, receiver = edges
    pos, vectors, weights = (arrays[name].astype(np.float64) for name in ("pos", "edge_attr", "edge_weight"))
    area, n, planar = arrays["area"].astype(np.float64), len(pos), pos.shape[1] == 2
    graph = _graph_of_cells(data)
    graphs = int(graph.max()) + 1
    extent = arrays["extent"].astype(np.float64) if planar else np.ones((graphs, 2))
    periodic = arrays["periodic"] if planar else np.zeros(graphs, dtype=bool)
    tolerance = 1e-4 if rounded else 1e-9

    # 2. order, loops, duplicates, loneliness
    if (loop := np.flatnonzero(neighbour == receiver)).size:
        _fail("edge_index", "have no self-loops", f"one at cell {receiver[loop[0]]}")
    key = receiver * n + neighbour
    step = np.diff(key)
    if (wrong := np.flatnonzero(step < 0)).size:
        at = int(wrong[0])
        _fail(
            "edge_index",
            "be sorted by row 1, then row 0",
            f"{edges[:, at].tolist()} before {edges[:, at + 1].tolist()}",
        )
    if (twice := np.flatnonzero(step == 0)).size:
        _fail("edge_index", "have no duplicates", f"{edges[:, twice[0]].tolist()} twice")
    degree = np.bincount(receiver, minlength=n)
    if (alone := np.flatnonzero(degree == 0)).size:
        _fail("edge_index", "give every cell a neighbour", f"{alone.size} isolated, the first is cell {alone[0]}")

    # 3. pairs
    reverse = neighbour * n + receiver
    partner = np.minimum(np.searchsorted(key, reverse), len(key) - 1)
    if (single := np.flatnonzero(key[partner] != reverse)).size:
        _fail("edge_index", "hold both directions of every pair", f"only {edges[:, single[0]].tolist()}")
    if (across := np.flatnonzero(graph[neighbour] != graph[receiver])).size:
        _fail("edge_index", "not join two graphs of a batch", edges[:, across[0]].tolist())
    span = extent.max(axis=1)[graph]
    slack = (1e-6 if rounded else 1e-9) * span  # differences of positions lose digits with the size of the domain
    length = np.hypot(*vectors.T)
    if (null := np.flatnonzero(length == 0)).size:
        _fail("edge_attr", "be longer than 0 (no two cells in one place)", f"0 for {edges[:, null[0]].tolist()}")
    if planar:
        wrong = np.flatnonzero(np.abs(vectors + vectors[partner]).max(axis=1) > slack[receiver])
        if wrong.size:
            at = int(wrong[0])
            got = f"{vectors[at].tolist()} and {vectors[partner[at]].tolist()} for {edges[:, at].tolist()}"
            _fail("edge_attr", "be opposite in the two directions of a pair", got)
    else:
        if (wrong := np.flatnonzero(np.abs(length / length[partner] - 1) > tolerance)).size:
            at = int(wrong[0])
            got = f"{length[at]:.9g} and {length[partner[at]]:.9g} for {edges[:, at].tolist()}"
            _fail("edge_attr", "be of equal length in the two directions of a pair", got)
        _check_frames(arrays["normal"].astype(np.float64), arrays["frame"].astype(np.float64), tolerance)

    # 4. positions
    if not (extent > 0).all():
        _fail("extent", "be positive", extent.tolist())
    if planar:
        outside = np.flatnonzero(((pos < -slack[:, None]) | (pos > extent[graph] + slack[:, None])).any(axis=1))
        if outside.size:
            at = int(outside[0])
            _fail("pos", f"lie inside the extent {extent[graph[at]].tolist()}", f"{pos[at].tolist()} for cell {at}")
        expected = shortest_image(pos[neighbour] - pos[receiver], extent[graph[receiver]], periodic[graph[receiver]])
        off = np.abs(vectors - expected)
        # At exactly half the extent both images are equally short, and rounding chooses.
        both = periodic[graph[receiver]][:, None] & (np.abs(off - extent[graph[receiver]]) <= slack[receiver][:, None])
        wrong = np.flatnonzero(((off > slack[receiver][:, None]) & ~both).any(axis=1))
        if wrong.size:
            at = int(wrong[0])
            wanted = (
                f"be pos_j - pos_i (shortest image on a torus), {expected[at].tolist()} for {edges[:, at].tolist()}"
            )
            _fail("edge_attr", wanted, vectors[at].tolist())
    order = np.lexsort((*pos.T, graph))
    same = (pos[order[1:]] == pos[order[:-1]]).all(axis=1) & (graph[order[1:]] == graph[order[:-1]])
    if same.any():
        at = int(np.flatnonzero(same)[0])
        pair = sorted(order[at : at + 2].tolist())
        _fail("pos", "be different in every cell", f"{pos[pair[0]].tolist()} for cells {pair[0]} and {pair[1]}")

    # 5. weights
    if (wrong := np.flatnonzero(weights <= 0)).size:
        _fail("edge_weight", "be positive", f"{weights[wrong[0]]} for {edges[:, wrong[0]].tolist()}")
    total = np.bincount(receiver, weights, n)
    bound = tolerance * LAPLACIAN_GAIN
    lacking = total < LAPLACIAN_GAIN - bound
    if planar:
        to_border = np.minimum(pos, extent[graph] - pos).min(axis=1)
        lacking &= periodic[graph] | (to_border > BORDER_REACH)
    if (wrong := np.flatnonzero((total > LAPLACIAN_GAIN + bound) | lacking)).size:
        _fail("edge_weight", f"sum to {LAPLACIAN_GAIN:g} into every cell", f"{total[wrong[0]]:.9g} for cell {wrong[0]}")

    # 6. unit of length
    spread = spread_of_cells(receiver, vectors, weights, n)
    interior = interior_cells(receiver, vectors, n)
    for g in range(len(extent)):
        inside = spread[interior & (graph == g)]
        mean = inside.mean() if inside.size else UNIT_LAW
        if not math.isclose(mean, UNIT_LAW, rel_tol=tolerance):
            wanted = f"give sum_j w_ij |v_ij|^2 a mean of {UNIT_LAW:g} over the interior cells (the unit of length)"
            _fail("edge_attr", wanted, f"{mean:.9g}")

    # 7. areas
    if (wrong := np.flatnonzero(area <= 0)).size:
        _fail("area", "be positive", f"{area[wrong[0]]} for cell {wrong[0]}")
    if planar:
        sums, extents = np.bincount(graph, area, len(extent)), extent.prod(axis=1)
        if (wrong := np.flatnonzero(~np.isclose(sums, extents, rtol=tolerance))).size:
            share = sums[wrong[0]] / extents[wrong[0]] - 1
            _fail("area", f"sum to the area of the extent, {extents[wrong[0]]:.9g}", f"{share:+.3g} of it besides")
    if "stencil_index" in arrays:
        _check_stencil(arrays, graph, interior, slack, tolerance)


def _check_frames(normal: Float[np.ndarray, "n 3"], frame: Float[np.ndarray, "n 3"], tolerance: float) -> None:
    """What a surface keeps in place of law 4."""
    for name, vectors in (("normal", normal), ("frame", frame)):
        length = np.linalg.norm(vectors, axis=1)
        if (wrong := np.flatnonzero(np.abs(length - 1) > tolerance)).size:
            _fail(name, "have length 1", f"{length[wrong[0]]:.9g} in cell {wrong[0]}")
    along = (normal * frame).sum(axis=1)
    if (wrong := np.flatnonzero(np.abs(along) > tolerance)).size:
        _fail("frame", "be tangent, at right angles to `normal`", f"{along[wrong[0]]:.9g} of it in cell {wrong[0]}")


def _check_stencil(
    arrays: dict[str, np.ndarray],
    graph: Int[np.ndarray, " n"],
    interior: Bool[np.ndarray, " n"],
    slack: Float[np.ndarray, " n"],
    tolerance: float,
) -> None:
    """Law 8."""
    index, n = arrays["stencil_index"], len(graph)
    read, reader = index
    weight, gradient = (arrays[name].astype(np.float64) for name in ("stencil_weight", "stencil_gradient"))
    if (own := np.flatnonzero(read == reader)).size:
        _fail("stencil_index", "let no cell read itself", f"cell {reader[own[0]]} that does")
    key = reader * n + read
    if (wrong := np.flatnonzero(np.diff(key) <= 0)).size:
        pair = index[:, wrong[0] : wrong[0] + 2].T.tolist()
        _fail("stencil_index", "be sorted by row 1, then row 0, with no duplicates", f"{pair[0]} before {pair[1]}")
    if (across := np.flatnonzero(graph[read] != graph[reader])).size:
        _fail("stencil_index", "not join two graphs of a batch", index[:, across[0]].tolist())
    for name, values in (("stencil_weight", np.abs(weight)), ("stencil_gradient", np.abs(gradient).sum(1))):
        total = np.bincount(reader, values, n)
        if (wrong := np.flatnonzero(total > COEFFICIENT_LIMIT)).size:
            wanted = f"have absolute values that sum to at most {COEFFICIENT_LIMIT:g} in every cell"
            _fail(name, wanted, f"{total[wrong[0]]:.6g} in cell {wrong[0]}")
    if arrays["pos"].shape[1] != 2:
        return
    pos, extent = arrays["pos"].astype(np.float64), arrays["extent"].astype(np.float64)[graph]
    vectors = shortest_image(pos[read] - pos[reader], extent[reader], arrays["periodic"][graph[reader]])
    outer = np.stack([vectors[:, 0] ** 2, vectors.prod(1), vectors[:, 1] ** 2], axis=1)
    judged = _away_from_borders(index, vectors, pos, extent, arrays["periodic"][graph], interior)
    length = np.zeros(len(arrays["extent"]))
    np.maximum.at(length, graph[arrays["edge_index"][1]], np.hypot(*arrays["edge_attr"].astype(np.float64).T))
    judged &= 4 * length[graph] < extent.min(1)  # on a smaller torus two rings meet a cell twice

    def sums(coefficients: np.ndarray, fields: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(reader, coefficients * field, n) for field in fields.T], axis=1)

    def demand(name: str, words: str, found: np.ndarray, wanted: Sequence[float], cells: np.ndarray) -> None:
        size = 1 + np.bincount(reader, np.abs(weight) + np.abs(gradient).sum(1), n)
        off = np.abs(found - np.array(wanted)).max(1) > 10 * tolerance + 10 * size * slack
        if (wrong := np.flatnonzero(off & cells)).size:
            at = int(wrong[0])
            _fail(name, f"make {list(wanted)} of {words} in every cell", f"{found[at].tolist()} in cell {at}")

    gain = GRADIENT_GAIN
    demand("stencil_gradient", "x and y, along x,", sums(gradient[:, 0], vectors), (gain, 0.0), judged)
    demand("stencil_gradient", "x and y, along y,", sums(gradient[:, 1], vectors), (0.0, gain), judged)
    edge_key = arrays["edge_index"][1] * n + arrays["edge_index"][0]
    same = np.isin(edge_key, key).all() and np.count_nonzero(weight) == len(edge_key)
    if same and np.array_equal(weight[np.searchsorted(key, edge_key)], arrays["edge_weight"]):
        return
    demand("stencil_weight", "x and y", sums(weight, vectors), (0.0, 0.0), judged)
    many = np.bincount(reader, minlength=n) >= QUADRATIC_FROM
    demand("stencil_weight", "x^2, xy and y^2", sums(weight, outer), (gain, 0.0, gain), judged & many)


def _away_from_borders(
    index: Int[np.ndarray, "2 s"],
    vectors: Float[np.ndarray, "s 2"],
    pos: Float[np.ndarray, "n 2"],
    extent: Float[np.ndarray, "n 2"],
    periodic: Bool[np.ndarray, " n"],
    interior: Bool[np.ndarray, " n"],
) -> Bool[np.ndarray, " n"]:
    """Which cells surely read no mirror image.

    They are surrounded, as all are that they read, and lie further from the extent's border than from these and than
    they look for images.
    """
    read, reader = index
    furthest, open_ones = np.full(len(pos), MIRROR_REACH), np.bincount(reader, ~interior[read], len(pos))
    np.maximum.at(furthest, reader, np.hypot(*vectors.T))
    inside = np.minimum(pos, extent - pos).min(axis=1) > furthest
    return interior & (open_ones == 0) & (periodic | inside)


def shortest_image(
    difference: Float[np.ndarray, "e 2"],
    extent: Float[np.ndarray, "#e 2"] | Float[np.ndarray, " 2"],
    periodic: Bool[np.ndarray, " e"] | bool,
) -> Float[np.ndarray, "e 2"]:
    """Difference vectors as they are on a bounded domain, the shortest of their periodic images on a torus."""
    wrapped = difference - extent * np.round(difference / extent)  # round is odd, so opposite pairs stay opposite
    return np.where(np.asarray(periodic)[..., None], wrapped, difference)


def spread_of_cells(
    receiver: Int[np.ndarray, " e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    num_cells: int,
) -> Float[np.ndarray, " n"]:
    """sum_j w_ij |v_ij|^2 of every cell, in square units: four times the diffusivity."""
    return np.bincount(receiver, weights * np.square(vectors).sum(axis=1), num_cells)
