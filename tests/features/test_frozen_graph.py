"""A graph file, written here field by field in the encoding of Protocol Buffers."""

import contextlib
import resource
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnca.features import WeightsFileError
from graphnca.features.frozen_graph import read_graph


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | bytes | str | float) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(array: np.ndarray, *, how: str = "content") -> bytes:
    shape = b"".join(field(2, field(1, size)) for size in array.shape)
    out = field(1, 1 if array.dtype == np.float32 else 3) + field(2, shape)
    if how == "content":
        return out + field(4, array.tobytes())
    if array.dtype == np.float32:
        return out + field(5, array.tobytes())
    return out + field(7, b"".join(map(varint, array.ravel().tolist())))


def attribute(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return field(8, tensor(value))
    if isinstance(value, list):
        return field(1, b"".join(field(3, number) for number in value))
    if isinstance(value, float):
        return field(4, value)
    return field(2 if isinstance(value, str) else 3, value)


def node(name: str, op: str, inputs: tuple[str, ...] = (), **attributes: Any) -> bytes:
    out = field(1, name) + field(2, op) + b"".join(field(3, source) for source in inputs)
    for key, value in attributes.items():
        out += field(5, field(1, key) + field(2, value if isinstance(value, bytes) else attribute(value)))
    return field(1, out)


def write(path: Path, *nodes: bytes) -> Path:
    path.write_bytes(b"".join(nodes) + field(4, field(1, 21)))  # 4: which version wrote it
    return path


@pytest.mark.parametrize("how", ["content", "values"])
def test_what_is_written_is_read(tmp_path: Path, how: str) -> None:
    weight = np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32)
    numbers = np.array([3, 300, 70000], np.int32)
    path = write(
        tmp_path / "graph.pb",
        node("w", "Const", value=field(8, tensor(weight, how=how)), dtype=field(6, 1)),
        node("n", "Const", value=field(8, tensor(numbers, how=how))),
        node("conv", "Conv2D", ("input:0", "w", "^w"), strides=[1, 2, 300, 1], padding="SAME", alpha=0.25, radius=4),
    )
    first, second, third = read_graph(path)
    assert (first.name, first.op, first.inputs) == ("w", "Const", ())
    assert np.array_equal(first.attributes["value"], weight)
    assert np.array_equal(second.attributes["value"], numbers)
    assert third.inputs == ("input", "w", "w")
    assert third.attributes == {"strides": [1, 2, 300, 1], "padding": "SAME", "alpha": 0.25, "radius": 4}


def test_one_value_may_stand_for_many_and_lists_may_be_packed(tmp_path: Path) -> None:
    shape = field(2, field(2, field(1, 5)))
    path = write(
        tmp_path / "graph.pb",
        node("w", "Const", value=field(8, field(1, 1) + shape + field(5, struct.pack("<2f", 1.0, 7.0)))),
        node("p", "MaxPool", ksize=field(1, field(3, varint(1) + varint(200)))),
    )
    first, second = read_graph(path)
    assert first.attributes["value"].tolist() == [1, 7, 7, 7, 7]
    assert second.attributes["ksize"] == [1, 200]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`path` must be a frozen graph of TensorFlow"):
        read_graph(tmp_path / "missing.pb")
    good = write(tmp_path / "graph.pb", node("w", "Const", value=np.ones((4, 4), np.float32))).read_bytes()
    for content in (good[:20], b"\x0b" + good, b"PK\x03\x04 something else", b""):
        (tmp_path / "bad.pb").write_bytes(content)
        with pytest.raises(WeightsFileError, match=r"bad\.pb must be a frozen graph of TensorFlow"):
            read_graph(tmp_path / "bad.pb")


def constant(size: int, *values: float, kind: int = 1) -> bytes:
    shape = field(2, field(2, field(1, size)))
    return node(
        "w", "Const", value=field(8, field(1, kind) + shape + field(5, struct.pack(f"<{len(values)}f", *values)))
    )


@pytest.mark.parametrize("values", [(0.0,), (1.0, 2.0), ()])
@pytest.mark.parametrize("size", [2 * 10**8, 10**12, 2**63, 2**64 - 1])
def test_a_few_bytes_claim_no_gigabytes(tmp_path: Path, size: int, values: tuple[float, ...]) -> None:
    path = write(tmp_path / "graph.pb", constant(size, *values))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WeightsFileError, match="must be a frozen graph of TensorFlow"):
        read_graph(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_many_small_claims_are_a_large_one(tmp_path: Path) -> None:
    path = write(tmp_path / "graph.pb", *[constant(10**6, 1.0)] * 100)
    with pytest.raises(WeightsFileError, match="its constants claim 400000000 bytes, of which"):
        read_graph(path)


def test_negative_numbers_come_with_64_bits(tmp_path: Path) -> None:
    axis = field(1, 3) + field(7, 2**64 - 1)
    (only,) = read_graph(write(tmp_path / "graph.pb", node("axis", "Const", value=field(8, axis))))
    assert only.attributes["value"].tolist() == -1


@pytest.mark.parametrize(
    "content",
    [
        field(1, field(1, 10**12) + field(2, "Const")),  # a number for a name
        field(1, field(1, "w") + field(2, "Const") + field(5, field(2, b""))),  # an attribute without a name
        field(
            1, field(1, "w") + field(2, "Const") + field(5, field(1, "value") + field(2, field(8, field(4, 10**12))))
        ),
        b"\x80" * 10**6,  # a number without an end
    ],
)
def test_fields_of_another_kind_are_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "graph.pb").write_bytes(content)
    with pytest.raises(WeightsFileError, match="must be a frozen graph of TensorFlow"):
        read_graph(tmp_path / "graph.pb")


def test_any_damage_is_one_clear_error(tmp_path: Path) -> None:
    weight = np.ones((4, 4), np.float32)
    nodes = [
        node("w", "Const", value=weight),
        node("c", "Conv2D", ("x", "w"), strides=[1, 1], padding="SAME", alpha=0.5),
    ]
    good, path = write(tmp_path / "graph.pb", *nodes).read_bytes(), tmp_path / "bad.pb"
    for place in range(len(good)):
        for bit in range(8):
            damaged = bytearray(good)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            with contextlib.suppress(WeightsFileError):
                read_graph(path)
