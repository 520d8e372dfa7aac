"""A rule's state on a surface as a mesh with a material: what its card says that channels mean, beside colours."""

import os
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ..drawing import bake_surface
from .subject import Subject, SubjectError

HEIGHT, ROUGHNESS, DEEPEST = "height", "roughness", "deepest"
"""Entries of a card: two channels, of the height over the surface in shares of the third (by default 1 unit of length),
and of a roughness that is a share as a texture's colours are one."""


def bake(
    subject: Subject,
    path: str | os.PathLike[str],
    state: Float[Tensor, "n c"],
    topology: Data,
    pixels: int = 1024,
    *,
    mesh: Any = None,
) -> list[Path]:
    """Writes a state with the colours of the rule's pictures: see `graphnca.drawing.bake_surface` for all but these.

    Where the card names channels as `height` and `roughness`, they become maps of normals and of roughness.

    Raises:
        SubjectError: The card names a channel that the rule does not have.
    """
    state = torch.nan_to_num(state, 0.0, 0.0, 0.0)
    height, share = (_channel(subject, name, state) for name in (HEIGHT, ROUGHNESS))
    height = None if height is None else float(subject.card.get(DEEPEST) or 1.0) * height
    if not subject.is_texture:
        return bake_surface(path, state, topology, pixels, mesh=mesh, height=height, roughness=share)
    scale, offset = subject.rgb_scale, subject.rgb_offset
    share = None if share is None else scale * share + offset
    return bake_surface(path, scale * state, topology, pixels, mesh=mesh, height=height, roughness=share, offset=offset)


def _channel(subject: Subject, name: str, state: Float[Tensor, "n c"]) -> Float[Tensor, " n"] | None:
    number = subject.card.get(name)
    if number is None:
        return None
    if number >= state.shape[1]:
        raise SubjectError(f"{subject.name} has {state.shape[1]} channels, and its card names {number} as its {name}.")
    return state[:, number]
