"""Pictures of states: cells of any substrate to pixels, differentiable and batched."""

from .barycentric import Barycentric as Barycentric
from .camera import Camera as Camera
from .nearest import NearestCell as NearestCell
from .surface_texture import SurfaceTexture as SurfaceTexture
from .surface_view import SurfaceView as SurfaceView
from .tangent_patch import TangentPatch as TangentPatch
from .tangent_patches import TangentPatches as TangentPatches
from .texture_atlas import TextureAtlas as TextureAtlas

__all__ = [
    "Barycentric",
    "Camera",
    "NearestCell",
    "SurfaceTexture",
    "SurfaceView",
    "TangentPatch",
    "TangentPatches",
    "TextureAtlas",
]
