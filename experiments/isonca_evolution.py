"""How a rule comes to be: what its snapshots grow, from the first blob to the pattern (IsoNCA, figure 11).

    python experiments/isonca_evolution.py runs/isonca-lizard

The argument is the folder of a training run (`isonca_training.py`), which keeps the averaged rule every 500 iterations
in `snapshots/`. Every snapshot grows five runs from a single cell on the square torus. Expect blobs that fill the sheet
or die at first, then a symmetric ghost of the target, then the target, at first only for as long as the rollouts of the
training were. About five seconds a snapshot on one core, more for the first ones, whose blobs are large.

Written to `--out`, by default out/evolution_TARGET:
    evolution.png   rows: chosen iterations; columns: steps of one run
    runs.png        rows: chosen iterations; columns: the runs at step 1,000
    loss.png        published loss against iteration, relative to the empty sheet: medians at steps 200 and 1,000
    metrics.json    the medians and the fate of the runs, for every snapshot

The loss is the published one, with the paper's auxiliary channels.
"""

import argparse
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from ship_isonca import HELD_OUT
from torch import Tensor
from tqdm import tqdm

from graphnca import load_rule
from graphnca.drawing import CellCanvas, draw_curves, montage, save_image
from graphnca.evaluation.published_loss import published_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import EXPLODED, empty_loss, measure, verdict
from graphnca.results.result import publish, write_metrics
from graphnca.rules import describe_rule
from topologies import substrate_of_cells
from topologies.kinds import CELLS

STEPS = (10, 25, 50, 100, 200, 500, 1000, 2000, 5000)
COMPARED = (200, 1000)  # steps of the curve, where they are among the steps


@dataclass(frozen=True)
class Config:
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
    cells: int = CELLS
    seed: int = HELD_OUT
    out: str = ""
    """Folder for the results; empty: out/evolution_TARGET."""
    publish: bool = False
    """Copy the results to docs/results/evolution_TARGET."""


def snapshots(run: Path) -> dict[int, Path]:
    """The snapshots of a training run by iteration, in order.

    Raises:
        SystemExit: there is none.
    """
    found = {int(path.stem): path for path in sorted((run / "snapshots").glob("*.safetensors"))}
    if not found:
        raise SystemExit(f"{run} must be the folder of a training run with snapshots/NNNNNN.safetensors; it has none.")
    return found


def target_of(run: Path, given: str) -> str:
    """The target that was given, or else that of the finished rule.

    Raises:
        SystemExit: none was given and the training has not finished.
    """
    rule = run / "rule.safetensors"
    if given or rule.exists():
        return given or describe_rule(rule)["card"]["target"]
    raise SystemExit(f"--target: {run} has no finished rule whose card names the target, so one must be given.")


def chosen(iterations: list[int], rows: int) -> list[int]:
    """About so many of them, the first and the last among them, closer together where the rule changes fastest."""
    places = np.rint(np.linspace(0, 1, rows) ** 1.5 * (len(iterations) - 1)).astype(int)
    return [iterations[place] for place in sorted(set(places.tolist()))]


def summary_of(states: dict[int, Tensor], measured: dict[int, list[dict[str, Any]]], empty: float) -> dict[str, Any]:
    """What is kept of the runs of one snapshot: per step the median loss, each run's, and the fates."""
    return {
        str(step): {
            "median relative loss": round(median(row["loss"] for row in measured[step]) / empty, 4),
            "relative losses": [round(row["loss"] / empty, 4) for row in measured[step]],
            "alive": [row["alive"] for row in measured[step]],
            "verdicts": dict(Counter(verdict(row, empty) for row in measured[step])),
        }
        for step in states
    }


def main(config: Config) -> None:
    """Grows every snapshot, measures, draws and prints."""
    run = Path(config.run)
    rules, target = snapshots(run), target_of(run, config.target)
    name = f"evolution_{target}"
    out = Path(config.out or f"out/{name}")
    out.mkdir(parents=True, exist_ok=True)
    topology, loss, steps = (
        substrate_of_cells("square", config.cells),
        published_loss(target),
        tuple(sorted(config.steps)),
    )
    empty, canvas, drawn = empty_loss(loss), CellCanvas(topology, scale=2), chosen(list(rules), config.rows)
    late = max((step for step in steps if step in COMPARED), default=steps[-1])

    summary: dict[str, Any] = {}
    unfolding, runs, unfolding_captions, runs_captions = [], [], [], []
    for iteration, path in tqdm(rules.items(), desc="growing", unit="snapshot"):
        states = grow(load_rule(path), topology, config.runs, steps, config.seed)
        measured = {step: measure(states[step], topology, loss) for step in steps}
        summary[str(iteration)] = summary_of(states, measured, empty)
        if iteration not in drawn:
            continue
        for step in steps:
            unfolding.append(canvas.draw(states[step][0].clamp(-EXPLODED, EXPLODED)))
            unfolding_captions.append(f"iteration {iteration:,}: {step}" if step == steps[0] else f"{step}")
        for row, state in zip(measured[late], states[late], strict=True):
            runs.append(canvas.draw(state.clamp(-EXPLODED, EXPLODED)))
            runs_captions.append(f"{iteration:,}: loss {row['loss']:.1f}")

    finished = run / "rule.safetensors"
    write_metrics(
        out,
        {
            "config": asdict(config),
            "target": target,
            "rule trained by": describe_rule(finished)["card"].get("trained by", "") if finished.exists() else "",
            "loss of the empty sheet": round(empty, 2),
            "iterations": summary,
        },
    )
    shown = [step for step in steps if step in COMPARED] or [late]
    print(f"{'iteration':>10}" + "".join(f"{f'step {step}':>12}" for step in steps) + f"   runs at step {late}")
    for iteration, entry in summary.items():
        values = "".join(f"{entry[str(step)]['median relative loss']:>12.3f}" for step in steps)
        fates = ", ".join(f"{count} {word}" for word, count in entry[str(late)]["verdicts"].items())
        print(f"{iteration:>10}{values}   {fates}")

    save_image(out / "evolution.png", montage(unfolding, captions=unfolding_captions, columns=len(steps), pad=6))
    save_image(out / "runs.png", montage(runs, captions=runs_captions, columns=config.runs, pad=6))
    lines = {
        f"step {step}": (list(rules), [entry[str(step)]["median relative loss"] for entry in summary.values()])
        for step in shown
    }
    save_image(
        out / "loss.png",
        draw_curves(
            lines,
            dots=True,
            log_y=True,
            x_label="iteration",
            y_label="median loss / that of the empty sheet",
            title=target,
        ),
    )
    print(f"Pictures and metrics.json are in {out}/.")
    if config.publish:
        print(f"Published in {publish(out, name)}.")


def arguments() -> Config:
    """The configuration from the command line."""
    default = Config(run="")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="folder of a training run with snapshots/")
    parser.add_argument("--target", default=default.target, help="name of an emoji; by default the finished rule's")
    parser.add_argument("--steps", type=int, nargs="+", default=default.steps, help="steps drawn and measured")
    parser.add_argument("--rows", type=int, default=default.rows, help="snapshots drawn, about")
    parser.add_argument("--runs", type=int, default=default.runs)
    parser.add_argument("--cells", type=int, default=default.cells, help="cells of the sheet, about")
    parser.add_argument("--seed", type=int, default=default.seed, help="of the runs")
    parser.add_argument("--out", default=default.out, help="folder for the results; by default out/evolution_TARGET")
    parser.add_argument("--publish", action="store_true", help="copy the results to docs/results/evolution_TARGET")
    values = vars(parser.parse_args())
    return Config(**{**values, "steps": tuple(values["steps"])})


if __name__ == "__main__":
    main(arguments())
