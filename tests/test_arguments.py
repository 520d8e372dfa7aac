"""A wrong argument is named, with what was expected and what came."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Batch, Data

from graphnca.arguments import at_least, check_fields, checked, finite, in_words

pytestmark = pytest.mark.usefixtures("as_released")
ROOT = Path(__file__).parents[1]


@checked
def function(
    count: int = 1,
    rate: float = 0.5,
    *rest: int,
    x: Float[Tensor, "n 2"] | None = None,
    y: Float[Tensor, " n"] | Int[np.ndarray, " n"] | None = None,
    at: tuple[float, float] | None = None,
    sizes: tuple[int, ...] = (),
    names: Sequence[str] = (),
    gains: Mapping[str, float] | None = None,
    kind: Literal["a", "b"] = "a",
    act: Callable[[int], int] = abs,
    graph: Data | None = None,
    deep: bool = False,
) -> str:
    """A function with all sorts of arguments."""
    if graph is not None:
        _ = graph["pos"], {}["inner"] if deep else None
    return f"{count} {rate}"


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"count": "8"}, TypeError, "`count` must be a whole number, got '8'."),
        ({"count": 8.0}, TypeError, "`count` must be a whole number, got 8.0."),
        ({"count": True}, TypeError, "`count` must be a whole number, got True."),
        ({"rate": None}, TypeError, "`rate` must be a number, got None."),
        ({"rate": float("nan")}, ValueError, "`rate` must be finite, got nan."),
        ({"rate": float("-inf")}, ValueError, "`rate` must be finite, got -inf."),
        ({"at": (1, float("inf"))}, ValueError, "`at` must be finite, got (1, inf)."),
        ({"count": 2**63}, ValueError, "`count` must be below 2**63, got 9223372036854775808."),
        (
            {"graph": Batch.from_data_list([Data(), Data()])},
            ValueError,
            "`graph` must be one graph, .* got a batch of 2.",
        ),
        (
            {"x": torch.zeros(3)},
            ValueError,
            "`x` must be of type Float[Tensor, 'n 2'] or None, got torch.float32 of shape (3,).",
        ),
        ({"x": torch.zeros(3, 2).long()}, ValueError, "`x` must be .* got torch.int64 of shape (3, 2)."),
        ({"x": torch.zeros(3, 2), "y": torch.zeros(4)}, ValueError, "`y` must be .* got torch.float32 of shape (4,)."),
        ({"at": (1,)}, TypeError, "`at` must be a tuple (a number, a number) or None, got (1,)."),
        ({"at": ("1", 2)}, TypeError, "`at` must be a tuple (a number, a number) or None, got ('1', 2)."),
        ({"sizes": (1, 2.5)}, TypeError, "`sizes` must be a tuple (any number of a whole number), got (1, 2.5)."),
        ({"names": "abc"}, TypeError, "`names` must be Sequence[str], got 'abc'."),
        ({"names": [1]}, TypeError, "`names` must be Sequence[str], got [1]."),
        ({"gains": {"a": "b"}}, TypeError, "`gains` must be Mapping[str, float] or None, got {'a': 'b'}."),
        ({"kind": "c"}, ValueError, "`kind` must be one of 'a', 'b', got 'c'."),
        ({"kind": 1}, TypeError, "`kind` must be one of 'a', 'b', got 1."),
        ({"act": 3}, TypeError, "`act` must be a function, got 3."),
        ({"deep": 1}, TypeError, "`deep` must be True or False, got 1."),
        ({"graph": Data()}, ValueError, "`graph` must have the field 'pos', got Data()."),
        ({"graph": {}}, TypeError, "`graph` must be one graph, a PyG Data or None, got {}."),
        ({"other": 1}, TypeError, "function() got an unexpected keyword argument 'other'"),
    ],
)
def test_what_is_wrong_is_said(given: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        function(**given)
    before, _, after = message.partition(" .* ")
    assert str(raised.value).startswith(before) and str(raised.value).endswith(after)


def test_what_is_right_goes_through() -> None:
    assert function(np.int64(3), 1, 5, 6, x=torch.zeros(3, 2), y=np.zeros(3, dtype=int)) == "3 1"
    assert function(at=[1, 2.5], sizes=(1, 2), names=["a"], gains={"a": 1}, kind="b", graph=Data(pos=1)) == "1 0.5"
    assert function.__name__ == "function" and function.__doc__


def test_what_is_missing_inside_is_not_blamed_on_an_argument() -> None:
    with pytest.raises(KeyError, match="inner"):
        function(graph=Data(pos=1), deep=True)


def test_fields_of_a_dataclass() -> None:
    @dataclass(frozen=True)
    class Numbers:
        count: int = 1
        rate: float = 0.5

        def __post_init__(self) -> None:
            check_fields(self)

    Numbers(2, 1)
    with pytest.raises(TypeError, match="`count` must be a whole number, got 'x'"):
        Numbers("x")


def test_ranges() -> None:
    at_least(1, size=1, other=2.5)
    with pytest.raises(ValueError, match="`size` must be at least 1, got 0."):
        at_least(1, size=0)
    with pytest.raises(ValueError, match="`size` must be at least 1 and finite, got inf."):
        at_least(1, size=float("inf"))
    finite(x=torch.zeros(3), y=(1, 2), z=1.0)
    for value in (torch.tensor([1.0, float("nan")]), (1, float("inf")), float("nan")):
        with pytest.raises(ValueError, match="`x` must be finite, got "):
            finite(x=value)


def test_a_value_in_words_is_short_whatever_it_is() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert in_words(Broken()) == "a Broken"
    assert len(in_words("x" * 10_000)) < 200
    assert in_words(torch.tensor(2.5)) == "torch.float32 2.5"


def test_both_packages_have_the_same_checker() -> None:
    mine, theirs = (ROOT / package / "arguments.py" for package in ("graphnca", "topologies"))
    assert mine.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")
