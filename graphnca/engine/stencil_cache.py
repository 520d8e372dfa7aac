"""What was built for a substrate: kept as long as it lives and is what it was, and shared by all threads."""

import hashlib
import os
import threading
import weakref
from collections.abc import Mapping

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..layers import Perception, neighbourhood
from .graph import check_graph
from .stale import check_belongs
from .stencil import Stencil, build_stencil, pads_well

KEPT = 8  # stencils of one substrate, each for a perception, type, device and frame


class Known:
    """What was built for a substrate in one state.

    Attributes:
        state: What tells it from others.
        pads_well: Whether rows of equal length suit it: a few cells of very many neighbours make them all that long.
        is_trained: Whether it asks for gradients.
    """

    def __init__(self, fields: Mapping[str, Tensor], num_cells: int, state: tuple) -> None:
        check_graph(fields, num_cells)
        self.num_cells, self.state = num_cells, state
        self.tensors = list(fields.values())  # held, so that the ids in `state` are not given to other tensors
        self.pads_well = pads_well(fields, num_cells)
        self.is_trained = any(tensor.requires_grad for tensor in self.tensors)
        self._stencils: dict[tuple, Stencil] = {}

    def stencil(
        self,
        topology: Data,
        perception: Perception,
        dtype: torch.dtype,
        device: torch.device,
        angle: float | Tensor | None,
    ) -> Stencil:
        """The stencil of the substrate, built on the first call; the last `KEPT` are kept.

        A frame turned otherwise is a new stencil.
        """
        turn: float | tuple | None = None
        if isinstance(angle, Tensor) and angle.dim():
            turn = tuple(angle.tolist())
        elif angle is not None:
            turn = float(angle)
        key = (perception.operators, dtype, str(device), turn)
        with _lock:
            found = self._stencils.get(key)
            if found is None:
                while len(self._stencils) >= KEPT:  # the oldest goes: a training may turn the frame in every iteration
                    del self._stencils[next(iter(self._stencils))]
                found = self._stencils[key] = build_stencil(
                    topology, perception, num_cells=self.num_cells, angle=angle, dtype=dtype, device=device
                )
        return found


_cache: dict[int, Known] = {}  # by id, because a Data object has no hash; an entry goes with its object
_lock = threading.RLock()  # held while something is built, so that it is built once


def known(topology: Data, num_cells: int) -> Known:
    """What was built for a substrate of so many cells as it is now.

    A new entry where a tensor was replaced or written to, or the number of cells is another.

    Raises:
        ValueError: If a number of the substrate can't be trusted (`check_graph`), or its stencil is another's
            (`check_belongs`).
    """
    fields = neighbourhood(topology)
    state = (num_cells, *((name, id(tensor), _version(tensor)) for name, tensor in fields.items()))
    with _lock:
        found = _cache.get(id(topology))
        if found is None or found.state != state:
            if found is None:
                weakref.finalize(topology, _cache.pop, id(topology), None)
            check_belongs(topology, num_cells)
            found = _cache[id(topology)] = Known(fields, num_cells, state)
    return found


def _version(tensor: Tensor) -> int | bytes:
    """What changes when a tensor is written to. One of inference mode doesn't count that, so there it is a digest."""
    if tensor.is_inference():
        return hashlib.sha256(tensor.cpu().contiguous().numpy().tobytes()).digest()
    return tensor._version


def _new_lock() -> None:
    """A forked process has none of the threads that may have held the old one."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)
