"""What a step is given, looked at before it computes: types and shapes alone, never a number."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..arguments import in_words
from .coefficients import Neighbourhood

TABLES = (
    ("edge_index", "edge_weight", "edge_attr", "E"),
    ("stencil_index", "stencil_weight", "stencil_gradient", "S"),
)  # an index, a number and a vector for each of its entries, and the letter of their length


def check_given(x: Float[Tensor, "*b n c"], through: Neighbourhood, num_channels: int | None = None) -> None:
    """Whether states and graph are what a step computes with; while something compiles the step, nothing is asked.

    Args:
        x: States.
        through: Indices, coefficients and vectors.
        num_channels: How many channels the states must have; None: any number.

    Raises:
        TypeError: If there are states of two kinds of nodes, or what says who neighbours whom is no plain tensor.
        ValueError: If the states are no floats, or a shape is another than it must be; naming the argument.
    """
    if torch.compiler.is_compiling():
        return
    if not isinstance(x, Tensor):
        raise TypeError(
            "`x` must be one tensor of states (..., N, C): a cell sees the differences to its neighbours' states, so "
            f"edges between two kinds of nodes, (x_src, x_dst), can't be stepped along; got a {type(x).__name__}."
        )
    if not x.is_floating_point():
        raise ValueError(f"`x` must hold floats, a step would round its change away, got {x.dtype}; give `x.float()`.")
    if x.dim() < 2 or (num_channels is not None and x.shape[-1] != num_channels):
        raise ValueError(f"`x` must have shape (..., N, {num_channels or 'C'}), got {tuple(x.shape)}.")
    for name, weight, vectors, letter in TABLES:
        index = getattr(through, name)
        if index is None and letter == "S":
            continue
        if not isinstance(index, Tensor) or index.layout != torch.strided:
            raise TypeError(
                f"`{name}` must be a plain tensor (2, {letter}), neighbour j in row 0 and perceiving cell i in row 1; "
                "of a sparse `adj_t` these are its columns and its rows, and its values are `edge_weight`; "
                f"got a {type(index).__name__ if not isinstance(index, Tensor) else index.layout}."
            )
        if index.dim() != 2 or index.shape[0] != 2:
            raise ValueError(f"`{name}` must have shape (2, {letter}), got {tuple(index.shape)}.")
        entries = index.shape[1]
        for field, shape in ((weight, (entries,)), (vectors, (entries, 2))):
            held = getattr(through, field)
            if held is not None and held.shape != shape:
                raise ValueError(
                    f"`{field}` must have shape {shape}, one row for each column of `{name}`, got {in_words(held)}."
                )
