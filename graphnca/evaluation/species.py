"""Several patterns of one rule: mixtures of genomes, how far their colours lie apart, a tree of their likeness."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform
from torch import Tensor

from .scores import bounded


def mean_colours(states: Float[Tensor, "b n c"]) -> Float[Tensor, "b 3"]:
    """The mean colour of the tissue: the sum of premultiplied RGB over that of alpha."""
    rgba = bounded(states)[..., :4].clamp(0, 1).sum(-2)
    return rgba[..., :3] / rgba[..., 3:].clamp_min(1e-6)


def mean_distance(colours: Float[Tensor, "s b 3"]) -> float:
    """Mean over runs and pairs of species of the distance between their colours (of 0 to sqrt 3)."""
    return float(torch.stack([(one - other).norm(dim=-1) for one, other in combinations(colours, 2)]).mean())


def walk(one: Float[Tensor, " g"], other: Float[Tensor, " g"], count: int) -> list[Tensor]:
    """Equally spaced genomes from one to another, both included."""
    return [torch.lerp(one, other, number / (count - 1)) for number in range(count)]


def triangle(divisions: int, corners: int = 3) -> list[tuple[float, ...]]:
    """Weights of the mixtures on a regular grid of the simplex, all sums 1: the corners, the sides and the inside."""
    rows: list[tuple[int, ...]] = [()]
    for _ in range(corners - 1):
        rows = [(*row, part) for row in rows for part in range(divisions - sum(row) + 1)]
    return [tuple(part / divisions for part in (*row, divisions - sum(row))) for row in rows]


def likeness_tree(images: Float[Tensor, "b 4 h w"]) -> np.ndarray:
    """Average linkage of pictures on the root of their mean squared difference."""
    flat = images.flatten(1)
    distance = torch.cdist(flat, flat) / flat.shape[1] ** 0.5
    return linkage(squareform(distance.double().numpy(), checks=False), "average")


def draw_tree(
    tree: np.ndarray, pictures: Sequence[Image.Image], colours: Sequence[str], height: int = 220
) -> Image.Image:
    """The tree above its leaves, each a picture with a bar of a colour below it."""
    plan, side, gap = dendrogram(tree, no_plot=True), pictures[0].width, 4
    width = len(pictures) * (side + gap)
    image = Image.new("RGB", (width, height + side + 14), "white")
    draw = ImageDraw.Draw(image)
    top = max(1e-9, *(1.05 * max(row) for row in plan["dcoord"]))
    for xs, ys in zip(plan["icoord"], plan["dcoord"], strict=True):  # leaves lie at 5, 15, 25, ...
        points = [(x / 10 * (side + gap), height - 6 - y / top * (height - 12)) for x, y in zip(xs, ys, strict=True)]
        draw.line(points, fill="#2b3037", width=2)
    for place, leaf in enumerate(plan["leaves"]):
        leaf, left = int(leaf), place * (side + gap) + gap // 2
        image.paste(pictures[leaf], (left, height))
        draw.rectangle((left, height + side + 3, left + side - 1, height + side + 11), fill=colours[leaf])
    return image
