"""What this library itself reads in a card: the rest of a card is for people, and may be anything."""

from collections.abc import Callable, Mapping
from typing import Any

LARGEST = 100_000  # pixels or units on a side: no picture and no substrate of a card is larger


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_length(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST


def _is_place(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


KNOWN: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("target", "template"), (lambda value: isinstance(value, str), "a text")),
    **dict.fromkeys(("size", "padding"), (_is_length, f"a whole number from 0 to {LARGEST}")),
    **dict.fromkeys(("rgb_offset", "rgb_scale", "deepest"), (_is_number, "a number")),
    **dict.fromkeys(("height", "roughness"), (_is_length, "the number of a channel")),
    "seed at": (_is_place, "two numbers"),
    "targets": (_are_names, "a list of texts"),
    "configuration": (lambda value: isinstance(value, Mapping), "entries by name"),
}
"""What each entry must be, if there is one that is not null, and how that is said."""


def check_card(card: Mapping[str, Any], where: str) -> None:
    """Whether a card's entries are what this library takes them for.

    Args:
        card: The card.
        where: The file that it is in, for the message.

    Raises:
        ValueError: If one is not.
    """
    for name, (is_right, expected) in KNOWN.items():
        value = card.get(name)
        if value is not None and not is_right(value):
            raise ValueError(f"{where}: the card's `{name}` must be {expected}, got {str(value)[:80]!r}.")
    if "seed at" in card and "size" not in card:
        raise ValueError(f"{where}: the card's `seed at` needs a `size`, and there is none.")
