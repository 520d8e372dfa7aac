"""Inception v1 (GoogLeNet), whose channels the texture article excites."""

import copy
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ..arguments import checked
from .frozen_graph import Node, read_graph
from .vgg_files import WeightsFileError

RANGE, MEAN = 255.0, 117.0  # input = 255 rgb - 117 (the published network)
BRANCHES = {  # 1x1; 3x3 behind its bottleneck; 5x5 behind its bottleneck; 1x1 behind the pooling
    "mixed3a": (64, 96, 128, 16, 32, 32),
    "mixed3b": (128, 128, 192, 32, 96, 64),
    "mixed4a": (192, 96, 204, 16, 48, 64),
    "mixed4b": (160, 112, 224, 24, 64, 64),
    "mixed4c": (128, 128, 256, 24, 64, 64),
    "mixed4d": (112, 144, 288, 32, 64, 64),
    "mixed4e": (256, 160, 320, 32, 128, 128),
    "mixed5a": (256, 160, 320, 48, 128, 128),
    "mixed5b": (384, 192, 384, 48, 128, 128),
}
"""Widths of the nine blocks (Szegedy et al. 2015, table 1; the published file has 204 for 208, and 48 for 32 in 5a)."""
STEM = (64, 64, 192)
SOURCES = ("Placeholder", "Const")
KNOWN = (*SOURCES, "Identity", "Conv2D", "BiasAdd", "Relu", "MaxPool", "LRN", "Concat", "ConcatV2")
BEYOND = "avgpool0"  # where the published graph is cut


class InceptionV1(nn.Module):
    """The published Inception v1 with fixed weights: images in [0, 1] -> the chosen layers' maps.

    It is computed from the nodes of the frozen graph, so that every stride, padding and normalisation is what the file
    says; `load_inception` reads one. A layer is a node by its name: `conv2d2`, `mixed4a` (the four branches side by
    side, 508 channels), `mixed4a_3x3_pre_relu`. The network sees 255 rgb - 117.

    As in the texture article's program, the blocks `mixed...` put their branches together before the ReLU
    (`pre_relu`): a channel that is silent then has a gradient. The later layers read them so, too, and are not quite
    what they were in the published classifier; without `pre_relu` they are.

    Nothing here is trained: the weights take no gradient.

    Args:
        nodes: Of the graph. Nodes from the average pooling on, and others of kinds that no layer needs, may be there.
        layers: Names of nodes to return.
        pre_relu: Whether branches are put together before their ReLU.
        description: Which weights these are, for results to say.

    Shape:
        images (B, 3, H, W) -> one map (B, C_l, H_l, W_l) for each layer; where a layer halves the map, odd sizes are
        rounded up.

    Raises:
        ValueError: An unknown layer, or one that needs an operation that is not known here.
    """

    @checked
    def __init__(
        self,
        nodes: Sequence[Node],
        *,
        layers: Sequence[str] = ("mixed4a",),
        pre_relu: bool = True,
        description: str = "an Inception v1",
    ) -> None:
        super().__init__()
        self.description, self.pre_relu = description, pre_relu
        self.nodes = {node.name: node for node in nodes}
        for number, node in enumerate(nodes):
            value = node.attributes.get("value")
            if node.op == "Const" and isinstance(value, np.ndarray) and value.dtype == np.float32:
                weight = torch.from_numpy(value.copy())
                if weight.ndim == 4:
                    weight = weight.permute(3, 2, 0, 1).contiguous()  # (rows, columns, inputs, outputs) in the file
                self.register_buffer(f"constant_{number}", weight, persistent=False)
        self.numbers = {node.name: number for number, node in enumerate(nodes)}
        self._choose(layers)

    @classmethod
    def untrained(
        cls, *, share: float = 1.0, generator: torch.Generator | None = None, pre_relu: bool = True
    ) -> "InceptionV1":
        """The network with random weights that keep the activations' size (He 2015), without biases.

        Args:
            share: Of the published widths; at least two channels each.
            generator: Of the weights; by default one of seed 0, so that it is always the same network.
            pre_relu: As of the constructor.
        """
        nodes = _published_nodes(share, generator or torch.Generator().manual_seed(0))
        return cls(nodes, pre_relu=pre_relu, description="Inception v1 with random weights")

    def giving(self, layers: Sequence[str]) -> "InceptionV1":
        """The same network with other layers; the weights are shared.

        Raises:
            ValueError: As of the constructor.
        """
        other = copy.copy(self)
        other._buffers = dict(self._buffers)
        other._choose(layers)
        return other

    def layer_names(self) -> list[str]:
        """What may be asked for: the nodes up to the average pooling that are images."""
        names = []
        for name, node in self.nodes.items():
            if name == BEYOND:
                break
            if node.op in KNOWN and node.op not in SOURCES:
                names.append(name)
        return names

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Return the layers' maps, in the order of `layers`.

        Raises:
            ValueError: Images of another shape.
        """
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise ValueError(
                f"`images` must be float images (B, 3, H, W), got {images.dtype} of shape {tuple(images.shape)}."
            )
        values: dict[str, Tensor] = {}
        for name in self.order:
            node = self.nodes[name]
            given = [values[source] for source in self._sources(node) if source in values]
            values[name] = images * RANGE - MEAN if node.op == "Placeholder" else self._computed(node, given)
        return [values[name] for name in self.layers]

    def extra_repr(self) -> str:
        """What `print` shows of the module."""
        return f"{self.description}; {', '.join(self.layers)}"

    def _choose(self, layers: Sequence[str]) -> None:
        unknown = [name for name in layers if name not in self.nodes or self.nodes[name].op in SOURCES]
        if not layers or unknown:
            raise ValueError(f"`layers` must be some of {self.layer_names()}, got {list(layers)}.")
        order: dict[str, None] = {}
        for name in layers:
            self._visit(name, order)
        self.layers, self.order = tuple(layers), tuple(order)

    def _visit(self, name: str, order: dict[str, None]) -> None:
        """Adds a node behind those that it needs; constants that are no image need none."""
        waiting, begun = [name], set()
        while waiting:
            node = self.nodes.get(waiting[-1])
            if node is None or node.op not in KNOWN:
                what = "is missing" if node is None else f"is of the kind {node.op!r}"
                raise ValueError(f"`layers` must not need {waiting[-1]!r}, which {what}; known are {KNOWN}.")
            needed = [source for source in self._sources(node) if source not in order]
            if needed and waiting[-1] in begun:
                raise ValueError(f"`layers` must not need {waiting[-1]!r}, which needs itself.")
            if needed:
                begun.add(waiting[-1])
                waiting += needed
            else:
                order.setdefault(waiting.pop())

    def _sources(self, node: Node) -> tuple[str, ...]:
        """The nodes whose values a node computes from."""
        if node.op == "Concat":  # its first input is the axis
            sources = node.inputs[1:]
        elif node.op == "ConcatV2":  # its last one
            sources = node.inputs[:-1]
        else:
            return node.inputs
        return tuple(self._before_relu(source) if self.pre_relu else source for source in sources)

    def _before_relu(self, name: str) -> str:
        node = self.nodes.get(name)
        return node.inputs[0] if node is not None and node.op == "Relu" else name

    def _computed(self, node: Node, given: list[Tensor]) -> Tensor:
        attributes = node.attributes
        if node.op == "Const":
            return self.get_buffer(f"constant_{self.numbers[node.name]}")
        if node.op == "Identity":
            return given[0]
        if node.op == "Conv2D":
            x, weight = given
            strides, same = _window(attributes)
            x = _padded(x, weight.shape[-2:], strides, 0.0) if same else x
            return functional.conv2d(x, weight.to(x.dtype), stride=strides)
        if node.op == "BiasAdd":
            return given[0] + given[1].to(given[0].dtype)[:, None, None]
        if node.op == "Relu":
            return torch.relu(given[0])
        if node.op == "MaxPool":
            strides, same = _window(attributes)
            size = (attributes["ksize"][1], attributes["ksize"][2])
            x = _padded(given[0], size, strides, -torch.inf) if same else given[0]
            return functional.max_pool2d(x, size, strides)
        if node.op == "LRN":
            return _normalised(given[0], attributes)
        return torch.cat(given, dim=1)


@checked
def load_inception(path: str | os.PathLike[str], *, pre_relu: bool = True) -> InceptionV1:
    """Read an Inception v1 from its frozen graph: `InceptionV1.pb`, or `tensorflow_inception_graph.pb`.

    The first is in the model zoo of Lucid, the second came with TensorFlow's tutorial on DeepDream. This library has no
    copy of either, and no package that we know has one; whoever has the file passes its path.

    Args:
        path: The file.
        pre_relu: See `InceptionV1`.

    Raises:
        FileNotFoundError: There is no such file.
        WeightsFileError: It is damaged, no graph, or one without the layer `mixed4a`.
    """
    nodes = read_graph(path)
    try:
        return InceptionV1(nodes, pre_relu=pre_relu, description=f"Inception v1, {Path(path).name}")
    except ValueError as error:
        raise WeightsFileError(f"{os.fspath(path)} must be the graph of an Inception v1: {error}") from error


def _window(attributes: dict[str, Any]) -> tuple[tuple[int, int], bool]:
    """Strides of rows and columns, and whether the map is padded so that strides alone make it smaller."""
    strides = attributes["strides"]
    return (strides[1], strides[2]), attributes["padding"] == "SAME"


def _padded(x: Tensor, size: Sequence[int], strides: Sequence[int], value: float) -> Tensor:
    """As TensorFlow pads: outputs are inputs / strides, rounded up, and what is odd goes right and below."""
    pads = []
    for length, window, stride in zip(x.shape[-2:], size, strides, strict=True):
        missing = max(0, (-(-length // stride) - 1) * stride + window - length)
        pads = [missing // 2, missing - missing // 2, *pads]  # columns first
    return functional.pad(x, pads, value=value) if any(pads) else x


def _normalised(x: Tensor, attributes: dict[str, Any]) -> Tensor:
    """Return x / (bias + alpha * sum of x^2 over the channels at most `depth_radius` away)^beta."""
    radius, bias = attributes.get("depth_radius", 5), attributes.get("bias", 1.0)  # TensorFlow's defaults
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 0.5)
    squares = functional.pad(x.square(), (0, 0, 0, 0, radius, radius))
    sums = squares.unfold(1, 2 * radius + 1, 1).sum(-1)
    return x / (bias + alpha * sums) ** beta


def _published_nodes(share: float, generator: torch.Generator) -> list[Node]:
    """The nodes of the published graph up to `mixed5b`, with random weights."""
    nodes = [Node("input", "Placeholder", (), {})]

    def width(published: int) -> int:
        return max(2, round(published * share))

    def convolution(name: str, source: str, inputs: int, outputs: int, size: int, stride: int = 1) -> str:
        weight = torch.randn(size, size, inputs, outputs, generator=generator) * (2 / (size * size * inputs)) ** 0.5
        window = {"strides": [1, stride, stride, 1], "padding": "SAME"}
        nodes.extend(
            [
                Node(f"{name}_w", "Const", (), {"value": weight.numpy()}),
                Node(f"{name}_b", "Const", (), {"value": np.zeros(outputs, np.float32)}),
                Node(f"{name}_pre_relu/conv", "Conv2D", (source, f"{name}_w"), window),
                Node(f"{name}_pre_relu", "BiasAdd", (f"{name}_pre_relu/conv", f"{name}_b"), {}),
                Node(name, "Relu", (f"{name}_pre_relu",), {}),
            ]
        )
        return name

    def pooling(name: str, source: str, stride: int) -> str:
        window = {"ksize": [1, 3, 3, 1], "strides": [1, stride, stride, 1], "padding": "SAME"}
        nodes.append(Node(name, "MaxPool", (source,), window))
        return name

    def normalisation(name: str, source: str) -> str:
        nodes.append(Node(name, "LRN", (source,), {"depth_radius": 4, "bias": 1.0, "alpha": 1e-4 / 9, "beta": 0.5}))
        return name

    first, second, third = map(width, STEM)
    x = convolution("conv2d0", "input", 3, first, 7, 2)
    x = normalisation("localresponsenorm0", pooling("maxpool0", x, 2))
    x = convolution("conv2d1", x, first, second, 1)
    x = convolution("conv2d2", x, second, third, 3)
    x, inputs = pooling("maxpool1", normalisation("localresponsenorm1", x), 2), third
    for block, published in BRANCHES.items():
        if block in ("mixed4a", "mixed5a"):
            x = pooling("maxpool4" if block == "mixed4a" else "maxpool10", x, 2)
        one, before_three, three, before_five, five, pooled = map(width, published)
        branches = [convolution(f"{block}_1x1", x, inputs, one, 1)]
        bottleneck = convolution(f"{block}_3x3_bottleneck", x, inputs, before_three, 1)
        branches.append(convolution(f"{block}_3x3", bottleneck, before_three, three, 3))
        bottleneck = convolution(f"{block}_5x5_bottleneck", x, inputs, before_five, 1)
        branches.append(convolution(f"{block}_5x5", bottleneck, before_five, five, 5))
        pool = pooling(f"{block}_pool", x, 1)
        branches.append(convolution(f"{block}_pool_reduce", pool, inputs, pooled, 1))
        nodes.append(Node(f"{block}/concat_dim", "Const", (), {"value": np.array(3, np.int32)}))
        nodes.append(Node(block, "Concat", (f"{block}/concat_dim", *branches), {}))
        x, inputs = block, one + three + five + pooled
    return nodes
