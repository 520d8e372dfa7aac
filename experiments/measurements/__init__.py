"""The measurements of `experiments/benchmark.py`, one file each."""

from collections.abc import Callable

from .config import QUICK as QUICK
from .config import Config as Config
from .contest import Contest as Contest
from .inference import inference, inference_contest
from .iteration import growing, growing_contest, isonca, isonca_contest, sheet, sheet_contest, texture, texture_contest
from .large_mesh import large_mesh
from .long_gradient import long_gradient, long_gradient_contest
from .memory import megabytes_of as megabytes_of
from .network import network
from .peers import peers
from .scaling import scaling
from .section import Claim as Claim
from .section import Section as Section
from .share import share
from .substrates import substrates, substrates_contest
from .texture_loss import texture_loss

MEASUREMENTS: dict[str, Callable[[Config], Section]] = {
    "isonca": isonca,
    "inference": inference,
    "growing": growing,
    "texture": texture,
    "substrates": substrates,
    "network": network,
    "long_gradient": long_gradient,
    "share": share,
    "texture_loss": texture_loss,
    "scaling": scaling,
    "sheet": sheet,
    "peers": peers,
    "large_mesh": large_mesh,
}
"""By name, in the order in which they run."""

ON_CUDA = ("isonca", "sheet")
"""Those that make the GPU's table; `sheet` runs nowhere else."""

CONTESTS: dict[str, Callable[[Config], Contest]] = {
    "isonca": isonca_contest,
    "inference": inference_contest,
    "growing": growing_contest,
    "texture": texture_contest,
    "substrates": substrates_contest,
    "long_gradient": long_gradient_contest,
    "sheet": sheet_contest,
}
"""Those whose programs' memory is measured in processes of their own."""
