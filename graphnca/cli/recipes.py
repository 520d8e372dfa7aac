"""The arguments of `graphnca train` as a recipe of `graphnca.training.recipes`."""

import argparse
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..evaluation.subject import Subject
from ..suggestions import suggestion
from ..targets import Looked, look_at, target_names
from ..templates import material_names, template_names
from ..training.recipes import RECIPES, PictureRecipe, SubstratesRecipe
from ..training.recipes.texture import TEMPLATE_SIZE, SeenRecipe
from .errors import UsageError
from .substrates import is_random

CHECKPOINTS = 60.0  # seconds between two
RENEWED = 40  # iterations between two new meshes of random cells: none is seen for long
SMALLER = 0.98  # a hexagonal lattice or a mesh may be so much smaller than it was asked for
MINUTES = 30.0  # that a training takes at most, where neither these nor its iterations are given
PATIENCE = 1000  # iterations without progress after which it ends then
PICTURE = "target.png"  # in the folder of a training: the picture as it was seen
PADDING = 16  # pixels around a larger picture too: what grows beyond them is cheap to unlearn
COMMON = ("iterations", "batch_size", "rate", "size", "seed", "device", "threads", "minutes", "precision")
OWN = ("regime", "cut", "features", "padding", "background", "maps", "motion")  # not every recipe has them


def kind_of(target: str) -> str:
    """The recipe for a target, where none is asked for: a texture for a template, else one that grows upright.

    An isotropic rule takes many times as long, and is asked for by those who want its patterns in any orientation.
    """
    is_template = target in template_names() and target not in target_names() and not Path(target).is_file()
    return "texture" if is_template else "growing"


def kind_of_rule(subject: Subject) -> str:
    """The recipe by which a rule goes on, where none is asked for."""
    if subject.is_texture:
        return "texture"
    return "growing" if subject.rule.perception.uses_gradient else "isonca"


def recipe_of(given: argparse.Namespace, folder: Path) -> tuple[SubstratesRecipe, Looked | None]:
    """The recipe of a command line, in a folder, and what was seen in its picture; of a texture nothing.

    Raises:
        UsageError: If there is no such target, an option is another kind's, or numbers do not fit each other.
    """
    looked = None
    options = {name: {field.name for field in fields(kind)} for name, kind in RECIPES.items()}
    options = {name: own | ({"background"} if "padding" in own else set()) for name, own in options.items()}
    for option in OWN:
        if getattr(given, option) is not None and option not in options[given.kind]:
            kinds = " and ".join(sorted(name for name in RECIPES if option in options[name]))
            raise UsageError(f"--{option} is an option of --kind {kinds}, not of {given.kind}.")
    said = {name: getattr(given, name) for name in (*COMMON, *OWN) if getattr(given, name) is not None}
    asked: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    background = asked.pop("background", None)
    if given.iterations is None:
        asked = {"minutes": MINUTES, "patience": PATIENCE, **asked}
    kind = RECIPES[given.kind]
    if issubclass(kind, PictureRecipe):
        check_target(given.target)
        looked = _looked_at(given.target, background)
        seen = of_picture(looked, kind, given.size, given.target if given.target in target_names() else "", folder)
        asked = {name: value for name, value in seen.items() if name in options[given.kind]} | asked
    else:
        check_template(given.target, maps=bool(given.maps))
        asked["template"] = given.target
    asked["substrate"] = tuple(given.substrate)
    asked["renew_every"] = RENEWED if any(map(is_random, given.substrate)) else 0
    try:
        recipe = kind(**asked, snapshot_every=0, checkpoint_seconds=CHECKPOINTS, out=str(folder)).shortened()
        recipe.config()
        if isinstance(recipe, SeenRecipe):
            check_features(recipe.seeing, recipe.size)
        if isinstance(recipe, PictureRecipe) and looked is not None:
            recipe = recipe.of_image(looked.target(recipe.size, recipe.padding))
        _ = recipe.shape  # reads a picture
    except (ValueError, FileNotFoundError) as error:
        raise UsageError(str(error)) from error
    return recipe, looked


def _looked_at(target: str, background: str | None) -> Looked:
    try:
        return look_at(target, background=background)
    except ValueError as error:
        raise UsageError(str(error).replace("`background`", "--background")) from error


def of_picture(looked: Looked, kind: type[PictureRecipe], size: int | None, name: str, folder: Path) -> dict[str, Any]:
    """What a picture suggests for a recipe's options; of a file it is the copy in the folder that is the target."""
    side = size or looked.size or kind.size
    return {
        "target": name or str(folder / PICTURE),
        "size": side,
        "padding": min(PADDING, kind.usual_padding(side)),
        "seed_at": looked.seed_at,
        "auxiliary": looked.auxiliary,
    }


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
        f"there is no target {text!r}.{suggestion(text, target_names())} Expected the file of a picture, "
        f"or one of {', '.join(target_names())}."
    )


def check_template(text: str, *, maps: bool = False) -> None:
    """Whether there is a texture that is to be made, with maps if they are asked for.

    Raises:
        UsageError: If there is none of that name, or no such file.
    """
    if maps and text not in material_names():
        raise UsageError(
            f"--maps needs a template with height and roughness ({', '.join(material_names())}), not {text}."
        )
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
