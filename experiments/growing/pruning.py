"""How many of a rule's parameters can go: its smallest weights set to zero, and what it still grows (Growing NCA).

    python experiments/growing/pruning.py

The article calls its 8,300 parameters few, and says that quantising and pruning would make them fewer. Here a share of
each weight matrix is set to zero, the smallest first, without any training afterwards; beside it, as many chosen by
chance. What grows is measured by what the whole rule grows on squares (`graphnca.evaluation.fates`), on squares,
hexagons and a mesh. Expect the pattern to be whole for a while, then to be another one, then to flood or die; weights
chosen by chance are missed much sooner.

Written to `--out`:
    figure.webp     a row for each rule and kind of cells: the median run at each share; below, the error over the share
    metrics.json    the fate and the error of every run
    tables.json     how many are whole at each share
"""

import copy
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca.evaluation.fates import fates
from graphnca.evaluation.form import own_form
from graphnca.evaluation.pixel_error import own_error, own_patterns
from graphnca.evaluation.scores import bounded, rounded, window
from graphnca.evaluation.subject import Subject
from graphnca.layers import NCAConv
from graphnca.results.figures import Strips, curves, median_run
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import substrates

SMALLEST, CHANCE = "the smallest", "by chance"
WHOLE = "whole"
SIDE = 48.0  # units that a picture shows


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard", "growing-butterfly")
    """Rules by name or path."""
    shares: tuple[float, ...] = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
    """Of each weight matrix, that are set to zero."""
    steps: int = 500
    """After which runs are looked at."""
    meshes: int = 1
    runs: int = 3
    seed: int = 6700
    """Of the runs and of what is chosen by chance; the meshes have the numbers after it. Held out."""
    out: str = "out/pruning"


def matrices(rule: NCAConv) -> list[nn.Parameter]:
    """The weights of the update network, without its biases."""
    return [parameter for parameter in rule.update_rule.parameters() if parameter.dim() > 1]


@torch.no_grad()
def pruned(rule: NCAConv, share: float, way: str, generator: torch.Generator) -> tuple[NCAConv, int]:
    """The rule without a share of its weights, and how many parameters it has left."""
    other, zeros = copy.deepcopy(rule), 0
    for weight in matrices(other):
        order = weight.abs() if way == SMALLEST else torch.rand(weight.shape, generator=generator)
        gone = order.flatten().argsort()[: round(share * weight.numel())]
        weight.view(-1)[gone] = 0.0
        zeros += len(gone)
    return other, sum(parameter.numel() for parameter in other.parameters()) - zeros


def one_rule(
    subject: Subject, topologies: dict[str, Data], config: Config
) -> tuple[dict[str, Any], list[tuple[Data, Tensor, str]]]:
    """The numbers of one rule at every share, and its pictures."""
    square = substrates(("square",), config.cells)["square"]
    own, pattern = own_form(subject, square), own_patterns(subject.rule, square, [config.steps])[config.steps]
    empty = pattern.square().mean()
    entries: dict[str, Any] = {}
    tiles = []
    for place, topology in topologies.items():
        for way in (SMALLEST, CHANCE):
            for share in config.shares:
                rule, left = pruned(subject.rule, share, way, torch.Generator().manual_seed(config.seed))
                now = replace(subject, rule=rule)
                states = bounded(now.grow(topology, config.runs, [config.steps], config.seed)[config.steps])
                words = fates(states, topology, own)
                errors = rounded(own_error(states, topology, pattern) / empty, 4)
                entries.setdefault(place, {}).setdefault(way, {})[f"{share:g}"] = {
                    "parameters": left,
                    "fates": words,
                    "errors": errors,
                }
                if way == SMALLEST:
                    run = median_run(errors)
                    tiles.append((topology, states[run], f"{place.split()[0]}, {left:,}: {words[run]}"))
    return entries, tiles


def main(config: Config, result: Result) -> None:
    """Prunes, grows, measures and draws."""
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    subjects = subjects_of(config, "upright")
    rules, tiles, plots = {}, [], {}
    for subject in result.progress(subjects, "rule"):
        rules[subject.name], pictures = one_rule(subject, topologies, config)
        tiles += pictures
        plots[f"{subject.name}: error, in shares of an empty substrate's"] = {
            f"{place.split()[0]}, {way}": (
                [100 * share for share in config.shares],
                [median(entry["errors"]) for entry in shares.values()],
            )
            for place, ways in rules[subject.name].items()
            for way, shares in ways.items()
        }
    result.record({"rules": rules})
    strips = Strips(subjects[0], scale=2.0, window=lambda topology: window(topology, SIDE), pad=4)
    drawn = curves(plots, columns=1, size=(820, 330), log_y=True, x_label="% of the weights that are gone")
    result.figure(strips(tiles, columns=len(config.shares)), drawn)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How many runs are whole at each share, and the median error."""
    rows, runs = [], metrics["config"]["runs"]
    for name, entries in metrics["rules"].items():
        for place, ways in entries.items():
            for way, shares in ways.items():
                cells = [
                    f"{entry['fates'].count(WHOLE)} of {runs} ({median(entry['errors']):.2f})"
                    for entry in shares.values()
                ]
                rows.append([f"`{name}`", place, way, *cells])
    shares = next(iter(next(iter(next(iter(metrics["rules"].values())).values())).values()))
    header = [f"{float(share):.0%} gone: {entry['parameters']:,}" for share, entry in shares.items()]
    caption = (
        f"Runs that are whole at step {metrics['config']['steps']}, in brackets the median error in shares of an empty "
        "substrate's; above, how many parameters the first rule has left."
    )
    return {"pruning": Table(["rule", "cells", "what goes", *header], rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
