"""Pictures of states: cells of any substrate to pixels, differentiable and batched."""

from graphnca.rasterizers.barycentric import Barycentric as Barycentric
from graphnca.rasterizers.nearest import NearestCell as NearestCell

__all__ = [
    "Barycentric",
    "NearestCell",
]
