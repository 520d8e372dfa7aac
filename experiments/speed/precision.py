"""Does a training whose products are in bfloat16 end where one in float32 does?

    python experiments/speed/precision.py                     # six trainings, ten minutes of one core
    python experiments/speed/precision.py --iterations 4000   # longer ones

The recipe that `graphnca train` takes for a picture, small and whole, from an untrained rule, with three seeds in each
precision, which share start and fire masks. States, parameters and their gradients are float32 in both; what is
multiplied is rounded to bfloat16 in one (`docs/engines.md`). The averaged rules are then all run in float32, from a
single cell, with the same fire masks for all, and the squared error of RGBA is taken at two moments, as a share of that
of an empty substrate.

Expect of the two precisions what two seeds of one differ by. A training that is killed goes on when the same command is
given.

Written to `--out`:
    figure.webp     the training loss of all of them
    metrics.json    their losses
    tables.json     one row a training, and the two precisions beside each other
"""

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import torch

from graphnca import load_rule, save_rule
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import bounded
from graphnca.results.figures import curves
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.training.recipes import GrowingRecipe
from topologies import sampled_torus

PRECISIONS = ("float32", "bfloat16")
LAST = 100  # iterations whose mean is a training's last loss
POINTS = 60  # of a curve
MOST = 10.0  # share of an empty one's loss that is drawn: what begins with an untrained rule explodes at first


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    target: str = "mushroom"
    """The picture."""
    size: int = 24
    """Pixels of its longer side."""
    iterations: int = 1000
    """Of a training."""
    seeds: int = 3
    """Trainings in each precision."""
    runs: int = 8
    """Runs of a trained rule."""
    steps: tuple[int, ...] = (96, 500)
    """When its loss is taken."""
    out: str = "out/precision"


def trained(config: Config, precision: str, seed: int) -> dict[str, Any]:
    """A training, or what is left of it, and the losses of its rule."""
    recipe = GrowingRecipe(
        target=config.target,
        size=config.size,
        padding=GrowingRecipe.usual_padding(config.size),
        iterations=config.iterations,
        precision=precision,
        seed=seed,
        snapshot_every=0,
        checkpoint_seconds=60.0,
        out=str(Path(config.out) / f"{precision}-{seed}"),
    ).shortened()
    training = recipe.training(sampled_torus)
    training.run()
    path = training.folder / "averaged.safetensors"
    save_rule(training.averaged_rule(), path)
    rule, world = load_rule(path), training.worlds.worlds[0]
    start = world.seed.expand(config.runs, *world.seed.shape).contiguous()
    empty = float(world.loss(torch.zeros_like(world.seed)[None]))
    generator = torch.Generator().manual_seed(1000)
    shares = {
        str(step): [round(loss / empty, 4) for loss in world.loss(bounded(states)).tolist()]
        for step, states in walk(rule, start, world.topology, set(config.steps), generator=generator)
        if step in config.steps
    }
    history = [loss / empty if loss < MOST * empty else MOST for loss in training.history]
    return {
        "precision": precision,
        "seed": seed,
        "last training loss": round(fmean(history[-LAST:]), 4),
        "shares": shares,
        "processor minutes": round(training.seconds / 60, 1),
        "history": [round(value, 4) for value in thinned(history)],
    }


def thinned(history: list[float]) -> list[float]:
    """Means of as many iterations each as leave so many points."""
    length = math.ceil(len(history) / POINTS)
    return [fmean(history[first : first + length]) for first in range(0, len(history), length)]


def main(config: Config, result: Result) -> None:
    """Trains, measures and draws."""
    wanted = [(precision, seed) for seed in range(config.seeds) for precision in PRECISIONS]
    trainings = [trained(config, *each) for each in result.progress(wanted, "training")]
    result.record({"trainings": trainings})
    lines = {}
    for one in trainings:
        step = config.iterations / len(one["history"])
        xs = [step * (number + 0.5) for number in range(len(one["history"]))]
        lines[f"{one['precision']}, seed {one['seed']}"] = (xs, one["history"])
    result.figure(curves({"training loss, share of an empty one's": lines}, columns=1))


def tables(metrics: Any) -> dict[str, Table]:
    """The trainings, and each precision's range over its seeds."""
    trainings, config = metrics["trainings"], metrics["config"]
    steps = [str(step) for step in config["steps"]]
    header = ["last training loss", *(f"loss at step {step}" for step in steps)]

    def numbers(one: dict[str, Any]) -> list[float]:
        return [one["last training loss"], *(median(one["shares"][step]) for step in steps)]

    rows = [
        [one["precision"], one["seed"], *(f"{number:.3f}" for number in numbers(one))]
        for one in sorted(trainings, key=lambda one: (PRECISIONS.index(one["precision"]), one["seed"]))
    ]
    both = []
    for precision in PRECISIONS:
        columns = list(zip(*(numbers(one) for one in trainings if one["precision"] == precision), strict=True))
        both.append([precision, *(f"{median(c):.3f} ({min(c):.3f} to {max(c):.3f})" for c in columns)])
    caption = (
        f"Growing NCA's recipe for {config['iterations']:,} iterations, `{config['target']}` of {config['size']} "
        f"pixels; losses as shares of an empty one's, at a step the median of {config['runs']} runs of the averaged "
        "rule in float32."
    )
    return {
        "trainings": Table(["products", "seed", *header], rows, caption),
        "precisions": Table(["products", *header], both, f"Median and range of {config['seeds']} seeds. {caption}"),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
