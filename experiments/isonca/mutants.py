"""Mutants steadied: the supplanted point of a structured seed is moved step by step to where its new colour belongs.

    python experiments/isonca/mutants.py

IsoNCA's authors write that mutated seeds are less reliable than turned ones, and that they often hold once the
supplanted point lies, relative to the others, more as its new colour's own point does. Here a point of the dancer's or
the lizard's seed is given the colour of its counterpart on the other side, so that the pattern has that part twice, and
then moved in steps from where it was to the mirror image of that counterpart. On squares, hexagons and a mesh, several
runs of each, two numbers, both in shares of the mean square of what grows:

    disagreement    mean squared difference of two runs at the last step: 0 if every run grows the same
    unrest          mean squared difference of a run from itself half as many steps before: 0 if it holds

Beside them stands the seed as it was trained. Expect numbers that fall towards its own while the point moves, for most
mutants and not on all cells: the paper's "often".

Written to `--out`:
    figure.webp     a row for each mutant: the first run on squares at each place of the point; below, both numbers
    metrics.json    both numbers, and how many runs died or exploded, for each place on each substrate
    tables.json     the same in short
"""

from dataclasses import dataclass
from itertools import combinations
from statistics import mean
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.named import read_subject
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import bounded, lost, window
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.upright import upright
from graphnca.results.figures import Strips, curves
from graphnca.results.options import OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.rules import STRUCTURED_SEEDS
from graphnca.seeds import StructuredSeed
from topologies import substrates

MUTANTS: dict[str, tuple[str, str, int, int]] = {
    "dancer, the raised hand as the other one": ("isonca-dancer-6point", "dancer", 1, 2),
    "dancer, the other hand as the raised one": ("isonca-dancer-6point", "dancer", 2, 1),
    "dancer, one foot as the other": ("isonca-dancer-6point", "dancer", 4, 5),
    "lizard, green as blue": ("isonca-lizard-3point", "lizard", 1, 2),
}
"""Rule, seed, the point that is supplanted, and the one whose colour it gets."""
TRAINED = "as trained"
SIDE = 72  # units around the seed that are compared and shown
NUMBERS = ("disagreement", "unrest")


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates, Options):
    """What the command line can change."""

    mutant: tuple[str, ...] = tuple(MUTANTS)
    """Which of them."""
    places: int = 5
    """Places of the point, from its own to the mirror image of its counterpart's."""
    steps: int = 2000
    """After which runs are compared, and with themselves after half as many."""
    meshes: int = 1
    runs: int = 4
    seed: int = 6800
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/mutants"


def moved(seed: StructuredSeed, point: int, like: int, share: float) -> StructuredSeed:
    """The seed with a point like another, moved by a share of the way to that one's mirror image."""
    goal = seed.points[like] * torch.tensor([-1.0, 1.0])
    x, y = (share * (goal - seed.points[point])).tolist()
    return seed.recoloured(point, like).moved(point, (x, y))


def compared(images: dict[int, Float[Tensor, "b c h w"]], steps: int) -> dict[str, float]:
    """Both numbers of several runs."""
    last, half = images[steps], images[steps // 2]
    scale = max(float(last.square().mean()), 1e-6)
    pairs = [float((last[one] - last[other]).square().mean()) for one, other in combinations(range(len(last)), 2)]
    return {
        "disagreement": round(mean(pairs) / scale, 4) if pairs else 0.0,
        "unrest": round(float((last - half).square().mean()) / scale, 4),
    }


def one_mutant(
    subject: Subject, seeds: dict[str, StructuredSeed], topologies: dict[str, Data], config: Config
) -> tuple[dict[str, Any], list[tuple[Data, Tensor, str]]]:
    """The numbers of every seed on every substrate, and the first run of each on the first."""
    entries: dict[str, Any] = {}
    tiles = []
    moments = (config.steps // 2, config.steps)
    for place, topology in topologies.items():
        view = upright(topology, SIDE, SIDE)
        starts = torch.stack([seed.state(topology, subject.rule.num_channels) for seed in seeds.values()])
        start = starts.repeat_interleave(config.runs, 0)
        states = grow(subject.rule, topology, len(start), moments, config.seed, start=start)
        for number, name in enumerate(seeds):
            rows = slice(number * config.runs, (number + 1) * config.runs)
            images = {step: view(bounded(now[rows])[..., :4]) for step, now in states.items()}
            gone = sum(bool(word) for word in lost(states[config.steps][rows]))
            entry = {**compared(images, config.steps), "died or exploded": gone}
            entries.setdefault(name, {})[place] = entry
            if topology is next(iter(topologies.values())):
                state = bounded(states[config.steps][rows][0])
                tiles.append((topology, state, f"{name}: {entry['disagreement']:.2f}, {entry['unrest']:.2f}"))
    return entries, tiles


def main(config: Config, result: Result) -> None:
    """Mutates, moves, grows, measures and draws."""
    unknown = [name for name in config.mutant if name not in MUTANTS]
    if unknown:
        raise SystemExit(f"--mutant: expected some of {'; '.join(MUTANTS)}, got {'; '.join(unknown)}.")
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    shares = torch.linspace(0, 1, config.places).tolist()
    mutants, tiles, plots = {}, [], {}
    for name in result.progress(config.mutant, "mutant"):
        rule, target, point, like = MUTANTS[name]
        seed, subject = STRUCTURED_SEEDS[target], read_subject(rule)
        seeds = {f"{share:.0%} of the way": moved(seed, point, like, share) for share in shares}
        mutants[name], shown = one_mutant(subject, {**seeds, TRAINED: seed}, topologies, config)
        tiles += [(topology, state, f"{name}\n{caption}") for topology, state, caption in shown]
        for number in NUMBERS:
            plots[f"{number}: {name}"] = {
                place: ([100 * share for share in shares], [mutants[name][key][place][number] for key in seeds])
                for place in topologies
            }
    result.record({"mutants": mutants})
    strips = Strips(read_subject(MUTANTS[config.mutant[0]][0]), scale=1.8, window=lambda one: window(one, 54.0), pad=4)
    drawn = curves(plots, columns=2, size=(560, 260), dots=True, x_label="% of the way that the point has moved")
    result.figure(strips(tiles, columns=config.places + 1), drawn)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Disagreement and unrest of every mutant at every place, on each substrate."""
    rows, header = [], []
    for name, seeds in metrics["mutants"].items():
        header = list(seeds)
        for place in next(iter(seeds.values())):
            cells = []
            for of in seeds.values():
                entry = of[place]
                gone = f"; {entry['died or exploded']} lost" if entry["died or exploded"] else ""
                cells.append(f"{entry['disagreement']:.2f} / {entry['unrest']:.2f}{gone}")
            rows.append([name, place, *cells])
    caption = (
        f"Disagreement / unrest at step {metrics['config']['steps']:,}, {metrics['config']['runs']} runs each; lost "
        "runs died or exploded."
    )
    return {"mutants": Table(["mutant", "cells", *header], rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
