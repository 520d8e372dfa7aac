"""Arrays and plain values in one compressed string that a page carries.

The bytes before compression: the length of the header (uint32, little-endian), the header (JSON in UTF-8), zeros up to
a multiple of 8, then the arrays, each from a multiple of 8 on. In the header an array is written as

    {"$array": [dtype, offset, count]}

with its offset from the first array. `program/container.js` is the reader.
"""

import base64
import gzip
import json
from typing import Any

import numpy as np
import torch

from ..arguments import checked

DTYPES = ("uint8", "int8", "uint16", "uint32", "int32", "float32")  # those that JavaScript has an array for
ALIGNMENT = 8


@checked
def pack_container(content: Any) -> str:
    """Base64 of the gzipped container; equal contents give equal strings.

    Args:
        content: Dictionaries with string keys, lists, JSON values, and NumPy arrays or tensors of the types in
            `DTYPES`, which are flattened.

    Raises:
        ValueError: For an array of another type, or a value that is not JSON.
    """
    chunks: list[bytes] = []
    size = 0

    def replace(value: Any) -> Any:
        nonlocal size
        if isinstance(value, dict):
            return {key: replace(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [replace(entry) for entry in value]
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        if not isinstance(value, np.ndarray):
            return value
        if value.dtype.name not in DTYPES:
            raise ValueError(f"`content` must hold arrays of the types {DTYPES}, got {value.dtype.name}.")
        data = _padded(value.astype(value.dtype.newbyteorder("<")).tobytes())
        entry = {"$array": [value.dtype.name, size, value.size]}
        chunks.append(data)
        size += len(data)
        return entry

    plain = replace(content)
    try:
        header = json.dumps(plain, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"`content` must hold JSON values and arrays: {error}.") from error
    body = _padded(len(header).to_bytes(4, "little") + header) + b"".join(chunks)
    return base64.b64encode(gzip.compress(body, 9, mtime=0)).decode("ascii")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)
