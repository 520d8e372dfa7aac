"""The published trainings: the numbers of each, and the world that its rule lives in.

A recipe knows nothing of how a substrate is made; whoever trains brings one. `graphnca train` and the scripts of
`experiments/` stand on these.
"""

from .growing import REGIMES as REGIMES
from .growing import growing_config as growing_config
from .growing import growing_world as growing_world
from .isonca import isonca_config as isonca_config
from .isonca import isonca_world as isonca_world
from .texture import texture_config as texture_config
from .texture import texture_world as texture_world
