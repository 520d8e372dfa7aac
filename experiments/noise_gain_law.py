"""Rules trained on squares, grown on hexagons and random meshes: what the noise-gain law does, with and without it.

    python experiments/noise_gain_law.py                             # every shipped Growing rule, a few minutes each
    python experiments/noise_gain_law.py --rule growing-lizard
    python experiments/noise_gain_law.py --rule ex3_butterfly.json   # a published model file

A rule that perceives gradients through the Sobel pair also relies on how that pair averages. The law (docs/
mathematics.md) smooths the gradients of other cells until they answer to noise as strongly as Sobel's do, with a sum of
squared weights of 3/16. Here each rule, unchanged, grows on a hexagonal torus and on three Voronoi meshes that no
training has seen, in three ways:

    law         gradients corrected by the moment matrix, smoothed by the law: what graphnca does
    corrected   the same without smoothing
    raw         sums of w_ij v_ij (x_j - x_i), not corrected either: on hexagons the same as `corrected`

The error is the mean squared difference of RGBA to what the same rule shows on the square torus after as many steps,
on 56x56 pixels of one unit around the seed, 2x2 samples a pixel. Two runs on squares differ too: that is the floor; an
empty sheet is the ceiling, but for patterns that overgrow. Expect the pattern with the law at step 500, and an
overgrown one without it, on meshes above all; at 2,000 what was only trained on squares drifts.

Then the same share of smoothing for all cells, from 0 to 1/2, in place of the law's own for each.

Written to `--out`/NAME, for each rule:
    figure.png      every sheet at the first moment, in the three ways
    later.png       the same at the last moment
    growth.gif      the growth on squares, hexagons and a mesh, with the law above and without smoothing below
    smoothing.png   the error against the share of smoothing, and where the law lies
    metrics.json    the error of every run
"""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from protocol.growing import Growing, growing_of, growing_rules
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.gradients import WAYS, as_it_is, smoothed_by, unsmoothed
from graphnca.evaluation.pixel_error import OWN_SIDE, own_error, own_patterns
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import fates, seeded_position
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import KINDS, substrate_of_cells, substrates
from topologies.kinds import CELLS
from topologies.noise_gain import noise_quadratic

GOALS = {"hex": 0.004, "voronoi": 0.01}  # median error at the first moment of rules trained on squares alone
GOALS_ANY = (0.003, 0.005)  # of rules trained on mixed cells, on every kind, at the first moment and at the last
FRAMES, SLOWING = 44, 2.5  # frames of the animation; frame i of n shows step last * (i / n)^2.5
CURVE_SIZE = (520, 330)


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ()
    """Shipped rules, .safetensors files or published models; empty: every shipped Growing rule."""
    steps: tuple[int, ...] = (500, 2000)
    """Steps after which the runs are measured."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    runs: int = 5
    """Runs on each sheet."""
    meshes: int = 3
    """Voronoi meshes."""
    shares: tuple[float, ...] = (0.0, 0.08, 0.16, 0.24, 0.32, 0.5)
    """Shares of smoothing that are tried for all cells alike."""
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/noise_gain_law"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def noise_gain(topology: Data) -> dict[str, float]:
    """Means over the cells: the noise gain without smoothing and under the law, and the share of smoothing."""
    edges, vectors, weights, smoothing = (
        topology[field].double().numpy() if field != "edge_index" else topology[field].numpy()
        for field in ("edge_index", "edge_attr", "edge_weight", "smoothing")
    )
    quadratic = noise_quadratic(edges, vectors, weights, len(smoothing))
    return {
        "plain": round(float(quadratic.plain.mean()), 4),
        "under the law": round(float(quadratic.at(smoothing).mean()), 4),
        "smoothing": round(float(smoothing.mean()), 4),
        "deviation of smoothing": round(float(np.std(smoothing)), 4),
    }


def errors_on(
    growing: Growing, topology: Data, own: dict[int, Tensor], config: Config
) -> tuple[dict[str, Any], dict[int, Tensor]]:
    """The error of every run at every moment, and the states `(runs, N, C)` there."""
    states = grow(growing.rule, topology, config.runs, own, config.seed)
    entry = {}
    for step, pattern in own.items():
        errors = [round(error, 6) for error in own_error(states[step], topology, pattern).tolist()]
        entry[f"step {step}"] = {
            "median error": round(median(errors), 6),
            "errors": errors,
            "fates": dict(Counter(fates(states[step]))),
            "alive": (states[step][..., 3] > 0.1).sum(-1).tolist(),
        }
    return entry, states


def around_seed(topology: Data) -> tuple[float, float, float, float]:
    """The window that the raster of the error shows, (x0, y0, x1, y1)."""
    x, y = seeded_position(topology)
    return x - OWN_SIDE / 2, y - OWN_SIDE / 2, x + OWN_SIDE / 2, y + OWN_SIDE / 2


def canvas(topology: Data, scale: float) -> CellCanvas:
    """What draws the surroundings of the seed."""
    return CellCanvas(topology, scale=scale, window=around_seed(topology))


def figure(
    shown: dict[str, dict[str, dict[int, Tensor]]],
    measured: dict[str, dict[str, Any]],
    topologies: dict[str, Data],
    step: int,
) -> Image.Image:
    """The median run of every sheet: a row with the law and one for each other way."""
    tiles, captions = [], []
    square = next(iter(topologies))
    for way in WAYS:
        for name, topology in topologies.items():
            key = "law" if name == square else way
            errors = measured[key][name][f"step {step}"]["errors"]
            run = sorted(range(len(errors)), key=errors.__getitem__)[len(errors) // 2]
            tiles.append(canvas(topology, 3).draw(shown[key][name][step][run]))
            captions.append(f"{way}\n{name}: {errors[run]:.4f}")
    return montage(tiles, captions=captions, columns=len(topologies), pad=6)


def animation(growing: Growing, topologies: dict[str, Data], config: Config) -> list[Image.Image]:
    """Frames of one run on each kind of cells, with the law above and without it below."""
    chosen = list({name.split()[0]: name for name in reversed(topologies)}.values())[::-1]
    last = max(config.steps)
    moments = sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(FRAMES + 1)})
    rows = []
    for way in (as_it_is, unsmoothed):
        for name in chosen:
            states = grow(growing.rule, way(topologies[name]), 1, moments, config.seed)
            draw = canvas(topologies[name], 2)
            rows.append([draw.draw(states[step][0]) for step in moments])
    captions = [f"{name.split()[0]}, {word}" for word in ("law", "no smoothing") for name in chosen]
    return [
        montage(frames, captions=captions, columns=len(chosen), title=f"step {step}", pad=4)
        for step, frames in zip(moments, zip(*rows, strict=True), strict=True)
    ]


def smoothing_curve(
    growing: Growing, topologies: dict[str, Data], own: dict[int, Tensor], config: Config
) -> dict[str, dict[str, dict[str, float]]]:
    """By moment and by the share of smoothing of all cells: the median error on each kind of cells."""
    curve: dict[str, dict[str, dict[str, float]]] = {f"step {step}": {} for step in own}
    for share in tqdm(config.shares, desc="shares of smoothing", unit="share"):
        entries = {
            name: errors_on(growing, smoothed_by(topology, share), own, config)[0]
            for name, topology in topologies.items()
        }
        for step in own:
            curve[f"step {step}"][f"{share:g}"] = medians({"uniform": entries}, step)["uniform"]
    return curve


def smoothing_picture(
    curve: dict[str, dict[str, dict[str, float]]],
    by_law: dict[str, dict[str, float]],
    gains: dict[str, dict[str, float]],
    title: str,
) -> Image.Image:
    """For every moment the error against the share of smoothing, with a point where the law lies."""
    panels = []
    for moment, entries in curve.items():
        kinds = next(iter(entries.values()))
        lines = {
            kind: ([float(share) for share in entries], [entry[kind] for entry in entries.values()]) for kind in kinds
        }
        for kind in kinds:
            share = median(gain["smoothing"] for name, gain in gains.items() if name.startswith(kind))
            lines[f"{kind}, law"] = ([share], [by_law[moment][kind]])
        panels.append(
            draw_curves(
                lines,
                size=CURVE_SIZE,
                dots=True,
                log_y=True,
                x_label="share of smoothing",
                y_label="error",
                title=f"{title}, {moment}",
            )
        )
    return montage(panels, columns=2, pad=6)


def medians(measured: dict[str, dict[str, Any]], step: int) -> dict[str, dict[str, float]]:
    """The median over all runs on each kind of cells, for every way."""
    result: dict[str, dict[str, float]] = {}
    for way, entries in measured.items():
        found: dict[str, list[float]] = {}
        for name, entry in entries.items():
            found.setdefault(name.split()[0], []).extend(entry[f"step {step}"]["errors"])
        result[way] = {kind: round(median(errors), 6) for kind, errors in found.items()}
    return result


def on_one_kind(growing: Growing) -> bool:
    """Whether a rule was trained on squares alone; so were the published ones."""
    return "," not in growing.card.get("substrate", "square").rpartition(":")[2]


def study(growing: Growing, topologies: dict[str, Data], config: Config, out: Path) -> dict[str, Any]:
    """Grows and measures one rule in every way, draws, prints; returns its numbers."""
    own = own_patterns(growing.rule, substrate_of_cells("square", config.cells), config.steps)
    others = {name: topology for name, topology in topologies.items() if name != "square"}
    measured: dict[str, dict[str, Any]] = {way: {} for way in WAYS}
    shown: dict[str, dict[str, dict[int, Tensor]]] = {way: {} for way in WAYS}
    jobs = [("law", "square"), *((way, name) for way in WAYS for name in others)]
    for way, name in tqdm(jobs, desc=growing.name, unit="sheet"):
        measured[way][name], shown[way][name] = errors_on(growing, WAYS[way](topologies[name]), own, config)
    curve = smoothing_curve(growing, others, own, config)
    first, last = min(config.steps), max(config.steps)
    middle = {f"step {step}": medians(measured, step) for step in config.steps}
    at_first, at_last = middle[f"step {first}"]["law"], middle[f"step {last}"]["law"]
    if on_one_kind(growing):
        goals = {f"{kind} at {first}": [at_first[kind], goal] for kind, goal in GOALS.items()}
    else:
        goals = {f"{kind} at {first}": [at_first[kind], GOALS_ANY[0]] for kind in KINDS}
        goals |= {f"{kind} at {last}": [at_last[kind], GOALS_ANY[1]] for kind in KINDS}

    empty = {f"step {step}": round(float(pattern.square().mean()), 6) for step, pattern in own.items()}
    print(f"\n{growing.name}: median error to its own pattern on squares; an empty sheet has {empty[f'step {first}']}.")
    print(f"{'step':<8}{'cells':<10}" + "".join(f"{way:>12}" for way in WAYS))
    for step in config.steps:
        for kind in KINDS:
            values = (middle[f"step {step}"][way].get(kind) for way in WAYS)
            print(f"{step:<8}{kind:<10}" + "".join("" if value is None else f"{value:>12.5f}" for value in values))
    for file, step in (("figure.png", first), ("later.png", last)):
        save_image(out / file, figure(shown, measured, topologies, step))
    save_animation(out / "growth.gif", animation(growing, topologies, config), fps=12)
    gains = {name: noise_gain(topology) for name, topology in topologies.items()}
    by_law = {moment: values["law"] for moment, values in middle.items()}
    save_image(out / "smoothing.png", smoothing_picture(curve, by_law, gains, growing.name))
    return {
        "rule": growing.name,
        "target": growing.card.get("target"),
        "regime": growing.card.get("regime"),
        "trained on squares alone": on_one_kind(growing),
        "empty": empty,
        "medians": middle,
        "goals": {
            name: {"reached": value, "goal": goal, "met": value <= goal} for name, (value, goal) in goals.items()
        },
        "uniform smoothing": curve,
        "noise gain": gains,
        "sheets": measured,
    }


def main(config: Config) -> None:
    """Grows, measures, draws and prints, rule by rule."""
    names = config.rule or tuple(growing_rules())
    if not names:
        raise SystemExit("--rule: expected a rule, since none is shipped yet.")
    topologies = substrates(KINDS, config.cells, meshes=config.meshes, seed=config.seed)
    for name in names:
        growing = growing_of(name)
        if not growing.rule.perception.uses_gradient:
            raise SystemExit(f"--rule: expected one that perceives gradients, got {name!r}.")
        out = Path(config.out) / growing.name
        out.mkdir(parents=True, exist_ok=True)
        write_metrics(out, {"config": asdict(config), **study(growing, topologies, config, out)})
        if config.publish:
            publish(out, f"noise_gain_law_{growing.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
