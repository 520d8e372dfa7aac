"""How far an upright pattern is off: from its target, and from what the same rule grows on the square grid.

Both are mean squared errors of RGBA on a raster of one pixel per unit around the seed, 2x2 samples a pixel: to the
target, on a raster of the target's size, and to the rule's own pattern, on 56x56 pixels. The first is reported as its
decimal logarithm, as in the literature on these rules; the second says what another kind of cells changes, whatever the
rule has learnt.
"""

from collections.abc import Iterable

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ..layers import NCAConv
from ..rasterizers import NearestCell
from .runs import grow
from .scores import bounded, raster

OWN_SIDE = 56  # pixels and units: the raster on which a rule is compared with itself
NOTHING = 1e-8  # mean squared error that counts as none: its logarithm is -8, published rules reach -4.1
REFERENCE_SEED = 900  # of the run on squares that the others are compared with; no result uses it for anything else


def log10_error(images: Float[Tensor, "b c h w"], target: Float[Tensor, "... c h w"]) -> Float[Tensor, " b"]:
    """log10 of the mean squared difference over channels and pixels, at least -8."""
    return (images - target).square().mean((-3, -2, -1)).clamp_min(NOTHING).log10()


def own_raster(topology: Data) -> NearestCell:
    """The raster on which a rule is compared with itself on the square grid."""
    return raster(topology, OWN_SIDE, OWN_SIDE)


def own_patterns(
    rule: NCAConv, topology: Data, moments: Iterable[int], *, seed: int = REFERENCE_SEED
) -> dict[int, Float[Tensor, "4 h w"]]:
    """What one run of the rule shows at each of the steps, on the square torus that it was trained on."""
    view = own_raster(topology)
    states = grow(rule, topology, 1, moments, seed)
    return {step: view(bounded(state)[0, :, :4]) for step, state in states.items()}


def own_error(states: Float[Tensor, "b n c"], topology: Data, pattern: Float[Tensor, "4 h w"]) -> Float[Tensor, " b"]:
    """Mean squared error of RGBA to such a pattern, one a run."""
    images = own_raster(topology)(bounded(states)[..., :4])
    return (images - pattern).square().mean((-3, -2, -1))
