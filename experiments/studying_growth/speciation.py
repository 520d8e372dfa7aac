"""One rule, three flowers: what grows is in the seed (Studying Growth, speciation).

    python experiments/studying_growth/speciation.py         # the shipped rule, two minutes on one core
    python experiments/studying_growth/speciation.py --rule runs/growing-flowers --ship growing-flowers

All cells of all flowers follow the same rule. The flowers differ in their genome, the hidden channels of the one cell
that growth starts from, which were trained with the rule. Shown and measured:

- the flowers on the square grid, on hexagons and on three Voronoi meshes: log10 of the mean squared error of RGBA;
- the embryos: how far the mean colours of the flowers' tissue lie apart, step by step. They start alike and part;
- walks between the genomes: what grows from mixtures of two of them;
- a tree of what grows: a triangular grid of mixtures of all three, what grows from each of them after 200 steps,
  clustered by likeness (average linkage on the root of the mean squared difference of the pictures).

Written to `--out`:
    figure.webp     every flower step by step on the first substrate, and grown on every one; what grows from mixtures
                    of three genomes, as a tree, and of two; distance between the mean colours against the steps
    animation.webp  the median runs of the flowers, growing side by side
    metrics.json    every number
    tables.json     the flowers on every kind of cells; embryos, walks and the tree
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import draw_curves, montage
from graphnca.evaluation.intervals import below, median_interval, with_quartiles
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import window
from graphnca.evaluation.species import draw_tree, likeness_tree, mean_colours, mean_distance, triangle, walk
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import Strips, median_run
from graphnca.results.options import OfRule, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subject_of
from graphnca.results.shipping import ship
from graphnca.results.table import Table
from topologies import by_kind, substrate_of_cells, substrates

GOAL = -2.5  # log10 of the mean squared error
SHOWN = (10, 15, 20, 30, 50, 100, 200)  # steps of the pictures
EMBRYO = (10, 20)  # steps between which the article's embryos share their colours
ANIMATED_EVERY, ANIMATED, FPS = 2, 120, 12
SHARE = "mean share of the final distance, steps 10 to 20"
COLOURS = np.array([(214, 40, 57), (247, 179, 43), (104, 78, 190), (60, 140, 90), (50, 110, 180)])  # of the flowers

Species = dict[str, Subject]


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, OnSubstrates, Options):
    """What the command line can change."""

    rule: str = "growing-flowers"
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
    ship: str = ""
    """Name to ship the rule under, with these numbers in its card; empty: don't."""
    out: str = "out/speciation"


def genomes_of(species: Species) -> list[Tensor]:
    """What the seeds of the flowers carry."""
    return [next(iter(subject.genomes.values())) for subject in species.values()]


def flowers(
    species: Species, topologies: dict[str, Data], config: Config, result: Result
) -> tuple[dict[str, Any], dict[str, list[tuple[Data, Tensor, str]]]]:
    """The errors of every flower on every substrate, and the tiles of its row: the median run."""
    entries: dict[str, Any] = {name: {} for name in topologies}
    rows: dict[str, list[tuple[Data, Tensor, str]]] = {flower: [] for flower in species}
    first = next(iter(topologies))
    for name, topology in result.progress(topologies.items()):
        looks = SHOWN if name == first else SHOWN[-1:]
        for flower, subject in species.items():
            states = subject.grow(topology, config.runs, {*config.steps, *looks}, config.seed)
            errors = {step: subject.log_error(states[step], topology).tolist() for step in config.steps}
            entries[name][flower] = {f"step {step}": [round(v, 2) for v in errors[step]] for step in config.steps}
            shown = median_run(errors[max(config.steps)])
            rows[flower] += [(topology, states[step][shown], f"{flower}\n{name}, step {step}") for step in looks]
    return entries, rows


def embryos(species: Species, topology: Data, config: Config) -> dict[str, Any]:
    """How far apart the mean colours are, step by step."""
    steps = sorted({*range(2, 61, 2), *range(70, config.grown + 1, 10), config.grown})
    runs = [subject.grow(topology, config.runs, steps, config.seed) for subject in species.values()]
    colours = {step: torch.stack([mean_colours(run[step]) for run in runs]) for step in steps}
    distance = {step: mean_distance(colours[step]) for step in steps}
    final = distance[config.grown]
    early = [distance[step] / max(final, 1e-9) for step in steps if EMBRYO[0] <= step <= EMBRYO[1]]

    def means(step: int) -> dict[str, list[float]]:
        return {
            name: [round(value, 3) for value in colours[step][number].mean(0).tolist()]
            for number, name in enumerate(species)
        }

    return {
        "steps": steps,
        "distance of mean colours": [round(value, 4) for value in distance.values()],
        SHARE: round(sum(early) / len(early), 3),
        "mean colours at step 20": means(EMBRYO[1]),
        "mean colours at the end": means(config.grown),
    }


def nearest_species(species: Species, images: Float[Tensor, "b 4 h w"]) -> list[tuple[str, float]]:
    """The target that each picture is most like, and log10 of the mean squared error to it."""
    errors = {name: log10_error(images, subject.target).tolist() for name, subject in species.items()}
    return [min(((name, errors[name][row]) for name in errors), key=lambda pair: pair[1]) for row in range(len(images))]


def mixed(species: Species, genomes: Sequence[Tensor], topology: Data, config: Config) -> tuple[Tensor, Tensor]:
    """What grows from genomes `(B, G)`: the states, and RGBA around the seed."""
    subject = next(iter(species.values()))
    starts = torch.stack([subject.seed(topology, genome=genome) for genome in genomes])
    final = grow(subject.rule, topology, len(genomes), (config.grown,), config.seed, start=starts)[config.grown]
    return final, subject.images(final, topology)[:, :4]


def walks(species: Species, topology: Data, config: Config) -> Iterator[tuple[str, Tensor, list[dict[str, Any]]]]:
    """What grows from mixtures of two genomes: between whom, the states, and what they are most like."""
    for (one, start), (other, end) in combinations(zip(species, genomes_of(species), strict=True), 2):
        final, images = mixed(species, walk(start, end, config.mixtures), topology, config)
        found = nearest_species(species, images)
        yield (
            f"{one} to {other}",
            final,
            [{"most like": name, "log10 error": round(error, 2)} for name, error in found],
        )


def tree(species: Species, topology: Data, strips: Strips, config: Config) -> tuple[dict[str, Any], Image.Image]:
    """What grows from mixtures of all genomes, clustered; and as a picture."""
    weights = triangle(config.divisions, len(species))
    corners = torch.stack(genomes_of(species))
    final, images = mixed(species, [torch.tensor(row) @ corners for row in weights], topology, config)
    links = likeness_tree(images)
    blends = [np.clip(np.array(row) @ COLOURS[: len(corners)], 0, 255).astype(int) for row in weights]
    canvas = strips.canvas(topology)
    picture = draw_tree(
        links, [canvas.draw(state) for state in final], ["#{:02x}{:02x}{:02x}".format(*b) for b in blends]
    )
    found = nearest_species(species, images)
    entry = {
        "mixtures": [
            {"weights": list(row), "most like": name, "log10 error": round(error, 2)}
            for row, (name, error) in zip(weights, found, strict=True)
        ],
        "grown into a flower": sum(error <= GOAL for _, error in found),
        "heights of the joints": [round(float(height), 4) for height in links[:, 2]],
    }
    return entry, picture


def main(config: Config, result: Result) -> None:
    """Grows, measures and draws."""
    subject = subject_of(config)
    if len(subject.genomes) < 2:
        raise SystemExit(
            f"--rule: expected one with several genomes, got {config.rule!r} with {sorted(subject.genomes)}."
        )
    species = subject.species
    side = max(one.target[3].amax(0).nonzero().numel() for one in species.values()) + 6
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    square = substrate_of_cells("square", config.cells)
    small, normal, large = (Strips(subject, scale=scale, window=partial(window, side=side)) for scale in (1.2, 2, 4))
    entries, rows = flowers(species, topologies, config, result)
    embryo = embryos(species, square, config)
    found, tiles = {}, []
    for between, final, most_like in walks(species, square, config):
        found[between] = most_like
        last = len(final) - 1
        tiles += [(square, state, f"{number}/{last}" if number else between) for number, state in enumerate(final)]
    forms, drawn = tree(species, square, small, config)
    result.record({"goal": GOAL, "flowers": entries, "embryos": embryo, "walks": found, "tree": forms})
    title = "distance between the mean colours of the flowers' tissue"
    lines = {"mean over pairs": (embryo["steps"], embryo["distance of mean colours"])}
    strip = normal([tile for row in rows.values() for tile in row], columns=len(next(iter(rows.values()))))
    result.figure(
        strip,
        montage([drawn, normal(tiles, columns=config.mixtures)], columns=2),
        draw_curves(lines, x_label="step", title=title),
    )
    name, first = next(iter(topologies.items()))
    moments, canvas = range(0, ANIMATED + 1, ANIMATED_EVERY), large.canvas(first)
    runs = []
    for flower, one in species.items():
        shown = median_run(entries[name][flower][f"step {max(config.steps)}"])
        states = one.grow(first, config.runs, moments, config.seed)
        runs.append([canvas.draw(states[step][shown]) for step in moments])
    film = [montage(pictures, columns=len(runs), pad=0) for pictures in zip(*runs, strict=True)]
    result.animation([*film, *film[-1:] * FPS], fps=FPS)
    if config.ship:
        measured = {"runs on each sheet": config.runs, "seed": config.seed, "log10 errors": entries}
        ship(subject, config.ship, measured, strip)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Every flower on every kind of cells; what was measured of embryos, walks and the tree."""
    rows, moments, goal = [], [f"step {step}" for step in metrics["config"]["steps"]], metrics["goal"]
    for kind, entries in by_kind(metrics["flowers"]).items():
        for flower in entries[0]:
            errors = [[value for entry in entries for value in entry[flower][step]] for step in moments]
            met = below(median_interval(errors[0]), goal)
            rows.append([flower, kind, *(with_quartiles(values) for values in errors), met])
    forms, on_walks = metrics["tree"], [step for walk in metrics["walks"].values() for step in walk]
    grown = sum(step["log10 error"] <= goal for step in on_walks)
    measures = [
        [
            "distance of the mean colours at steps 10 to 20, relative to that at the end",
            f"{metrics['embryos'][SHARE]:.2f}",
        ],
        ["genomes on the walks that grow into one of the flowers", f"{grown} of {len(on_walks)}"],
        [
            "mixtures of all three that grow into one of the flowers",
            f"{forms['grown into a flower']} of {len(forms['mixtures'])}",
        ],
    ]
    return {
        "flowers": Table(["flower", "cells", *moments, f"at most {goal} at {moments[0]}"], rows),
        "forms": Table(["measure", "value"], measures),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
