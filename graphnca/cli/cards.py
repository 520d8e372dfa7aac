"""What is known of a rule, for people to read."""

from collections.abc import Mapping
from textwrap import fill
from typing import Any

from ..filters import FILTERS, are_steered, have_direction
from ..shipped import grows_by_chambers
from .tables import listing

RULE_HELP = (
    "a shipped rule (`graphnca rules` lists them), a .safetensors file, a training's folder, or a published model"
)
WIDTH = 100  # of a line of text, in characters
ARITHMETICS_IN_WORDS = {"quantised": "8 bits", "fixed_point": "fixed point"}
DEEPEST = 8  # of lists in lists, in text
SHOWN_ELSEWHERE = (
    "configuration",
    "measured",
    "started from",
    "trained by",
    "iterations",
    "hours",
    "target",
    "template",
    "targets",
)
"""Entries of a card that have a line of their own, or that only `--json` shows."""


def stages(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The cards of a rule's training stages, the first one first."""
    found = [card]
    while isinstance(before := found[-1].get("started from"), Mapping):
        found.append(before)
    return found[::-1]


def grows(card: Mapping[str, Any]) -> str:
    """What a rule was trained to make."""
    several = card.get("targets")
    if isinstance(several, list) and several:
        return ", ".join(map(str, several))
    return str(card.get("target") or card.get("template") or card.get("unit") or "?")


def starts_from(description: Mapping[str, Any]) -> str:
    """What a rule grows from, in words."""
    if description["architecture"]["life_mask"] is None:
        return "nothing"
    if grows_by_chambers(description["card"]):
        return "a drawn shell"
    if description["card"].get("seed") == "structured":
        return "several points"
    if description["card"].get("seed") == "pair":
        return "two cells"
    return "one cell" if not description.get("genomes") else "one cell with a genome"


def trained_on(card: Mapping[str, Any]) -> str:
    """The kinds of cells of its training, each once."""
    text = str(card.get("substrate", "?"))
    _, colon, listed = text.rpartition(": ")  # as in "torus of 72x72 units: square,hex,hex" or "square torus, 72x72"
    kinds = listed.split(",") if colon else [text.split(" torus")[0]]
    return ", ".join(dict.fromkeys(kind.strip() for kind in kinds))


def kind_of(description: Mapping[str, Any]) -> str:
    """Whether a rule's patterns have a direction."""
    architecture = description["architecture"]
    filters = architecture["perception"]
    turns = "upright" if have_direction(filters) else "steerable" if are_steered(filters) else "isotropic"
    return f"texture, {turns}" if architecture["life_mask"] is None else turns


def architecture_entries(description: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a rule is made of, as names and texts."""
    made_of = description["architecture"]
    gains = made_of["gains"]
    perceived = [
        f"{FILTERS[name].words}{f' times {gains[name]:g}' if gains.get(name, 1) != 1 else ''}"
        for name in made_of["perception"]
    ]
    alive = f"{made_of['life_mask']}, above alpha {made_of['alive_threshold']:g}"
    return [
        ("parameters", f"{description['parameters']:,}"),
        ("channels", f"{made_of['num_channels']}, hidden layer {made_of['hidden_size']}"),
        ("perceives", ", ".join(perceived)),
        ("life mask", alive if made_of["life_mask"] else "none"),
        ("fires", f"{made_of['fire_rate']:g} of the {made_of['fire_per']}s a step"),
        *([("steps in", ARITHMETICS_IN_WORDS[made_of["arithmetic"]])] if "arithmetic" in made_of else []),
    ]


def text_of(name: str, description: Mapping[str, Any]) -> str:
    """A rule and its card, as text.

    Args:
        name: What it is called.
        description: `architecture`, `parameters`, `card`, and its `genomes` if it has some, as rule files hold them.
    """
    card, genomes = description["card"], description.get("genomes")
    entries = [("rule", name)]
    if card:
        entries += [("grows", f"{grows(card)}, from {starts_from(description)}"), ("kind", kind_of(description))]
    if genomes:
        entries.append(("genomes", ", ".join(genomes)))
    return listing([*entries, *architecture_entries(description), *card_entries(card)])


def card_entries(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The card, as names and texts; what only a program would read is left out."""
    entries = []
    parts = stages(card)
    if commands := [str(part["trained by"]) for part in parts if "trained by" in part]:
        entries.append(("trained by", "\n".join(_wrapped(command) for command in commands)))
    if all(_is_number(part.get("iterations")) and _is_number(part.get("hours")) for part in parts):
        iterations, hours = (sum(part[name] for part in parts) for name in ("iterations", "hours"))
        entries.append(("iterations", f"{iterations:,} in {hours:.2f} hours"))
    for name, value in card.items():
        if name not in SHOWN_ELSEWHERE and value is not None and not (isinstance(value, Mapping) and not value):
            entries.append((name, _wrapped(_in_words(value))))
    return [*entries, *_measurements(card.get("measured", {}))]


def _measurements(measured: Any) -> list[tuple[str, str]]:
    """What a rule was measured to do: single numbers, and of every substrate one line a moment."""
    if not isinstance(measured, Mapping):
        return [("measured", _wrapped(_in_words(measured)))]
    entries = []
    for name, value in measured.items():
        if _is_plain(value):
            entries.append(("measured by" if name == "by" else str(name), _wrapped(_in_words(value))))
    for name, places in measured.items():
        if isinstance(places, Mapping):
            for place, numbers in places.items():
                if isinstance(numbers, Mapping):
                    entries.append((str(place), "\n".join(_lines(numbers))))
                elif _is_plain(numbers):
                    entries.append((f"{name}, {place}", _in_words(numbers)))
    return [entry for entry in entries if entry[1]]


def _lines(numbers: Mapping[str, Any]) -> list[str]:
    own = ", ".join(f"{name} {_in_words(value)}" for name, value in numbers.items() if _is_plain(value))
    lines = [_wrapped(own)] if own else []
    for moment, values in numbers.items():
        if isinstance(values, Mapping):
            summary = ", ".join(f"{name} {_in_words(value)}" for name, value in values.items() if _is_plain(value))
            lines += [_wrapped(f"{moment}: {summary}")] if summary else []
    return lines


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Mapping | list)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_words(value: Any, depth: int = 0) -> str:
    if depth == DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_in_words(entry, depth + 1)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(_in_words(entry, depth + 1) for entry in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="  ")
