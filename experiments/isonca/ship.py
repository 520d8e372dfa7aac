"""Measures a trained isotropic rule and ships it: the rule, its card and its picture.

    python experiments/isonca/ship.py runs/isonca-lizard isonca-lizard

Five runs each on the square grid, on hexagons and on three Voronoi meshes (all torus, about 5,184 cells), measured at
steps 1,000 and 3,000 by the score of its kind (`graphnca.evaluation.subject`): the published loss, or with a structured
seed the pixel loss. Runs and meshes come from seeds held out for this: training and the choice of a checkpoint use
others (0 by default, and whatever was looked at on the way), so the numbers don't flatter the rule. They go into the
card of `graphnca/rules/NAME.safetensors`, together with what the training wrote there and a `--note` of what the
command alone doesn't say; the runs at both moments are drawn into `docs/rules/NAME.webp`. About two minutes.
"""

from collections import Counter
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import montage
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.published_loss import PUBLISHED_AUXILIARY
from graphnca.evaluation.scores import LOSS_SCALE, seeded_position, verdict
from graphnca.evaluation.subject import Subject
from graphnca.rasterizers import NearestCell
from graphnca.results.options import OnSubstrates, from_command_line
from graphnca.results.shipping import ship
from graphnca.results.table import Table
from topologies import substrates

MOMENTS = (1000, 3000)
TILE = 3  # pixels per unit of length in the picture
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
    seed: int = HELD_OUT


def numbers(subject: Subject, states: Tensor, topology: Data) -> dict[str, Any]:
    """What the card holds of the runs on one substrate at one moment."""
    rows = subject.measure(states, topology)
    return {
        "median loss": median(row["loss"] for row in rows),
        "losses": [row["loss"] for row in rows],
        "alive": [row["alive"] for row in rows],
        "largest |state|": max(row["largest"] for row in rows),
        "mirrored": sum(row["mirrored"] for row in rows),
        "verdicts": dict(Counter(verdict(row, subject.empty_loss) for row in rows)),
    }


def main(config: Config) -> None:
    """Measures, draws and saves."""
    subject = read_subject(config.rule)
    if not subject.has_target:
        raise SystemExit(f"rule: expected one whose card names its target, got {config.rule!r}.")
    height, width = subject.target.shape[-2:]
    channels = PUBLISHED_AUXILIARY.get(subject.goal, "binary") or "no auxiliary channel"
    upright, isotropic = f"{LOSS_SCALE:g} * mean squared error of RGBA", f"published (RGBA, {channels})"
    entries: dict[str, Any] = {}
    tiles, captions = [], []
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    for name, topology in tqdm(topologies.items(), desc="measuring", unit="substrate", disable=None):
        states = subject.grow(topology, config.runs, MOMENTS, config.seed)
        centre = seeded_position(topology)
        draw = NearestCell(topology, TILE * height, TILE * width, centre=centre, scale=float(TILE))
        entries[name] = {"cells": topology.num_nodes}
        for moment in MOMENTS:
            entries[name][f"step {moment}"] = found = numbers(subject, states[moment], topology)
            tiles += list(draw(states[moment][..., :4]))
            captions += [f"{name}, {moment}: {loss:.1f}" for loss in found["losses"]]
    measured = {
        "loss": f"{upright if subject.is_structured else isotropic}, one pixel per unit of length, 2x2 samples a pixel",
        "loss of the empty sheet": round(subject.empty_loss, 2),
        "runs on each sheet": config.runs,
        "seed": config.seed,
        "seed held out": config.seed == HELD_OUT,
        "sheets": entries,
    }
    noted = replace(subject, card={**subject.card, **({"note": config.note} if config.note else {})})
    ship(noted, config.name, measured, montage(tiles, captions=captions, columns=config.runs, pad=4))
    losses = [[name, *(entry[f"step {moment}"]["losses"] for moment in MOMENTS)] for name, entry in entries.items()]
    print(Table(["substrate", *(f"losses at step {moment}" for moment in MOMENTS)], losses).text())


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
