"""The published trainings: the options of each, its numbers, and the world that its rule lives in.

A recipe knows nothing of how a substrate is made; whoever trains brings a `Sampler`. `graphnca train` offers those of
`RECIPES`; the scripts of `experiments/` stand on them, or on `Recipe` where their world is a special one. A new recipe
is a class in a file, and its line here.
"""

from .growing import REGIMES as REGIMES
from .growing import GrowingRecipe as GrowingRecipe
from .isonca import IsoNCARecipe as IsoNCARecipe
from .picture import PictureRecipe as PictureRecipe
from .recipe import Recipe as Recipe
from .recipe import Sampler as Sampler
from .recipe import SubstratesRecipe as SubstratesRecipe
from .texture import TextureRecipe as TextureRecipe

RECIPES: dict[str, type[SubstratesRecipe]] = {
    "isonca": IsoNCARecipe,
    "growing": GrowingRecipe,
    "texture": TextureRecipe,
}
"""The published trainings by name, for the command line and for experiments."""

__all__ = [
    "RECIPES",
    "REGIMES",
    "GrowingRecipe",
    "IsoNCARecipe",
    "PictureRecipe",
    "Recipe",
    "Sampler",
    "SubstratesRecipe",
    "TextureRecipe",
]
