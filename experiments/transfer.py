"""Which cells a rule was trained on, and on which it grows: the train x test matrix, and how wrong the gain may be.

    python experiments/transfer.py --train      # trains four rules first: a quarter of an hour on one core
    python experiments/transfer.py              # measures those that are there, and the shipped ones

Four rules go on from one and the same rule for equally many iterations, each on cells of its own: squares, hexagons,
Voronoi meshes that are drawn anew all the time, or all three (`isonca/training.py --substrate`). They and the rules
named by `--rules` then grow from a single cell on a square grid, on hexagons and on five Voronoi meshes that no
training has seen, five runs on each, scored by the published loss at step 1,000. The last column is the median over all
three kinds of cells, each with the same weight.

Then the gain of the Laplacian is set wrong, from 0.8 to 1.2 times what it should be, and the runs are counted that
still hold a pattern after 1,000 steps: finite, and of about as much area as one of the right gain would have, which
grows with the gain. (No loss is given there: the pattern has another size.)

Expect the mixed training to be the best over all, the trainings with meshes to be the best on meshes, and them alone
to hold every pattern at a gain of 1.2.

Written to `--out`:
    matrix.png      one run of every rule on every substrate, with the median loss
    gain.png        the share of runs that hold a pattern, against the gain
    metrics.json    every loss
    TRAINING/       the folders of the four trainings
"""

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from protocol.pattern import Pattern, pattern_of
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import draw_curves, montage, save_image
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import EXPLODED, raster
from graphnca.results.options import from_command_line
from graphnca.results.result import command, publish, write_metrics
from graphnca.training.recipes import IsoNCARecipe
from topologies import KINDS, sampled_torus, substrates

TRAINED_ON = {
    "square": "square",
    "hex": "hex",
    "voronoi": "voronoi,voronoi,voronoi",
    "mixed": "square,hex,voronoi,voronoi,voronoi",
}
"""The four trainings, with the sheets that each lives on."""
GAINS = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)
GROWN = (0.5, 1.5)  # living cells per unit of gain of a run that holds its pattern, relative to the median at gain 1


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    train: bool = False
    start: str = "isonca-lizard"
    """The rule that the four trainings go on from."""
    iterations: int = 800
    """Of each of the four."""
    rate: float = 3e-4
    auxiliary: str = "binary,axis:3"
    renew_every: int = 40
    rules: str = "isonca-lizard,isonca-lizard-any"
    """Rules that are measured beside the four: names or paths, separated by commas."""
    cells: int = 5184
    runs: int = 5
    meshes: int = 5
    steps: int = 1000
    seed: int = 2000
    """Of the runs and the meshes; no training and no choice has seen those."""
    threads: int = 0
    publish: bool = False
    out: str = "out/transfer"


def train_all(config: Config) -> None:
    """Trains, or goes on with, the four rules."""
    for name, kinds in TRAINED_ON.items():
        print(f"Training on {name}.")
        recipe = IsoNCARecipe(
            start=config.start,
            auxiliary=config.auxiliary,
            substrate=tuple(kinds.split(",")),
            renew_every=config.renew_every,
            iterations=config.iterations,
            rate=config.rate,
            threads=config.threads,
            snapshot_every=0,
            out=str(Path(config.out) / name),
        )
        recipe.train(sampled_torus, command())


def contestants(config: Config) -> dict[str, Pattern]:
    """The rules that are measured, by the name of their row."""
    trained = {f"trained on {name}": Path(config.out) / name / "rule.safetensors" for name in TRAINED_ON}
    named = {Path(name).stem: name for name in config.rules.split(",") if name}
    paths = {**named, **{row: str(path) for row, path in trained.items() if path.exists()}}
    if not paths:
        raise SystemExit(
            f"There is nothing to measure: name `--rules`, or run with --train to train into {config.out}."
        )
    return {row: pattern_of(path) for row, path in paths.items()}


def scores(pattern: Pattern, topologies: dict[str, Data], config: Config) -> dict[str, tuple[list[dict], Tensor]]:
    """The rows of every sheet and the states they are of."""
    results = {}
    for name, topology in topologies.items():
        states = grow(pattern.rule, topology, config.runs, [config.steps], config.seed, start=pattern.seed(topology))[
            config.steps
        ]
        results[name] = (pattern.measure(states, topology), states)
    return results


def medians(results: dict[str, tuple[list[dict], Tensor]]) -> dict[str, float]:
    """The median loss on each kind of cells, and over all kinds alike."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    for name, (rows, _) in results.items():
        by_kind[name.split()[0]] += [row["loss"] for row in rows]
    whole = torch.cat([torch.tensor(by_kind[kind]).quantile(torch.linspace(0, 1, 101)) for kind in by_kind])
    return {
        **{kind: round(median(losses), 2) for kind, losses in by_kind.items()},
        "mixed": round(float(whole.median()), 2),
    }


def survival(pattern: Pattern, topologies: dict[str, Data], config: Config) -> dict[float, dict[str, int]]:
    """How many runs hold a pattern under each gain, by kind of cells, and how many there were."""
    living: dict[float, dict[str, list[int]]] = {gain: defaultdict(list) for gain in GAINS}
    for name, topology in topologies.items():
        for gain in GAINS:
            wrong = topology.clone()
            wrong["edge_weight"] = topology["edge_weight"] * gain
            rows = scores(pattern, {name: wrong}, config)[name][0]
            living[gain][name.split()[0]] += [row["alive"] if row["largest"] < EXPLODED else 0 for row in rows]
    usual = {kind: median(counts) for kind, counts in living[1.0].items()}
    return {
        gain: {
            kind: sum(GROWN[0] * usual[kind] < count / gain < GROWN[1] * usual[kind] for count in counts)
            for kind, counts in kinds.items()
        }
        for gain, kinds in living.items()
    }


def main(config: Config) -> None:
    """Trains if asked, measures, draws and prints."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.train:
        train_all(config)
    patterns = contestants(config)
    topologies = substrates(KINDS, config.cells, meshes=config.meshes, seed=config.seed)
    shown = [name for name in topologies if name in ("square", "hex") or name == f"voronoi {config.seed + 1}"]
    matrix: dict[str, Any] = {}
    tiles, captions, lines = [], [], {}
    for row, pattern in tqdm(patterns.items(), desc="measuring", unit="rule"):
        results = scores(pattern, topologies, config)
        held = survival(pattern, {name: topologies[name] for name in shown}, config)
        matrix[row] = {
            "median loss": medians(results),
            "losses": {name: [entry["loss"] for entry in rows] for name, (rows, _) in results.items()},
            "runs that hold a pattern": {f"gain {gain:g}": counts for gain, counts in held.items()},
        }
        lines[row] = (list(GAINS), [sum(held[gain].values()) / (len(shown) * config.runs) for gain in GAINS])
        for name in shown:
            rows, states = results[name]
            middle = sorted(rows, key=lambda entry: entry["loss"])[len(rows) // 2]  # the median run, not the best
            side = pattern.orientation.target.shape[-1]
            tiles.append(raster(topologies[name], side, side)(states[middle["run"]])[:4])
            captions.append(f"{row}\n{name.split()[0]}: median {matrix[row]['median loss'][name.split()[0]]:.2f}")

    columns = [*KINDS, "mixed"]
    print(f"\nMedian loss at step {config.steps}; {config.runs} runs on each sheet, {config.meshes} Voronoi meshes.")
    print(f"{'rule':<24}" + "".join(f"{column:>10}" for column in columns))
    for row, entry in matrix.items():
        print(f"{row:<24}" + "".join(f"{entry['median loss'][column]:>10.2f}" for column in columns))
    write_metrics(
        out,
        {
            "config": asdict(config),
            "loss of the empty sheet": next(iter(patterns.values())).empty_loss,
            "runs on each sheet": config.runs,
            "matrix": matrix,
        },
    )
    save_image(
        out / "matrix.png",
        montage(
            [tile.repeat_interleave(2, 1).repeat_interleave(2, 2) for tile in tiles],
            captions=captions,
            columns=len(shown),
            pad=6,
        ),
    )
    save_image(
        out / "gain.png",
        draw_curves(
            lines,
            dots=True,
            x_label="gain of the Laplacian, relative",
            y_label="share of runs that hold a pattern at step 1,000",
        ),
    )
    if config.publish:
        print(f"Published in {publish(out, 'transfer')}.")
    print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
