"""Distance to a texture: not where things are, but what there is."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import at_least, checked
from ..features.vgg import Statistic
from .compared_images import Rasterizer, check_target, seen_images
from .gram import gram_distance, gram_matrix
from .sliced_transport import random_directions, sliced_transport

NUM_DIRECTIONS = 32  # texture notebook in PyTorch, 2022
COLOURS = (0, 1, 2)  # channels: red, green and blue
FAINTEST = 1e-6  # of the largest layer's energy: below it lies what rounding leaves where a template has nothing
OFFSET = 0.5  # the same notebook: an image is the first three channels + 0.5


class TextureLoss(nn.Module):
    """How far an image's features are, wherever they lie in it, from those of a template; one value per sample.

    Features are maps of several layers; the layers' terms are added. Statistics:

    - `"sliced_ot"` (texture notebook in PyTorch, 2022): the sum over 32 random directions and all pixels of the squared
      distance that features must be moved along the direction, `graphnca.losses.sliced_transport`. Directions are drawn
      anew at each call and for each layer, the same for the whole batch. The values of a batch add up to the published
      loss. It grows with the number of pixels.
    - `"gram"` (texture notebook in TensorFlow, 2021): the mean of the squared differences of the Gram matrices, which
      are means over the pixels. The mean of a batch's values is the published loss.

    Image and template may differ in size. The features are those that are published for the statistic if the module
    can say (`selecting`, as `VGG16`), and otherwise the module as it is.

    Args:
        features: Maps images (B, 3, H, W) in [0, 1] to a list of maps (B, C, H_l, W_l), as the modules of
            `graphnca.features`. Its parameters stay as they are.
        template: (3, H, W) in [0, 1], or (C, H, W) with `views`.
        statistic: See above.
        rasterizer: Maps states (..., N, C) to images (..., C, H, W). With it, the loss takes states, of which the first
            three channels + `offset` are red, green and blue. Where it makes several images of a state, (..., K, C, H,
            W), as `TangentPatches` does, their losses are added.
        offset: Added to the states' channels: 0.5 in the PyTorch notebook. Without a rasterizer it is not used.
        num_directions: How many directions a call takes.
        generator: Of the directions, on the CPU; by default torch's own. An attribute: assign that of a training, and
            the training continues from a checkpoint as if it had not been interrupted.
        balanced: Each layer's term is divided by its value for features that are all 0: whatever the weights, a layer
            counts as much as any other, and the loss is about the number of layers where nothing fits. A layer in which
            the template has next to nothing is divided by a millionth of the largest value. Not published.
        views: The channels of each picture that the features see of an image; the terms of all are added. A view that
            mixes colours with other maps ties those to the colours. By default the first three channels alone. Not
            published.

    Raises:
        ValueError: A template that is no finite float image, has other channels than the views or is too small for the
            features, an unknown statistic, no directions, no feature in any layer to balance by.
    """

    template: Tensor
    weights: Tensor

    @checked
    def __init__(
        self,
        features: nn.Module,
        template: Float[Tensor, "c h w"],
        statistic: Statistic = "sliced_ot",
        *,
        rasterizer: Rasterizer | None = None,
        offset: float = OFFSET,
        num_directions: int = NUM_DIRECTIONS,
        generator: torch.Generator | None = None,
        balanced: bool = False,
        views: Sequence[tuple[int, int, int]] = (COLOURS,),
    ) -> None:
        super().__init__()
        check_target(template)
        self.views, self.num_channels = tuple(views), 1 + max((max(view) for view in views), default=-1)
        if not self.views or min(map(min, self.views)) < 0 or len(template) != self.num_channels:
            raise ValueError(
                f"`template` must have the channels of `views`, {self.views}, and no other, got shape "
                f"{tuple(template.shape)}."
            )
        at_least(1, num_directions=num_directions)
        selecting: Callable[[str], nn.Module] | None = getattr(features, "selecting", None)
        self.features = features if selecting is None else selecting(statistic)
        self.statistic, self.rasterizer, self.offset = statistic, rasterizer, offset
        self.num_directions, self.generator, self.balanced = num_directions, generator, balanced
        self.register_buffer("template", template.clone(), persistent=False)
        with torch.no_grad():
            maps = [layer.detach() for layer in self._maps(template[None])]
            summaries = [gram_matrix(layer)[0] if statistic == "gram" else layer[0].flatten(1) for layer in maps]
        self.num_layers = len(maps)
        for number, summary in enumerate(summaries):
            self.register_buffer(f"target_{number}", summary, persistent=False)
        weights = self._balancing(summaries) if balanced else torch.ones(len(maps))
        self.register_buffer("weights", weights.to(maps[0]), persistent=False)

    def forward(self, images: Float[Tensor, "..."], *, generator: torch.Generator | None = None) -> Float[Tensor, "*b"]:
        """Return one loss per sample of images (..., 3, H, W), or of states (..., N, C) where there is a rasterizer.

        Args:
            images: What is compared with the template.
            generator: Of the directions of this call, instead of the loss's own: one of the same seed makes
                measurements comparable.
        """
        return self.terms(images, generator=generator).sum(0)

    def terms(self, images: Float[Tensor, "..."], *, generator: torch.Generator | None = None) -> Float[Tensor, "l *b"]:
        """Return what each layer of each view adds to the loss; arguments as of `forward`."""
        lead = images.shape[:-3] if self.rasterizer is None else images.shape[:-2]
        images = seen_images(images, self.rasterizer, self.num_channels, self.offset)
        maps = self._maps(images.reshape(-1, *images.shape[-3:]))
        if len(maps) != self.num_layers:
            raise ValueError(
                f"`features` must give as many maps of every image as of the template, {self.num_layers}, got "
                f"{len(maps)} of images {tuple(images.shape)}."
            )
        terms = torch.stack([self._term(number, layer, generator) for number, layer in enumerate(maps)])
        terms = terms * self.weights[:, None]
        return terms.reshape(self.num_layers, *lead, -1).sum(-1)

    def _maps(self, images: Float[Tensor, "b c h w"]) -> list[Tensor]:
        """The layers of the first view, of the second, and so on."""
        if self.views == (COLOURS,):
            return list(self.features(images))
        return [layer for view in self.views for layer in self.features(images[:, list(view)])]

    def _term(self, number: int, maps: Tensor, generator: torch.Generator | None) -> Float[Tensor, " b"]:
        target = self.get_buffer(f"target_{number}")
        if self.statistic == "gram":
            return gram_distance(maps, target)
        directions = random_directions(maps.shape[1], self.num_directions, generator or self.generator)
        return sliced_transport(maps, target, directions.to(maps))

    def _balancing(self, summaries: list[Tensor]) -> Float[Tensor, " l"]:
        """One over each layer's term for features that are all 0; of random directions, the mean over them."""
        energies = torch.stack([summary.double().square().mean().cpu() for summary in summaries])
        if self.statistic == "sliced_ot":
            energies *= torch.tensor([summary.shape[1] * self.num_directions for summary in summaries])
        largest = energies.max()
        if not largest > 0:
            raise ValueError("`features` of the template must not be all 0 in every layer to be balanced.")
        return 1 / energies.clamp(min=FAINTEST * largest)
