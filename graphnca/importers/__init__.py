"""Published model files, read into `NCAConv`: the weights of others' demos run on every substrate."""

from .growing_demo import load_growing_demo as load_growing_demo
from .isonca_demo import load_isonca_demo as load_isonca_demo
from .published import load_published as load_published
from .texture_demo import load_texture_demo as load_texture_demo
from .texture_demo import texture_demo_names as texture_demo_names
from .texture_pytorch import load_texture_pytorch as load_texture_pytorch

__all__ = [
    "load_growing_demo",
    "load_isonca_demo",
    "load_published",
    "load_texture_demo",
    "load_texture_pytorch",
    "texture_demo_names",
]
