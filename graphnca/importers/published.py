"""A published model file of any of the known formats."""

import os
import zipfile
from pathlib import Path

from ..layers import NCAConv
from .decoding import PublishedFileError, read_json
from .growing_demo import load_growing_demo
from .isonca_demo import load_isonca_demo
from .texture_demo import load_texture_demo


def load_published(path: str | os.PathLike[str], model: str | int = 0) -> NCAConv:
    """Read a published model file, whichever of the three formats it has.

    Args:
        path: A file for `load_isonca_demo`, `load_growing_demo` or `load_texture_demo`; its content decides.
        model: Which model of a texture atlas; the other formats hold one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has none of the formats, or is damaged.
    """
    if Path(path).is_file() and zipfile.is_zipfile(path):
        return load_isonca_demo(path)
    content = read_json(path)
    if isinstance(content, list):
        return load_growing_demo(path)
    if isinstance(content, dict) and "layers" in content:
        return load_texture_demo(path, model)
    if isinstance(content, dict) and "w1" in content:
        return load_isonca_demo(path)
    raise PublishedFileError(
        f"{path} must be a model file of the IsoNCA demo ('w1', 'b1', 'w2'), the Growing NCA demo (a list of two "
        f"layers) or the texture demo ('model_names', 'layers'), got {type(content).__name__}"
        f"{' ' + str(sorted(content)) if isinstance(content, dict) else ''}."
    )
