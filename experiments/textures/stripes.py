"""Bands that straighten: fragments travel until they merge, and fewer and fewer stripes are left that end.

    python experiments/textures/stripes.py                                                       # texture-banded
    python experiments/textures/stripes.py --rule models.json --model banded_0037 --colour 0 0 1

Self-Organising Textures (Niklasson et al. 2021): pieces of stripes move along until they have merged into straight ones
that run side by side. Two numbers, at every look, on squares, hexagons and a mesh:

    fragments   bright pieces that do not go around the torus: a straight stripe on a torus has no end. Pieces are those
                of `graphnca.evaluation.texture_bodies`, brighter by `--colour` than half of the texture
    alignment   |sum of size e^(2i angle)| / sum of size over the gradients of the picture: 1 if all stripes lie alike

Expect many fragments and no alignment at first, then none of the former and nearly 1 of the latter; merges are counted.

Written to `--out`/NAME, for each rule:
    figure.webp     the first run on each substrate at some moments; below, fragments and alignment over time
    animation.webp  it in motion
    metrics.json    both numbers at every look of every run, and how many pieces merged
    tables.json     the same in short
"""

from dataclasses import dataclass
from statistics import mean
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.orientation import Gradients
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_bodies import Bodies, Census, Contrast, bodies_of, going_round
from graphnca.results.figures import Strips, curves, spread
from graphnca.results.options import BodyColour, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

SHOWN = 6  # moments of the figure
FRAMES = 40  # of the animation, at most
IN_TABLE = (0.02, 0.1, 0.4, 1.0)  # of a run: the moments in the table
NUMBERS = ("fragments", "alignment")


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, BodyColour, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("texture-banded",)
    """Textures of stripes."""
    meshes: int = 1
    steps: int = 2000
    """Length of a run."""
    every: int = 20
    """Steps between two looks."""
    runs: int = 3
    seed: int = 6600
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_stripes"


def followed(
    texture: Subject, topology: Data, contrast: Contrast, config: Config
) -> tuple[dict[str, Any], list[tuple[int, Tensor]]]:
    """Both numbers of every run at every look; and the first run."""
    view = texture.view(topology, size=config.size)
    start = texture.seed(topology).expand(config.runs, -1, -1)
    looks = range(config.every, config.steps + 1, config.every)
    generator = torch.Generator().manual_seed(config.seed)
    numbers: dict[str, list[list[float]]] = {name: [] for name in NUMBERS}
    censuses = [Census() for _ in range(config.runs)]
    before: list[Bodies] = []
    shown = []
    for step, states in walk(texture.rule, start, topology, looks, generator=generator):
        now = [bodies_of(cells, topology) for cells in contrast.inside(bounded(states), topology)]
        numbers["fragments"].append([int((~going_round(found, topology)).sum()) for found in now])
        pictures = texture.images(states, view)
        numbers["alignment"].append([round(Gradients.of(picture).anisotropy(2), 3) for picture in pictures])
        for census, one, other in zip(censuses, before, now, strict=False):
            census.note(one, other, topology, config.every)
        before = now
        shown.append((step, bounded(states[0])))
    return {**numbers, "merged": [census.merged for census in censuses]}, shown


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Follows and draws one rule."""
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    first = next(iter(topologies.values()))
    grown = texture.grow(first, config.runs, [config.steps], config.seed - 1)[config.steps]
    contrast = Contrast.of(config.weights, bounded(grown), first)
    side = float(config.size)
    strips = Strips(texture, scale=2.0, window=(0.0, 0.0, side, side))
    entries, tiles, films = {}, [], []
    for name, topology in result.progress(topologies.items()):
        entries[name], shown = followed(texture, topology, contrast, config)
        word = name.split()[0]
        tiles += [(topology, state, f"{word}, step {step:,}") for step, state in spread(shown, SHOWN)]
        films.append([(topology, state, word, step) for step, state in spread(shown, FRAMES)])
    looks = list(range(config.every, config.steps + 1, config.every))
    result.record({"looks": looks, "substrates": entries})
    plots = {
        f"{number}, mean of the runs": {
            name: (looks, [mean(values) for values in entry[number]]) for name, entry in entries.items()
        }
        for number in NUMBERS
    }
    result.figure(
        strips(tiles, columns=len(tiles) // len(topologies)), curves(plots, columns=2, log_x=True, x_label="step")
    )
    result.animation(
        (
            strips([(topology, state, word) for topology, state, word, _ in now], title=f"step {now[0][3]:,}")
            for now in zip(*films, strict=True)
        ),
        fps=8,
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Fragments and alignment at four moments, means of the runs; how many pieces merged."""
    looks = metrics["looks"]
    places = sorted({round(share * (len(looks) - 1)) for share in IN_TABLE})
    rows = []
    for name, entry in metrics["substrates"].items():
        fragments = [f"{mean(entry['fragments'][place]):.1f}" for place in places]
        alignment = [f"{mean(entry['alignment'][place]):.2f}" for place in places]
        rows.append([name, *fragments, *alignment, ", ".join(map(str, entry["merged"]))])
    header = [f"{number}, step {looks[place]:,}" for number in NUMBERS for place in places]
    return {"stripes": Table(["substrate", *header, "merges, run by run"], rows)}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
