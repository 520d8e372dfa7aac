"""A texture rule with what its card says of it, the sheets it is measured on, and how it is seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas
from graphnca.evaluation.scores import bounded
from graphnca.importers import load_texture_demo, texture_demo_names
from graphnca.layers import NCAConv
from graphnca.rasterizers import NearestCell
from graphnca.rules import shipped_rules
from graphnca.templates import load_template
from protocol.rules import read_rule

SIZE = 64  # units along a side of the sheets: four periods of the drawn templates at least
TEMPLATE_SIZE = 128  # pixels of a template's side, as published
RGB_OFFSET = 0.5  # rgb = state + 0.5 (Niklasson et al. 2021, PyTorch revision)
PUBLISHED_GAIN = 0.5  # rgb = state / 2 + 0.5 (the models of the article's demo)
LEVELS = 32  # of a colour in animations, where a palette holds 255 colours in all
SHIPPED = "texture-"  # how the names of shipped textures begin


@dataclass(frozen=True)
class Texture:
    """A texture rule as it was read."""

    rule: NCAConv
    card: dict[str, Any]
    """Empty for a published model."""
    name: str = "texture"
    """What it is called in results."""
    gain: float = 1.0
    """What the first three channels are multiplied by to make RGB."""

    @property
    def offset(self) -> float:
        """What is added to the first three channels to make RGB."""
        return float(self.card.get("rgb_offset", RGB_OFFSET))

    def image(self, states: Float[Tensor, "*b n c"], raster: nn.Module) -> Float[Tensor, "*b 3 h w"]:
        """What states look like."""
        return raster(self.visible(self.bounded(states))) + self.offset

    def visible(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n 3"]:
        """RGB less the offset."""
        return self.gain * states[..., :3]

    def drawn(self, canvas: CellCanvas, state: Float[Tensor, "n c"]) -> Image.Image:
        """A state drawn as cells."""
        return canvas.draw(self.visible(state), offset=self.offset)

    def bounded(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n c"]:
        """States within +-10, so that every number measured of an exploded run is finite."""
        return bounded(states)

    def template(self, name: str = "") -> Float[Tensor, "3 h w"]:
        """The template of that name, or by default the one that it was trained on.

        Raises:
            SystemExit: If neither is known.
        """
        name = name or self.card.get("template", "")
        if not name:
            raise SystemExit("--template: expected a name or a path, as the rule's card names none.")
        return load_template(name, TEMPLATE_SIZE)


def animated(picture: Image.Image) -> Image.Image:
    """A frame for an animation: 32 levels of each colour, so that a palette for all frames is found soon."""
    return picture.point([round(round(value / 255 * (LEVELS - 1)) * 255 / (LEVELS - 1)) for value in range(256)] * 3)


def texture_of(name_or_path: str) -> Texture:
    """A texture rule: a shipped one by name, or a .safetensors file.

    Raises:
        SystemExit: If it is a rule with a life mask: its first channels are no texture; or a published atlas, which
            has several models (`published_texture`).
    """
    if Path(name_or_path).suffix == ".json":
        raise SystemExit(f"rule: expected a rule, got {name_or_path!r}; an atlas is read as --published.")
    rule, card = read_rule(name_or_path)
    if rule.life_mask:
        raise SystemExit(f"rule: expected a texture rule, got {name_or_path!r}, which has a life mask.")
    return Texture(rule, card, named(name_or_path))


def published_texture(path: str, model: str = "") -> Texture:
    """A model out of an atlas of the article's demo, the first one if no name is given; it has no card."""
    model = model or texture_demo_names(path)[0]
    return Texture(load_texture_demo(path, model), {}, model, PUBLISHED_GAIN)


def textures_of(rules: Iterable[str], published: str = "", model: str = "") -> list[Texture]:
    """The textures that a command line asks for: a published one, those that are named, or all that are shipped.

    Raises:
        SystemExit: If nothing is named and no texture is shipped.
    """
    if published:
        return [published_texture(published, model)]
    names = [*rules] or [name for name in shipped_rules() if name.startswith(SHIPPED)]
    if not names:
        raise SystemExit("--rule: expected the name or the path of a texture rule; none is shipped.")
    return [texture_of(name) for name in names]


def named(name_or_path: str) -> str:
    """What results call a rule: its name, or that of its file; `rule.safetensors` goes by the name of its folder."""
    path = Path(name_or_path)
    if path.suffix != ".safetensors":
        return name_or_path
    return path.resolve().parent.name if path.stem == "rule" else path.stem


def texture_raster(topology: Data, size: int, scale: int = 1) -> NearestCell:
    """The raster of a sheet of `size` x `size` units, `scale` pixels a unit; losses see one pixel a unit.

    Every pixel shows one cell, as on squares. Means over several cells would blur the other sheets alone, and blur
    costs more than any other difference between them.
    """
    return NearestCell(topology, scale * size, scale * size, scale=float(scale))


def zero_seed(rule: NCAConv, topology: Data) -> Float[Tensor, "n c"]:
    """What textures start from: all cells alike; only the firing, which is random, makes them differ."""
    return torch.zeros(len(topology["pos"]), rule.num_channels)
