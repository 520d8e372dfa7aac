"""States as pictures: cells in their true shape, images, animations, montages, curves."""

from graphnca.drawing.animation import save_animation as save_animation
from graphnca.drawing.cells import CellCanvas as CellCanvas
from graphnca.drawing.cells import draw_cells as draw_cells
from graphnca.drawing.curves import draw_curves as draw_curves
from graphnca.drawing.images import save_image as save_image
from graphnca.drawing.images import to_picture as to_picture
from graphnca.drawing.images import to_rgb as to_rgb
from graphnca.drawing.montage import montage as montage

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
