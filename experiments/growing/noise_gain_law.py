"""Rules trained on squares, grown on hexagons and random meshes: what the noise-gain law does, with and without it.

    python experiments/growing/noise_gain_law.py  # every shipped Growing rule, a few minutes each
    python experiments/growing/noise_gain_law.py --rule growing-lizard
    python experiments/growing/noise_gain_law.py --rule ex3_butterfly.json   # a published model file

A rule that perceives gradients through the Sobel pair also relies on how that pair averages. The law (docs/
mathematics.md) smooths the gradients of other cells until they answer to noise as strongly as Sobel's do, with a sum of
squared weights of 3/16. Here each rule, unchanged, grows on a hexagonal torus and on three Voronoi meshes that no
training has seen, in three ways:

    law         gradients corrected by the moment matrix, smoothed by the law: what graphnca does
    corrected   the same without smoothing
    raw         sums of w_ij v_ij (x_j - x_i), not corrected either: on hexagons the same as `corrected`

The error is the mean squared difference of RGBA to what the same rule shows on the square torus after as many steps,
on 56x56 pixels of one unit around the seed, 2x2 samples a pixel. Two runs on squares differ too: that is the floor; an
empty substrate is the ceiling, but for patterns that overgrow. Expect the pattern with the law at step 500, and an
overgrown one without it, on meshes above all; at 2,000 what was only trained on squares drifts.

Then the same share of smoothing for all cells, from 0 to 1/2, in place of the law's own for each.

Written to `--out`/NAME, for each rule:
    figure.webp     every substrate at the first moment, in the three ways; the error against the share of smoothing,
                    and where the law lies
    later.webp      every substrate at the last moment
    animation.webp  the growth on squares, hexagons and a mesh, with the law above and without smoothing below
    metrics.json    the error of every run
    tables.json     median errors at both moments, the goals, and the noise gain of every substrate
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import OwnForm, own_form
from graphnca.evaluation.gradients import WAYS, as_it_is, smoothed_by, unsmoothed
from graphnca.evaluation.pixel_error import OWN_SIDE, own_error, own_patterns
from graphnca.evaluation.scores import ALIVE, window
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import Strips, curves, median_run
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import by_kind, first_of_each_kind, substrate_of_cells, substrates
from topologies.noise_gain import noise_quadratic

GOALS = {"hex": 0.004, "voronoi": 0.01}  # median error at the first moment of rules trained on squares alone
GOALS_ANY = (0.003, 0.005)  # of rules trained on mixed cells, on every kind, at the first moment and at the last
FRAMES, SLOWING = 44, 2.5  # frames of the animation; frame i of n shows step last * (i / n)^2.5
IN_WORDS = {"law": "law", "corrected": "corrected only", "raw": "raw sums"}
KINDS = {"hex": "hexagons", "voronoi": "Voronoi"}
OTHERS = [(way, kind) for kind in KINDS for way in IN_WORDS]
"""The columns of the tables behind that of squares."""

Grown = dict[int, Tensor]  # states (runs, N, C) by step


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    steps: tuple[int, ...] = (500, 2000)
    """Steps after which the runs are measured."""
    shares: tuple[float, ...] = (0.0, 0.08, 0.16, 0.24, 0.32, 0.5)
    """Shares of smoothing that all cells are given alike."""
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/noise_gain_law"


def noise_gain(topology: Data) -> dict[str, float]:
    """The sum of squared weights of the gradient, plain and under the law, and the smoothing that makes them so."""
    edges, vectors, weights, smoothing = (
        topology[field].double().numpy() if field != "edge_index" else topology[field].numpy()
        for field in ("edge_index", "edge_attr", "edge_weight", "smoothing")
    )
    quadratic = noise_quadratic(edges, vectors, weights, len(smoothing))
    return {
        "plain": round(float(quadratic.plain.mean()), 4),
        "under the law": round(float(quadratic.at(smoothing).mean()), 4),
        "smoothing": round(float(smoothing.mean()), 4),
        "deviation of smoothing": round(float(np.std(smoothing)), 4),
    }


def errors_on(
    subject: Subject, topology: Data, own: dict[int, Tensor], form: OwnForm, config: Config
) -> tuple[dict[str, Any], Grown]:
    """The error of every run at every moment, and the states there."""
    states = subject.grow(topology, config.runs, own, config.seed)
    entry = {}
    for step, pattern in own.items():
        errors = [round(error, 6) for error in own_error(states[step], topology, pattern).tolist()]
        entry[f"step {step}"] = {
            "median error": round(median(errors), 6),
            "errors": errors,
            "fates": counted(fates(states[step], topology, form)),
            "alive": (states[step][..., 3] > ALIVE).sum(-1).tolist(),
        }
    return entry, states


def medians(entries: dict[str, Any], step: int) -> dict[str, float]:
    """The median over all runs on each kind of cells."""
    errors = by_kind({name: entry[f"step {step}"]["errors"] for name, entry in entries.items()})
    return {kind: round(median(error for run in found for error in run), 6) for kind, found in errors.items()}


def on_one_kind(subject: Subject) -> bool:
    """Whether a rule was trained on squares alone; so were the published ones."""
    return "," not in subject.card.get("substrate", "square").rpartition(":")[2]


def goals(subject: Subject, at_first: dict[str, float], at_last: dict[str, float], config: Config) -> dict[str, Any]:
    """What was to be reached with the law, and what was."""
    first, last = min(config.steps), max(config.steps)
    if on_one_kind(subject):
        found = {f"{kind} at {first}": (at_first[kind], goal) for kind, goal in GOALS.items() if kind in at_first}
    else:
        found = {f"{kind} at {first}": (value, GOALS_ANY[0]) for kind, value in at_first.items()}
        found |= {f"{kind} at {last}": (value, GOALS_ANY[1]) for kind, value in at_last.items()}
    return {name: {"reached": value, "goal": goal, "met": value <= goal} for name, (value, goal) in found.items()}


def measure(subject: Subject, config: Config, result: Result) -> None:
    """Grows, measures and draws one rule in every way."""
    if not subject.rule.perception.uses_gradient:
        raise SystemExit(f"--rule: expected one that perceives gradients, got {subject.name!r}.")
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    others = {name: topology for name, topology in topologies.items() if name != "square"}
    own = own_patterns(subject.rule, substrate_of_cells("square", config.cells), config.steps)
    form = own_form(subject, substrate_of_cells("square", config.cells))
    entries: dict[str, dict[str, Any]] = {way: {} for way in WAYS}
    grown: dict[str, dict[str, Grown]] = {way: {} for way in WAYS}
    for way, name in result.progress([("law", "square"), *((way, name) for way in WAYS for name in others)]):
        entries[way][name], grown[way][name] = errors_on(subject, WAYS[way](topologies[name]), own, form, config)
    uniform: dict[str, dict[str, dict[str, float]]] = {f"step {step}": {} for step in own}
    for share in result.progress(config.shares, "share of smoothing"):
        found = {
            name: errors_on(subject, smoothed_by(topologies[name], share), own, form, config)[0] for name in others
        }
        for step in own:
            uniform[f"step {step}"][f"{share:g}"] = medians(found, step)
    first, last = min(config.steps), max(config.steps)
    middle = {f"step {step}": {way: medians(entries[way], step) for way in WAYS} for step in config.steps}
    gains = {name: noise_gain(topology) for name, topology in topologies.items()}
    result.record(
        {
            "target": subject.card.get("target"),
            "regime": subject.card.get("regime"),
            "trained on squares alone": on_one_kind(subject),
            "empty": {f"step {step}": round(float(pattern.square().mean()), 6) for step, pattern in own.items()},
            "medians": middle,
            "goals": goals(subject, middle[f"step {first}"]["law"], middle[f"step {last}"]["law"], config),
            "uniform smoothing": uniform,
            "noise gain": gains,
            "substrates": entries,
        }
    )
    strips = Strips(subject, scale=3, window=lambda topology: window(topology, OWN_SIDE), pad=6, font_size=15)
    pictures = {}
    for step in (first, last):
        tiles = []
        for way in WAYS:
            for name, topology in topologies.items():
                key = "law" if name == "square" else way
                errors = entries[key][name][f"step {step}"]["errors"]
                chosen = median_run(errors)
                tiles.append((topology, grown[key][name][step][chosen], f"{way}\n{name}: {errors[chosen]:.4f}"))
        pictures[step] = strips(tiles, columns=len(topologies))
    plots = {}
    for moment, shares in uniform.items():
        lines: dict[str, Any] = {}
        for kind in next(iter(shares.values())):
            lines[kind] = ([float(share) for share in shares], [entry[kind] for entry in shares.values()])
        for kind in list(lines):
            by_law = median(gain["smoothing"] for name, gain in gains.items() if name.startswith(kind))
            lines[f"{kind}, law"] = ([by_law], [middle[moment]["law"][kind]])
        plots[f"{subject.name}, {moment}"] = lines
    labels = {"x_label": "share of smoothing", "y_label": "error"}
    result.figure(pictures[first], curves(plots, columns=2, size=(520, 330), dots=True, log_y=True, **labels))
    result.picture("later.webp", pictures[last])
    draw_growth(subject, topologies, config, result)


def draw_growth(subject: Subject, topologies: dict[str, Data], config: Config, result: Result) -> None:
    """One run on each kind of cells, with the law above and without it below."""
    chosen = first_of_each_kind(topologies)
    moments = sorted({round(max(config.steps) * (number / FRAMES) ** SLOWING) for number in range(FRAMES + 1)})
    rows = [
        (topologies[name], subject.grow(way(topologies[name]), 1, moments, config.seed), f"{name.split()[0]}, {word}")
        for way, word in ((as_it_is, "law"), (unsmoothed, "no smoothing"))
        for name in chosen
    ]
    strips = Strips(subject, scale=2, window=lambda topology: window(topology, OWN_SIDE), pad=4, font_size=15)
    result.animation(
        (
            strips(
                [(topology, states[step][0], caption) for topology, states, caption in rows],
                columns=len(chosen),
                title=f"step {step}",
            )
            for step in moments
        ),
        fps=12,
    )


def written(value: float | None) -> str:
    """A mean squared error, to four decimals."""
    return "" if value is None else "< 0.0001" if value < 0.00005 else f"{value:.4f}"


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Median errors at the first moment and the last, the goals, and the noise gain of every substrate."""
    header = ["trained on", "empty substrate", "squares again"]
    header += [f"{KINDS[kind]}, {IN_WORDS[way]}" for way, kind in OTHERS]
    cells = "squares" if metrics["trained on squares alone"] else "all"
    made = {}
    for name, moment in zip(("first", "last"), metrics["medians"], strict=False):
        found = metrics["medians"][moment]
        errors = [found["law"].get("square"), *(found[way].get(kind) for way, kind in OTHERS)]
        made[name] = Table(header, [[cells, written(metrics["empty"][moment]), *map(written, errors)]])
    rows = [
        [what, f"at most {entry['goal']}", written(entry["reached"]), "yes" if entry["met"] else "no"]
        for what, entry in metrics["goals"].items()
    ]
    made["goals"] = Table(["median error on", "goal", "measured", "reached"], rows)
    gains = [
        [
            name,
            f"{entry['plain']:.4f}",
            f"{entry['under the law']:.4f}",
            f"{entry['smoothing']:.3f} ± {entry['deviation of smoothing']:.3f}",
        ]
        for name, entry in metrics["noise gain"].items()
    ]
    made["gains"] = Table(["substrate", "noise gain without smoothing", "under the law", "share of smoothing"], gains)
    return made


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="upright", tables=tables)
