"""Rule and stencil as the compiled functions want them; the fields are those of `source/problem.hpp`."""

import ctypes
from typing import Any

import torch
from torch import Tensor

from ...layers.arithmetic import ARITHMETICS
from ...layers.firing import firing_threshold
from ...layers.life import ALPHA
from ..stencil import Table
from ..task import Task

LIFE_CODES = {None: 0, "pre": 1, "post": 2, "pre_post": 3}


class _Fields(ctypes.Structure):
    """A structure that keeps alive the tensors it points into."""

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        self.held: list[Any] = []
        for name, value in fields.items():
            self.put(name, value)

    def put(self, name: str, value: Any) -> None:
        """Sets a field: a number, a structure, or the address of a tensor."""
        self.held.append(value)
        setattr(self, name, address(value) if isinstance(value, Tensor) else value)


class SparseTable(_Fields):
    """Padded rows of a sparse matrix."""

    _fields_ = (
        ("index", ctypes.c_void_p),
        ("counts", ctypes.c_void_p),
        ("weights", ctypes.c_void_p * 3),
        ("width", ctypes.c_int64),
    )

    @classmethod
    def of(cls, table: Table) -> "SparseTable":
        """Points into the table."""
        made = cls(index=table.index, counts=table.counts, width=table.index.shape[1])
        made.held.append(table)
        for band, weight in enumerate(table.weights):
            made.weights[band] = address(weight)
        return made


class Parameters(_Fields):
    """The update network's parameters; biases may be None."""

    _fields_ = (("w1", ctypes.c_void_p), ("b1", ctypes.c_void_p), ("w2", ctypes.c_void_p), ("b2", ctypes.c_void_p))


class Gradients(Parameters):
    """Where theirs are written."""


class Band(ctypes.Structure):
    """One of `Perception.program`."""

    _fields_ = (
        ("first", ctypes.c_int32),
        ("second", ctypes.c_int32),
        ("gain", ctypes.c_double),
        ("part", ctypes.c_int32),
    )


class Problem(_Fields):
    """A rule on `batch` copies of a substrate."""

    _fields_ = (
        ("forward", SparseTable),
        ("backward", SparseTable),
        ("reach", SparseTable),
        ("heard", SparseTable),
        ("fire_thresholds", ctypes.c_void_p),
        ("fire_threshold", ctypes.c_uint32),
        ("fire_per_channel", ctypes.c_int32),
        ("num_cells", ctypes.c_int32),
        ("batch", ctypes.c_int32),
        ("channels", ctypes.c_int32),
        ("hidden", ctypes.c_int32),
        ("num_bands", ctypes.c_int32),
        ("num_operators", ctypes.c_int32),
        ("bands", ctypes.POINTER(Band)),
        ("norm_floor", ctypes.c_double),
        ("full_slope", ctypes.c_double),
        ("life_mask", ctypes.c_int32),
        ("alpha", ctypes.c_int32),
        ("alive_threshold", ctypes.c_double),
        ("overflow_bound", ctypes.c_double),
        ("num_threads", ctypes.c_int32),
        ("kept", ctypes.c_void_p),
        ("quantised", ctypes.c_int32),
        ("hidden_scale", ctypes.c_double),
        ("output_scale", ctypes.c_double),
        ("half_products", ctypes.c_int32),
    )

    @classmethod
    def of(cls, task: Task) -> "Problem":
        """Of a task of float32 or float64 on the CPU.

        Where the arithmetic counts levels, so do the states, and the scales are still to come: they follow the weights.
        """
        rule, stencil, batch, rate = task.rule, task.stencil, task.batch, task.rate
        arithmetic = ARITHMETICS[rule.arithmetic]
        program = rule.perception.program()
        made = cls(
            forward=SparseTable.of(stencil.forward),
            backward=SparseTable.of(stencil.backward),
            reach=SparseTable.of(stencil.reach),
            heard=SparseTable.of(stencil.heard),
            fire_per_channel=int(rule.fire_per == "channel"),
            num_cells=stencil.num_cells,
            batch=batch,
            channels=rule.num_channels,
            hidden=rule.hidden_size,
            num_bands=len(program),
            num_operators=len(stencil.forward.weights),
            bands=(Band * len(program))(*program),
            norm_floor=arithmetic.norm_floor,
            full_slope=arithmetic.full_slope,
            life_mask=LIFE_CODES[rule.life_mask],
            alpha=ALPHA,
            alive_threshold=rule.alive_threshold * arithmetic.levels,
            overflow_bound=-1.0 if task.overflow_bound is None else task.overflow_bound * arithmetic.levels,
            quantised=int(arithmetic.rounding == "levels"),
            half_products=int(task.products == torch.bfloat16),
        )
        if isinstance(rate, Tensor):
            made.put("fire_thresholds", firing_threshold(rate).to(torch.uint32).contiguous())
        else:
            made.fire_threshold = firing_threshold(rate)
        if (kept := task.kept) is not None:
            made.put("kept", kept.to(torch.int32).contiguous())
        return made


def address(tensor: Tensor | None) -> int | None:
    """Where a contiguous tensor's numbers begin."""
    return None if tensor is None else tensor.data_ptr()
