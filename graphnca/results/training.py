"""Trainings of scripts: from a command line of their own, or because an experiment needs the rule."""

import json
from pathlib import Path

from ..rules import describe_rule
from ..training import DivergedError, LostProcessError
from ..training.config import describe
from ..training.progress import RULE, UNFINISHED
from ..training.recipes import Recipe, Sampler
from .options import from_command_line
from .result import command


def train_from_command_line(kind: type[Recipe], description: str | None, sampler: Sampler) -> None:
    """Reads a recipe from the command line and trains, or goes on with it.

    Args:
        kind: The recipe; its fields are the options.
        description: What the script does; its docstring.
        sampler: Brings the substrates, such as `topologies.sampled_torus`.

    Raises:
        SystemExit: If an option cannot be, the training diverges, or another process of the run is lost, with what to
            do.
    """
    try:
        recipe = from_command_line(kind, description)
        recipe.config()
    except ValueError as error:
        raise SystemExit(str(error)) from error
    try:
        recipe.train(sampler, command())
    except (DivergedError, LostProcessError) as error:
        raise SystemExit(str(error)) from error


def trained(recipe: Recipe, sampler: Sampler) -> Path:
    """The folder of a recipe's training, which is carried out, or goes on, where it has not ended yet.

    Args:
        recipe: What an experiment asks for.
        sampler: Brings the substrates.

    Raises:
        SystemExit: If another training is there, of another length, size or picture.
    """
    folder = Path(recipe.out)
    card = describe_rule(folder / RULE)["card"] if (folder / RULE).is_file() else None
    if card is not None:
        there = {**card, **card.get("configuration", {})}
        asked = json.loads(json.dumps({**recipe.card(), **describe(recipe.config())}))
        others = [
            f"{name} {there.get(name)!r}, not {value!r}" for name, value in asked.items() if there.get(name) != value
        ]
        if others:
            raise SystemExit(
                f"{folder} holds a training with {'; '.join(others)}. Give another folder with --out, or delete it."
            )
    if card is None or UNFINISHED in card:
        recipe.train(sampler, command())
    return folder
