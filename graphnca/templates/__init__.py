"""Textures to train on: five drawn here, or any image of the user's."""

from .load import load_template as load_template
from .load import template_names as template_names

__all__ = [
    "load_template",
    "template_names",
]
