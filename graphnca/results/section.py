"""What a measurement hands back: a table to read, the numbers behind it, and what it was to show."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """A goal of the project with what was measured."""

    measure: str
    goal: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Section:
    """One measurement, as it goes into the report."""

    title: str
    setting: str
    header: list[str]
    rows: list[list[str]]
    numbers: dict[str, Any]
    claims: list[Claim] = field(default_factory=list)
    plots: list[Any] = field(default_factory=list)
    """Pictures, shown side by side."""


def short(value: float) -> str:
    """A number in three significant digits, without an exponent."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def at_least(measure: str, goal: float, value: float, unit: str) -> Claim:
    """A claim that a value reaches a goal."""
    return Claim(measure, f"at least {goal:g}{unit}", f"{short(value)}{unit}", value >= goal)


def at_most(measure: str, goal: float, value: float, unit: str) -> Claim:
    """A claim that a value stays below a goal."""
    return Claim(measure, f"at most {goal:g}{unit}", f"{short(value)}{unit}", value <= goal)
