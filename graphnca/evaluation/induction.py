"""How much of an eye a graft induces below itself, and what changes there without one."""

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from .anatomy import Anatomy
from .scores import bounded, raster


def difference_to_eye(
    states: Float[Tensor, "b n c"], newts: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy
) -> Float[Tensor, " b"]:
    """Mean over pixels and colours of |half below the graft - lower half of the newt's own eye before|."""
    view = raster(topology, anatomy.side, anatomy.side)
    half = anatomy.lower_half()
    induced = view(bounded(states)[..., :3])[..., anatomy.moved(half)]
    true = view(bounded(newts)[..., :3])[..., half]
    return (induced.clamp(0, 1) - true.clamp(0, 1)).abs().mean((-2, -1))


def change_below(
    before: Float[Tensor, "b n c"], after: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy
) -> Float[Tensor, " b"]:
    """Mean over the same pixels and colours of what has changed there."""
    view, below = raster(topology, anatomy.side, anatomy.side), anatomy.moved(anatomy.lower_half())
    one, other = (view(bounded(states)[..., :3])[..., below].clamp(0, 1) for states in (before, after))
    return (one - other).abs().mean((-2, -1))
