"""Which cells a rule was trained on, and on which it grows: the train x test matrix, and how wrong the gain may be.

    python experiments/isonca/transfer.py --train      # trains four rules first: a quarter of an hour on one core
    python experiments/isonca/transfer.py              # measures those that are there, and the shipped ones

Four rules go on from one and the same rule for equally many iterations, each on cells of its own: squares, hexagons,
Voronoi meshes that are sampled anew all the time, or all three (`isonca/training.py --substrate`). They and the rules
named by `--rule` then grow from a single cell on a square grid, on hexagons and on five Voronoi meshes that no
training has seen, five runs on each, scored at step 1,000 by the published loss with
a closed ring around the seed, relative to an empty substrate. The last column is the median over all
three kinds of cells, each with the same weight.

Then the gain of the Laplacian is set wrong, from 0.8 to 1.2 times what it should be, and the runs are counted that
still hold a pattern after 1,000 steps: finite, and of about as much area as one of the right gain would have, which
grows with the gain. (No loss is given there: the pattern has another size.)

Expect the mixed training to be the best over all, the trainings with meshes to be the best on meshes, and them alone
to hold every pattern at a gain of 1.2.

Written to `--out`:
    figure.webp     the median run of every rule on every kind of cells; below, the share of runs that hold a pattern,
                    against the gain
    metrics.json    every loss
    tables.json     the matrix, what the rule for any cells was to reach, and the runs that hold a pattern

The four trainings have folders of their own there.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import draw_curves, montage
from graphnca.evaluation.intervals import below, median_interval, resampled, with_quartiles
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import EXPLODED
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import median_run
from graphnca.results.options import OnSubstrates, Options
from graphnca.results.result import Result, command
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.training.recipes import IsoNCARecipe
from topologies import first_of_each_kind, sampled_torus, substrates

TRAINED_ON = {
    "square": ("square",),
    "hex": ("hex",),
    "voronoi": ("voronoi",) * 3,
    "mixed": ("square", "hex", *("voronoi",) * 3),
}
"""The four trainings, with the substrates that each lives on."""
ANY, ON_MESHES, RELATIVE = "isonca-lizard-any", 0.183, 1.2  # the rule for any cells, and its goals
GAIN_GOALS = ("gain 0.85", "gain 1.15")
GROWN = (0.5, 1.5)  # living cells per unit of gain of a run that holds its pattern, relative to the median at gain 1


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates, Options):
    """What the command line can change."""

    train: bool = False
    """Whether the four rules are trained first."""
    start: str = "isonca-lizard"
    """The rule that the four trainings go on from."""
    iterations: int = 800
    """Of each of the four."""
    rate: float = 3e-4
    """Adam's learning rate."""
    auxiliary: str = "binary,axis:3"
    """Auxiliary channels of the trainings."""
    renew_every: int = 40
    """Iterations between two new meshes."""
    rule: tuple[str, ...] = ("isonca-lizard", ANY)
    """Rules that are measured beside the four."""
    gains: tuple[float, ...] = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)
    """Of the Laplacian, relative to the right one, which must be among them."""
    meshes: int = 5
    steps: int = 1000
    """Length of a run."""
    seed: int = 2000
    """Of the runs and the meshes; no training and no choice has seen those."""
    out: str = "out/transfer"


def train_all(config: Config) -> None:
    """Trains, or goes on with, the four rules."""
    for name, kinds in TRAINED_ON.items():
        print(f"Training on {name}.")
        recipe = IsoNCARecipe(
            start=config.start,
            auxiliary=config.auxiliary,
            substrate=kinds,
            renew_every=config.renew_every,
            iterations=config.iterations,
            rate=config.rate,
            threads=config.threads,
            snapshot_every=0,
            out=str(Path(config.out) / name),
        )
        recipe.train(sampled_torus, command())


def rules_of(config: Config) -> dict[str, Subject]:
    """The rules that are measured, by the name of their row.

    Raises:
        SystemExit: There is none.
    """
    trained = {f"trained on {name}": Path(config.out) / name / "rule.safetensors" for name in TRAINED_ON}
    named = {Path(name).stem: name for name in config.rule}
    paths = {**named, **{row: str(path) for row, path in trained.items() if path.exists()}}
    if not paths:
        raise SystemExit(f"There is nothing to measure: name `--rule`, or run with --train to train into {config.out}.")
    return {row: read_subject(path) for row, path in paths.items()}


def scores(subject: Subject, topologies: dict[str, Data], config: Config) -> dict[str, tuple[list[dict], Tensor]]:
    """The rows of every substrate and the states they are of."""
    results = {}
    for name, topology in topologies.items():
        states = subject.grow(topology, config.runs, [config.steps], config.seed)[config.steps]
        results[name] = (subject.measure(states, topology), states)
    return results


def medians(results: dict[str, tuple[list[dict], Tensor]]) -> dict[str, float]:
    """The median loss on each kind of cells, and over all kinds alike."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for name, (rows, _) in results.items():
        by_kind[name.split()[0]] += [row["relative"] for row in rows]
    whole = torch.cat([torch.tensor(by_kind[kind]).quantile(torch.linspace(0, 1, 101)) for kind in by_kind])
    return {
        **{kind: round(median(losses), 4) for kind, losses in by_kind.items()},
        "mixed": round(float(whole.median()), 4),
    }


def survival(subject: Subject, topologies: dict[str, Data], config: Config) -> dict[float, dict[str, int]]:
    """How many runs hold a pattern under each gain, by kind of cells."""
    living: dict[float, dict[str, list[int]]] = {gain: defaultdict(list) for gain in config.gains}
    for name, topology in topologies.items():
        for gain in config.gains:
            wrong = topology.clone()
            for field in {"edge_weight", "stencil_weight"}.intersection(topology.keys()):
                wrong[field] = topology[field] * gain
            rows = scores(subject, {name: wrong}, config)[name][0]
            living[gain][name.split()[0]] += [row["alive"] if row["largest"] < EXPLODED else 0 for row in rows]
    usual = {kind: median(counts) for kind, counts in living[1.0].items()}
    return {
        gain: {
            kind: sum(GROWN[0] * usual[kind] < count / gain < GROWN[1] * usual[kind] for count in counts)
            for kind, counts in kinds.items()
        }
        for gain, kinds in living.items()
    }


def main(config: Config, result: Result) -> None:
    """Trains if asked, measures and draws."""
    if config.train:
        train_all(config)
    subjects = rules_of(config)
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    shown = first_of_each_kind(topologies)
    matrix: dict[str, Any] = {}
    tiles, captions, lines = [], [], {}
    for row, subject in result.progress(subjects.items(), "rule"):
        results = scores(subject, topologies, config)
        held = survival(subject, {name: topologies[name] for name in shown}, config)
        matrix[row] = {
            "median loss": medians(results),
            "losses": {name: [entry["relative"] for entry in rows] for name, (rows, _) in results.items()},
            "runs that hold a pattern": {f"gain {gain:g}": counts for gain, counts in held.items()},
        }
        shares = [sum(held[gain].values()) / (len(shown) * config.runs) for gain in config.gains]
        lines[row] = (list(config.gains), shares)
        for name in shown:
            rows, states = results[name]
            middle = median_run([entry["relative"] for entry in rows])
            image = subject.images(states[middle], topologies[name])[:4]
            tiles.append(image.repeat_interleave(2, 1).repeat_interleave(2, 2))
            kind = name.split()[0]
            captions.append(f"{row}\n{kind}: median {matrix[row]['median loss'][kind]:.3f}")
    result.record(
        {
            "loss of the empty substrate": next(iter(subjects.values())).empty_loss,
            "runs on each substrate": config.runs,
            "matrix": matrix,
        }
    )
    result.figure(
        montage(tiles, captions=captions, columns=len(shown), pad=6),
        draw_curves(
            lines,
            dots=True,
            x_label="gain of the Laplacian, relative",
            y_label=f"share of runs that hold a pattern at step {config.steps:,}",
        ),
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Every rule on every kind of cells; the goals of the rule for any cells; and runs that hold a pattern."""
    matrix = metrics["matrix"]
    first = next(iter(matrix.values()))
    kinds, gains = list(first["median loss"]), list(first["runs that hold a pattern"])
    losses = [[row, *(f"{entry['median loss'][kind]:.3f}" for kind in kinds)] for row, entry in matrix.items()]
    held = [
        [row, *(sum(entry["runs that hold a pattern"][gain].values()) for gain in gains)]
        for row, entry in matrix.items()
    ]
    runs = metrics["runs on each substrate"]
    caption = f"Of {(len(kinds) - 1) * runs} runs, {runs} on each kind of cells."
    return {
        "losses": Table(["rule", *kinds], losses),
        "gains": Table(["rule", *gains], held, caption),
        "goals": Table(["measure", "goal", "measured", "reached"], goals(matrix.get(ANY))),
    }


def goals(entry: dict[str, Any] | None) -> list[list[str]]:
    """What the rule for any cells was to reach, beside what it reached; nothing where it was not measured."""
    if entry is None or not {"square", "voronoi"} <= entry["median loss"].keys():
        return []
    counts = entry["runs that hold a pattern"]
    meshes, squares = (
        np.array([loss for name, losses in entry["losses"].items() if name.startswith(kind) for loss in losses])
        for kind in ("voronoi", "square")
    )
    ratio = np.median(meshes) / np.median(squares)
    between = resampled(
        lambda drawn: float(np.median(meshes[drawn[0]]) / np.median(squares[drawn[1]])), [len(meshes), len(squares)]
    )
    rows = [
        (
            "median loss on five unseen Voronoi meshes",
            f"at most {ON_MESHES}",
            with_quartiles(meshes.tolist(), 3),
            below(median_interval(meshes.tolist()), ON_MESHES),
        ),
        (
            "relative to the square grid",
            f"at most {RELATIVE}",
            f"{ratio:.2f} ({between[0]:.2f} to {between[1]:.2f})",
            below(between, RELATIVE),
        ),
    ]
    for gain in GAIN_GOALS if {"gain 1", *GAIN_GOALS} <= counts.keys() else ():
        held, runs = sum(counts[gain].values()), sum(counts["gain 1"].values())
        words = f"runs that hold a pattern at {gain.removeprefix('gain ')} of the gain"
        rows.append((words, f"{runs}, as at 1", str(held), "yes" if held >= runs else "no"))
    return [list(row) for row in rows]


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
