"""One rule, three flowers: what grows is in the seed (Studying Growth, speciation).

    python experiments/speciation.py                      # the shipped rule, two minutes on one core
    python experiments/speciation.py --rule runs/growing-flowers/rule.safetensors --ship growing-flowers

All cells of all flowers follow the same rule. The flowers differ in their genome, the hidden channels of the one cell
that growth starts from, which were trained with the rule. Shown and measured:

- the flowers on the square grid, on hexagons and on three Voronoi meshes: log10 of the mean squared error of RGBA;
- the embryos: how far the mean colours of the flowers' tissue lie apart, step by step. They start alike and part;
- walks between the genomes: what grows from mixtures of two of them;
- a tree of what grows: a triangular grid of mixtures of all three, what grows from each of them after 200 steps,
  clustered by likeness (average linkage on the root of the mean squared difference of the pictures).

Written to `--out`:
    flowers.png     every flower step by step on squares, and grown on every sheet
    embryos.png     distance between the mean colours against the steps
    walks.png       what grows from mixtures of two genomes
    tree.png        what grows from mixtures of three, as a tree
    flowers.gif     the three growing side by side
    metrics.json    every number
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from protocol.growing import PADDING, SIZE
from protocol.rules import read_rule
from protocol.shipping import ship
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import bounded, raster, seeded_position
from graphnca.layers import NCAConv
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.rules import load_genomes
from graphnca.seeds import point_seed, with_genome
from graphnca.targets import load_target
from topologies import substrates
from topologies.kinds import CELLS

GOAL = -2.5  # log10 of the mean squared error
SHOWN = (10, 15, 20, 30, 50, 100, 200)  # steps of the pictures
EMBRYO = (10, 20)  # steps between which the article's embryos share their colours
GIF_EVERY, GIF_STEPS, FPS = 2, 120, 12


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "growing-flowers"
    """Name of a shipped rule with genomes or path of a trained one."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 5
    """Runs of every flower on each sheet."""
    steps: tuple[int, ...] = (200, 500, 1000)
    """Steps after which the flowers are measured."""
    grown: int = 200
    """Steps after which mixtures are looked at."""
    mixtures: int = 9
    """Genomes on a walk from one flower to another, both ends included."""
    divisions: int = 5
    """Parts into which the sides of the triangle of mixtures are divided."""
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Nothing is trained or chosen by it."""
    out: str = "out/speciation"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""
    ship: str = ""
    """Name to ship the rule under, with these numbers in its card; empty: don't."""


@dataclass(frozen=True, eq=False)
class Species:
    """A rule with the genomes that it was trained with and the pictures that these stand for."""

    rule: NCAConv
    genomes: dict[str, Float[Tensor, " g"]]
    targets: dict[str, Float[Tensor, "4 h w"]]

    def starts(self, genomes: Sequence[Float[Tensor, " g"]], topology: Data) -> Float[Tensor, "b n c"]:
        """A seed in the middle of the sheet with each of the genomes."""
        seed = point_seed(topology, self.rule.num_channels)
        return torch.stack([with_genome(seed, genome) for genome in genomes])

    def images(self, states: Float[Tensor, "b n c"], topology: Data) -> Float[Tensor, "b 4 h w"]:
        """RGBA around the seed, one pixel per unit."""
        height, width = next(iter(self.targets.values())).shape[-2:]
        return raster(topology, height, width)(bounded(states)[..., :4])


def species_of(name_or_path: str) -> Species:
    """The rule that a command line names, with its genomes and targets.

    Raises:
        SystemExit: If it has fewer than two genomes.
    """
    rule, card = read_rule(name_or_path)
    genomes = load_genomes(name_or_path)
    if len(genomes) < 2:
        raise SystemExit(f"--rule: expected one with several genomes, got {name_or_path!r} with {sorted(genomes)}.")
    genomes = {name: genomes[name] for name in card.get("targets", genomes)}
    size, padding = card.get("size", SIZE), card.get("padding", PADDING)
    return Species(rule, genomes, {name: load_target(name, size=size, padding=padding) for name in genomes})


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


def window(topology: Data, side: int) -> tuple[float, float, float, float]:
    """The part of a sheet around the seed that is drawn."""
    x, y = seeded_position(topology)
    return x - side / 2, y - side / 2, x + side / 2, y + side / 2


def grown_flowers(species: Species, config: Config, shown_side: int) -> dict[str, Any]:
    """The flowers on every sheet; writes flowers.png and flowers.gif."""
    out, entries = Path(config.out), {}
    tiles: dict[str, list[Image.Image]] = {name: [] for name in species.genomes}
    columns: list[str] = []
    frames: list[list[Image.Image]] = []
    bar = tqdm(substrates(cells=config.cells, meshes=config.meshes, seed=config.seed).items(), unit="sheet")
    for sheet, topology in bar:
        canvas = CellCanvas(topology, scale=2, window=window(topology, shown_side))
        entries[sheet] = {}
        looks = SHOWN if sheet == "square" else SHOWN[-1:]
        columns += [f"{sheet}, step {step}" for step in looks]
        for name, genome in species.genomes.items():
            start = species.starts([genome], topology)
            states = grow(species.rule, topology, config.runs, {*config.steps, *looks}, config.seed, start=start)
            errors = {
                step: log10_error(species.images(states[step], topology), species.targets[name]).tolist()
                for step in config.steps
            }
            entries[sheet][name] = {f"step {step}": [round(v, 2) for v in errors[step]] for step in config.steps}
            last = errors[max(config.steps)]
            shown = sorted(range(config.runs), key=last.__getitem__)[config.runs // 2]
            tiles[name] += [canvas.draw(states[step][shown]) for step in looks]
            if sheet == "square":
                moments = range(0, GIF_STEPS + 1, GIF_EVERY)
                run = grow(species.rule, topology, 1, moments, config.seed, start=start)
                large = CellCanvas(topology, scale=4, window=window(topology, shown_side))
                frames.append([large.draw(run[step][0]) for step in moments])
    captions = [f"{name}\n{column}" for name in tiles for column in columns]
    every = [tile for row in tiles.values() for tile in row]
    save_image(out / "flowers.png", montage(every, captions=captions, columns=len(columns), pad=5, font_size=10))
    film = [montage(list(row), columns=len(row), pad=0) for row in zip(*frames, strict=True)]
    save_animation(out / "flowers.gif", [*film, *film[-1:] * FPS], fps=FPS)
    return entries


def embryos(species: Species, topology: Data, config: Config) -> dict[str, Any]:
    """How far apart the mean colours are, step by step; writes embryos.png."""
    steps = sorted({*range(2, 61, 2), *range(70, config.grown + 1, 10), config.grown})
    runs = [
        grow(species.rule, topology, config.runs, steps, config.seed, start=species.starts([genome], topology))
        for genome in species.genomes.values()
    ]
    colours = {step: torch.stack([mean_colours(run[step]) for run in runs]) for step in steps}
    distance = {step: mean_distance(colours[step]) for step in steps}
    final = distance[config.grown]
    early = [distance[step] / max(final, 1e-9) for step in steps if EMBRYO[0] <= step <= EMBRYO[1]]
    lines = {"mean over pairs": ([float(step) for step in steps], list(distance.values()))}
    picture = draw_curves(lines, x_label="step", title="distance between the mean colours of the flowers' tissue")
    save_image(Path(config.out) / "embryos.png", picture)
    return {
        "steps": steps,
        "distance of mean colours": [round(value, 4) for value in distance.values()],
        "mean share of the final distance, steps 10 to 20": round(sum(early) / len(early), 3),
        "mean colours at step 20": {
            name: [round(value, 3) for value in colours[EMBRYO[1]][number].mean(0).tolist()]
            for number, name in enumerate(species.genomes)
        },
        "mean colours at the end": {
            name: [round(value, 3) for value in colours[config.grown][number].mean(0).tolist()]
            for number, name in enumerate(species.genomes)
        },
    }


def nearest_species(species: Species, images: Float[Tensor, "b 4 h w"]) -> list[tuple[str, float]]:
    """The target that each picture is most like, and log10 of the mean squared error to it."""
    errors = {name: log10_error(images, target).tolist() for name, target in species.targets.items()}
    return [min(((name, errors[name][row]) for name in errors), key=lambda pair: pair[1]) for row in range(len(images))]


def walks(species: Species, topology: Data, config: Config, shown_side: int) -> dict[str, Any]:
    """What grows from mixtures of two genomes; writes walks.png."""
    canvas = CellCanvas(topology, scale=2, window=window(topology, shown_side))
    tiles, captions, entry = [], [], {}
    for one, other in combinations(species.genomes, 2):
        genomes = walk(species.genomes[one], species.genomes[other], config.mixtures)
        starts = species.starts(genomes, topology)
        final = grow(species.rule, topology, len(genomes), (config.grown,), config.seed, start=starts)[config.grown]
        found = nearest_species(species, species.images(final, topology))
        entry[f"{one} to {other}"] = [{"most like": name, "log10 error": round(error, 2)} for name, error in found]
        tiles += [canvas.draw(state) for state in final]
        captions += [
            f"{one} to {other}" if number == 0 else f"{number}/{len(genomes) - 1}" for number in range(len(genomes))
        ]
    picture = montage(tiles, captions=captions, columns=config.mixtures, pad=5, font_size=10)
    save_image(Path(config.out) / "walks.png", picture)
    return entry


def tree(species: Species, topology: Data, config: Config, shown_side: int) -> dict[str, Any]:
    """What grows from mixtures of all genomes, clustered; writes tree.png."""
    weights = triangle(config.divisions, len(species.genomes))
    corners = torch.stack(list(species.genomes.values()))
    genomes = [torch.tensor(row) @ corners for row in weights]
    starts = species.starts(genomes, topology)
    final = grow(species.rule, topology, len(genomes), (config.grown,), config.seed, start=starts)[config.grown]
    images = species.images(final, topology)
    links = likeness_tree(images)
    canvas = CellCanvas(topology, scale=1.2, window=window(topology, shown_side))
    mixed = np.array([(214, 40, 57), (247, 179, 43), (104, 78, 190), (60, 140, 90), (50, 110, 180)])[: len(corners)]
    colours = ["#{:02x}{:02x}{:02x}".format(*np.clip(np.array(row) @ mixed, 0, 255).astype(int)) for row in weights]
    save_image(Path(config.out) / "tree.png", draw_tree(links, [canvas.draw(state) for state in final], colours))
    found = nearest_species(species, images)
    return {
        "mixtures": [
            {"weights": list(row), "most like": name, "log10 error": round(error, 2)}
            for row, (name, error) in zip(weights, found, strict=True)
        ],
        "grown into a flower": sum(error <= GOAL for _, error in found),
        "heights of the joints": [round(float(height), 4) for height in links[:, 2]],
    }


def main(config: Config) -> None:
    """Grows, measures, draws and prints."""
    species = species_of(config.rule)
    Path(config.out).mkdir(parents=True, exist_ok=True)
    shown_side = max(target[3].amax(0).nonzero().numel() for target in species.targets.values()) + 6
    flowers = grown_flowers(species, config, shown_side)
    square = substrates(("square",), config.cells)["square"]
    embryo = embryos(species, square, config)
    mixtures = walks(species, square, config, shown_side)
    forms = tree(species, square, config, shown_side)
    print(f"{'sheet':<14}{'flower':<12}" + "".join(f"{f'step {step}':>12}" for step in config.steps))
    for sheet, entry in flowers.items():
        for name, errors in entry.items():
            print(f"{sheet:<14}{name:<12}" + "".join(f"{median(errors[f'step {s}']):>12.2f}" for s in config.steps))
    share = embryo["mean share of the final distance, steps 10 to 20"]
    print(f"Distance between mean colours at steps 10 to 20: {share:.2f} of that at step {config.grown}.")
    print(f"Of {len(forms['mixtures'])} mixtures, {forms['grown into a flower']} grow into one of the flowers.")
    metrics = {
        "config": asdict(config), "goal": GOAL, "flowers": flowers, "embryos": embryo, "walks": mixtures, "tree": forms,
    }  # fmt: skip
    write_metrics(config.out, metrics)
    if config.publish:
        publish(config.out, "speciation")
    if config.ship:
        measured = {"runs on each sheet": config.runs, "seed": config.seed, "log10 errors": flowers}
        ship(config.rule, config.ship, measured, Path(config.out) / "flowers.png")
    print(f"Pictures and metrics.json are in {config.out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
