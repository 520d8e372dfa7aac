"""Measures a trained Growing rule and ships it: the rule, its card and its picture.

    python experiments/ship_growing.py runs/growing-lizard/rule.safetensors growing-lizard

Five runs each on the square grid, on hexagons and on three Voronoi meshes (all torus, about 5,184 cells), to step
2,000: log10 of the mean squared error to the target, the error to the rule's own pattern on the square grid
(`protocol/growing.py`), deaths and explosions. At step 200 each run also loses a half, and in another one the 16x16
units in its middle; then the error right after that and 100 and 300 steps later. Runs and meshes come from seeds held
out for this: training and the choice of a checkpoint use others, so the numbers don't flatter the rule. They go into
the card of `graphnca/rules/NAME.safetensors`, together with what the training wrote there and a `--note` of what the
command alone doesn't say. `docs/rules/NAME.png` shows the median run on every sheet, step by step, and with its left
half cut off. On twenty more meshes, two runs each, only the errors to the
rule's own pattern are kept. About two minutes on one core.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from protocol.growing import Growing, growing_of
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

import graphnca
from graphnca import save_rule, trajectory
from graphnca.damage import half_plane, square, wound
from graphnca.drawing import montage, save_image
from graphnca.evaluation.pixel_error import own_error, own_patterns
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import fates, seeded_position
from graphnca.rasterizers import NearestCell
from graphnca.results.options import from_command_line
from topologies import KINDS, substrate_of_cells, substrates
from topologies.kinds import CELLS

MOMENTS = (200, 500, 1000, 2000)
CUT_AT = 200
SQUARE = 16.0  # units: the side of the square that the article cuts out of the middle
AFTER = (0, 100, 300)  # steps from the cut to a look at it
SHOWN_CUT = "left half"
CUTS: dict[str, Callable[[Data], Tensor]] = {
    SHOWN_CUT: lambda topology: half_plane(topology, seeded_position(topology), math.pi),
    "centre": lambda topology: square(topology, seeded_position(topology), SQUARE),
}
"""The cells that each cut takes."""
MESH_MOMENTS, MESH_RUNS = (500, 2000), 2  # on more meshes
MORE_MESHES = "errors to its own square pattern on more meshes"  # in the card
TILE = 2  # pixels per unit of length in the picture
HELD_OUT = 1000  # seed of the measured runs, meshes from the next ones; nothing is trained or chosen by it
RULES = Path(graphnca.__file__).parent / "rules"
PICTURES = Path(__file__).parent.parent / "docs" / "rules"


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str
    """Path of the trained rule."""
    name: str
    """Name to ship it under."""
    note: str = ""
    """A sentence for the card."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    runs: int = 5
    """Runs on each sheet."""
    meshes: int = 3
    """Voronoi meshes."""
    more_meshes: int = 20
    """Further meshes, of which only the errors to the rule's own pattern are kept: three meshes tell little of all."""
    seed: int = HELD_OUT
    """Of the runs; the meshes have the numbers after it."""


@torch.no_grad()
def after_cut(growing: Growing, states: Tensor, topology: Data, cut: str, seed: int) -> dict[int, Tensor]:
    """Grown states `(runs, N, C)` without a part, and how they go on: by the steps since the cut."""
    mask = CUTS[cut](topology)
    generator = torch.Generator().manual_seed(seed)
    recorded = trajectory(
        growing.rule,
        states,
        topology,
        max(AFTER),
        record=AFTER,
        regularisers=False,
        generator=generator,
        interventions={0: lambda grown: wound(grown, mask)},
    )
    return recorded.states


def rounded(values: Tensor, digits: int) -> list[float]:
    """Numbers for the card."""
    return [round(value, digits) for value in values.tolist()]


def measured_on(
    growing: Growing, topology: Data, own: dict[int, Tensor], config: Config
) -> tuple[dict[str, Any], list[Tensor]]:
    """The numbers of one sheet, and the states of its median run that are shown: every moment, then around the cut."""
    states = grow(growing.rule, topology, config.runs, {*MOMENTS, CUT_AT}, config.seed)
    entry: dict[str, Any] = {"cells": topology.num_nodes}
    for step in MOMENTS:
        errors = rounded(growing.log_error(states[step], topology), 2)
        entry[f"step {step}"] = {
            "median log10 error": round(median(errors), 2),
            "log10 errors": errors,
            "errors to its own square pattern": rounded(own_error(states[step], topology, own[step]), 7),
            "alive": (states[step][..., 3] > 0.1).sum(-1).tolist(),
            "largest |state|": round(float(states[step].nan_to_num(nan=torch.inf).abs().max().clamp_max(1e6)), 2),
            "fates": dict(Counter(fates(states[step]))),
        }
    healed = {cut: after_cut(growing, states[CUT_AT], topology, cut, config.seed + 1) for cut in CUTS}
    for cut, recorded in healed.items():
        entry[f"{cut} cut at {CUT_AT}"] = {
            f"{later} steps later": rounded(growing.log_error(recorded[later], topology), 2) for later in AFTER
        }
    last = entry[f"step {max(MOMENTS)}"]["log10 errors"]
    shown = sorted(range(config.runs), key=last.__getitem__)[config.runs // 2]
    return entry, [states[step][shown] for step in MOMENTS] + [healed[SHOWN_CUT][later][shown] for later in AFTER]


@torch.no_grad()
def on_more_meshes(growing: Growing, own: dict[int, Tensor], config: Config) -> dict[str, Any]:
    """The errors to the rule's own square pattern on many meshes: of each the median of its runs, in order."""
    found: dict[int, list[float]] = {step: [] for step in MESH_MOMENTS}
    first = config.seed + 1 + config.meshes
    for number in tqdm(range(first, first + config.more_meshes), desc="more meshes", unit="mesh"):
        topology = substrate_of_cells("voronoi", config.cells, seed=number)
        states = grow(growing.rule, topology, MESH_RUNS, set(MESH_MOMENTS), config.seed)
        for step, errors in found.items():
            errors.append(round(median(own_error(states[step], topology, own[step]).tolist()), 5))
    return {
        f"step {step}": {"median": round(median(errors), 5), "errors": sorted(errors)} for step, errors in found.items()
    }


def main(config: Config) -> None:
    """Measures, draws and saves."""
    growing = growing_of(config.rule)
    if growing.target is None:
        raise SystemExit(f"rule: expected one whose card names its target, got {config.rule!r}.")
    card, (height, width) = dict(growing.card), growing.target.shape[-2:]
    if config.note:
        card["note"] = config.note
    own = own_patterns(growing.rule, substrate_of_cells("square", config.cells), MOMENTS)
    measured: dict[str, Any] = {}
    tiles, captions = [], []
    topologies = substrates(KINDS, config.cells, meshes=config.meshes, seed=config.seed)
    for sheet, topology in tqdm(topologies.items(), desc="measuring", unit="sheet"):
        measured[sheet], shown = measured_on(growing, topology, own, config)
        centre = seeded_position(topology)
        draw = NearestCell(topology, TILE * height, TILE * width, centre=centre, scale=float(TILE))
        tiles += [draw(state[:, :4]) for state in shown]
        words = [f"{sheet}, {step}" if step == MOMENTS[0] else f"{step}" for step in MOMENTS]
        captions += [*words, f"cut at {CUT_AT}", *(f"{later} later" for later in AFTER[1:])]
    card["measured"] = {
        "by": f"python experiments/ship_growing.py {config.rule} {config.name}",
        "error": f"mean squared error of RGBA, {height}x{width} pixels of one unit, 2x2 samples a pixel",
        "log10 error of the empty sheet": round(growing.empty_log_error, 2),
        "runs on each sheet": config.runs,
        "seed": config.seed,
        "seed held out": config.seed == HELD_OUT,
        "sheets": measured,
    }
    if config.more_meshes:
        card["measured"][MORE_MESHES] = on_more_meshes(growing, own, config)
    save_rule(growing.rule, RULES / f"{config.name}.safetensors", card)
    PICTURES.mkdir(parents=True, exist_ok=True)
    columns = len(MOMENTS) + len(AFTER)
    save_image(PICTURES / f"{config.name}.png", montage(tiles, captions=captions, columns=columns, pad=4))
    print(f"{'sheet':<14}" + "".join(f"{f'step {step}':>12}" for step in MOMENTS) + "   log10 error, medians")
    for sheet, entry in measured.items():
        errors = "".join(f"{entry[f'step {step}']['median log10 error']:>12.2f}" for step in MOMENTS)
        cuts = "; ".join(
            f"{cut}: {median(entry[f'{cut} cut at {CUT_AT}'][f'{AFTER[1]} steps later']):.2f} after {AFTER[1]}"
            for cut in CUTS
        )
        print(f"{sheet:<14}{errors}   {cuts}; {entry[f'step {max(MOMENTS)}']['fates']}")
    more = card["measured"].get(MORE_MESHES, {})
    for moment, entry in more.items():
        print(f"{moment}, {config.more_meshes} more meshes: median error to its own pattern {entry['median']}")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
