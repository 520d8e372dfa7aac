"""Rewards what excites one channel of a network (feature visualisation)."""

from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import at_least, checked
from .compared_images import Rasterizer, seen_images
from .texture import OFFSET

RGB = 3
OVERFLOW_WEIGHT = 1e4  # texture notebook in TensorFlow, 2021


class ActivationLoss(nn.Module):
    """Minus the mean activation of a channel, plus what the colours cost beyond black and white; one value per sample.

        -mean(a) + overflow_weight * mean((rgb - clip(rgb, 0, 1))^2)

    with means over the positions of the layer's map, and over pixels and colours. The network is shown the image as it
    is, not the clipped one. After Olah et al., "Feature Visualization" (Distill 2017), as in Niklasson et al.,
    "Self-Organising Textures" (Distill 2021), where the network is `graphnca.features.InceptionV1`. Activations have no
    common scale: with another network than that one, choose the weight so that the activation counts for something
    beside the colours.

    Args:
        features: Maps images (B, 3, H, W) in [0, 1] to maps (B, C, H_l, W_l): a list of them, or a dictionary by the
            layers' names. Where the module can give any layer by name (`giving`, as `VGG16` and `InceptionV1`), it is
            computed no deeper than needed. Its parameters stay as they are.
        layer: Which map: its name, or its place in the list.
        channel: Which of its channels, from 0 on.
        rasterizer: Maps states (..., N, C) to images (..., C, H, W). With it, the loss takes states, of which the first
            three channels + `offset` are red, green and blue.
        offset: Added to the states' channels. Without a rasterizer it is not used.
        overflow_weight: Of the colours' term.

    Raises:
        ValueError: A channel below 0, a weight that is negative or not finite.
    """

    @checked
    def __init__(
        self,
        features: nn.Module,
        layer: str | int,
        channel: int,
        *,
        rasterizer: Rasterizer | None = None,
        offset: float = OFFSET,
        overflow_weight: float = OVERFLOW_WEIGHT,
    ) -> None:
        super().__init__()
        at_least(0, channel=channel, overflow_weight=overflow_weight)
        giving: Callable[[tuple[str]], nn.Module] | None = getattr(features, "giving", None)
        self.features = giving((layer,)) if giving is not None and isinstance(layer, str) else features
        self.layer, self.channel = layer, channel
        self.place: str | int = 0 if self.features is not features else layer
        self.rasterizer, self.offset, self.overflow_weight = rasterizer, offset, overflow_weight

    def forward(self, images: Float[Tensor, "..."]) -> Float[Tensor, "*b"]:
        """Return one loss per sample of images (..., 3, H, W), or of states (..., N, C) where there is a rasterizer.

        Raises:
            ValueError: Images of another shape, a layer or a channel that the features do not have.
        """
        images = seen_images(images, self.rasterizer, RGB, self.offset)
        excess = images - images.clamp(0.0, 1.0)
        return self.overflow_weight * excess.square().mean((-3, -2, -1)) - self._mean_of(images)

    def activation(self, images: Float[Tensor, "..."], *, clipped: bool = True) -> Float[Tensor, "*b"]:
        """Return the mean activation of the channel alone, of the image as it is shown: with colours in [0, 1].

        Args:
            images: As of `forward`.
            clipped: Otherwise of the image as it is.
        """
        images = seen_images(images, self.rasterizer, RGB, self.offset)
        return self._mean_of(images.clamp(0.0, 1.0) if clipped else images)

    def _mean_of(self, images: Tensor) -> Float[Tensor, "*b"]:
        maps = self._map(self.features(images.reshape(-1, *images.shape[-3:])))
        if self.channel >= maps.shape[1]:
            raise ValueError(
                f"`channel` must be one of the {maps.shape[1]} of layer {self.layer!r}, got {self.channel}."
            )
        return maps[:, self.channel].mean((-2, -1)).reshape(images.shape[:-3]).to(images.dtype)

    def _map(self, maps: Any) -> Tensor:
        known = list(maps) if isinstance(maps, Mapping) else list(range(len(maps)))
        if self.place not in known:
            raise ValueError(f"`layer` must be one of {known} for these features, got {self.layer!r}.")
        return maps[self.place]
