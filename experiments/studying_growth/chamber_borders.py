"""How a shell's new chamber finds its border: it grows from the first step on, and gives back what was too much.

    python experiments/studying_growth/chamber_borders.py

Studying Growth observes that new cells begin to grow at the first step, while those of the mature chamber still seek
agreement on its scale and angle, and that the border is adjusted later. Here the growing chamber is looked at every few
steps and compared with the one that a perfect shell has there, on squares, hexagons and a mesh. A free cell lives if
its alpha is above 0.1, and is born if it is above one half:

    living       area of free cells that live, in shares of the ideal chamber's
    covered      area of the ideal chamber that is born, in shares of it
    beyond       area born outside of it, in shares of it
    given back   area of all cells that were born at an earlier look and are no longer

Expect living cells at the first looks, a chamber that is nine tenths covered after less than half of the cycle, and, on
the way, cells beyond the border that are given back.

Written to `--out`:
    figure.webp     the first run's chamber on its way, cells beyond the ideal border in red, its own in grey, what was
                    given back in blue; below, the three shares over the steps
    metrics.json    the shares at every look, means of the runs, for every chamber
    tables.json     when a chamber begins, when it is half and nine tenths covered, and how much was given back
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation.chambers import Moment, growth
from graphnca.evaluation.scores import ALIVE
from graphnca.evaluation.subject import Subject
from graphnca.layers.life import ALPHA
from graphnca.regions import GROWING
from graphnca.results.figures import curves
from graphnca.results.options import OfRule, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subject_of
from graphnca.results.table import Table
from graphnca.targets import Shell
from graphnca.targets.chambers import CYCLE, SOLID, placed_shell, starting_state
from topologies import substrates

SHARES = ("living", "covered", "beyond", "given back")
COLOURS = {
    "ideal": (0.82, 0.82, 0.82),
    "born": (0.35, 0.35, 0.35),
    "beyond": (0.85, 0.2, 0.15),
    "back": (0.2, 0.4, 0.85),
}
SHOWN = (4, 12, 24, 40, 80, 160)  # steps of a cycle in the figure
BEGUN = 0.01  # of the ideal chamber's area
MARGIN = 4.0  # units around the ideal chamber that it shows


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, OnSubstrates, Options):
    """What the command line can change."""

    rule: str = "growing-shell"
    scale: float = 19.0
    """Largest radius of the shell at the beginning."""
    angles: tuple[float, ...] = (1.9, 5.1)
    """Radians, as in `gnomonic_growth.py`."""
    runs: int = 4
    """At each angle."""
    meshes: int = 1
    chambers: int = 2
    """How many are grown."""
    cycle: int = CYCLE
    """Steps a chamber."""
    every: int = 2
    """Steps between two looks."""
    seed: int = 6900
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/chamber_borders"


def ideal(shell: Shell, topology: Data, number: int) -> Bool[Tensor, " n"]:
    """The cells of a chamber of the perfect shell."""
    along = shell.coordinates(topology["pos"])[0]
    return (along >= number - 1) & (along < number)


def born(moment: Moment) -> Bool[Tensor, "b n"]:
    """The cells that were free when the cycle began, and are there now."""
    return (moment.regions == GROWING) & (moment.states[..., ALPHA] > SOLID)


def followed(
    subject: Subject, topology: Data, config: Config
) -> tuple[list[dict[str, Any]], list[tuple[int, Float[Tensor, "n 3"]]]]:
    """The shares of every chamber at every look; and the first run's first chamber in colours."""
    shells = [placed_shell(topology, config.scale, angle) for angle in config.angles for _ in range(config.runs)]
    starts = torch.stack([starting_state(shell, topology, 0, subject.rule.num_channels) for shell in shells])
    regions = torch.stack([shell.regions(topology["pos"], 0) for shell in shells])
    generator = torch.Generator().manual_seed(config.seed)
    options = {"chambers": config.chambers, "cycle": config.cycle, "look_every": config.every}
    chambers: list[dict[str, Any]] = []
    pictures = []
    ever = torch.zeros(regions.shape, dtype=torch.bool)
    area = topology["area"].float()
    for moment in growth(subject.rule, topology, starts, regions, **options, generator=generator):
        if moment.step == 0:
            continue
        number = moment.chambers + 1
        if number > len(chambers):
            chambers.append({"steps": [], **{share: [] for share in SHARES}})
            ever = torch.zeros_like(ever)
        now = born(moment)
        living = (moment.regions == GROWING) & (moment.states[..., ALPHA] > ALIVE)
        wanted = torch.stack([ideal(shell, topology, number) for shell in shells])
        back = ever & ~now
        whole = torch.tensor([shell.chamber_area(number) for shell in shells])
        chambers[-1]["steps"].append(moment.step)
        for share, cells in zip(SHARES, (living, now & wanted, now & ~wanted, back), strict=True):
            chambers[-1][share].append(round(float((cells.float() @ area / whole).mean()), 4))
        if number == 1 and moment.step in SHOWN:
            pictures.append((moment.step, coloured(now[0], wanted[0], back[0])))
        ever = ever | now
    return chambers, pictures


def coloured(now: Tensor, wanted: Tensor, back: Tensor) -> Float[Tensor, "n 3"]:
    """What a look shows, cell by cell."""
    colours = torch.ones(len(now), 3)
    for name, cells in (("ideal", wanted), ("back", back), ("born", now), ("beyond", now & ~wanted)):
        colours[cells] = torch.tensor(COLOURS[name])
    return colours


def main(config: Config, result: Result) -> None:
    """Grows, measures and draws."""
    subject = subject_of(config)
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    entries, tiles, captions = {}, [], []
    for name, topology in result.progress(topologies.items()):
        entries[name], pictures = followed(subject, topology, config)
        first = ideal(placed_shell(topology, config.scale, config.angles[0]), topology, 1)
        corners = [topology["pos"][first].amin(0) - MARGIN, topology["pos"][first].amax(0) + MARGIN]
        x0, y0, x1, y1 = torch.cat(corners).tolist()
        canvas = CellCanvas(topology, scale=7.0, window=(x0, y0, x1, y1))
        for step, colours in pictures:
            tiles.append(canvas.draw(colours, offset=0.0))
            captions.append(f"{name.split()[0]}, step {step}")
    result.record({"rule": subject.name, "substrates": entries})
    plots = {f"{name}, first chamber": {s: (of[0]["steps"], of[0][s]) for s in SHARES} for name, of in entries.items()}
    drawn = curves(plots, size=(400, 300), x_label="step of the cycle")
    pictures = [montage(tiles, captions=captions, columns=len(tiles) // len(topologies), pad=4)] if tiles else []
    result.figure(*pictures, drawn)


def reached(chamber: dict[str, Any], name: str, share: float) -> str:
    """The first look at which something has such a share."""
    steps = [step for step, value in zip(chamber["steps"], chamber[name], strict=True) if value >= share]
    return str(steps[0]) if steps else "never"


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Every chamber on every substrate."""
    rows = []
    for name, chambers in metrics["substrates"].items():
        for number, chamber in enumerate(chambers):
            times = [reached(chamber, "living", BEGUN), *(reached(chamber, "covered", share) for share in (0.5, 0.9))]
            ends = [f"{chamber[share][-1]:.2f}" for share in SHARES[1:]]
            rows.append([name, number + 1, *times, f"{max(chamber['beyond']):.2f}", *ends])
    header = ["substrate", "chamber", "living cells by step", "half covered", "nine tenths", "most beyond the border"]
    header += ["at the end: covered", "beyond", "given back by then"]
    return {"borders": Table(header, rows, "Shares of the ideal chamber's area, means of the runs.")}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
