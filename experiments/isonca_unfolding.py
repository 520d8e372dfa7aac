"""A single cell unfolds into a pattern, in another orientation every time, to step 5,000 (IsoNCA, figures 4, 9, 10).

    python experiments/isonca_unfolding.py                            # the shipped lizard, a minute on one core
    python experiments/isonca_unfolding.py --rule isonca-heart
    python experiments/isonca_unfolding.py --rule cadata.json --target lizard    # a published model file

Ten runs of one rule from the same cell on the square torus; they differ in which cells fire. Expect ten times the same
pattern, each turned by another angle, about half of them mirrored; it stands between steps 200 and 1,000 and is still
there at 5,000. The auxiliary channels, which the rule was trained to fill too, say early on which end is which.

Written to `--out`, by default out/unfolding_RULE:
    unfolding.png   five runs at chosen steps, then the auxiliary channels of the first (figures 4 and 9)
    final.png       every run after the last step, its first auxiliary channel below it (figure 10)
    growth.gif      five runs side by side, step by step at first, in ever longer strides later
    loss.png        published loss against steps, relative to the empty sheet: five runs, and the median of all
    metrics.json    loss, angle, chirality, living cells of every run at the chosen steps, and the curves

The loss is the published one (36 radii, 227 angles, sharpened, both chiralities) with the paper's auxiliary channels.
The paper's rings lie half a pixel off the seed in both directions, which no isotropic rule can make up for, and which
costs a pattern of thin lines dearly; so the chosen steps are also measured with the rings around the seed, and both
with a perfect pattern (`graphnca.evaluation.published_loss.perfect_loss`).
`angle` is by how much the target must be turned, in degrees clockwise, after it was flipped upside down if `mirrored`.
"""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from protocol.rules import read_rule
from ship_isonca import HELD_OUT
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.published_loss import PUBLISHED_AUXILIARY, auxiliary_channels, perfect_loss, published_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import empty_loss, measure, verdict
from graphnca.results.result import publish, write_metrics
from graphnca.targets.auxiliary import AMPLITUDE
from topologies import substrate_of_cells
from topologies.kinds import CELLS

CHOSEN = (0, 10, 25, 50, 100, 200, 500, 1000, 2000, 5000)
GOAL_STEP, GOAL = 1000, 0.15  # the median loss there is to be at most this share of the empty sheet's
CURVE_POINTS = 60
FRAMES, SLOWING = 56, 2.5  # frames of the animation; frame i of n shows step last * (i / n)^2.5
FIRST_HIDDEN = 4  # channel after RGBA, where the auxiliary channels begin
SHOWN = 5  # runs in a row of a picture


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "isonca-lizard"
    target: str = ""
    """Name of an emoji; empty: what the rule's card says."""
    moments: tuple[int, ...] = CHOSEN
    """Steps that are drawn and tabulated."""
    runs: int = 10
    cells: int = CELLS
    seed: int = HELD_OUT
    out: str = ""
    """Folder for the results; empty: out/unfolding_RULE."""
    publish: bool = False
    """Copy the results to docs/results/unfolding_RULE."""


def curve_steps(last: int) -> list[int]:
    """Steps from 1 to the last, evenly spread by their logarithm."""
    return sorted({round(float(step)) for step in np.geomspace(1, last, CURVE_POINTS)})


def frame_steps(last: int) -> list[int]:
    """Steps of the animation: every one at first, ever fewer later."""
    return sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(FRAMES + 1)})


def shown_channels(card: dict[str, Any], target: str) -> dict[str, int]:
    """The channels shown beside the colours, by name: what the rule was trained to fill, else its first hidden one."""
    trained = card.get("auxiliary channels", PUBLISHED_AUXILIARY.get(target, "binary"))
    names = [name for name, _ in auxiliary_channels(trained)] or ["hidden"]
    return {name: FIRST_HIDDEN + number for number, name in enumerate(names)}


def strip(states: dict[int, Tensor], topology: Data, moments: tuple[int, ...], channels: dict[str, int]) -> Image.Image:
    """Rows: the first runs, then the auxiliary channels of the first one; columns: the chosen steps."""
    canvas = CellCanvas(topology, scale=2)
    runs = min(SHOWN, len(states[moments[0]]))
    tiles = [canvas.draw(states[step][run]) for run in range(runs) for step in moments]
    tiles += [
        canvas.draw(states[step][0], channel=channel, limit=AMPLITUDE)
        for channel in channels.values()
        for step in moments
    ]
    rows = [f"run {run + 1}" for run in range(runs)] + [f"run 1, {name}" for name in channels]
    captions = [f"{row}: {step}" if step == moments[0] else f"{step}" for row in rows for step in moments]
    return montage(tiles, captions=captions, columns=len(moments), pad=6)


def finals(state: Tensor, topology: Data, rows: list[dict[str, Any]], channels: dict[str, int]) -> Image.Image:
    """Every run after the last step, and the first auxiliary channel below it."""
    canvas = CellCanvas(topology, scale=3)
    name, channel = next(iter(channels.items()))
    tiles, captions = [], []
    for begin in range(0, len(rows), SHOWN):
        shown = state[begin : begin + SHOWN]
        blank = [Image.new("RGB", (canvas.width, canvas.height), "white")] * (min(SHOWN, len(rows)) - len(shown))
        tiles += [canvas.draw(run) for run in shown] + blank
        captions += [
            f"{row['angle']}°{', mirrored' if row['mirrored'] else ''}, loss {row['loss']:.1f}"
            for row in rows[begin : begin + SHOWN]
        ] + [""] * len(blank)
        tiles += [canvas.draw(run, channel=channel, limit=AMPLITUDE) for run in shown] + blank
        captions += [name] * len(shown) + [""] * len(blank)
    return montage(tiles, captions=captions, columns=SHOWN, pad=6)


def animation(states: dict[int, Tensor], topology: Data, steps: list[int]) -> list[Image.Image]:
    """Frames with the first runs side by side."""
    canvas = CellCanvas(topology, scale=2)
    return [montage([canvas.draw(run) for run in states[step][:SHOWN]], title=f"step {step}", pad=4) for step in steps]


def main(config: Config) -> None:
    """Grows, measures, draws and prints."""
    rule, card = read_rule(config.rule)
    target = config.target or card.get("target", "")
    if not target:
        raise SystemExit(f"--target: the card of {config.rule} names no target, so one must be given.")
    name = f"unfolding_{Path(config.rule).stem}"
    out = Path(config.out or f"out/{name}")
    out.mkdir(parents=True, exist_ok=True)
    topology, loss, channels = (
        substrate_of_cells("square", config.cells),
        published_loss(target),
        shown_channels(card, target),
    )
    empty = empty_loss(loss)
    moments, last = tuple(sorted(config.moments)), max(config.moments)
    curve, frames = curve_steps(last), frame_steps(last)
    print(f"{config.runs} runs of {config.rule} to step {last} on {topology.num_nodes} cells ...")
    states = grow(rule, topology, config.runs, {*moments, *curve, *frames}, config.seed)

    on_pixel = published_loss(target, on_pixel=True)
    around_seed = {
        step: [row["loss"] / empty_loss(on_pixel) for row in measure(states[step], topology, on_pixel)]
        for step in moments
    }
    measured = {
        step: measure(states[step], topology, loss) for step in tqdm(sorted({*moments, *curve}), desc="measuring")
    }
    shares = {step: [round(row["loss"] / empty, 4) for row in rows] for step, rows in measured.items()}
    summary = {}
    for step in moments:
        verdicts = [verdict(row, empty) for row in measured[step]]
        runs = [
            {**row, "relative": share, "verdict": word}
            for row, share, word in zip(measured[step], shares[step], verdicts, strict=True)
        ]
        middle = median(shares[step])
        summary[str(step)] = {
            "median relative loss": round(middle, 4),
            "median relative loss around the seed": round(median(around_seed[step]), 4),
            "runs": runs,
        }
    curves = [[shares[step][run] for step in curve] for run in range(config.runs)]
    metrics = {
        "config": asdict(config),
        "target": target,
        "rule trained by": card.get("trained by", "the authors"),
        "auxiliary channels trained": list(channels),
        "loss of the empty sheet": round(empty, 2),
        "relative loss of a perfect pattern": round(perfect_loss(target) / empty, 4),
        "relative loss of a perfect pattern around the seed": round(
            perfect_loss(target, on_pixel=True) / empty_loss(on_pixel), 4
        ),
        "steps": summary,
        "curve": {"steps": curve, "relative loss of each run": curves},
    }
    if str(GOAL_STEP) in summary:
        for around in ("", " around the seed"):
            reached = summary[str(GOAL_STEP)][f"median relative loss{around}"]
            metrics[f"goal{around}"] = {"step": GOAL_STEP, "at most": GOAL, "reached": reached, "met": reached <= GOAL}
    write_metrics(out, metrics)

    print(f"{'step':>6}{'run':>5}{'loss':>8}{'of empty':>10}{'angle':>8}{'mirrored':>10}{'alive':>7}{'max|x|':>8}")
    for step, entry in summary.items():
        for row in entry["runs"]:
            mirrored = "yes" if row["mirrored"] else "no"
            print(
                f"{step:>6}{row['run'] + 1:>5}{row['loss']:>8.2f}{row['relative']:>10.3f}{row['angle']:>7}°"
                f"{mirrored:>10}{row['alive']:>7}{row['largest']:>8.2f}  {row['verdict']}"
            )
        print(
            f"{step:>6} median of the empty sheet's loss: {entry['median relative loss']:.3f}, "
            f"around the seed {entry['median relative loss around the seed']:.3f}"
        )

    save_image(out / "unfolding.png", strip(states, topology, moments, channels))
    save_image(out / "final.png", finals(states[last], topology, measured[last], channels))
    lines = {f"run {run + 1}": (curve, values) for run, values in enumerate(curves[:SHOWN])}
    lines[f"median of {config.runs}"] = (curve, [median(shares[step]) for step in curve])
    picture = draw_curves(lines, log_x=True, x_label="step", y_label="loss / that of the empty sheet", title=target)
    save_image(out / "loss.png", picture)
    save_animation(out / "growth.gif", animation(states, topology, frames), fps=12)
    print(f"Pictures and metrics.json are in {out}/.")
    if config.publish:
        print(f"Published in {publish(out, name)}.")


def arguments() -> Config:
    """The configuration from the command line."""
    default = Config()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", default=default.rule, help="a shipped rule, a .safetensors file, or published model")
    parser.add_argument("--target", default=default.target, help="name of an emoji; by default what the card says")
    parser.add_argument("--moments", type=int, nargs="+", default=default.moments, help="steps that are drawn")
    parser.add_argument("--runs", type=int, default=default.runs)
    parser.add_argument("--cells", type=int, default=default.cells, help="cells of the sheet, about")
    parser.add_argument("--seed", type=int, default=default.seed, help="of the runs")
    parser.add_argument("--out", default=default.out, help="folder for the results; by default out/unfolding_RULE")
    parser.add_argument("--publish", action="store_true", help="copy the results to docs/results/unfolding_RULE")
    values = vars(parser.parse_args())
    return Config(**{**values, "moments": tuple(values["moments"])})


if __name__ == "__main__":
    main(arguments())
