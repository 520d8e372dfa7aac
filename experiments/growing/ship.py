"""Measures a trained Growing rule and ships it: the rule, its card and its picture.

    python experiments/growing/ship.py runs/growing-lizard growing-lizard

Five runs each on the square grid, on hexagons and on three Voronoi meshes (all torus, about 5,184 cells), to step
2,000: log10 of the mean squared error to the target, the error to the rule's own pattern on the square grid
(`graphnca.evaluation.pixel_error`), deaths and explosions. At step 200 each run also loses a half, and in another one
the 16x16 units in its middle; then the error right after that and 100 and 300 steps later. Runs and meshes come from
seeds held out for this: training and the choice of a checkpoint use others, so the numbers don't flatter the rule. They
go into the card of `graphnca/rules/NAME.safetensors`, together with what the training wrote there and a `--note` of
what the command alone doesn't say. `docs/rules/NAME.webp` shows the median run on every substrate, step by step, and
without its left half. On twenty more meshes, two runs each, only the errors to the rule's own pattern are kept. About
two minutes on one core.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.damage import half_plane, square
from graphnca.drawing import montage
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.pixel_error import own_error, own_patterns
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import ALIVE, fates, seeded_position
from graphnca.evaluation.subject import Subject
from graphnca.rasterizers import NearestCell
from graphnca.results.figures import median_run
from graphnca.results.options import OnSubstrates, from_command_line
from graphnca.results.shipping import ship
from graphnca.results.table import Table
from topologies import substrate_of_cells, substrates

MOMENTS = (200, 500, 1000, 2000)
DAMAGED_AT = 200
SQUARE = 16.0  # units: the side of the square that the article takes out of the middle
AFTER = (0, 100, 300)  # steps from the damage to a look at it
SHOWN = "left half"
LOST: dict[str, Callable[[Data], Tensor]] = {
    SHOWN: lambda topology: half_plane(topology, seeded_position(topology), math.pi),
    "centre": lambda topology: square(topology, seeded_position(topology), SQUARE),
}
"""The cells that are lost."""
MESH_MOMENTS, MESH_RUNS = (500, 2000), 2  # on more meshes
MORE_MESHES = "errors to its own square pattern on more meshes"  # in the card
TILE = 2  # pixels per unit of length in the picture
HELD_OUT = 1000  # seed of the measured runs, meshes from the next ones; nothing is trained or chosen by it


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates):
    """What the command line can change."""

    rule: str
    """Path of the trained rule."""
    name: str
    """Name to ship it under."""
    note: str = ""
    """A sentence for the card."""
    more_meshes: int = 20
    """Further meshes, of which only the errors to the rule's own pattern are kept: three meshes say little of all."""
    seed: int = HELD_OUT


def without(subject: Subject, states: Tensor, topology: Data, lost: str, seed: int) -> dict[int, Tensor]:
    """Grown states `(runs, N, C)` without a part, and how they go on: by the steps since."""
    generator = torch.Generator().manual_seed(seed)
    return dict(walk(subject.rule, states, topology, AFTER, generator=generator, damage={0: LOST[lost](topology)}))


def rounded(values: Tensor, digits: int) -> list[float]:
    """Numbers for the card."""
    return [round(value, digits) for value in values.tolist()]


def measured_on(
    subject: Subject, topology: Data, own: dict[int, Tensor], config: Config
) -> tuple[dict[str, Any], list[Tensor]]:
    """The numbers of one substrate, and the states of its median run that are shown: every moment, then the damage."""
    states, view = subject.grow(topology, config.runs, {*MOMENTS, DAMAGED_AT}, config.seed), subject.view(topology)
    entry: dict[str, Any] = {"cells": topology.num_nodes}
    for step in MOMENTS:
        errors = rounded(subject.log_error(states[step], view), 2)
        entry[f"step {step}"] = {
            "median log10 error": round(median(errors), 2),
            "log10 errors": errors,
            "errors to its own square pattern": rounded(own_error(states[step], topology, own[step]), 7),
            "alive": (states[step][..., 3] > ALIVE).sum(-1).tolist(),
            "largest |state|": round(float(states[step].nan_to_num(nan=torch.inf).abs().max().clamp_max(1e6)), 2),
            "fates": dict(Counter(fates(states[step]))),
        }
    healed = {lost: without(subject, states[DAMAGED_AT], topology, lost, config.seed + 1) for lost in LOST}
    for lost, recorded in healed.items():
        entry[f"{lost} cut at {DAMAGED_AT}"] = {
            f"{later} steps later": rounded(subject.log_error(recorded[later], view), 2) for later in AFTER
        }
    shown = median_run(entry[f"step {max(MOMENTS)}"]["log10 errors"])
    return entry, [states[step][shown] for step in MOMENTS] + [healed[SHOWN][later][shown] for later in AFTER]


def on_more_meshes(subject: Subject, own: dict[int, Tensor], config: Config) -> dict[str, Any]:
    """The errors to the rule's own square pattern on many meshes: of each the median of its runs, in order."""
    found: dict[int, list[float]] = {step: [] for step in MESH_MOMENTS}
    first = config.seed + 1 + config.meshes
    for number in tqdm(range(first, first + config.more_meshes), desc="more meshes", unit="mesh", disable=None):
        topology = substrate_of_cells("voronoi", config.cells, seed=number)
        states = subject.grow(topology, MESH_RUNS, MESH_MOMENTS, config.seed)
        for step, errors in found.items():
            errors.append(round(median(own_error(states[step], topology, own[step]).tolist()), 5))
    return {
        f"step {step}": {"median": round(median(errors), 5), "errors": sorted(errors)} for step, errors in found.items()
    }


def main(config: Config) -> None:
    """Measures, draws and saves."""
    subject = read_subject(config.rule)
    if not subject.has_target:
        raise SystemExit(f"rule: expected one whose card names its target, got {config.rule!r}.")
    height, width = subject.target.shape[-2:]
    own = own_patterns(subject.rule, substrate_of_cells("square", config.cells), MOMENTS)
    entries: dict[str, Any] = {}
    tiles, captions = [], []
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    for name, topology in tqdm(topologies.items(), desc="measuring", unit="substrate", disable=None):
        entries[name], shown = measured_on(subject, topology, own, config)
        centre = seeded_position(topology)
        draw = NearestCell(topology, TILE * height, TILE * width, centre=centre, scale=float(TILE))
        tiles += [draw(state[:, :4]) for state in shown]
        words = [f"{name}, {step}" if step == MOMENTS[0] else f"{step}" for step in MOMENTS]
        captions += [*words, f"damage at {DAMAGED_AT}", *(f"{later} later" for later in AFTER[1:])]
    measured = {
        "error": f"mean squared error of RGBA, {height}x{width} pixels of one unit, 2x2 samples a pixel",
        "log10 error of the empty sheet": round(subject.empty_log_error, 2),
        "runs on each sheet": config.runs,
        "seed": config.seed,
        "seed held out": config.seed == HELD_OUT,
        "sheets": entries,
    }
    if config.more_meshes:
        measured[MORE_MESHES] = on_more_meshes(subject, own, config)
    noted = replace(subject, card={**subject.card, **({"note": config.note} if config.note else {})})
    ship(noted, config.name, measured, montage(tiles, captions=captions, columns=len(MOMENTS) + len(AFTER), pad=4))
    rows = [
        [
            name,
            *(f"{entry[f'step {step}']['median log10 error']:.2f}" for step in MOMENTS),
            *(f"{median(entry[f'{lost} cut at {DAMAGED_AT}'][f'{AFTER[1]} steps later']):.2f}" for lost in LOST),
            entry[f"step {max(MOMENTS)}"]["fates"],
        ]
        for name, entry in entries.items()
    ]
    header = ["substrate", *(f"step {step}" for step in MOMENTS), *(f"without {lost}" for lost in LOST), "in the end"]
    print(Table(header, rows, "Medians of the log10 error").text())
    for moment, entry in measured.get(MORE_MESHES, {}).items():
        print(f"{moment}, {config.more_meshes} more meshes: median error to its own pattern {entry['median']}")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
