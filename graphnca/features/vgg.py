"""The VGG-16 whose activations texture losses compare."""

import copy
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ..arguments import checked

Statistic = Literal["sliced_ot", "gram"]
Kernels = Sequence[tuple[Float[Tensor, "_ _ 3 3"], Float[Tensor, " _"]]]

BLOCKS = (2, 2, 3, 3, 3)  # convolutions of each block; a pooling ends each (Simonyan and Zisserman 2015, column D)
WIDTHS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
SHRINKAGE = 2  # of a pooling: 2x2 pixels become one
RECTIFIED = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")  # torchvision's layers 1, 6, 11, 18 and 25
IMAGE_NET_MEAN = (0.485, 0.456, 0.406)  # torchvision's preprocessing, red, green, blue
IMAGE_NET_STD = (0.229, 0.224, 0.225)
CAFFE_RANGE = 255.0  # Caffe's networks see whole bytes
CAFFE_STD = 0.226  # mean of IMAGE_NET_STD; see `VGG16`


def layer_names() -> list[str]:
    """Return what `VGG16` can give, in order: image, conv1_1, relu1_1, conv1_2, relu1_2, pool1, conv2_1, ..., pool5."""
    names = ["image"]
    for block, count in enumerate(BLOCKS, 1):
        for number in range(1, count + 1):
            names += [f"conv{block}_{number}", f"relu{block}_{number}"]
        names.append(f"pool{block}")
    return names


class VGG16(nn.Module):
    """The convolutions of VGG-16 with fixed weights: images in [0, 1] -> the chosen layers' maps.

    The network sees the normalised image (image - mean) / std, which is also the layer `"image"`: 13 convolutions 3x3
    padded with zeros, each followed by a ReLU, and five poolings 2x2. `load_vgg16` reads the weights.

    Two selections are published, and `selecting` returns them:

    - `"sliced_ot"`: the normalised image and the ReLU outputs of the first convolution of each block (the PyTorch
      texture notebook; torchvision's layers 1, 6, 11, 18 and 25);
    - `"gram"`: these five ReLU outputs, each as sqrt(a + 1) - 1, with a in the range that a network for bytes gives
      (the TensorFlow texture notebook, blocks 1 to 5, conv1).

    A network trained by Caffe sees bytes minus a mean, about 58 times what torchvision's sees. Here its input and its
    biases are divided by 255 * 0.226, and so are then all its activations, as ReLU(x / s) = ReLU(x) / s: the layers
    weigh in the sum as with torchvision's weights. The selection `"gram"` multiplies them by it again, with either kind
    of weights, because its square root is not proportional.

    Nothing here is trained: the weights take no gradient. The maps lie in memory channels last, which is faster.

    Args:
        kernels: Weight (C_out, C_in, 3, 3) and bias (C_out,) of the 13 convolutions; red, green and blue in this order.
        layers: Names of `layer_names()`, shallow before deep.
        mean: Of red, green and blue in [0, 1], subtracted from the image.
        std: By which the image is then divided.
        compressed: Whether the maps but `"image"` are returned as sqrt(a + 1) - 1; they must be ReLU outputs.
        description: Which weights these are, for results to say.

    Shape:
        images (B, 3, H, W) -> one map (B, C_l, H_l, W_l) for each layer. H and W of a map are those of the image,
        halved and rounded down at each pooling before the layer. With weights in half precision the convolutions are
        computed in it and the maps returned in float32.

    Raises:
        ValueError: Not 13 convolutions of which each continues the one before, an unknown layer, layers out of order,
            compressed layers that can be negative.
    """

    mean: Tensor
    std: Tensor

    @checked
    def __init__(
        self,
        kernels: Kernels,
        *,
        layers: Sequence[str] = ("image", *RECTIFIED),
        mean: Sequence[float] = IMAGE_NET_MEAN,
        std: Sequence[float] = IMAGE_NET_STD,
        compressed: bool = False,
        description: str = "a VGG-16",
    ) -> None:
        super().__init__()
        _check_kernels(kernels)
        self.convolutions = nn.ModuleList()
        for weight, bias in kernels:
            convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1, dtype=weight.dtype, device="meta")
            convolution.weight = nn.Parameter(
                weight.detach().clone(memory_format=torch.channels_last), requires_grad=False
            )
            convolution.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
            self.convolutions.append(convolution)
        dtype = torch.promote_types(kernels[0][0].dtype, torch.float32)
        self.register_buffer("mean", torch.tensor(mean, dtype=dtype)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(std, dtype=dtype)[:, None, None], persistent=False)
        self.description = description
        self._choose(layers, compressed)

    @classmethod
    def untrained(
        cls,
        *,
        widths: Sequence[int] = WIDTHS,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
    ) -> "VGG16":
        """A network of random weights that keep the activations' size from layer to layer (He 2015), without biases.

        Args:
            widths: Channels of the 13 convolutions.
            generator: Of the weights; by default one of seed 0, so that it is always the same network.
            dtype: Of the weights.
        """
        generator = torch.Generator().manual_seed(0) if generator is None else generator
        kernels = []
        for inputs, outputs in pairwise((3, *widths)):
            weight = torch.randn(outputs, inputs, 3, 3, generator=generator, dtype=torch.float64)
            weight *= math.sqrt(2 / (9 * inputs))
            kernels.append((weight.to(dtype or torch.get_default_dtype()), torch.zeros(outputs, dtype=dtype)))
        return cls(kernels, description="VGG-16 with random weights")

    def selecting(self, statistic: Statistic) -> "VGG16":
        """The same network with the layers that are published for a statistic; the weights are shared.

        Raises:
            ValueError: An unknown statistic.
        """
        if statistic not in get_args(Statistic):
            raise ValueError(f"`statistic` must be one of {get_args(Statistic)}, got {statistic!r}.")
        if statistic == "gram":
            return self.giving(RECTIFIED, compressed=True)
        return self.giving(("image", *RECTIFIED))

    def giving(self, layers: Sequence[str], *, compressed: bool = False) -> "VGG16":
        """The same network with other layers; the weights are shared.

        Raises:
            ValueError: As of the constructor.
        """
        other = copy.copy(self)
        other._buffers = dict(self._buffers)
        other._modules = dict(self._modules)
        other._choose(layers, compressed)
        return other

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Return the layers' maps, in the order of `layers`.

        Raises:
            ValueError: Images of another shape, or too small to reach the deepest layer.
        """
        self._check_images(images)
        x = ((images.to(self.mean.dtype) - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        wanted, maps = set(self.layers), []
        if "image" in wanted:
            maps.append(x)
        position = 0
        x = x.to(next(self.convolutions.parameters()).dtype)
        for block, count in enumerate(BLOCKS, 1):
            for number in range(1, count + 1):
                if len(maps) == len(wanted):
                    return maps
                x = self.convolutions[position](x)
                position += 1
                if f"conv{block}_{number}" in wanted:
                    maps.append(self._given(x))
                    x = x.relu()
                else:
                    x = x.relu_()
                if f"relu{block}_{number}" in wanted:
                    maps.append(self._given(x))
            if len(maps) == len(wanted):
                return maps
            x = functional.max_pool2d(x, SHRINKAGE)
            if f"pool{block}" in wanted:
                maps.append(self._given(x))
        return maps

    def extra_repr(self) -> str:
        """What `print` shows of the module."""
        return f"{self.description}; {', '.join(self.layers)}{', compressed' if self.compressed else ''}"

    def _given(self, activations: Tensor) -> Tensor:
        activations = activations.to(self.mean.dtype)
        if not self.compressed:
            return activations
        return (activations * (CAFFE_RANGE * CAFFE_STD) + 1).sqrt() - 1

    def _choose(self, layers: Sequence[str], compressed: bool) -> None:
        known = layer_names()
        if not layers or not set(layers) <= set(known):
            raise ValueError(f"`layers` must be some of {known}, got {list(layers)}.")
        if sorted(set(layers), key=known.index) != list(layers):
            raise ValueError(f"`layers` must be ordered from shallow to deep, each once, got {list(layers)}.")
        signed = [name for name in layers if name.startswith(("image", "conv"))]
        if compressed and signed:
            raise ValueError(f"`layers` that are to be compressed must not be negative, got {signed} among them.")
        self.layers, self.compressed = tuple(layers), compressed
        # poolings whose result is needed: those of the blocks before the deepest layer's, and that layer's own
        deepest = layers[-1]
        block = (
            1 if deepest == "image" else int(deepest.removeprefix("conv").removeprefix("relu").removeprefix("pool")[0])
        )
        self.smallest = SHRINKAGE ** (block - (not deepest.startswith("pool")))

    def _check_images(self, images: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise ValueError(
                f"`images` must be float images (B, 3, H, W), got {images.dtype} of shape {tuple(images.shape)}."
            )
        if min(images.shape[2:]) < self.smallest:
            raise ValueError(
                f"`images` must be at least {self.smallest} pixels wide and high to reach {self.layers[-1]}, got "
                f"{images.shape[2]}x{images.shape[3]}."
            )


def _check_kernels(kernels: Kernels) -> None:
    if len(kernels) != sum(BLOCKS):
        raise ValueError(f"`kernels` must be those of {sum(BLOCKS)} convolutions, got {len(kernels)}.")
    inputs = 3
    for number, (weight, bias) in enumerate(kernels, 1):
        if weight.ndim != 4 or weight.shape[1:] != (inputs, 3, 3) or bias.shape != weight.shape[:1]:
            raise ValueError(
                f"`kernels` of convolution {number} must be a weight (C, {inputs}, 3, 3) and a bias (C,), got shapes "
                f"{tuple(weight.shape)} and {tuple(bias.shape)}."
            )
        if not (weight.isfinite().all() and bias.isfinite().all()):
            raise ValueError(f"`kernels` of convolution {number} must be finite, got NaN or infinity.")
        inputs = weight.shape[0]
