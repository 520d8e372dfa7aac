"""Edges between cells that lie far apart, beside those of neighbours."""

from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.contract import LAPLACIAN_GAIN, STENCIL_FIELDS, TopologyError


@partial(checked, error=TopologyError)
def with_long_range(topology: Data, count: int, *, share: float = 0.25, seed: int = 0) -> Data:
    """A graph with edges between random pairs of cells besides: a new `Data`, as a small world has them.

    A cell at the end of long edges gives them a share of its 12: they have `12 * share` together, its other edges, and
    its stencil, what is left of theirs. So signals reach every cell in few steps, and what a cell sees is as strong as
    before. Long edges say nothing of a direction (their vectors are 0), and gradients are perceived as before. Life
    goes along them too.

    The layer, `rollout`, seeds, pictures and pools take such a graph; `check_topology` and `save_topology` do not: its
    edges are no neighbours any more.

    Args:
        topology: A substrate, or a graph with `edge_index` and its number of nodes.
        count: How many pairs, 0 or more; each is joined in both directions.
        share: Of a cell's weights that its long edges have, above 0 and below 1.
        seed: Of the pairs.

    Raises:
        TopologyError: If a number is out of range, the graph is a batch, or there are not so many pairs of cells that
            are not joined yet.
    """
    if count < 0 or seed < 0 or not 0 < share < 1:
        raise TopologyError(
            "`count` and `seed` must be at least 0, and `share` must lie between 0 and 1, "
            f"got {count}, {seed} and {share}."
        )
    if "batch" in topology:
        raise TopologyError("`topology` must be one graph, got a batch.")
    edges, n = topology["edge_index"], int(topology.num_nodes or 0)
    pairs = _far_pairs(edges, n, count, seed)
    far = torch.cat([pairs, pairs.flip(0)], dim=1).to(edges.device)
    ends = torch.bincount(far[1], minlength=n)
    made = topology.clone()
    like = made["edge_weight"] if "edge_weight" in made else torch.zeros(0, device=edges.device)
    weight = (LAPLACIAN_GAIN * share / ends[far[1]]).to(like)
    left = torch.where(ends > 0, 1 - share, 1.0).to(like)
    near = made["edge_weight"] if "edge_weight" in made else _alike(edges, n)
    joined = torch.cat([edges, far], dim=1)
    order = torch.argsort(joined[1] * n + joined[0], stable=True)
    made["edge_index"] = joined[:, order]
    made["edge_weight"] = torch.cat([near * left[edges[1]], weight])[order]
    if "edge_attr" in made:
        made["edge_attr"] = torch.cat([made["edge_attr"], made["edge_attr"].new_zeros(far.shape[1], 2)])[order]
    if set(STENCIL_FIELDS) <= set(made.keys()):
        _see_far(made, far, weight, left)
    return made


def _see_far(made: Data, far: Int[Tensor, "2 f"], weight: Float[Tensor, " f"], left: Float[Tensor, " n"]) -> None:
    """Gives the stencil the far cells; one that was read already is read with both weights."""
    index, n = made["stencil_index"], len(left)
    joint, place = torch.unique(torch.cat([index, far], dim=1).flip(0).T @ far.new_tensor([n, 1]), return_inverse=True)
    gradient = made["stencil_gradient"]
    seen = torch.cat([made["stencil_weight"] * left[index[1]], weight])
    made["stencil_index"] = torch.stack([joint % n, joint // n])
    made["stencil_weight"] = seen.new_zeros(len(joint)).index_add(0, place, seen)
    made["stencil_gradient"] = gradient.new_zeros(len(joint), 2).index_add(0, place[: len(gradient)], gradient)


def _far_pairs(edges: Int[Tensor, "2 e"], n: int, count: int, seed: int) -> Int[Tensor, "2 p"]:
    """Pairs of cells that no edge joins yet."""
    neighbour, receiver = edges.cpu().numpy()
    joined = np.unique(np.minimum(neighbour, receiver) * n + np.maximum(neighbour, receiver))
    free = n * (n - 1) // 2 - np.count_nonzero(joined // n != joined % n)
    if count > free:
        raise TopologyError(f"`count` must be at most {free}, the pairs of cells that are not joined yet, got {count}.")
    rng, found = np.random.default_rng(seed), np.empty(0, dtype=np.int64)
    while len(found) < count:
        one, other = rng.integers(n, size=(2, 2 * count + 16))
        keys = np.minimum(one, other) * n + np.maximum(one, other)
        keys = np.concatenate([found, keys[(one != other) & ~np.isin(keys, joined)]])
        found = keys[np.sort(np.unique(keys, return_index=True)[1])][:count]  # as they were drawn
    return torch.from_numpy(np.stack([found // n, found % n]))


def _alike(edges: Int[Tensor, "2 e"], n: int) -> Float[Tensor, " e"]:
    """What the layer takes for a graph without weights."""
    return LAPLACIAN_GAIN / torch.bincount(edges[1], minlength=n)[edges[1]].to(torch.get_default_dtype())
