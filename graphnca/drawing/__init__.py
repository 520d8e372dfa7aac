"""States as pictures: cells in their true shape, images, animations, montages, curves."""

from .animation import save_animation as save_animation
from .cells import CellCanvas as CellCanvas
from .cells import draw_cells as draw_cells
from .curves import draw_curves as draw_curves
from .images import save_image as save_image
from .images import to_picture as to_picture
from .images import to_rgb as to_rgb
from .montage import montage as montage

__all__ = [
    "CellCanvas",
    "draw_cells",
    "draw_curves",
    "montage",
    "save_animation",
    "save_image",
    "to_picture",
    "to_rgb",
]
