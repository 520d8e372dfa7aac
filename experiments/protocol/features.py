"""The features of a texture loss, as a command line names them."""

from torch import nn

from graphnca.features import load_features
from graphnca.features.named import PRECISIONS


def precision_of(text: str) -> str:
    """What `--precision` asks for, if it is known."""
    if text not in PRECISIONS:
        raise SystemExit(f"--precision: expected one of {sorted(PRECISIONS)}, got {text!r}.")
    return text


def features_of(text: str = "vgg16", *, dtype: str = "float32") -> nn.Module:
    """The feature module that `--features` asks for."""
    return load_features(text, precision=dtype)
