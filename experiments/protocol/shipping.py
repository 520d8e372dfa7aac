"""A measured rule becomes a shipped one."""

import shutil
from pathlib import Path
from typing import Any

import graphnca
from graphnca import load_rule, save_rule
from graphnca.results.result import command
from graphnca.rules import describe_rule, load_genomes

RULES = Path(graphnca.__file__).parent / "rules"
PICTURES = Path(__file__).parents[2] / "docs" / "rules"


def ship(name_or_path: str, name: str, measured: dict[str, Any], picture: str | Path) -> Path:
    """Saves a rule with its genomes among the shipped ones, what was measured in its card, its picture in the docs.

    Args:
        name_or_path: The rule that was measured.
        name: To ship it under.
        measured: What goes into the card, beside the command that measured it.
        picture: A PNG file.
    """
    card = {**describe_rule(name_or_path)["card"], "measured": {"by": command(), **measured}}
    path = RULES / f"{name}.safetensors"
    save_rule(load_rule(name_or_path), path, card, genomes=load_genomes(name_or_path))
    PICTURES.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(picture, PICTURES / f"{name}.png")
    return path
