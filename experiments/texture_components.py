"""What the hidden channels of a texture hold: their first three principal components as red, green and blue.

    python experiments/texture_components.py                      # half a minute a rule on one core; no features needed
    python experiments/texture_components.py --rule texture-chequered

A texture rule has three visible channels and, as a rule, nine more that no loss looks at: what cells tell each other.
The article shows their first three principal components as colours and finds structure in them that the picture has
not, such as a gradient inside each square of a chequerboard. Here the components are those of the square torus at the
last step, over all cells and runs; hexagons and a mesh are shown in the very same ones, so that a colour means the same
on each sheet. A component is grey at its mean and saturated at two and a half standard deviations.

Two numbers say what there is to see: the share of the hidden channels' variance that the three components hold, on
each sheet; and how much of each component the visible channels of the same cell explain, linearly (R^2): what is left
is what the picture does not show.

Written to `--out`/NAME, for each rule:
    figure.png      above what is visible, below the components; on squares, hexagons and a mesh
    animation.gif   both on squares and on a mesh, from the first step on
    metrics.json    shares and R^2
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from protocol.texture import SIZE, Texture, animated, textures_of, zero_seed
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, montage, save_animation, save_image
from graphnca.evaluation.runs import grow
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import substrates

SHOWN = 3  # components, as red, green and blue
SATURATED = 2.5  # standard deviations
VISIBLE = 3  # channels
SCALE, ANIMATED_SCALE = 2.5, 1.75  # pixels a unit
FRAMES, SLOWING = 20, 2.0  # of the animation: frame i of n shows step last * (i / n)^2


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ()
    """Shipped rules or .safetensors files; empty: every shipped texture."""
    steps: int = 1000
    """Steps after which the channels are looked at."""
    size: int = SIZE
    """Units along a side of the sheets."""
    runs: int = 2
    """Runs on each sheet."""
    seed: int = 2300
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_components"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


@dataclass(frozen=True)
class Components:
    """The principal components of hidden channels."""

    mean: Float[Tensor, " h"]
    directions: Float[Tensor, "h 3"]
    """Unit vectors, in order of the variance along them; each with its largest entry positive."""
    deviation: Float[Tensor, " 3"]
    """Along each."""
    shares: tuple[float, ...]
    """Of the variance."""

    def of(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n 3"]:
        """The components of states, in their standard deviations."""
        return (states[..., VISIBLE:].double() - self.mean) @ self.directions / self.deviation

    def shares_on(self, states: Float[Tensor, "*b n c"]) -> list[float]:
        """The share of other states' variance along each direction."""
        hidden = states[..., VISIBLE:].double().flatten(0, -2)
        total = float(hidden.var(0).sum())
        along = (hidden @ self.directions).var(0)
        return [round(float(value) / total, 3) if total > 0 else 0.0 for value in along]


def components_of(states: Float[Tensor, "*b n c"]) -> Components:
    """The principal components of the hidden channels over all cells of some states.

    Raises:
        SystemExit: Fewer than three hidden channels.
    """
    hidden = states[..., VISIBLE:].double().flatten(0, -2)
    if hidden.shape[1] < SHOWN:
        raise SystemExit(f"rule: expected at least {SHOWN} hidden channels, got {hidden.shape[1]}.")
    mean = hidden.mean(0)
    variances, vectors = torch.linalg.eigh(torch.cov((hidden - mean).T))
    variances, vectors = variances.flip(0).clamp_min(0), vectors.flip(1)[:, :SHOWN]
    signs = vectors.gather(0, vectors.abs().argmax(0, keepdim=True)).sign()
    shares = (variances / variances.sum().clamp_min(1e-30))[:SHOWN].tolist()
    deviation = variances[:SHOWN].sqrt().clamp_min(1e-12)
    return Components(mean, vectors * signs, deviation, tuple(round(share, 3) for share in shares))


def explained(states: Float[Tensor, "*b n c"], components: Components) -> list[float]:
    """R^2 of each component by the visible channels of the same cell and a constant."""
    visible = states[..., :VISIBLE].double().flatten(0, -2)
    known = torch.cat([visible, torch.ones_like(visible[:, :1])], 1)
    wanted = components.of(states).flatten(0, -2)
    fitted = known @ torch.linalg.lstsq(known, wanted).solution
    left = (wanted - fitted).square().sum(0)
    total = (wanted - wanted.mean(0)).square().sum(0)
    return [round(float(1 - a / b), 3) if b > 0 else 0.0 for a, b in zip(left, total, strict=True)]


def coloured(states: Float[Tensor, "n c"], components: Components) -> Float[Tensor, "n 3"]:
    """The components as colours around 0, to be drawn with an offset of 0.5."""
    return (components.of(states) / (2 * SATURATED)).float()


def pair(
    texture: Texture, canvas: CellCanvas, state: Tensor, components: Components
) -> tuple[Image.Image, Image.Image]:
    """What is visible, and the components."""
    return texture.drawn(canvas, state), canvas.draw(coloured(state, components), offset=0.5)


def figure(
    texture: Texture, shown: dict[str, Tensor], topologies: dict[str, Data], components: Components
) -> Image.Image:
    """A column for each sheet."""
    pairs = [
        pair(texture, CellCanvas(topologies[name], scale=SCALE), state, components) for name, state in shown.items()
    ]
    tiles = [above for above, _ in pairs] + [below for _, below in pairs]
    captions = [f"{name}\n{what}" for what in ("visible", "components") for name in shown]
    return montage(tiles, captions=captions, columns=len(pairs), pad=8, font_size=13)


def animation(
    texture: Texture, topologies: dict[str, Data], components: Components, config: Config
) -> list[Image.Image]:
    """Frames of a run on the first and on the last sheet, visible and components side by side."""
    moments = sorted({round(config.steps * (number / FRAMES) ** SLOWING) for number in range(1, FRAMES + 1)})
    names = [next(iter(topologies)), list(topologies)[-1]]
    columns, captions = [], []
    for name in names:
        topology = topologies[name]
        canvas = CellCanvas(topology, scale=ANIMATED_SCALE, window=(0, 0, config.size, config.size))
        states = grow(texture.rule, topology, 1, moments, config.seed, start=zero_seed(texture.rule, topology))
        pairs = [pair(texture, canvas, texture.bounded(states[moment][0]), components) for moment in moments]
        columns += [[animated(above) for above, _ in pairs], [animated(below) for _, below in pairs]]
        captions += [name, "components"]
    return [
        montage(frames, captions=captions, columns=len(columns), title=f"step {moment}", pad=5, font_size=12)
        for moment, frames in zip(moments, zip(*columns, strict=True), strict=True)
    ]


def one_rule(texture: Texture, topologies: dict[str, Data], config: Config) -> Path:
    """Analyses and draws one rule; returns its folder."""
    out = Path(config.out) / texture.name
    out.mkdir(parents=True, exist_ok=True)
    states = {
        name: texture.bounded(
            grow(
                texture.rule,
                topology,
                config.runs,
                (config.steps,),
                config.seed,
                start=zero_seed(texture.rule, topology),
            )[config.steps]
        )
        for name, topology in tqdm(topologies.items(), desc=texture.name, unit="sheet")
    }
    components = components_of(states["square"])
    sheets: dict[str, Any] = {
        name: {
            "cells": topologies[name].num_nodes,
            "shares": components.shares_on(some),
            "explained by what is visible": explained(some, components),
        }
        for name, some in states.items()
    }
    print(f"\n{texture.name}: {texture.rule.num_channels - VISIBLE} hidden channels")
    for name, entry in sheets.items():
        print(f"{name:<14} shares {entry['shares']}, R^2 by RGB {entry['explained by what is visible']}")
    entries = {
        "config": {**asdict(config), "rule": texture.name},
        "rule": texture.name,
        "hidden channels": texture.rule.num_channels - VISIBLE,
        "sheets": sheets,
    }
    write_metrics(out, entries)
    first = {name: some[0] for name, some in states.items()}
    save_image(out / "figure.png", figure(texture, first, topologies, components))
    save_animation(out / "animation.gif", animation(texture, topologies, components, config), fps=6)
    return out


def main(config: Config) -> None:
    """Rule by rule."""
    topologies = substrates(size=config.size, meshes=1, seed=config.seed)
    for texture in textures_of(config.rule):
        out = one_rule(texture, topologies, config)
        if config.publish:
            publish(out, f"texture_components_{texture.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
