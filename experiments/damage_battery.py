"""What a grown pattern survives: halves, quarters, the middle, disks and single cells are cut out, and it heals.

    python experiments/damage_battery.py                                  # every shipped Growing rule, 2-3 minutes each
    python experiments/damage_battery.py --rule runs/growing-lizard/rule.safetensors

Twelve cuts, those of Growing NCA (Mordvintsev et al. 2020) among them: the four halves, the four quarters, the 16x16
units in the middle, a random disk, and single cells drawn at random, a quarter of all and half of them. Each at
several times, and in several runs, on squares, hexagons and Voronoi meshes. The cuts are regions of the plane in units
about the seed, so they are the same on every kind of cells. Recovery is told by log10 of the mean squared error of
RGBA, to the target and to the same run without a cut, against the steps since.

Then many seeds on one Voronoi mesh, grown side by side, each of which loses another part.

The published regenerating rules, cut at step 200, are at -3.0 to -3.3 after 100 steps. The goal: at most -3.0 within
100 steps of losing a half or the middle, in 9 of 10 cuts on squares. Expect that a rule trained on squares heals less
well on hexagons and on meshes.

Written to `--out`/NAME, for each rule:
    cuts.png        every cut on squares: before, after, and how it heals
    curves.png      the error after every cut, the median of the runs, on each sheet
    many.png        many seeds on one mesh: grown, cut, healed
    animation.gif   the same
    metrics.json    every error
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from protocol.growing import Growing, growing_of, growing_rules
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image, to_picture
from graphnca.evaluation.damage_tests import (
    CENTRE,
    DISK,
    GOAL_CUTS,
    HALVES,
    QUARTERS,
    SHARES,
    WHOLE,
    Healing,
    battery,
    healing,
)
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.runs import grow, walk
from graphnca.evaluation.scores import bounded, raster
from graphnca.rasterizers import NearestCell
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.seeds import point_seed
from topologies import KINDS, cells_within, substrate_of_cells, substrates
from topologies.kinds import CELLS

GOAL = -3.0  # log10 of the mean squared error: as the published rules 100 steps after a half or the middle is cut out
WITHIN = 100  # steps
SHARE = 0.9  # of these cuts
LOOK_EVERY = 10  # steps between two errors
SHOWN = (0, 20, 50, 100)  # steps since the cut, in the pictures
ACROSS = 3  # seeds side by side on the one mesh, and as many below each other
LOST = (WHOLE, "left half", "upper half", "lower right quarter", "upper left quarter", CENTRE, DISK, *SHARES)
"""What each of them loses, row by row."""
GROWN, CUT = 200, 210  # steps after which they are measured, and cut
APART = 0.7  # of the target's raster: the distance of two seeds
CURVE_SIZE = (520, 320)
FRAMES_PER_SECOND = 12


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ()
    """Shipped rules or files; empty: every shipped rule that grows upright."""
    target: str = ""
    """What they grow, where their cards don't say it."""
    substrate: tuple[str, ...] = tuple(KINDS)
    """Kinds of cells."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 3
    """How many Voronoi meshes."""
    runs: int = 2
    """Runs of every cut on each sheet at each time."""
    times: tuple[int, ...] = (100, 200, 500)
    """Steps after which a pattern is cut."""
    steps: int = 300
    """How long it is looked at from then on, a multiple of 10, at least 100."""
    many: bool = True
    """Whether many seeds are grown side by side too."""
    seed: int = 5000
    """Of runs and wounds; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/damage_battery"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def comparisons(
    growing: Growing, topology: Data
) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]:
    """log10 of the mean squared error to the target, and of that between two runs, on the raster of the target."""
    view, target = view_of(growing, topology), picture_of(growing)

    def score(states: Tensor) -> Tensor:
        return log10_error(view(bounded(states)[..., :4]), target)

    def apart(states: Tensor, others: Tensor) -> Tensor:
        return log10_error(view(bounded(states)[..., :4]), view(bounded(others)[..., :4]))

    return score, apart


def healed(growing: Growing, topology: Data, config: Config) -> dict[int, Healing]:
    """Every cut of one sheet, by the step at which it is made."""
    grown = grow(growing.rule, topology, config.runs, config.times, config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    width = half_width(growing)
    score, apart = comparisons(growing, topology)
    return {
        time: healing(
            growing.rule,
            grown[time],
            topology,
            battery(topology, config.runs, generator=generator, half_width=width),
            range(0, config.steps + 1, LOOK_EVERY),
            score,
            apart,
            seed=config.seed + time,
            shown=SHOWN,
        )
        for time in config.times
    }


def picture_of(growing: Growing) -> Tensor:
    """The target (4, H, W), which every rule here must have."""
    if growing.target is None:
        raise SystemExit(f"--rule: expected rules whose cards name their targets, or --target, got {growing.name!r}.")
    return growing.target


def half_width(growing: Growing) -> float:
    """Of the target's raster, 36 units as published: what the cuts are measured by."""
    return min(picture_of(growing).shape[-2:]) / 2


def view_of(growing: Growing, topology: Data) -> NearestCell:
    """The raster on which a pattern is compared with the target."""
    return raster(topology, *picture_of(growing).shape[-2:])


def numbers_of(result: Healing) -> dict[str, Any]:
    """What is told of all cuts at one time: errors of each run right after the cut, after 100 steps, and at the end."""
    within = result.moments.index(WITHIN)
    told = {"right after": 0, f"after {WITHIN}": within, f"after {result.moments[-1]}": -1}
    entry: dict[str, Any] = {}
    for cut, errors in result.scores.items():
        entry[cut] = {words: rounded(errors[place]) for words, place in told.items()}
        entry[cut][f"least within {WITHIN}"] = rounded(errors[: within + 1].amin(0))
        if cut != WHOLE:
            entry[cut][f"to the run without a cut, after {WITHIN}"] = rounded(result.apart[cut][within])
    return entry


def rounded(values: Tensor) -> list[float]:
    """Two digits."""
    return [round(value, 2) for value in values.tolist()]


def goal_of(times: dict[str, Any]) -> dict[str, Any]:
    """How many of the runs that lost a half or the middle were at the goal within 100 steps, over all times."""
    least = [error for entry in times.values() for cut in GOAL_CUTS for error in entry[cut][f"least within {WITHIN}"]]
    reached = sum(error <= GOAL for error in least)
    return {"cuts": len(least), "healed": reached, "reached": reached >= SHARE * len(least)}


def picture_of_cuts(growing: Growing, topology: Data, result: Healing) -> Image.Image:
    """Two cuts a row, four moments each: the first run."""
    view = view_of(growing, topology)
    tiles, captions = [], []
    for cut, shown in result.shown.items():
        for moment, state in shown.items():
            tiles.append(to_picture(view(bounded(state)[:, :4])))
            after = f"{moment} steps" if moment else "nothing cut" if cut == WHOLE else cut
            captions.append(after)
    return montage(tiles, captions=captions, columns=2 * len(SHOWN), pad=5, font_size=10)


def curves(results: dict[str, dict[int, Healing]], time: int) -> Image.Image:
    """One plot a sheet: the median error after each kind of cut at one time."""
    plots = []
    for sheet, times in results.items():
        result = times[time]
        named = {
            "half": tuple(HALVES),
            "quarter": tuple(QUARTERS),
            "middle": (CENTRE,),
            "disk": (DISK,),
            **{f"{share:.0%}": (cut,) for cut, share in SHARES.items()},
        }
        lines = {
            words: (result.moments, torch.cat([result.scores[cut] for cut in cuts], 1).median(1).values.tolist())
            for words, cuts in named.items()
        }
        title = f"{sheet}, log10 error after a cut at {time}"
        plots.append(draw_curves(lines, size=CURVE_SIZE, x_label="steps since", title=title))
    return montage(plots, columns=min(3, len(plots)), pad=6)


def many_seeds(growing: Growing, config: Config) -> tuple[dict[str, Any], Image.Image, list[Image.Image]]:
    """Seeds on one Voronoi mesh, grown side by side; each but the first then loses a part, and heals for 200 steps."""
    width = 2 * half_width(growing)
    side = round(ACROSS * APART * width)
    topology = substrate_of_cells("voronoi", cells_within("voronoi", side), seed=config.seed + 1)
    extent = topology["extent"].view(2)
    places = [
        ((column + 0.5) / ACROSS * float(extent[0]), (row + 0.5) / ACROSS * float(extent[1]))
        for row in range(ACROSS)
        for column in range(ACROSS)
    ]
    seeds = torch.stack([point_seed(topology, growing.rule.num_channels, at=place) for place in places])
    cells = seeds[..., 3].argmax(-1)
    owner = nearest_seed(topology, topology["pos"][cells])
    generator = torch.Generator().manual_seed(config.seed)
    cuts = [cut_about(topology, int(cell), width / 2, generator) for cell in cells]
    mask = torch.zeros_like(owner, dtype=torch.bool)
    for number, (name, masks) in enumerate(zip(LOST, cuts, strict=True)):
        if name != WHOLE:
            mask |= masks[name] & (owner == number)
    views = [raster(topology, int(width), int(width), centre=position(topology, int(cell))) for cell in cells]
    canvas = CellCanvas(topology, scale=2.0)
    told = {
        GROWN: "grown",
        CUT: "cut",
        CUT + WITHIN // 2: f"{WITHIN // 2} steps later",
        CUT + WITHIN: f"{WITHIN} later",
    }
    frames, tiles, errors = [], [], {}
    for moment, state in walk(
        growing.rule,
        seeds.sum(0)[None],
        topology,
        range(0, CUT + 2 * WITHIN + 1, LOOK_EVERY),
        generator=torch.Generator().manual_seed(config.seed),
        wounds={CUT: mask},
    ):
        frames.append(canvas.draw(state[0]))
        if moment in told:
            tiles.append(frames[-1])
            errors[told[moment]] = [own_error(growing, view(bounded(state)[0, :, :4])) for view in views]
    entry = {"cells": topology.num_nodes, "lost": LOST, "log10 errors": errors}
    figure = montage(tiles, captions=list(told.values()), columns=2, pad=6)
    return entry, figure, frames


def own_error(growing: Growing, image: Tensor) -> float:
    """log10 of the mean squared error to the target, within the part of the raster that is one seed's own."""
    target = picture_of(growing)
    margin = round((1 - APART) / 2 * target.shape[-1])
    inner = (..., slice(margin, -margin), slice(margin, -margin))
    return round(float(log10_error(image[inner][None], target[inner])), 2)


def position(topology: Data, cell: int) -> tuple[float, float]:
    """A cell's centre."""
    x, y = topology["pos"][cell].tolist()
    return x, y


def nearest_seed(topology: Data, seeds: Tensor) -> Tensor:
    """Which of some positions (S, 2) each cell (N,) is nearest to, the shortest way round."""
    extent = topology["extent"].view(2)
    offset = topology["pos"][:, None] - seeds
    return (offset - extent * torch.round(offset / extent)).square().sum(-1).argmin(1)


def cut_about(topology: Data, cell: int, width: float, generator: torch.Generator) -> dict[str, Tensor]:
    """The battery's cuts about a cell instead of the middle of the sheet, one mask (N,) each."""
    cuts = battery(topology, 1, generator=generator, half_width=width, centre=position(topology, cell))
    return {name: masks[0] for name, masks in cuts.items()}


def show(name: str, entries: dict[str, Any]) -> None:
    """Prints the table of a rule."""
    print(
        f"\n{name}: log10 error {WITHIN} steps after a cut, median of the runs, and how many at most {GOAL} within them"
    )
    for sheet, entry in entries.items():
        goal = entry["goal"]
        print(f"{sheet:<14} a half or the middle: {goal['healed']} of {goal['cuts']} cuts healed")
        for time, cuts in entry["times"].items():
            told = ", ".join(
                f"{cut} {sorted(numbers[f'after {WITHIN}'])[len(numbers[f'after {WITHIN}']) // 2]:.1f}"
                for cut, numbers in cuts.items()
            )
            print(f"    at {time}: {told}")


def main(config: Config) -> None:
    """Cuts, measures, draws and prints, rule by rule."""
    if config.steps % LOOK_EVERY or config.steps < WITHIN:
        raise SystemExit(f"--steps: expected a multiple of {LOOK_EVERY}, at least {WITHIN}, got {config.steps}.")
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    for path in config.rule or growing_rules():
        growing = growing_of(path, target=config.target)
        name = Path(path).parent.name if growing.name == "rule" else growing.name
        half_width(growing)
        out = Path(config.out) / name
        out.mkdir(parents=True, exist_ok=True)
        results: dict[str, dict[int, Healing]] = {}
        entries: dict[str, Any] = {}
        for sheet, topology in tqdm(topologies.items(), desc=name, unit="sheet"):
            results[sheet] = healed(growing, topology, config)
            times = {str(time): numbers_of(result) for time, result in results[sheet].items()}
            entries[sheet] = {"cells": topology.num_nodes, "goal": goal_of(times), "times": times}
        show(name, entries)
        first = next(iter(topologies))
        time = sorted(config.times)[len(config.times) // 2]
        save_image(out / "cuts.png", picture_of_cuts(growing, topologies[first], results[first][time]))
        save_image(out / "curves.png", curves(results, time))
        metrics: dict[str, Any] = {"config": asdict(config), "rule": name, "sheets": entries}
        if config.many:
            metrics["many seeds"], figure, frames = many_seeds(growing, config)
            save_image(out / "many.png", figure)
            save_animation(out / "animation.gif", frames, fps=FRAMES_PER_SECOND)
        write_metrics(out, metrics)
        if config.publish:
            publish(out, f"damage_battery_{name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
