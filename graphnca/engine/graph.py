"""What a graph must be before its numbers reach code that trusts them: looked at when something is built of it."""

from collections.abc import Mapping

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch_geometric.data import Data

COUNTED = frozenset(
    {"num_nodes", "pos", "x", "batch", "ptr"}
)  # fields that tell PyTorch Geometric how many nodes there are


def num_cells_of(topology: Data) -> int | None:
    """How many cells a graph says that it has; None where it doesn't, and the states say it."""
    return None if COUNTED.isdisjoint(topology.to_dict()) else int(topology.num_nodes or 0)


def check_graph(fields: Mapping[str, Shaped[Tensor, "..."]], num_cells: int) -> None:
    """Raises unless every number of a graph can be trusted.

    Args:
        fields: Its tensors by name: those in ..._index are two rows of cells, all others hold one row an entry.
        num_cells: How many cells there are.

    Raises:
        ValueError: If indices are no whole numbers of the cells that there are, lengths disagree, or a weight or a
            vector is NaN or infinite; naming the field. Those that ask for gradients may be what they like: autograd
            alone follows them.
    """
    for name, index in fields.items():
        if not name.endswith("_index"):
            continue
        if index.dtype != torch.int64 or index.dim() != 2 or len(index) != 2:
            raise ValueError(f"`{name}` must be int64 of shape (2, E), got {index.dtype} of {tuple(index.shape)}.")
        if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < num_cells:
            raise ValueError(
                f"`{name}` must name cells in 0..{num_cells - 1}, got {int(index.min())}..{int(index.max())}."
            )
    for name, values in fields.items():
        if name.endswith("_index"):
            continue
        index = fields.get("stencil_index" if name.startswith("stencil") else "edge_index")
        entries = len(values) if index is None else index.shape[1]
        if not values.is_floating_point() or values.dim() < 1 or len(values) != entries:
            raise ValueError(
                f"`{name}` must hold {entries} entries of floats, got {values.dtype} of {tuple(values.shape)}."
            )
        if not values.requires_grad and not bool(values.isfinite().all()):
            raise ValueError(f"`{name}` must be finite, got NaN or infinity.")
