"""The kinds of training that the command line offers: what each needs to be told, and its worlds."""

import argparse
import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from ..features import load_features
from ..features.named import VGG
from ..layers import NCAConv
from ..losses import TextureLoss
from ..models import growing_nca, isonca, texture_nca
from ..rasterizers import NearestCell
from ..seeds import centre_of, nearest_cells
from ..suggestions import suggestion
from ..targets import auxiliary_channels, load_target, target_names, with_auxiliary
from ..templates import load_template, template_names
from ..training import Training, TrainingConfig, World
from ..training.recipes import (
    growing_config,
    growing_world,
    isonca_config,
    isonca_world,
    texture_config,
    texture_world,
)
from ..training.recipes.isonca import AUXILIARY
from ..training.recipes.texture import RGB_OFFSET
from .errors import UsageError

CHECKPOINTS = 60.0  # seconds between two
TEMPLATE_SIZE = 128  # pixels of a template's side, as published
SMALLER = 0.98  # a hexagonal sheet or a mesh may be so much smaller than it was asked for
SAMPLES = 2  # points per pixel side of the raster that a loss sees


class Recipe(ABC):
    """A kind of training, as it was asked for.

    Attributes:
        config: The numbers.
        side: Units on a side of the sheet.
        card: What the rule's card says of it.
        rgb_offset: What is added to the first three channels to show them; None: RGBA.
    """

    config: TrainingConfig
    side: int
    card: dict[str, Any]
    rgb_offset: float | None = None

    @abstractmethod
    def untrained(self) -> NCAConv:
        """A rule to begin with."""

    @abstractmethod
    def world(self, topology: Data, num_channels: int, name: str) -> World:
        """What a rule of so many channels lives in on a substrate."""

    def shares_numbers_with(self, training: Training) -> None:  # noqa: B027 (most recipes draw no numbers)
        """Takes its random numbers from the training's, so that a run that is resumed goes the same way."""


class _Picture(Recipe):
    """A picture that grows from a single cell."""

    def __init__(self, given: argparse.Namespace, size: int, padding: int) -> None:
        size = given.size or size
        padding = given.padding if given.padding is not None else padding
        self.image = read_target(given.target, size, padding)
        self.side = max(self.image.shape[-2:])
        self.card = {"target": given.target, "size": size, "padding": padding}

    def raster(self, topology: Data) -> NearestCell:
        """One pixel a unit around the seed's cell, of the target's size."""
        x, y = topology["pos"][nearest_cells(topology, centre_of(topology)[None])[0], :2].tolist()
        return NearestCell(topology, *self.image.shape[-2:], centre=(x, y), samples=SAMPLES)


class IsoNCA(_Picture):
    """In any orientation."""

    told = "a picture from a single cell, in any orientation (Growing Isotropic NCA) [48 pixels, 8000 iterations]"

    def __init__(self, given: argparse.Namespace) -> None:
        size = given.size or 48
        super().__init__(given, size, size // 4)
        iterations = given.iterations or 8000
        self.config = isonca_config(
            iterations,
            rate=given.rate or 1e-3,
            batch_size=given.batch_size or 8,
            seed_until=min(3000, 3 * iterations // 8),
            num_sheets=len(given.substrate),
            seed=given.seed,
            checkpoint_seconds=CHECKPOINTS,
        )
        self.weights = [1.0] * 4 + [weight for _, weight in auxiliary_channels(AUXILIARY)]
        self.card["auxiliary channels"] = AUXILIARY

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return isonca()

    def world(self, topology: Data, num_channels: int, name: str) -> World:  # noqa: ARG002 (the published 16)
        """A single cell on a substrate."""
        target = with_auxiliary(self.image, AUXILIARY)
        return isonca_world(topology, target, self.weights, self.raster(topology), name)


class Growing(_Picture):
    """Upright."""

    told = "a picture from a single cell, upright (Growing NCA) [40 pixels, 8000 iterations]"

    def __init__(self, given: argparse.Namespace) -> None:
        size = given.size or 40
        super().__init__(given, size, round(size * 0.4))
        iterations, regime = given.iterations or 8000, given.regime or "regenerating"
        self.config = growing_config(
            regime,
            iterations,
            milestone=max(1, iterations // 4),  # as published for 8,000
            rate=given.rate or 2e-3,
            batch_size=given.batch_size or 8,
            num_sheets=len(given.substrate),
            seed=given.seed,
            checkpoint_seconds=CHECKPOINTS,
        )
        self.card["regime"] = regime

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return growing_nca()

    def world(self, topology: Data, num_channels: int, name: str) -> World:
        """A single cell on a substrate."""
        return growing_world(topology, self.image, self.raster(topology), num_channels, name)


class Texture(Recipe):
    """A texture, from nothing."""

    told = "a texture that covers everything (Self-Organising Textures) [64 units, 5000 iterations]"

    def __init__(self, given: argparse.Namespace) -> None:
        self.template, self.device = read_template(given.target), given.device
        self.features = read_features(given.features or VGG).to(given.device)
        self.side = given.size or 64
        if self._maps(math.floor(self.side * SMALLER)) != self._maps(TEMPLATE_SIZE):
            raise UsageError(f"--size must leave room for all scales of the features, got {self.side}; 64 does.")
        self.rgb_offset = RGB_OFFSET
        iterations = given.iterations or 5000
        self.config = texture_config(
            iterations,
            milestones=(max(1, iterations // 5), max(2, 2 * iterations // 5)),  # as published for 5,000
            rate=given.rate or 1e-3,
            batch_size=given.batch_size or 4,
            num_sheets=len(given.substrate),
            seed=given.seed,
            checkpoint_seconds=CHECKPOINTS,
        )
        self.card = {
            "template": given.target,
            "features": str(getattr(self.features, "description", given.features)),
            "statistic": "sliced_ot",
            "rgb_offset": RGB_OFFSET,
            "size": self.side,
        }
        self._generator: torch.Generator | None = None
        self._first: list[TextureLoss] = []

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return texture_nca()

    def world(self, topology: Data, num_channels: int, name: str) -> World:
        """Cells that are all alike."""
        width, height = (max(1, round(length)) for length in topology["extent"].view(-1).tolist())
        raster = NearestCell(topology, height, width)  # a cell a pixel: a mean over cells would blur meshes alone
        loss = TextureLoss(
            self.features, self.template, rasterizer=raster, offset=RGB_OFFSET, generator=self._generator
        ).to(topology["pos"].device)
        if self._generator is None:
            self._first.append(loss)
        return texture_world(topology, loss, num_channels, name)

    def _maps(self, side: int) -> int:
        """How many maps the features make of an image; 0 if it is too small for any."""
        try:
            with torch.no_grad():
                return len(self.features(torch.zeros(1, 3, side, side, device=self.device)))
        except (ValueError, RuntimeError):
            return 0

    def shares_numbers_with(self, training: Training) -> None:
        """The directions of the loss."""
        self._generator = training.generator
        for loss in self._first:
            loss.generator = training.generator
        self._first.clear()


KINDS: dict[str, type[IsoNCA | Growing | Texture]] = {"isonca": IsoNCA, "growing": Growing, "texture": Texture}


def recipe_of(given: argparse.Namespace) -> Recipe:
    """The recipe of a command line.

    Raises:
        UsageError: If there is no such target, an option is another kind's, or numbers do not fit each other.
    """
    for option, kinds in (("regime", ("growing",)), ("features", ("texture",)), ("padding", ("growing", "isonca"))):
        if getattr(given, option) is not None and given.kind not in kinds:
            raise UsageError(f"--{option} is an option of --kind {' and '.join(kinds)}, not of {given.kind}.")
    try:
        return KINDS[given.kind](given)
    except ValueError as error:
        raise UsageError(str(error)) from error


def read_target(text: str, size: int, padding: int) -> Tensor:
    """The picture that is to grow.

    Raises:
        UsageError: If there is none of that name, or no such file.
    """
    if text in template_names() and not Path(text).is_file():
        raise UsageError(f"{text!r} is a texture, which nothing grows from a single cell: add --kind texture.")
    if text not in target_names() and not Path(text).is_file():
        raise UsageError(
            f"there is no target {text!r}.{suggestion(text, target_names())} Expected a picture with a transparent "
            f"background, or one of {', '.join(target_names())}."
        )
    return load_target(text, size=size, padding=padding)


def read_template(text: str) -> Tensor:
    """The texture that is to be made.

    Raises:
        UsageError: If there is none of that name, or no such file.
    """
    if text not in template_names() and not Path(text).is_file():
        raise UsageError(
            f"there is no template {text!r}.{suggestion(text, template_names())} Expected any picture, or one of "
            f"{', '.join(template_names())}."
        )
    return load_template(text, TEMPLATE_SIZE)


def read_features(text: str) -> nn.Module:
    """What sees a texture.

    Raises:
        UsageError: If there is no such file.
    """
    try:
        return load_features(text)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from None
