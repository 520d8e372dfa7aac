"""The published IsoNCA model: float32 weights as base64 in JSON, or decoded as .npz."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from ..layers import NCAConv
from ..models import isonca
from .decoding import PublishedFileError, decode_array, entry, fill, read_json, sizes

ARRAYS = {"w1": 2, "b1": 1, "w2": 2}  # name -> number of axes


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
        arrays = _arrays_of_npz(path)
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


def _arrays_of_npz(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name: _array(archive, f"{name}.npy") for name in ARRAYS}
    except Exception as error:  # of many kinds: the archive's, its decompressors', numpy's
        raise PublishedFileError(f"{path} must be an .npz file with the arrays {sorted(ARRAYS)}: {error}.") from error
    for name, array in arrays.items():
        if array.ndim != ARRAYS[name] or not np.issubdtype(array.dtype, np.floating):
            raise PublishedFileError(
                f"{path}: {name!r} must have {ARRAYS[name]} axes of floats, got {array.ndim} of {array.dtype}."
            )
    return arrays


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of the shape that its head claims if the bytes are there; `numpy.load` takes the memory first."""
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} must be stored or deflated, as numpy does")
    data = archive.read(name)
    head = io.BytesIO(data)
    read_head = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(head)]
    shape, by_columns, dtype = read_head(head)
    return np.frombuffer(data, dtype, offset=head.tell()).reshape(shape, order="F" if by_columns else "C")
