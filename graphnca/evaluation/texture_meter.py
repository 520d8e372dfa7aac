"""What pictures of textures are measured by: sliced transport to a template, in the same directions for all of them."""

from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ..losses import TextureLoss

DIRECTIONS_SEED = 2021  # of the directions of the measured sliced transport: the same for every rule and substrate
LEAST = 1e-6  # of a loss that others are divided by
BATCH = 8  # pictures whose features are in memory at once


class TextureMeter:
    """The published sliced-transport loss of pictures, with 32 directions that are drawn once.

    A training draws directions anew at each call, so two of its values differ by what was drawn; here every picture of
    every substrate is measured in the same ones. The loss is a sum over directions and pixels: pictures that are
    compared must be of one size.

    Args:
        features: What sees the pictures.
        template: (3, H, W) in [0, 1].
    """

    def __init__(self, features: nn.Module, template: Float[Tensor, "3 h w"]) -> None:
        self.features = features
        self.template = template
        self.loss = TextureLoss(features, template)

    @torch.no_grad()
    def __call__(self, images: Float[Tensor, "*b 3 h w"]) -> Float[Tensor, "*b"]:
        """One loss for each picture (..., 3, H, W)."""
        parts = images.reshape(-1, *images.shape[-3:]).split(BATCH)
        losses = [self.loss(part, generator=torch.Generator().manual_seed(DIRECTIONS_SEED)) for part in parts]
        return torch.cat(losses).view(images.shape[:-3])

    def shares(self, images: Float[Tensor, "*b 3 h w"]) -> Float[Tensor, "*b"]:
        """The losses in shares of that of an image of their size in the template's mean colour everywhere.

        A template of one colour has no such loss: of it they are finite, but no shares.
        """
        return self(images) / self(self._one_colour(*images.shape[-2:])).clamp_min(LEAST)

    def _one_colour(self, height: int, width: int) -> Float[Tensor, "3 h w"]:
        return self.template.mean((1, 2), keepdim=True).expand(-1, height, width)

    @cached_property
    def half(self) -> "TextureMeter":
        """Measures pictures of half as many pixels each way, by the template averaged over 2x2 pixels.

        At one pixel a unit the first layers see every cell's own outline, which only squares in rows share with the
        template's pixels; at two units a pixel they see what several cells make together.
        """
        return TextureMeter(self.features, halved(self.template))

    def scale(self, size: int) -> dict[str, Any]:
        """Losses between which those of a picture of `size` x `size` pixels lie, to read the others by.

        `"pieces of the template"` are the losses of its four corners, in the size of the pictures: no texture that
        varies as much from place to place can have less. `"one colour"` is that of its mean colour everywhere.
        """
        height, width = self.template.shape[1:]
        tall, wide = min(size, height), min(size, width)
        corners = [(top, left) for top in (0, height - tall) for left in (0, width - wide)]
        pieces = torch.stack([self.template[:, top : top + tall, left : left + wide] for top, left in corners])
        return {
            "pieces of the template": [round(value, 1) for value in self(pieces).tolist()],
            "one colour": round(float(self(self._one_colour(tall, wide))), 1),
        }


def halved(images: Float[Tensor, "*b 3 h w"]) -> Float[Tensor, "*b 3 h//2 w//2"]:
    """The means over 2x2 pixels."""
    flat = images.reshape(-1, *images.shape[-3:])
    return avg_pool2d(flat, 2).reshape(*images.shape[:-2], images.shape[-2] // 2, images.shape[-1] // 2)
