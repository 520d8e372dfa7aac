"""A measured rule becomes a shipped one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..drawing.images import Picture
from ..evaluation.subject import Subject
from ..rules import describe_rule, save_rule
from ..shipped import FOLDER as SHIPPED
from .light import light_picture
from .result import command, published_folder


def ship(subject: Subject, name: str, measured: Mapping[str, Any], picture: Picture) -> Path:
    """Saves a rule with its genomes among the shipped ones, what was measured in its card, its picture in the docs.

    What it can't do (`limits`) stays in the card as it was said of the rule of that name before, unless its own card
    says it.

    Args:
        subject: The rule that was measured.
        name: To ship it under.
        measured: What goes into the card, beside the command that measured it.
        picture: What it grows.
    """
    path = SHIPPED / f"{name}.safetensors"
    before = describe_rule(path)["card"] if path.is_file() else {}
    kept = {"limits": before["limits"]} if "limits" in before else {}
    card = {**kept, **subject.card, "measured": {"by": command(), **measured}}
    save_rule(subject.rule, path, card, genomes=subject.genomes)
    pictures = published_folder().parent / "rules"
    pictures.mkdir(parents=True, exist_ok=True)
    light_picture(pictures / f"{name}.webp", picture)
    return path
