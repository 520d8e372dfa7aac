"""The measurements of `benchmark.py`, one file each."""

from collections.abc import Callable

from graphnca.evaluation.memory import megabytes_of as megabytes_of
from graphnca.results.section import Claim as Claim
from graphnca.results.section import Section as Section

from .comparison import Comparison as Comparison
from .config import QUICK as QUICK
from .config import Config as Config
from .eight_bit import eight_bit
from .inference import inference, inference_comparison
from .iteration import (
    growing,
    growing_comparison,
    isonca,
    isonca_comparison,
    texture,
    texture_comparison,
    wide,
    wide_comparison,
)
from .large_mesh import large_mesh
from .long_gradient import long_gradient, long_gradient_comparison
from .network import network
from .peers import peers
from .scaling import scaling
from .share import share
from .substrates import substrates, substrates_comparison
from .texture_loss import texture_loss

MEASUREMENTS: dict[str, Callable[[Config], Section]] = {
    "isonca": isonca,
    "inference": inference,
    "eight_bit": eight_bit,
    "growing": growing,
    "texture": texture,
    "substrates": substrates,
    "network": network,
    "long_gradient": long_gradient,
    "share": share,
    "texture_loss": texture_loss,
    "scaling": scaling,
    "wide": wide,
    "peers": peers,
    "large_mesh": large_mesh,
}
"""By name, in the order in which they run."""

ON_CUDA = ("isonca", "wide")
"""Those that make the GPU's table; `wide` runs nowhere else."""

COMPARISONS: dict[str, Callable[[Config], Comparison]] = {
    "isonca": isonca_comparison,
    "inference": inference_comparison,
    "growing": growing_comparison,
    "texture": texture_comparison,
    "substrates": substrates_comparison,
    "long_gradient": long_gradient_comparison,
    "wide": wide_comparison,
}
"""Those whose programs' memory is measured in processes of their own."""
