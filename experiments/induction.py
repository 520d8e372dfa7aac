"""The upper half of a newt's eye, grafted on its flank, makes the tissue below it a lower half (Studying Growth).

    python experiments/induction.py                       # the shipped rule, a minute on one core
    python experiments/induction.py --rule growing-newt runs/growing-newt/rule.safetensors

A newt grows for 150 steps. Then the bright upper half of its eye, all channels of all its cells, is copied onto its own
flank and frozen; the rest of the newt goes on as before. Spemann's induction, as in the article: within 25 to 50 steps
the tissue below the graft becomes the dark lower half. Two runs with the same random numbers stand beside it: one
without a graft, and one with a frozen piece of the flank itself in the same place (a sham operation). In neither may
anything appear. Several runs on the square grid, on hexagons and on three Voronoi meshes. Of several rules, the first
is the one that is drawn; the others are measured beside it.

What is measured is the mean over pixels and colours of the absolute difference between the half below the graft and the
lower half of the same newt's own eye. Written to `--out`:
    newts.png       grafted, sham and control, before and after, on every sheet
    close_up.png    the flank step by step
    curve.png       the difference against the steps since the operation
    newt.gif        the square grid's newt with its second eye
    metrics.json    every number
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from protocol.anatomy import Anatomy
from protocol.growing import PADDING, SIZE
from protocol.rules import read_rule
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import trajectory
from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import bounded, raster, seeded_position
from graphnca.graft import graft
from graphnca.layers import NCAConv
from graphnca.regions import FROZEN, GROWING
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import first_of_each_kind, substrates
from topologies.kinds import CELLS

OPERATED_AT = 150  # steps (Studying Growth)
OPERATIONS = ("graft", "sham", "none")
GOAL = 0.1  # mean colour difference to the true eye


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-newt",)
    """Names of shipped rules or paths of trained ones."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 8
    """Runs on each sheet."""
    steps: int = 50
    """Steps after the operation."""
    every: int = 5
    """Steps between two looks; the steps must be a multiple of it."""
    seed: int = 4000
    """Of the runs; the meshes have the numbers after it. Nothing is trained or chosen by it."""
    out: str = "out/induction"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


@torch.no_grad()
def operated(
    rule: NCAConv, newts: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy, operation: str, config: Config
) -> dict[int, Float[Tensor, "b n c"]]:
    """Newts after an operation, by the steps since: at once, and every so many steps."""
    tissue = anatomy.upper_half(topology)
    after, covered = graft(newts, topology, tissue, anatomy.shift)
    if operation == "sham":
        after = newts
    elif operation == "none":
        after, covered = newts, torch.zeros_like(covered)
    recorded = trajectory(
        rule,
        after,
        topology,
        config.steps,
        record=range(0, config.steps + 1, config.every),
        regularisers=False,
        regions=torch.where(covered, FROZEN, GROWING),
        generator=torch.Generator().manual_seed(config.seed + 1),
    )
    return recorded.states


def difference_to_eye(
    states: Float[Tensor, "b n c"], newts: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy
) -> Float[Tensor, " b"]:
    """Mean over pixels and colours of |half below the graft - lower half of the newt's own eye before|."""
    view = raster(topology, anatomy.side, anatomy.side)
    half = anatomy.lower_half()
    induced = view(bounded(states)[..., :3])[..., anatomy.moved(half)]
    true = view(bounded(newts)[..., :3])[..., half]
    return (induced.clamp(0, 1) - true.clamp(0, 1)).abs().mean((-2, -1))


def change_below(
    before: Float[Tensor, "b n c"], after: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy
) -> Float[Tensor, " b"]:
    """Mean over the same pixels and colours of what has changed there."""
    view, below = raster(topology, anatomy.side, anatomy.side), anatomy.moved(anatomy.lower_half())
    one, other = (view(bounded(states)[..., :3])[..., below].clamp(0, 1) for states in (before, after))
    return (one - other).abs().mean((-2, -1))


def measured_on(
    rule: NCAConv, topology: Data, anatomy: Anatomy, config: Config
) -> tuple[dict[str, Any], dict[str, dict[int, Tensor]]]:
    """The numbers of one sheet, and the states of the run in the middle: by operation and steps since."""
    newts = grow(rule, topology, config.runs, (OPERATED_AT,), config.seed)[OPERATED_AT]
    states = {name: operated(rule, newts, topology, anatomy, name, config) for name in OPERATIONS}
    entry: dict[str, Any] = {"cells": topology.num_nodes}
    for name, recorded in states.items():
        differences = {step: difference_to_eye(state, newts, topology, anatomy) for step, state in recorded.items()}
        entry[name] = {
            "difference to the eye": {
                str(step): [round(float(value), 3) for value in values] for step, values in differences.items()
            },
            "change since the operation": [
                round(float(value), 3) for value in change_below(recorded[0], recorded[config.steps], topology, anatomy)
            ],
        }
    last = entry["graft"]["difference to the eye"][str(config.steps)]
    shown = sorted(range(config.runs), key=last.__getitem__)[config.runs // 2]
    return entry, {name: {step: state[shown] for step, state in recorded.items()} for name, recorded in states.items()}


def window(topology: Data, middle: tuple[float, float], side: float) -> tuple[float, float, float, float]:
    """A square part of a sheet, its middle told from where the seed lies."""
    x, y = (seed + offset for seed, offset in zip(seeded_position(topology), middle, strict=True))
    return x - side / 2, y - side / 2, x + side / 2, y + side / 2


def drawn(
    runs: dict[str, dict[str, dict[int, Tensor]]], topologies: dict[str, Data], anatomy: Anatomy, config: Config
) -> None:
    """The pictures of one rule, of the run in the middle on every sheet."""
    out, looks = Path(config.out), [0, config.steps // 2 // config.every * config.every, config.steps]
    whole, close, names = [], [], []
    x, y, radius = anatomy.eye
    flank = x + anatomy.shift[0], y + anatomy.shift[1]
    steps = sorted(next(iter(runs.values()))["graft"])
    for sheet, topology in topologies.items():
        canvas = CellCanvas(topology, scale=3, window=window(topology, (0.0, 0.0), anatomy.size + 2))
        near = CellCanvas(topology, scale=7, window=window(topology, flank, 4 * radius))
        whole += [canvas.draw(runs[sheet]["graft"][step]) for step in looks]
        whole += [canvas.draw(runs[sheet][name][config.steps]) for name in OPERATIONS[1:]]
        close += [near.draw(runs[sheet]["graft"][step]) for step in steps[::2]]
        names.append(sheet)
    columns = [f"graft, +{step}" for step in looks] + [f"{name}, +{config.steps}" for name in OPERATIONS[1:]]
    captions = [f"{name}: {column}" for name in names for column in columns]
    save_image(out / "newts.png", montage(whole, captions=captions, columns=len(columns), pad=6, font_size=11))
    captions = [f"{name}, +{step}" for name in names for step in steps[::2]]
    save_image(out / "close_up.png", montage(close, captions=captions, columns=len(steps[::2]), pad=4, font_size=11))
    canvas = CellCanvas(
        topologies["square"], scale=6, window=window(topologies["square"], (0.0, 0.0), anatomy.size + 2)
    )
    frames = [canvas.draw(runs["square"]["graft"][step]) for step in steps]
    save_animation(out / "newt.gif", [*frames[:1] * 4, *frames, *frames[-1:] * 6], fps=5)


def curves(entries: dict[str, Any], config: Config) -> None:
    """The difference against the steps: with a graft on every kind of cells, sham and without one on squares."""
    lines = {}
    for sheet, operation in [
        *((sheet, "graft") for sheet in first_of_each_kind(entries)),
        ("square", "sham"),
        ("square", "none"),
    ]:
        numbers = entries[sheet][operation]["difference to the eye"]
        x = [float(step) for step in numbers]
        lines[f"{operation}, {sheet}"] = (x, [median(values) for values in numbers.values()])
    title = "colour difference between the flank below and the lower half of the eye, median"
    save_image(Path(config.out) / "curve.png", draw_curves(lines, x_label="steps since the operation", title=title))


def report(name: str, entries: dict[str, Any], config: Config) -> None:
    """The numbers of one rule, printed."""
    last = str(config.steps)
    print(f"\n{name}: difference to the eye {last} steps after the operation, medians; change there without a graft")
    print(f"{'sheet':<12}{'before':>8}{'graft':>8}{'sham':>8}{'none':>8}{'within ' + str(GOAL):>12}{'change':>9}")
    for sheet, entry in entries.items():
        end = {operation: entry[operation]["difference to the eye"][last] for operation in OPERATIONS}
        before = median(entry["none"]["difference to the eye"]["0"])
        reached = sum(value <= GOAL for value in end["graft"])
        change = max(entry["none"]["change since the operation"])
        print(
            f"{sheet:<12}{before:>8.3f}"
            + "".join(f"{median(end[operation]):>8.3f}" for operation in OPERATIONS)
            + f"{f'{reached} of {config.runs}':>12}{change:>9.3f}"
        )


def main(config: Config) -> None:
    """Grows, operates, measures, draws and prints."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    topologies = substrates(cells=config.cells, meshes=config.meshes, seed=config.seed)
    rules: dict[str, Any] = {}
    for number, path in enumerate(config.rule):
        rule, card = read_rule(path)
        anatomy = Anatomy(card.get("size", SIZE), card.get("padding", PADDING))
        entries, runs = {}, {}
        for sheet, topology in tqdm(topologies.items(), desc=Path(path).stem, unit="sheet"):
            entries[sheet], runs[sheet] = measured_on(rule, topology, anatomy, config)
        if number == 0:
            drawn(runs, topologies, anatomy, config)
            curves(entries, config)
        report(path, entries, config)
        rules[path] = {"regime": card.get("regime"), "iterations": card.get("iterations"), "sheets": entries}
    write_metrics(out, {"config": asdict(config), "goal": GOAL, "operated at": OPERATED_AT, "rules": rules})
    if config.publish:
        publish(out, "induction")
    print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
