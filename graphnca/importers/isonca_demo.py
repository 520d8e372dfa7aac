"""The published IsoNCA model: float32 weights as base64 in JSON, or decoded as .npz."""

import os
import zipfile
from pathlib import Path

from ..arguments import checked
from ..layers import NCAConv
from ..models import isonca
from .decoding import PublishedFileError, decode_array, entry, fill, read_json, sizes
from .npz import arrays_of_npz

ARRAYS = {"w1": 2, "b1": 1, "w2": 2}  # name -> number of axes


@checked
def load_isonca_demo(path: str | os.PathLike[str]) -> NCAConv:
    """Read a model file of the IsoNCA demo.

    The file has three float32 arrays: `w1` (hidden, 2C), one row per hidden unit, columns 0..C-1 the state and C..2C-1
    its Laplacian; `b1` (hidden); `w2` (hidden, C). As JSON, each is an object `{"shape": [...], "data64": "..."}`,
    base64 of little-endian bytes; as `.npz`, they are plain arrays. The published lizard has C = 16 and 192 hidden
    units: 9,408 parameters.

    The rule is `isonca()`: raw Laplacian (centre -12), life mask before the step, fire rate 1/2. The published demo
    also clamps states to +-2, which has no visible effect and is left out.

    Source: Mordvintsev, Randazzo, Fouts, "Growing Isotropic Neural Cellular Automata" (ALIFE 2022).

    Args:
        path: A `.json` or `.npz` file; the content decides.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not of this format, damaged, or its arrays do not fit each other.
    """
    if Path(path).is_file() and zipfile.is_zipfile(path):
        arrays = arrays_of_npz(path, ARRAYS)
    else:
        content = read_json(path)
        arrays = {}
        for name, ndim in ARRAYS.items():
            where = f"{path}: {name!r}"
            stored = entry(content, name, dict, str(path))
            shape = sizes(stored, "shape", ndim, where)
            arrays[name] = decode_array(entry(stored, "data64", str, where), "<f4", shape, where)
    w1, b1, w2 = (arrays[name] for name in ARRAYS)
    hidden_size, num_channels = w2.shape
    if w1.shape != (hidden_size, 2 * num_channels) or b1.shape != (hidden_size,):
        raise PublishedFileError(
            f"{path} must hold w1 (hidden, 2 channels), b1 (hidden,), w2 (hidden, channels), "
            f"got {w1.shape}, {b1.shape}, {w2.shape}."
        )
    if num_channels < 4:
        raise PublishedFileError(f"{path} must have at least 4 channels (RGBA), got {num_channels}.")
    return fill(
        isonca(num_channels, hidden_size), str(path), hidden_weight=w1, hidden_bias=b1, output_weight=w2.transpose()
    )
