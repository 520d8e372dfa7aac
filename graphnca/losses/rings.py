"""Sharpened polar images of many samples at once."""

import math

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array, identity
from torch import Tensor

from ..rasterizers.polar import Polar
from ..rasterizers.sampling import Sampling
from ..rasterizers.sparse_map import SparseMap
from .sharpening import sharpening_matrix


class Rings:
    """Values of pixels, or of cells that are drawn first, on rings: (..., N, C) -> (A, R, B, C), B samples in all.

    Drawing, sharpening and polar sampling are linear, so they are two sparse products: one that leads to the sharpened
    pixels which the rings touch, and one from there to the rings. (Their own product would have twice as many entries
    as both together.) Angles come first and samples late, so that turning the rings moves whole blocks and every weight
    serves all samples.

    Args:
        polar: Where the samples of the rings lie in the image.
        sharpen: Whether the image is sharpened first.
        drawing: Draws cells; without it, values are those of the image's pixels, row by row.
    """

    def __init__(self, polar: Polar, *, sharpen: bool, drawing: Sampling | None = None) -> None:
        self.num_rings, self.num_angles = polar.sampling.height, polar.sampling.width
        order = np.arange(self.num_rings * self.num_angles).reshape(self.num_rings, self.num_angles).T.flatten()
        sample = csr_array(polar.sampling.map.matrix[order])
        if not sharpen and drawing is None:
            self.maps = (SparseMap(sample),)
            return
        touched = np.unique(sample.indices)
        size = polar.height * polar.width
        image = sharpening_matrix(polar.height, polar.width) if sharpen else csr_array(identity(size))
        pixels = image[touched] if drawing is None else image[touched] @ drawing.map.matrix
        self.maps = (SparseMap(pixels), SparseMap(sample[:, touched]))

    def __call__(self, values: Float[Tensor, "*b n c"]) -> Float[Tensor, "a r s c"]:
        """Return the rings of all samples, whatever their leading axes."""
        *batch, num_rows, channels = values.shape
        samples = math.prod(batch)
        columns = values.reshape(samples, num_rows, channels).transpose(0, 1).reshape(num_rows, samples * channels)
        for sparse_map in self.maps:
            columns = sparse_map(columns)
        return columns.view(self.num_angles, self.num_rings, samples, channels)
