"""Published Growing rules as they are: whether they persist, and what they make of five cuts, on three kinds of cells.

    python experiments/growing/published.py --rule ex2_tree.json ex3_ladybird.json     # a minute or two a rule

The models of the article's demo (Growing NCA, Mordvintsev et al. 2020) were trained on squares: `ex1` naive, `ex2`
persistent, `ex3` persistent and regenerating. Each grows here from its seed on squares, hexagons and random meshes, as
it was published. There is no target in the file, so every run is measured by what the same rule grows on squares
(`graphnca.evaluation.fates`): whole, deformed, crumbled, shrunk, overgrown, died or exploded; and by the mean squared
error of RGBA to one such run, in shares of an empty substrate's. At the first of `--steps` each half and the 16x16
units in the middle are cut away, as in the article, from every run; after `--healing` more steps it is counted which
are whole. Persistent rules were not trained to heal.

Written to `--out`:
    figure.webp     a row for each rule and substrate: grown, much later, cut, and healed or not
    metrics.json    the fate and the error of every run
    tables.json     how many runs are whole, and how many cuts have healed
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import montage
from graphnca.evaluation.damage_tests import GOAL_CUTS, battery
from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import OwnForm, own_form
from graphnca.evaluation.pixel_error import own_error, own_patterns
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import rounded, window
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import Strips
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import first_of_each_kind, substrates

SHOWN_CUT = "left half"
SIDE = 60.0  # units that a picture shows
WHOLE = "whole"


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    steps: tuple[int, ...] = (500, 2000, 5000)
    """Steps after which runs are looked at; cuts are made at the first."""
    healing: int = 300
    """Steps from a cut until it is looked at again."""
    runs: int = 5
    seed: int = 5200
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/published_growing"


@torch.no_grad()
def cut(
    subject: Subject, grown: Tensor, topology: Data, own: OwnForm, config: Config
) -> tuple[dict[str, dict[str, int]], list[Tensor]]:
    """The fates of grown runs after each cut, and how the first run looks: just cut, and later."""
    masks = battery(topology, len(grown), generator=torch.Generator().manual_seed(config.seed))
    generator, found, pictures = torch.Generator().manual_seed(config.seed + 1), {}, []
    for name in GOAL_CUTS:
        course = walk(subject.rule, grown, topology, (0, config.healing), generator=generator, damage={0: masks[name]})
        (_, before), (_, after) = course
        found[name] = counted(fates(after, topology, own))
        if name == SHOWN_CUT:
            pictures = [before[0], after[0]]
    return found, pictures


def one_rule(subject: Subject, topologies: dict[str, Data], config: Config) -> tuple[dict[str, Any], Image.Image]:
    """The numbers of one rule on all substrates, and its picture."""
    square = topologies["square"]
    own, patterns = own_form(subject, square), own_patterns(subject.rule, square, config.steps)
    entries, tiles, first = {}, [], min(config.steps)
    strips = Strips(subject, scale=2.0, window=lambda topology: window(topology, SIDE))
    for name, topology in topologies.items():
        states = subject.grow(topology, config.runs, config.steps, config.seed)
        entry: dict[str, Any] = {}
        for step, now in states.items():
            errors = own_error(now, topology, patterns[step]) / patterns[step].square().mean()
            entry[f"step {step}"] = {"fates": counted(fates(now, topology, own)), "errors": rounded(errors, 4)}
        entry["cuts"], cuts = cut(subject, states[first], topology, own, config)
        entries[name] = entry
        if name in first_of_each_kind(topologies):
            shown = [states[first][0], states[max(config.steps)][0], *cuts]
            words = [f"step {first}", f"step {max(config.steps)}", "cut", f"{config.healing} steps later"]
            tiles += [(topology, state, f"{name}, {word}") for state, word in zip(shown, words, strict=True)]
    return entries, strips(tiles, columns=4, title=subject.name)


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    if "square" not in config.substrate:
        raise SystemExit(f"--substrate: expected square among them, got {' '.join(config.substrate)}.")
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    rules, pictures = {}, []
    for subject in result.progress(subjects_of(config, "upright"), "rule"):
        rules[subject.name], picture = one_rule(subject, topologies, config)
        pictures.append(picture)
    result.record({"rules": rules})
    result.figure(montage(pictures, columns=min(2, len(pictures)), pad=8))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Every rule on every substrate: whole runs and errors over time, and cuts that healed."""
    config, rows = metrics["config"], []
    runs = config["runs"]
    for name, entries in metrics["rules"].items():
        for place, entry in entries.items():
            row = [f"`{name}`", place]
            for step in config["steps"]:
                looked = entry[f"step {step}"]
                row.append(f"{looked['fates'].get(WHOLE, 0)} of {runs} ({median(looked['errors']):.2f})")
            healed = sum(of_cut.get(WHOLE, 0) for of_cut in entry["cuts"].values())
            rows.append([*row, f"{healed} of {runs * len(entry['cuts'])}"])
    header = ["rule", "substrate", *(f"whole at step {step:,} (error)" for step in config["steps"])]
    caption = (
        f"Runs that are whole, and in brackets the median error in shares of an empty substrate's; cut at step "
        f"{min(config['steps'])}: the four halves and the middle."
    )
    return {"persistence": Table([*header, f"whole {config['healing']} steps after a cut"], rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
