"""The Stanford bunny as a small closed mesh, to try things on; see LICENSE.bunny."""

from importlib.resources import files

import numpy as np
from jaxtyping import Float, Int
from safetensors.numpy import load


def bunny_mesh() -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """Its 1,839 vertices, y up, and 3,674 faces: a mesh for `surface_mesh` and `surface_from_mesh`."""
    arrays = load(files("topologies.surfaces").joinpath("bunny.safetensors").read_bytes())
    return arrays["vertices"].astype(np.float64), arrays["faces"].astype(np.int64)
