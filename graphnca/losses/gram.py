"""Which features occur together in an image: the Gram matrix of its maps."""

from jaxtyping import Float
from torch import Tensor


def gram_matrix(maps: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c c"]:
    """Mean over the pixels of a a^T, with a the features at a pixel (Gatys, Ecker and Bethge 2015).

    It does not change where pixels change places, and does not grow with the image.
    """
    pixels = maps.flatten(2)
    return pixels @ pixels.transpose(1, 2) / pixels.shape[2]


def gram_distance(maps: Float[Tensor, "b c h w"], target: Float[Tensor, "c c"]) -> Float[Tensor, " b"]:
    """Mean over the entries of (Gram matrix - target)^2, one value per sample (texture notebook in TensorFlow)."""
    return (gram_matrix(maps) - target).square().mean((1, 2))
