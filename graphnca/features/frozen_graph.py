"""Reads the graph files of TensorFlow, without TensorFlow.

Such a file is one message GraphDef in the encoding of Protocol Buffers: fields, each with a key that holds the number
and the kind of the field, and a value that is a number or bytes, which may be a message again. Of the many messages
that TensorFlow knows, a frozen network for images needs few:

    GraphDef   1 node: NodeDef, repeated
    NodeDef    1 name, 2 op, 3 input, repeated; 5 attr: pairs of 1 key and 2 value: AttrValue, repeated
    AttrValue  1 list, of such values; 2 s: bytes; 3 i: whole number; 4 f: float; 5 b: bool; 8 tensor: TensorProto
    Tensor     1 dtype; 2 shape: 2 dim, repeated: 1 size; 4 content; 5 floats; 7 whole numbers

Sources: protobuf.dev, "Encoding"; the files graph.proto, node_def.proto, attr_value.proto, tensor.proto and
tensor_shape.proto of TensorFlow 1.
"""

import math
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .vgg_files import WeightsFileError

DTYPES = {1: np.dtype("<f4"), 3: np.dtype("<i4")}  # TensorFlow's numbers of float32 and int32
MOST_REPEATED = 1024  # numbers for one in the file
DENSEST = 4  # bytes of an array for one of the file, a small whole number
REPEATED = 1 << 22  # bytes of constants that a graph may have beyond those of its file: one value for many
LONGEST = 10  # bytes of a whole number of 64 bits
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5  # kinds of fields


@dataclass(frozen=True)
class Node:
    """An operation of a graph."""

    name: str
    op: str
    inputs: tuple[str, ...]
    """Names of nodes, without the number of the output."""
    attributes: dict[str, Any]
    """Numbers, texts, lists of these, arrays."""


def read_graph(path: str | os.PathLike[str]) -> list[Node]:
    """Return the nodes of a frozen graph (`.pb`), in the file's order.

    Raises:
        FileNotFoundError: There is no such file.
        WeightsFileError: It is damaged, or no graph.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"`path` must be a frozen graph of TensorFlow, but there is none at {str(file)!r}.")
    try:
        content = memoryview(file.read_bytes())
        nodes = [_node(value) for number, value in _fields(content) if number == 1]
        arrays = [value for node in nodes for value in node.attributes.values() if isinstance(value, np.ndarray)]
        if (claimed := sum(array.nbytes for array in arrays)) > DENSEST * len(content) + REPEATED:
            raise ValueError(f"its constants claim {claimed} bytes, of which {len(content)} are there")
    except (ValueError, LookupError, TypeError, OverflowError, struct.error) as error:
        raise WeightsFileError(f"{file} must be a frozen graph of TensorFlow, but it is damaged: {error}.") from error
    if not nodes or not all(node.name and node.op for node in nodes):
        raise WeightsFileError(f"{file} must be a frozen graph of TensorFlow, but it has no nodes with names.")
    return nodes


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of every field: a whole number, four or eight bytes, or the bytes of text or message."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if kind == BYTES:
            size, position = _varint(data, position)
        elif kind in (FIXED_32, FIXED_64):
            size = 4 if kind == FIXED_32 else 8
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if position + size > len(data):
            raise ValueError(f"a field of {size} bytes, of which {len(data) - position} are there")
        yield number, data[position : position + size]
        position += size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        if shift == 7 * LONGEST:
            raise ValueError("a whole number of more than 64 bits")
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _text(data: memoryview) -> str:
    return str(data, "utf-8")  # and not bytes(data), which of a number makes as many zeros


def _node(data: memoryview) -> Node:
    name, op, inputs, attributes = "", "", [], {}
    for number, value in _fields(data):
        if number == 1:
            name = _text(value)
        elif number == 2:
            op = _text(value)
        elif number == 3:
            inputs.append(_text(value).removeprefix("^").partition(":")[0])
        elif number == 5:
            pair = dict(_fields(value))
            attributes[_text(pair[1])] = _attribute(pair.get(2, memoryview(b"")))
    return Node(name, op, tuple(inputs), attributes)


def _attribute(data: memoryview) -> Any:
    for number, value in _fields(data):
        if number == 1:
            return _list(value)
        if number in (2, 3, 4, 5):
            return _single(number, value)
        if number == 8:
            return _tensor(value)
    return None  # a type, a shape, or a 0 that was left out


def _list(data: memoryview) -> list[Any]:
    values: list[Any] = []
    for number, value in _fields(data):
        if number == 3 and isinstance(value, memoryview):
            values += _packed(value)
        else:
            values.append(_single(number, value))
    return values


def _single(number: int, value: Any) -> Any:
    if number == 2:
        return _text(value)
    return struct.unpack("<f", value)[0] if number == 4 else value


def _packed(data: memoryview) -> list[int]:
    values, position = [], 0
    while position < len(data):
        value, position = _varint(data, position)
        values.append(value)
    return values


def _tensor(data: memoryview) -> np.ndarray:
    kind, shape, content, values = 0, [], memoryview(b""), []
    for number, value in _fields(data):
        if number == 1:
            kind = value
        elif number == 2:
            shape = [dict(_fields(dim)).get(1, 0) for inner, dim in _fields(value) if inner == 2]
        elif number == 4:
            content = memoryview(value)
        elif number == 5:
            values += struct.unpack(f"<{len(value) // 4}f", value)
        elif number == 7:
            values += _packed(value) if isinstance(value, memoryview) else [value]
    if kind not in DTYPES:
        return np.zeros(0, np.float32)  # texts and the like, which no image passes through
    size = math.prod(shape)
    if len(content):
        return np.frombuffer(content, DTYPES[kind]).reshape(shape)
    if DTYPES[kind].kind == "i":  # negative ones come with 64 bits
        values = np.array([value & 0xFFFFFFFF for value in values], np.uint32).view(np.int32)
    numbers = np.array(values, DTYPES[kind])
    if len(numbers) == 1:
        return np.broadcast_to(numbers[0], shape)  # takes no memory
    if len(numbers) < size <= MOST_REPEATED * len(numbers):
        numbers = np.append(numbers, np.broadcast_to(numbers[-1], size - len(numbers)))  # it stands for all that follow
    return numbers.reshape(shape)
