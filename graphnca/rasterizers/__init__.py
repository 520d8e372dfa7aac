"""Pictures of states: cells of any substrate to pixels, differentiable and batched."""

from .barycentric import Barycentric as Barycentric
from .nearest import NearestCell as NearestCell

__all__ = [
    "Barycentric",
    "NearestCell",
]
