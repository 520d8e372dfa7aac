"""Feature modules: images (B, 3, H, W) in [0, 1] to a list of maps (B, C, H, W), for texture losses to compare."""

from .filter_bank import FilterBank as FilterBank
from .inception import InceptionV1 as InceptionV1
from .inception import load_inception as load_inception
from .named import load_features as load_features
from .patches import Patches as Patches
from .vgg import VGG16 as VGG16
from .vgg import layer_names as layer_names
from .vgg_files import WeightsFileError as WeightsFileError
from .vgg_files import load_vgg16 as load_vgg16

__all__ = [
    "VGG16",
    "FilterBank",
    "InceptionV1",
    "Patches",
    "WeightsFileError",
    "layer_names",
    "load_features",
    "load_inception",
    "load_vgg16",
]
