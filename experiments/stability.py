"""How stable is a rule? One page on any of the shipped ones, or on your own file.

    python experiments/stability.py isonca-lizard                    # a shipped rule, a few minutes on one core
    python experiments/stability.py my_rule.safetensors              # your own; its card says what it is to grow
    python experiments/stability.py my_rule.safetensors --target heart
    python experiments/stability.py my_rule.safetensors --steps 2000 --substrate square    # quick

Four trials on squares, hexagons and Voronoi meshes:

    10,000 steps    deaths, explosions, the error where the pattern is, its drift (units per 1,000 steps), its rotation
                    (degrees per 1,000 steps), and whether it pulses, and with which dominant period
    damage          the twelve cuts of `growing/damage.py`, 500 steps after the seed, or as many as `--grown` says
    two seeds       on a sheet twice as wide: as far apart as two patterns need, and then so close that they meet
    largest state   of all channels over all runs; trained rules stay below 2 to 5

The error is that of the rule's own kind. Rules that perceive gradients, and those whose seed tells the orientation, are
compared with the target as it stands, isotropic ones in the best of all orientations, mirrored too (IsoNCA's published
loss). It is told as a share of the empty sheet's error: 0 is the target, 1 is nothing, so all rules can be compared.
A rule whose target nobody names is compared with its own pattern after `--grown` steps on squares; its errors then say
how it changes, not how good it is.

A cut counts as healed if the error is at most 0.05 above that of the same run without a cut, after 300 steps, and after
1,000, which isotropic rules need. Two seeds that meet are told by their living cells, in multiples of one pattern's.

Written to `--out`/NAME:
    report.png      the page
    metrics.json    its numbers
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image, ImageDraw, ImageFont
from protocol.growing import PADDING, SIZE
from protocol.pattern import Pattern, pattern_of
from protocol.rules import PUBLISHED, read_rule
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_image, to_picture
from graphnca.evaluation.damage_tests import HALF_WIDTH, WHOLE, Healing, battery, healing
from graphnca.evaluation.runs import grow, walk
from graphnca.evaluation.scores import ALIVE, EXPLODED, bounded, raster, seeded_position
from graphnca.evaluation.tracking import PERIODS, Recording, check, course_of, followed_runs, summary
from graphnca.layers import NCAConv
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.seeds import nearest_cells
from topologies import KINDS, square_grid, substrates
from topologies.kinds import CELLS

OWN = "its own pattern"  # what a rule without a target is compared with
OWN_SIDE = SIZE + 2 * PADDING  # pixels
HEALED = 0.05  # of the empty sheet's error: how much worse than without a cut; isotropic rules waver by 0.03
LATER = (300, 1000)  # steps after a cut at which it may be healed
SHOWN = (0, 100, 1000)
NEAR = 0.25  # of the target's raster: the distance of two seeds whose patterns meet; 1 is the far one
PAGE_WIDTH = 880  # pixels
FONT = 12
INK, FAINT = (38, 42, 48), (112, 118, 126)


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str
    """A shipped rule, a .safetensors file or a published model."""
    target: str = ""
    """What it is to grow, a name or an image with alpha; by default what its card says, or its own pattern."""
    substrate: tuple[str, ...] = tuple(KINDS)
    """Kinds of cells."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 1
    """How many Voronoi meshes."""
    runs: int = 2
    """Runs on each sheet."""
    grown: int = 500
    """Step at which a pattern is cut, and two seeds are looked at."""
    steps: int = 10_000
    """Length of the long runs, a multiple of `every`."""
    every: int = 200
    """Steps between two looks at them, a multiple of 50."""
    settled: int = 1000
    """Step from which drift and rotation are measured."""
    dense: int = 600
    """Last steps that are looked at one by one for a period, a multiple of `every`; 0: none."""
    seed: int = 6000
    """Of the runs; the meshes have the numbers after it."""
    out: str = "out/stability"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def subject(config: Config) -> Pattern:
    """The rule with what it is compared with."""
    rule, card = read_rule(config.rule)
    authors = Path(config.rule).suffix in PUBLISHED and not rule.perception.uses_gradient
    if config.target or card.get("target") or authors:
        return pattern_of(config.rule, target=config.target)
    return Pattern(Path(config.rule).stem, rule, OWN, picture=own_picture(rule, config))


def own_picture(rule: NCAConv, config: Config) -> Tensor:
    """What a rule shows on squares after `grown` steps, RGBA (4, H, W).

    Raises:
        SystemExit: If nothing lives there any more, or it exploded.
    """
    side = min(OWN_SIDE, round(config.cells**0.5))
    topology = square_grid(side, side)
    state = grow(rule, topology, 1, (config.grown,), config.seed)[config.grown]
    picture = raster(topology, side, side)(bounded(state))[0, :4]
    if not picture[3].max() > ALIVE or not state.abs().max() < EXPLODED:
        raise SystemExit(f"rule: expected one that grows something from a single cell, got {config.rule!r}.")
    return picture


def share_of(pattern: Pattern, topology: Data) -> Callable[[Tensor], Tensor]:
    """The error of states `(..., N, C)` as a share of the empty sheet's."""
    view = raster(topology, *pattern.orientation.target.shape[-2:])
    return lambda states: pattern.loss(view(bounded(states))) / pattern.empty_loss


def damaged(pattern: Pattern, topology: Data, config: Config) -> tuple[dict[str, Any], Healing]:
    """How each cut is repaired."""
    score = share_of(pattern, topology)
    start = pattern.seed(topology)
    states = grow(pattern.rule, topology, config.runs, (config.grown,), config.seed, start=start)[config.grown]
    generator = torch.Generator().manual_seed(config.seed)
    width = min(HALF_WIDTH, min(pattern.orientation.target.shape[-2:]) / 2)
    cuts = battery(topology, config.runs, generator=generator, half_width=width)
    result = healing(
        pattern.rule,
        states,
        topology,
        cuts,
        {*SHOWN, *LATER},
        score,
        seed=config.seed + 1,
        shown=SHOWN,
    )
    whole = result.scores[WHOLE]
    entry: dict[str, Any] = {}
    for cut in cuts:
        errors = result.scores[cut]
        entry[cut] = {"right after": rounded(errors[0])}
        for steps in LATER:
            place = result.moments.index(steps)
            more = errors[place] - whole[place]
            entry[cut][f"more than without a cut, after {steps}"] = rounded(more)
            entry[cut][f"healed after {steps}"] = int((more <= HEALED).sum())
    return entry, result


def rounded(values: Tensor) -> list[float]:
    """Three digits."""
    return [round(float(value), 3) for value in values]


def wide_sheet(kind: str, topology: Data, seed: int) -> Data:
    """A sheet of a kind, as high as another and twice as wide."""
    width, height = topology["extent"][0].tolist()
    return KINDS[kind].make(height, 2 * width, seed=seed)


@torch.no_grad()
def two_seeds(pattern: Pattern, topology: Data, config: Config) -> tuple[dict[str, Any], list[Image.Image]]:
    """Two seeds far apart, where each is to grow its own pattern, and so close that they meet."""
    width, height = topology["extent"][0].tolist()
    size = min(pattern.orientation.target.shape[-2:])
    entry: dict[str, Any] = {}
    pictures = []
    canvas = CellCanvas(topology, scale=1.5)
    middle = (seeded_position(topology)[0], height / 2)
    alone = 0
    for words, distance in (("alone", 0.0), ("far apart", float(size)), ("close", NEAR * size)):
        places = [(width / 2 + sign * distance / 2, height / 2) for sign in (-1, 1)] if distance else [middle]
        places = [tuple(topology["pos"][cell, :2].tolist()) for cell in nearest_cells(topology, torch.tensor(places))]
        start = torch.stack([pattern.seed(topology, at=place) for place in places]).amax(0)
        generator = torch.Generator().manual_seed(config.seed)
        ((_, states),) = walk(pattern.rule, start[None], topology, (config.grown,), generator=generator)
        state = states[0]
        living = int((state[:, 3] > ALIVE).sum())
        alone = alone if distance else living
        errors = [
            float(pattern.loss(pattern.images(state, topology, centre=place))) / pattern.empty_loss for place in places
        ]
        largest = float(bounded(state).abs().max())
        entry[words] = {
            "living cells": living,
            "patterns' worth of cells": round(living / alone, 2) if alone else None,
            "errors": [round(error, 3) for error in errors],
            "largest |state|": round(largest, 2),
            "fate": "exploded" if not largest < EXPLODED else "alive" if living else "died",
        }
        if distance:
            pictures.append(canvas.draw(bounded(state)))
    return entry, pictures


def followed(pattern: Pattern, topology: Data, config: Config) -> tuple[dict[str, Any], Recording]:
    """The long runs of one sheet, without their curves."""
    recording = followed_runs(pattern, topology, config)
    entries = course_of(recording, pattern, topology, config)
    short = summary(entries, topology)
    keys = ("run", "fate", "lost by step", "loss", "drift", "rotation", "moved", "turned", *PERIODS)
    short["runs"] = [{key: entry[key] for key in keys if key in entry} for entry in entries]
    stayed = [entry for entry in entries if "drift" in entry]
    short["median error"] = round(median(entry["loss"] for entry in stayed) / pattern.empty_loss, 3) if stayed else None
    return short, recording


def verdict_of(sheet: dict[str, Any], runs: int) -> dict[str, Any]:
    """The line of a sheet in the table."""
    long, cuts, seeds = sheet["long run"], sheet["damage"], sheet["two seeds"]
    periods = sorted({period["steps"] for run in long["runs"] for key in PERIODS if (period := run.get(key))})
    return {
        "fates": long["fates"],
        "error at the end": long["median error"],
        "drift": long["median drift"],
        "rotation": long["median rotation"],
        "periods": periods,
        "largest |state|": long["largest |state|"],
        **{f"cuts healed after {steps}": sum(cut[f"healed after {steps}"] for cut in cuts.values()) for steps in LATER},
        "cuts": runs * len(cuts),
        "two seeds, far apart": seeds["far apart"]["errors"],
        "two seeds, close": seeds["close"]["patterns' worth of cells"],
    }


def line(entry: dict[str, Any]) -> list[str]:
    """The same in words."""
    return [
        ", ".join(f"{count} {fate}" for fate, count in entry["fates"].items()),
        written(entry["error at the end"], 2),
        written(entry["drift"], 2),
        written(entry["rotation"], 1),
        ", ".join(f"{steps:.0f}" for steps in entry["periods"]) or "none",
        written(entry["largest |state|"], 1),
        " and ".join(f"{entry[f'cuts healed after {steps}']}" for steps in LATER) + f" of {entry['cuts']}",
        " and ".join(written(error, 2) for error in entry["two seeds, far apart"]),
        written(entry["two seeds, close"], 1),
    ]


def written(value: float | None, digits: int) -> str:
    """A number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


HEADER = (
    "sheet",
    "after the long run",
    "error",
    "drift",
    "turn",
    "periods",
    "largest",
    "cuts healed",
    "2 far",
    "2 close",
)
"""Of the table."""


def page(pattern: Pattern, parts: dict[str, dict[str, Any]], table: list[list[str]], config: Config) -> Image.Image:
    """The one picture: the table, the long runs, the cuts, two seeds."""
    sections = [text_table([list(HEADER), *table])]
    tiles, captions = [], []
    for name, part in parts.items():
        canvas = CellCanvas(part["topology"], scale=1.5)
        for moment, state in part["recording"].shown:
            tiles.append(canvas.draw(bounded(state)))
            captions.append(f"{name}, step {moment:,}")
    columns = len(tiles) // len(parts)
    sections.append(montage(tiles, captions=captions, columns=columns, pad=4, font_size=FONT, title="One run"))
    lines = {
        name: (part["recording"].moments, part["errors over time"])
        for name, part in parts.items()
        if any(math.isfinite(value) for value in part["errors over time"])
    }
    if lines:
        sections.append(
            draw_curves(lines, size=(PAGE_WIDTH, 260), x_label="step", title="Error, as a share of the empty sheet's")
        )
    first, part = next(iter(parts.items()))
    view = raster(part["topology"], *pattern.orientation.target.shape[-2:])
    tiles, captions = [], []
    for cut, shown in part["healing"].shown.items():
        for moment, state in shown.items():
            tiles.append(to_picture(view(bounded(state)[:, :4])))
            captions.append(f"{moment} later" if moment else "uncut" if cut == WHOLE else cut)
    sections.append(
        montage(tiles, captions=captions, columns=4 * len(SHOWN), pad=4, font_size=10, title=f"Cuts, on {first}")
    )
    pictures = [picture for part in parts.values() for picture in part["two seeds"]]
    captions = [f"{name}, {words}" for name in parts for words in ("two seeds far apart", "two seeds close")]
    sections.append(montage(pictures, captions=captions, columns=2, pad=4, font_size=FONT, title="Two seeds"))
    return montage(sections, columns=1, pad=8, title=title_of(pattern, config))


def title_of(pattern: Pattern, config: Config) -> str:
    """Of the page."""
    how = "as it stands" if pattern.upright else "in the best of all orientations"
    return f"{pattern.name}: {config.steps:,} steps, cut at step {config.grown}, compared with {pattern.target}, {how}"


def text_table(rows: list[list[str]]) -> Image.Image:
    """Rows of words as a picture, the first one the header."""
    font = ImageFont.load_default(FONT)
    widths = [max(font.getlength(row[column]) for row in rows) + 1.5 * FONT for column in range(len(rows[0]))]
    line = round(1.7 * FONT)
    picture = Image.new("RGB", (round(sum(widths)), line * len(rows) + 2), "white")
    pen = ImageDraw.Draw(picture)
    for number, row in enumerate(rows):
        for column, words in enumerate(row):
            pen.text((sum(widths[:column]), number * line), words, INK if number else FAINT, font)
    pen.line([(0, line - 2), (picture.width, line - 2)], FAINT, 1)
    return picture


def examined(pattern: Pattern, name: str, topology: Data, config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """All trials on one sheet: the numbers, and what the page shows of them."""
    recordings, recording = followed(pattern, topology, config)
    cuts, result = damaged(pattern, topology, config)
    wide = wide_sheet(name.split()[0], topology, config.seed)
    seeds, pictures = two_seeds(pattern, wide, config)
    numbers = {"cells": topology.num_nodes, "long run": recordings, "damage": cuts, "two seeds": seeds}
    errors = [
        median(row["loss"]) / pattern.empty_loss if len(recording.lost) < config.runs else math.nan
        for row in recording.numbers
    ]
    shown = {
        "topology": topology,
        "recording": recording,
        "healing": result,
        "two seeds": pictures,
        "errors over time": errors,
    }
    return numbers, shown


def main(config: Config) -> None:
    """Examines one rule."""
    try:
        check(config)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    pattern = subject(config)
    name = Path(config.rule).parent.name if pattern.name == "rule" else pattern.name
    out = Path(config.out) / name
    out.mkdir(parents=True, exist_ok=True)
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    numbers: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for sheet, topology in tqdm(topologies.items(), desc=name, unit="sheet"):
        numbers[sheet], parts[sheet] = examined(pattern, sheet, topology, config)
    verdicts = {sheet: verdict_of(entry, config.runs) for sheet, entry in numbers.items()}
    table = [[sheet, *line(entry)] for sheet, entry in verdicts.items()]
    save_image(out / "report.png", page(pattern, parts, table, config))
    fates = Counter(run["fate"] for entry in numbers.values() for run in entry["long run"]["runs"])
    write_metrics(
        out,
        {
            "config": asdict(config),
            "rule": name,
            "compared with": pattern.target,
            "in the best of all orientations": not pattern.upright,
            "loss of the empty sheet": round(pattern.empty_loss, 2),
            "fates": dict(fates),
            "verdicts": verdicts,
            "sheets": numbers,
        },
    )
    widths = [max(len(row[column]) for row in [HEADER, *table]) for column in range(len(HEADER))]
    print(f"\n{title_of(pattern, config)}")
    for row in [HEADER, *table]:
        print("  ".join(words.ljust(width) for words, width in zip(row, widths, strict=True)))
    if config.publish:
        publish(out, f"stability_{name}")
    print(f"The page and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
