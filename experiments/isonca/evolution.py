"""How a rule comes to be: what its snapshots grow, from the first blob to the pattern (IsoNCA, figure 11).

    python experiments/isonca/training.py --target lizard --auxiliary binary --size 32 --padding 8 --iterations 7000 \
        --precision bfloat16 --out runs/isonca-lizard-small
    python experiments/isonca/evolution.py runs/isonca-lizard-small --out out/evolution_lizard

The argument is the folder of a training run (`isonca/training.py`), which keeps the averaged rule every 500 iterations
in `snapshots/`. Every snapshot grows five runs from a single cell on a square torus of the training's size. Expect
blobs that fill the substrate or die at first, then a symmetric ghost of the target, then the target, at first only for
as long as the rollouts of the training were. How far a pattern is its own half turn (1 where it is,
`graphnca.evaluation.landscape`) says whether a lizard has two heads. About five seconds a snapshot on one core, more
for the first ones, whose blobs are large.

Written to `--out`:
    figure.webp     rows: chosen iterations; columns: steps of one run; below, the loss against iteration,
                    relative to that of nothing: medians at steps 200 and 1,000
    metrics.json    the medians, half turns, and how many runs were lost, for every snapshot
    tables.json     the same

The loss is the published one with a closed ring around the seed (`isotropic_loss`) and the paper's auxiliary channels.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from torch import Tensor

from graphnca import load_rule
from graphnca.drawing import CellCanvas, draw_curves, montage
from graphnca.evaluation.landscape import symmetry
from graphnca.evaluation.published_loss import PADDING, SIZE, isotropic_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import EXPLODED, bounded, empty_loss, lost, measure, raster
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.rules import describe_rule
from topologies import substrate_of_cells

STEPS = (10, 25, 50, 100, 200, 500, 1000, 2000, 5000)
COMPARED = (200, 1000)  # steps of the curve, where they are among the steps
IN_TABLE = ("100", "200", "1000")


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    run: str
    """Folder of a training run with `snapshots/`."""
    target: str = ""
    """Name of an emoji; empty: what the card of the finished rule says."""
    steps: tuple[int, ...] = STEPS
    """Steps that are drawn and measured."""
    rows: int = 8
    """Snapshots drawn: the first, the last and others between, closer together at first."""
    runs: int = 5
    """Runs of each snapshot."""
    cells: int = 0
    """Cells of the square torus; 0: as many as in training."""
    seed: int = 1000
    """Of the runs. Held out: nothing is trained or chosen by it."""
    out: str = "out/evolution"


def snapshots(run: Path) -> dict[int, Path]:
    """The snapshots of a training run by iteration, in order.

    Raises:
        SystemExit: there is none.
    """
    found = {int(path.stem): path for path in sorted((run / "snapshots").glob("*.safetensors"))}
    if not found:
        raise SystemExit(f"{run} must be the folder of a training run with snapshots/NNNNNN.safetensors; it has none.")
    return found


def card_of(run: Path) -> dict[str, Any]:
    """The card of the finished rule; empty while there is none."""
    rule = run / "rule.safetensors"
    return describe_rule(rule)["card"] if rule.exists() else {}


def target_of(run: Path, given: str) -> str:
    """The target that was given, or else that of the finished rule.

    Raises:
        SystemExit: none was given and the training has not finished.
    """
    if target := given or card_of(run).get("target", ""):
        return target
    raise SystemExit(f"--target: {run} has no finished rule whose card names the target, so one must be given.")


def chosen(iterations: list[int], rows: int) -> list[int]:
    """About so many of them, the first and the last among them, closer together where the rule changes fastest."""
    places = np.rint(np.linspace(0, 1, rows) ** 1.5 * (len(iterations) - 1)).astype(int)
    return [iterations[place] for place in sorted(set(places.tolist()))]


def summary_of(
    states: dict[int, Tensor],
    measured: dict[int, list[dict[str, Any]]],
    view: Callable[[Tensor], Tensor],
    empty: float,
) -> dict[str, Any]:
    """What is kept of the runs of one snapshot: per step the median loss, each run's, symmetry, and which were lost."""
    return {
        str(step): {
            "median relative loss": round(median(row["loss"] for row in measured[step]) / empty, 4),
            "relative losses": [round(row["loss"] / empty, 4) for row in measured[step]],
            "alive": [row["alive"] for row in measured[step]],
            "half turns": [score["half turn"] for score in symmetry(view(bounded(states[step])))],
            "lost": dict(Counter(word for word in lost(states[step]) if word)),
        }
        for step in states
    }


def main(config: Config, result: Result) -> None:
    """Grows, measures and draws every snapshot."""
    folder = Path(config.run)
    rules, target = snapshots(folder), target_of(folder, config.target)
    card = card_of(folder)
    size, padding = card.get("size", SIZE), card.get("padding", PADDING)
    topology = substrate_of_cells("square", config.cells or (size + 2 * padding) ** 2)
    loss, steps = isotropic_loss(target, size=size, padding=padding), tuple(sorted(config.steps))
    view = raster(topology, *loss.target.shape[-2:])
    empty, canvas, drawn = empty_loss(loss), CellCanvas(topology, scale=2), chosen(list(rules), config.rows)
    summary: dict[str, Any] = {}
    tiles, captions = [], []
    for iteration, path in result.progress(rules.items(), "snapshot"):
        states = grow(load_rule(path), topology, config.runs, steps, config.seed)
        measured = {step: measure(states[step], topology, loss) for step in steps}
        summary[str(iteration)] = summary_of(states, measured, view, empty)
        for step in steps if iteration in drawn else ():
            tiles.append(canvas.draw(states[step][0].clamp(-EXPLODED, EXPLODED)))
            captions.append(f"iteration {iteration:,}: {step}" if step == steps[0] else f"{step}")
    result.record(
        {
            "target": target,
            "rule trained by": card.get("trained by", ""),
            "loss of the empty substrate": round(empty, 2),
            "iterations": summary,
        }
    )
    lines = {
        f"step {step}": (list(rules), [entry[str(step)]["median relative loss"] for entry in summary.values()])
        for step in [step for step in steps if step in COMPARED] or steps[-1:]
    }
    result.figure(
        montage(tiles, captions=captions, columns=len(steps), pad=6),
        draw_curves(
            lines, dots=True, log_y=True, x_label="iteration", y_label="median loss / that of nothing", title=target
        ),
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Median losses of every snapshot, how many of its runs were lost; and how far they are their own half turns."""
    rows, turns = [], []
    for iteration, entry in metrics["iterations"].items():
        losses = [f"{entry[step]['median relative loss']:.3f}" if step in entry else "" for step in IN_TABLE]
        last, end = list(entry.items())[-1]
        gone = sum(end["lost"].values())
        rows.append([f"{int(iteration):,}", *losses, f"{end['median relative loss']:.3f} ({int(last):,})", gone])
        if "half turns" in end:
            turns.append([f"{int(iteration):,}", *(half_turn(values["half turns"]) for values in entry.values())])
    header = ["iteration", "median at step 100", "200", "1,000", "last step", "runs that died or exploded"]
    found = {"snapshots": Table(header, rows)}
    if turns:
        steps = [f"step {int(step):,}" for step in next(iter(metrics["iterations"].values()))]
        found["half_turns"] = Table(["iteration", *steps], turns)
    return found


def half_turn(values: list[float | None]) -> str:
    """The median of those that have grown anything."""
    known = [value for value in values if value is not None]
    return f"{median(known):.2f}" if known else "nothing"


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
