"""Measures a trained isotropic rule and ships it: the rule, its card and its picture.

    python experiments/ship_isonca.py runs/isonca-lizard/rule.safetensors isonca-lizard

Five runs each on the square grid, on hexagons and on three Voronoi meshes (all torus, about 5,184 cells), measured at
steps 1,000 and 3,000 by the score of its kind (`protocol/pattern.py`): the published loss, or with a structured seed
the pixel loss. Runs and meshes come from seeds held out for this: training and the choice of a checkpoint use others (0
by default, and whatever was looked at on the way), so the numbers don't flatter the rule. They go into the card of
`graphnca/rules/NAME.safetensors`, together with what the training wrote there and a `--note` of what the command alone
doesn't say; the runs at both moments are drawn into `docs/rules/NAME.png`. About two minutes.
"""

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from isonca_voronoi import Config
from protocol.pattern import pattern_of
from tqdm import tqdm

import graphnca
from graphnca import save_rule
from graphnca.drawing import montage, save_image
from graphnca.evaluation.published_loss import PUBLISHED_AUXILIARY
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import LOSS_SCALE, seeded_position, verdict
from graphnca.rasterizers import NearestCell
from graphnca.rules import describe_rule
from topologies import substrates

MOMENTS = (1000, 3000)
TILE = 3  # pixels per unit of length in the picture
HELD_OUT = 1000  # seed of the measured runs, meshes from the next ones; nothing is trained or chosen by it
RULES = Path(graphnca.__file__).parent / "rules"
PICTURES = Path(__file__).parent.parent / "docs" / "rules"


def main(path: str, name: str, config: Config, note: str = "") -> None:
    """Measures, draws and saves."""
    pattern, card = pattern_of(path), dict(describe_rule(path)["card"])
    height, width = pattern.orientation.target.shape[-2:]
    channels = PUBLISHED_AUXILIARY.get(pattern.target, "binary") or "no auxiliary channel"
    score = f"{LOSS_SCALE:g} * mean squared error of RGBA" if pattern.structured else f"published (RGBA, {channels})"
    if note:
        card["note"] = note
    measured: dict[str, Any] = {}
    tiles, captions = [], []
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    for sheet, topology in tqdm(topologies.items(), desc="measuring", unit="sheet"):
        states = grow(pattern.rule, topology, config.runs, MOMENTS, config.seed, start=pattern.seed(topology))
        measured[sheet] = {"cells": topology.num_nodes}
        for moment in MOMENTS:
            rows = pattern.measure(states[moment], topology)
            measured[sheet][f"step {moment}"] = {
                "median loss": median(row["loss"] for row in rows),
                "losses": [row["loss"] for row in rows],
                "alive": [row["alive"] for row in rows],
                "largest |state|": max(row["largest"] for row in rows),
                "mirrored": sum(row["mirrored"] for row in rows),
                "verdicts": dict(Counter(verdict(row, pattern.empty_loss) for row in rows)),
            }
            centre = seeded_position(topology)
            draw = NearestCell(topology, TILE * height, TILE * width, centre=centre, scale=float(TILE))
            tiles += list(draw(states[moment][..., :4]))
            captions += [f"{sheet}, {moment}: {row['loss']:.1f}" for row in rows]
    card["measured"] = {
        "by": f"python experiments/ship_isonca.py {path} {name}",
        "loss": f"{score}, one pixel per unit of length, 2x2 samples a pixel",
        "loss of the empty sheet": round(pattern.empty_loss, 2),
        "runs on each sheet": config.runs,
        "seed": config.seed,
        "seed held out": config.seed == HELD_OUT,
        "sheets": measured,
    }
    save_rule(pattern.rule, RULES / f"{name}.safetensors", card)
    PICTURES.mkdir(parents=True, exist_ok=True)
    save_image(PICTURES / f"{name}.png", montage(tiles, captions=captions, columns=config.runs, pad=4))
    for sheet, numbers in measured.items():
        print(sheet, *(f"{moment}: {numbers[f'step {moment}']['losses']}" for moment in MOMENTS))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rule", help="path of the trained rule")
    parser.add_argument("name", help="name to ship it under")
    parser.add_argument("--note", default="", help="a sentence for the card")
    parser.add_argument("--seed", type=int, default=HELD_OUT, help="of the runs and the meshes")
    arguments = parser.parse_args()
    main(arguments.rule, arguments.name, replace(Config(), seed=arguments.seed), arguments.note)
