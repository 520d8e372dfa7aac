"""Arguments at the door: a wrong one is named, with what was expected and what came, before anything is computed.

`checked` holds a function's arguments to its own annotations, shapes of tensors among them; what an annotation cannot
say (a range) the function says itself, by `at_least` and `finite`. It stands on what people call by hand, never on what
a step, a loss or a trace calls. Both packages have this file, to the letter: neither imports the other.
"""

import collections.abc
import functools
import inspect
import math
import numbers
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, ParamSpec, TypeVar, Union

import numpy as np
from jaxtyping import jaxtyped
from torch import Tensor
from torch_geometric.data import Batch, Data

P = ParamSpec("P")
R = TypeVar("R")

WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "a text", types.NoneType: "None"}
FIELDS = ("pos", "edge_index", "edge_attr", "edge_weight", "area", "extent", "periodic")  # of a graph, what may lack
LARGEST = 2**63  # no whole number of torch reaches it
FEW = 100  # numbers in a tuple that are looked at
OR_BATCH = "or a batch"  # what an annotated graph says that may be several in one
LONGEST = 120  # characters of a value in a message


def checked(function: Callable[P, R], *, error: type[ValueError] = ValueError) -> Callable[P, R]:
    """The function, with every argument held to its annotation before it runs.

    Args:
        function: What people call.
        error: What it raises for a wrong value.

    Raises:
        TypeError: By the function, if an argument is of another type or shape than it says.
        ValueError: By the function, if a number is not finite, or a graph lacks a field that the function asks it for.
    """
    signature = inspect.signature(function)
    hints: dict[str, Any] = {}  # resolved at the first call: modules may import each other by then

    @functools.wraps(function)
    def door(*args: P.args, **kwargs: P.kwargs) -> R:
        if not hints:
            hints.update(typing.get_type_hints(function, include_extras=True))
            for hint in [*hints.values()]:
                if typing.get_origin(hint) is typing.Unpack:  # the names that **options may have
                    hints.update(typing.get_type_hints(typing.get_args(hint)[0], include_extras=True))
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:  # too many or too few: Python says it with the function's name
            return function(*args, **kwargs)
        one_each = {name: value for name, value in given.items() if not _several(signature, name)} | kwargs
        _check({name: value for name, value in one_each.items() if name in hints}, hints, error)
        try:
            return function(*args, **kwargs)
        except KeyError as lack:
            for name, value in given.items():
                lacking = lack.args[0] if lack.args else None
                if lacking in FIELDS and hasattr(value, "edge_index") and lacking not in value:
                    raise error(f"`{name}` must have the field {lacking!r}, got {in_words(value)}.") from lack
            raise

    return door


def check_fields(instance: Any) -> None:
    """Holds the fields of a dataclass to their annotations.

    Raises:
        TypeError: If one is of another type.
        ValueError: If a number is not finite.
    """
    hints = typing.get_type_hints(type(instance), include_extras=True)
    _check({name: getattr(instance, name) for name in instance.__dataclass_fields__}, hints)


def at_least(least: float, **values: float) -> None:
    """Whether numbers, given by their names, are finite and not smaller than `least`.

    Raises:
        ValueError: If one is not.
    """
    for name, value in values.items():
        if not (math.isfinite(value) and value >= least):
            both = "" if math.isfinite(value) else " and finite"
            raise ValueError(f"`{name}` must be at least {least:g}{both}, got {value!r}.")


def finite(**values: Any) -> None:
    """Whether numbers, or all numbers of tensors and sequences, given by their names, are finite.

    Raises:
        ValueError: If one is not.
    """
    for name, value in values.items():
        if not bool(np.isfinite(np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)).all()):
            raise ValueError(f"`{name}` must be finite, got {in_words(value)}.")


def in_words(value: Any) -> str:
    """A value for a message: of tensors and arrays type and shape."""
    if isinstance(value, Batch):
        return f"a batch of {value.num_graphs}"
    if isinstance(value, Tensor | np.ndarray):
        return f"{value.dtype} of shape {tuple(value.shape)}" if value.ndim else f"{value.dtype} {value.item()}"
    try:
        text = repr(value)
    except Exception:  # someone else's object
        text = f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _check(given: Mapping[str, Any], hints: Mapping[str, Any], error: type[ValueError] = ValueError) -> None:
    with jaxtyped("context"):  # an axis of one name has one length in all arguments
        for name, value in given.items():
            if not _matches(value, hints[name]):
                kind = error if _is_of_the_kind(value, hints[name]) else TypeError
                raise kind(f"`{name}` must be {_expected(hints[name])}, got {in_words(value)}.")
            if not _is_finite(value):
                raise error(f"`{name}` must be finite, got {in_words(value)}.")
            if isinstance(value, int) and abs(value) >= LARGEST:
                raise error(f"`{name}` must be below 2**63, got {in_words(value)}.")


def _is_finite(value: Any) -> bool:
    """Whether a number, or each of a few that come together, is one that can be reckoned with; of all else, True."""
    if isinstance(value, tuple):  # a list may be a curve with gaps
        return all(map(_is_finite, value[:FEW]))
    return not isinstance(value, float | np.floating) or math.isfinite(value)


def _matches(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, as far as this can be known; what is not known here matches."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint is None or hint is types.NoneType:
        return value is None
    if origin in (Union, types.UnionType):
        array_like = any("_array_like" in str(part) for part in parts)  # NumPy's protocols differ between its versions
        if array_like and isinstance(value, list | tuple | np.ndarray | Tensor):
            return True
        return any(_matches(value, part) for part in parts)
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if origin is typing.Annotated:
        return _matches(value, parts[0]) or (OR_BATCH in parts and isinstance(value, Batch))
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    if hint in (int, float):
        kind = numbers.Integral if hint is int else numbers.Real
        return isinstance(value, kind) and not isinstance(value, bool)
    if origin is tuple:
        if not isinstance(value, tuple | list):
            return False
        wanted = parts[:1] * len(value) if parts[1:] == (...,) else parts
        return len(value) == len(wanted) and all(map(_matches, value, wanted))
    if isinstance(origin, type) and issubclass(origin, collections.abc.Mapping):
        return isinstance(value, origin) and all(
            _matches(key, parts[0]) and _matches(entry, parts[1]) for key, entry in value.items()
        )
    if isinstance(origin, type) and issubclass(origin, collections.abc.Iterable):
        if not isinstance(value, origin) or isinstance(value, str | bytes):
            return False
        used_up = not isinstance(value, collections.abc.Sized)  # by looking at it
        return used_up or all(_matches(one, parts[0]) for one in (value if not _is_scalar(value) else [None]))
    kind = origin or hint
    if not isinstance(kind, type) or (kind is Data and isinstance(value, Batch)):
        return not isinstance(value, Batch)  # several graphs in one are not a graph
    try:
        return isinstance(value, kind)
    except TypeError:  # a protocol that can't be asked
        return True


def _is_scalar(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() == 0


def _is_of_the_kind(value: Any, hint: Any) -> bool:
    """Whether a value is of the right type, but another choice, of another shape, or a batch of graphs."""
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        return any(type(value) is type(part) for part in parts)
    if hint is Data:
        return isinstance(value, Batch)
    array = getattr(hint, "array_type", None)  # jaxtyping's word for what has the shape
    return (array is not None and isinstance(value, array)) or any(_is_of_the_kind(value, part) for part in parts)


def _expected(hint: Any) -> str:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if hint in WORDS:
        return WORDS[hint]
    if origin in (Union, types.UnionType):
        words = list(dict.fromkeys(map(_expected, parts)))
        return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
    if origin is Literal:
        return f"one of {', '.join(map(repr, parts))}"
    if origin is typing.Annotated:
        return _expected(parts[0])
    if origin is tuple:
        several = f"any number of {_expected(parts[0])}" if parts[1:] == (...,) else ", ".join(map(_expected, parts))
        return f"a tuple ({several})"
    if isinstance(origin, type) and issubclass(origin, collections.abc.Callable):
        return "a function"
    if origin is not None:
        return str(hint).replace("collections.abc.", "").replace("typing.", "")
    if hint is Data:
        return "one graph, a PyG Data"
    return f"of type {getattr(hint, '__name__', hint)}"


def _several(signature: inspect.Signature, name: str) -> bool:
    """Whether a parameter takes all the rest (`*args`, `**kwargs`)."""
    return signature.parameters[name].kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
