"""A published model file of any of the known formats."""

import os
import zipfile
from pathlib import Path

from ..arguments import checked
from ..layers import NCAConv
from .decoding import PublishedFileError, read_json
from .growing_demo import load_growing_demo
from .isonca_demo import load_isonca_demo
from .npz import arrays_of_npz, holds_arrays
from .texture_demo import load_texture_demo
from .texture_pytorch import load_texture_pytorch

PICKLE = b"\x80"  # how a pickle of protocol 2 and later begins; no JSON text does


@checked
def load_published(path: str | os.PathLike[str], model: str | int = 0) -> NCAConv:
    """Read a published model file, whichever of the four formats it has.

    Args:
        path: A file for `load_isonca_demo`, `load_growing_demo`, `load_texture_demo` or `load_texture_pytorch`; its
            content decides.
        model: Which model of a texture atlas; the other formats hold one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has none of the formats, or is damaged.
    """
    if Path(path).is_file() and holds_arrays(path):
        return load_texture_pytorch(path) if _is_texture(path) else load_isonca_demo(path)
    if Path(path).is_file() and _is_of_torch(path):
        return load_texture_pytorch(path)
    content = read_json(path)
    if isinstance(content, list):
        return load_growing_demo(path)
    if isinstance(content, dict) and "layers" in content:
        return load_texture_demo(path, model)
    if isinstance(content, dict) and "w1" in content:
        return load_isonca_demo(path)
    raise PublishedFileError(
        f"{path} must be a model file of the IsoNCA demo ('w1', 'b1', 'w2'), the Growing NCA demo (a list of two "
        f"layers), the texture demo ('model_names', 'layers') or the texture notebook (a state dict), got "
        f"{type(content).__name__}{' ' + str(sorted(content)) if isinstance(content, dict) else ''}."
    )


def _is_texture(path: str | os.PathLike[str]) -> bool:
    """Whether the arrays w1 and w2 of an archive are a texture's: four bands a channel, and w2 (channels, hidden)."""
    arrays = arrays_of_npz(path, {"w1": 2, "w2": 2})
    hidden, perceived = arrays["w1"].shape
    return arrays["w2"].shape == (perceived // 4, hidden)


def _is_of_torch(path: str | os.PathLike[str]) -> bool:
    """Whether `torch.save` wrote a file: an archive, or, as it did before, a bare pickle."""
    if zipfile.is_zipfile(path):
        return True
    with Path(path).open("rb") as file:
        return file.read(len(PICKLE)) == PICKLE
