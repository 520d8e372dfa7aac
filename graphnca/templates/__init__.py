"""Textures to train on: drawn here, some of them with depth, or any image of the user's."""

from .load import load_material as load_material
from .load import load_template as load_template
from .load import material_names as material_names
from .load import template_names as template_names
from .relief import DEEPEST as DEEPEST

__all__ = [
    "DEEPEST",
    "load_material",
    "load_template",
    "material_names",
    "template_names",
]
