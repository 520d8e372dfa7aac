"""The thumbnails of published textures, and which of them a picture is nearest to."""

import os
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ..features import Patches
from ..picture_files import read_picture
from .subject import SubjectError
from .texture_meter import TextureMeter

SIDE = 128  # pixels of a thumbnail, one a cell, as in the demo of the article


class Thumbnails:
    """Pictures of several textures, each the one that its model is to show.

    Distances are the sliced transport between patches (`graphnca.features.Patches`) of pictures as they are seen:
    colours end at 0 and 1.

    Args:
        names: Of the models.
        picture: All thumbnails in rows, in the order of the names.
        side: Pixels along a side of each.

    Raises:
        SubjectError: The picture has no room for as many thumbnails as there are names, or for more.
    """

    def __init__(self, names: Sequence[str], picture: Image.Image, *, side: int = SIDE) -> None:
        corners = [(x, y) for y in range(0, picture.height, side) for x in range(0, picture.width, side)]
        if len(corners) != len(names) or picture.width % side or picture.height % side:
            raise SubjectError(
                f"{len(names)} thumbnails of {side} x {side} pixels are expected, one for each model, got a picture of "
                f"{picture.width} x {picture.height}."
            )
        crops = [picture.convert("RGB").crop((x, y, x + side, y + side)) for x, y in corners]
        self.pictures = dict(zip(names, crops, strict=True))
        self._meters = {name: TextureMeter(Patches(), _in_channels(crop)) for name, crop in self.pictures.items()}

    @classmethod
    def read(cls, names: Sequence[str], path: str | os.PathLike[str]) -> "Thumbnails":
        """Those of a picture file."""
        return cls(names, read_picture(path))

    def shares(self, name: str, images: Float[Tensor, "*b 3 h w"]) -> Float[Tensor, "*b"]:
        """How far images are from a model's thumbnail, in shares of an image in its mean colour everywhere."""
        return self._meters[name].shares(images.clamp(0, 1))

    def nearest(self, images: Float[Tensor, "b 3 h w"]) -> list[str]:
        """The model whose thumbnail each image is nearest to."""
        names = list(self.pictures)
        distances = torch.stack([self._meters[name](images.clamp(0, 1)) for name in names])
        return [names[number] for number in distances.argmin(0).tolist()]


def _in_channels(picture: Image.Image) -> Float[Tensor, "3 h w"]:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
