"""The arguments of `graphnca train` as a recipe of `graphnca.training.recipes`."""

import argparse
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..suggestions import suggestion
from ..targets import target_names
from ..templates import template_names
from ..training.recipes import RECIPES, PictureRecipe, SubstratesRecipe
from ..training.recipes.texture import TEMPLATE_SIZE, SeenRecipe
from .errors import UsageError
from .substrates import is_random

CHECKPOINTS = 60.0  # seconds between two
RENEWED = 40  # iterations between two new meshes of random cells: none is seen for long
SMALLER = 0.98  # a hexagonal lattice or a mesh may be so much smaller than it was asked for
COMMON = ("iterations", "batch_size", "rate", "size", "seed", "device", "threads")
OWN = ("regime", "features", "padding")  # not every recipe has them


def recipe_of(given: argparse.Namespace, folder: Path) -> SubstratesRecipe:
    """The recipe of a command line, in a folder.

    Raises:
        UsageError: If there is no such target, an option is another kind's, or numbers do not fit each other.
    """
    options = {name: {field.name for field in fields(kind)} for name, kind in RECIPES.items()}
    for option in OWN:
        if getattr(given, option) is not None and option not in options[given.kind]:
            kinds = " and ".join(sorted(name for name in RECIPES if option in options[name]))
            raise UsageError(f"--{option} is an option of --kind {kinds}, not of {given.kind}.")
    asked: dict[str, Any] = {name: getattr(given, name) for name in (*COMMON, *OWN) if getattr(given, name) is not None}
    kind = RECIPES[given.kind]
    if issubclass(kind, PictureRecipe):
        check_target(given.target)
        asked = {"padding": kind.usual_padding(given.size or kind.size), **asked, "target": given.target}
    else:
        check_template(given.target)
        asked["template"] = given.target
    asked["substrate"] = tuple(given.substrate)
    asked["renew_every"] = RENEWED if any(map(is_random, given.substrate)) else 0
    try:
        recipe = kind(**asked, snapshot_every=0, checkpoint_seconds=CHECKPOINTS, out=str(folder)).shortened()
        recipe.config()
        if isinstance(recipe, SeenRecipe):
            check_features(recipe.seeing, recipe.size)
        _ = recipe.shape  # reads a picture
    except (ValueError, FileNotFoundError) as error:
        raise UsageError(str(error)) from error
    return recipe


def check_target(text: str) -> None:
    """Whether there is a picture that is to grow.

    Raises:
        UsageError: If there is none of that name, or no such file.
    """
    if Path(text).is_file() or text in target_names():
        return
    if text in template_names():
        raise UsageError(f"{text!r} is a texture, which nothing grows from a single cell: add --kind texture.")
    raise UsageError(
        f"there is no target {text!r}.{suggestion(text, target_names())} Expected a picture with a transparent "
        f"background, or one of {', '.join(target_names())}."
    )


def check_template(text: str) -> None:
    """Whether there is a texture that is to be made.

    Raises:
        UsageError: If there is none of that name, or no such file.
    """
    if not Path(text).is_file() and text not in template_names():
        raise UsageError(
            f"there is no template {text!r}.{suggestion(text, template_names())} Expected any picture, or one of "
            f"{', '.join(template_names())}."
        )


def check_features(features: nn.Module, side: int) -> None:
    """Whether features see at all their scales what is so many units across, and not only the template.

    Raises:
        UsageError: If not.
    """
    if _maps(features, math.floor(side * SMALLER)) != _maps(features, TEMPLATE_SIZE):
        raise UsageError(f"--size must leave room for all scales of the features, got {side}; 64 does.")


def _maps(features: nn.Module, side: int) -> int:
    """How many maps the features make of an image; 0 if it is too small for any."""
    try:
        with torch.no_grad():
            return len(features(torch.zeros(1, 3, side, side)))
    except (ValueError, RuntimeError):
        return 0
