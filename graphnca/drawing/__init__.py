"""States as pictures: cells in their true shape, images, animations, montages, curves."""

from .animation import save_animation as save_animation
from .baking import bake_surface as bake_surface
from .cells import CellCanvas as CellCanvas
from .cells import draw_cells as draw_cells
from .curves import draw_curves as draw_curves
from .images import save_image as save_image
from .images import to_picture as to_picture
from .images import to_rgb as to_rgb
from .montage import montage as montage
from .surface import SurfaceCanvas as SurfaceCanvas
from .surface import draw_surface as draw_surface
from .surface_files import save_surface as save_surface
from .turntable import turntable as turntable

__all__ = [
    "CellCanvas",
    "SurfaceCanvas",
    "bake_surface",
    "draw_cells",
    "draw_curves",
    "draw_surface",
    "montage",
    "save_animation",
    "save_image",
    "save_surface",
    "to_picture",
    "to_rgb",
    "turntable",
]
