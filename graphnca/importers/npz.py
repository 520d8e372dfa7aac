"""Arrays out of a NumPy archive, of no more memory than the file has bytes."""

import io
import os
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.lib import format as npy

from .decoding import PublishedFileError


def arrays_of_npz(path: str | os.PathLike[str], axes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Return the arrays of floats that an `.npz` file has under the names of `axes`, each with so many axes.

    Raises:
        PublishedFileError: If it is no such file, or an array is missing, no array of floats or of other axes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {name: _array(archive, f"{name}.npy") for name in axes}
    except Exception as error:  # of many kinds: the archive's, its decompressors', numpy's
        raise PublishedFileError(f"{path} must be an .npz file with the arrays {sorted(axes)}: {error}.") from error
    for name, array in arrays.items():
        if array.ndim != axes[name] or not np.issubdtype(array.dtype, np.floating):
            raise PublishedFileError(
                f"{path}: {name!r} must have {axes[name]} axes of floats, got {array.ndim} of {array.dtype}."
            )
    return arrays


def holds_arrays(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a NumPy archive, or one that is damaged; torch's are archives too, of other members."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except Exception:  # a damaged one, for `arrays_of_npz` to say so
        return True


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of the shape that its head claims if the bytes are there; `numpy.load` takes the memory first."""
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} must be stored or deflated, as numpy does")
    data = archive.read(name)
    head = io.BytesIO(data)
    read_head = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[npy.read_magic(head)]
    shape, by_columns, dtype = read_head(head)
    return np.frombuffer(data, dtype, offset=head.tell()).reshape(shape, order="F" if by_columns else "C")
