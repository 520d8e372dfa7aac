"""Features that need no weights: oriented filters at several scales, and the same filters on what they find."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ..arguments import checked

TAPS = 7  # rows and columns of a filter
WAVELENGTH = 4.0  # pixels: stripes two pixels wide, the finest that every orientation shows alike
SIGMA = 1.6  # pixels: of the window, about one and a half wavelengths wide
BLUR = (1.0, 4.0, 6.0, 4.0, 1.0)  # Burt and Adelson 1983: before every other pixel is left out
COLOURS = (  # brightness, and two differences that it does not contain
    (1 / math.sqrt(3), 1 / math.sqrt(3), 1 / math.sqrt(3)),
    (1 / math.sqrt(2), 0.0, -1 / math.sqrt(2)),
    (1 / math.sqrt(6), -2 / math.sqrt(6), 1 / math.sqrt(6)),
)
SOFTNESS = 1e-3  # of the amplitude near 0, whose gradient would otherwise have no limit


class FilterBank(nn.Module):
    """Wavelet responses of an image and of its own responses: images in [0, 1] -> two maps a scale, and the image.

    At each of `scales` scales, every one half the size of the one before:

    1. pairs of an even and an odd Gabor filter (wavelength 4 pixels) in `orientations` directions look at the
       brightness and at two differences of colours; a response becomes two channels, its positive and its negative
       part;
    2. the brightness pairs' amplitudes sqrt(even^2 + odd^2), blurred and halved, are looked at by the same filters, and
       the amplitudes of these responses are the second map: how what lies in one direction is arranged, as
       stripes or as a checkerboard (a scattering transform of second order, Bruna and Mallat 2013).

    The borders wrap around, as those of a torus. Nothing is random, nothing is trained.

    Args:
        scales: How many. The coarser ones see an image that is small against their wavelength as often as it repeats.
        orientations: Directions of the filters, over half a turn.

    Shape:
        images (B, 3, H, W) -> the image (B, 3, H, W) less 1/2, then for each scale s, with sizes rounded up,
        (B, 12 K, H/2^s, W/2^s) and (B, K^2, H/2^(s+1), W/2^(s+1)), K orientations.

    Raises:
        ValueError: Fewer than one scale or orientation.
    """

    colours: Tensor
    filters: Tensor
    coloured: Tensor
    blur: Tensor

    @checked
    def __init__(self, scales: int = 4, orientations: int = 8) -> None:
        super().__init__()
        for name, value in (("scales", scales), ("orientations", orientations)):
            if value < 1:
                raise ValueError(f"`{name}` must be at least 1, got {value}.")
        self.scales, self.orientations = scales, orientations
        self.description = f"fixed filters, {scales} scales, {orientations} orientations (no trained weights)"
        filters = gabor_pairs(orientations)
        colours = torch.tensor(COLOURS, dtype=torch.float64)
        coloured = torch.einsum("ac,fhw->afchw", colours, filters).flatten(0, 1)
        taps = torch.tensor(BLUR, dtype=torch.float64)
        blur = taps[:, None] * taps / taps.sum() ** 2
        dtype = torch.get_default_dtype()
        self.register_buffer("coloured", coloured.to(dtype), persistent=False)
        self.register_buffer("filters", filters[:, None].to(dtype), persistent=False)
        self.register_buffer("blur", blur[None, None].to(dtype), persistent=False)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Return the maps of all scales.

        Raises:
            ValueError: Images of another shape.
        """
        if images.ndim != 4 or images.shape[1] != 3 or images.numel() == 0 or not images.is_floating_point():
            raise ValueError(
                f"`images` must be float images (B, 3, H, W), got {images.dtype} of shape {tuple(images.shape)}."
            )
        level = (images.to(self.filters.dtype) - 0.5).contiguous(memory_format=torch.channels_last)
        maps = [level]
        for scale in range(self.scales):
            if scale:
                level = self._halved(level)
            responses = functional.conv2d(_wrapped(level, TAPS // 2), self.coloured)
            maps.append(torch.cat([responses, -responses], 1).relu())
            amplitudes = self._halved(_amplitude(responses[:, : 2 * self.orientations]))
            maps.append(self._arrangement(amplitudes))
        return maps

    def extra_repr(self) -> str:
        """What `print` shows of the module."""
        return f"scales={self.scales}, orientations={self.orientations}"

    def _arrangement(self, amplitudes: Float[Tensor, "b k h w"]) -> Float[Tensor, "b kk h w"]:
        """Amplitudes of the filters' responses to each amplitude."""
        batch, count, height, width = amplitudes.shape
        single = amplitudes.reshape(batch * count, 1, height, width)
        found = _amplitude(functional.conv2d(_wrapped(single, TAPS // 2), self.filters))
        return found.reshape(batch, count * self.orientations, height, width)

    def _halved(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        batch, channels, height, width = x.shape
        single = _wrapped(x.reshape(batch * channels, 1, height, width), len(BLUR) // 2)
        small = functional.conv2d(single, self.blur, stride=2)
        return small.reshape(batch, channels, *small.shape[2:])


def gabor_pairs(orientations: int) -> Float[Tensor, "f h w"]:
    """Even and odd filters (2 K, 7, 7) in float64: cosine and sine of the wavelength in a Gaussian window.

    First the even, then the odd ones; each without response to a constant image, and of norm 1. Filter k of a kind
    responds to stripes across the direction (cos, sin) of k pi / K, from x towards y.
    """
    offsets = torch.arange(TAPS, dtype=torch.float64) - TAPS // 2
    angles = torch.arange(orientations, dtype=torch.float64)[:, None, None] * math.pi / orientations
    along = offsets * angles.cos() + offsets[:, None] * angles.sin()
    window = torch.exp(-(offsets**2 + offsets[:, None] ** 2) / (2 * SIGMA**2))
    filters = []
    for wave in (torch.cos, torch.sin):
        kernel = wave(2 * math.pi / WAVELENGTH * along) * window
        kernel = kernel - window * (kernel.sum((1, 2)) / window.sum())[:, None, None]
        filters.append(kernel / kernel.square().sum((1, 2), keepdim=True).sqrt())
    return torch.cat(filters)


def _amplitude(responses: Float[Tensor, "b pairs h w"]) -> Float[Tensor, "b k h w"]:
    even, odd = responses.chunk(2, 1)
    return (even.square() + odd.square() + SOFTNESS**2).sqrt()


def _wrapped(x: Tensor, margin: int) -> Tensor:
    """The images with a margin of what follows on a torus, however small it is."""
    if min(x.shape[2:]) >= margin:
        return functional.pad(x, (margin, margin, margin, margin), mode="circular")
    rows, columns = (torch.arange(-margin, size + margin, device=x.device) % size for size in x.shape[2:])
    return x[:, :, rows[:, None], columns]
