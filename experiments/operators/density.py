"""Finer cells: rules trained on squares, on meshes of one, two and four cells a square unit.

    python experiments/operators/density.py --threads 1            # eight minutes on one core
    python experiments/operators/density.py --rule growing-lizard --densities 4

Nothing of a rule is rescaled: its kernel, the reach of life and the seed keep their size in units, and are carried by
more cells. Each rule, unchanged, grows on Voronoi meshes of every density, as Poisson-disk points lie and after two
Lloyd steps, which make cells rounder; 0.82, the density of the unit law, where neighbours share an edge, is what the
builder makes by itself. Measured as in `transfer.py`: upright rules by the mean squared difference of RGBA to what they
show on squares after as many steps, isotropic ones by their loss as a share of an empty substrate's. Expect upright
rules to come nearer to their pattern the finer the cells are.

Written to `--out`:
    figure.webp     the median run of every rule at every density
    metrics.json    every run
    tables.json     medians with the worst run, by density; fates; what the Laplacian does to short waves
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse as sp
from meter import Meter
from PIL import Image
from scipy.sparse.linalg import eigs
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import montage
from graphnca.evaluation.fates import FATES
from graphnca.evaluation.intervals import rate
from graphnca.evaluation.pixel_error import OWN_SIDE
from graphnca.evaluation.scores import window
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import Strips, median_run
from graphnca.results.options import OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import KINDS, substrate

USUAL = KINDS["voronoi"].density
WAVES = 24  # units on a side of the meshes whose Laplacians are taken apart


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = (
        "growing-lizard",
        "growing-butterfly",
        "growing-newt",
        "growing-lizard-any",
        "isonca-lizard-any",
        "isonca-heart",
        "isonca-spiderweb",
    )
    """Shipped rules, or files of rules."""
    densities: tuple[float, ...] = (USUAL, 1.0, 2.0, 4.0)
    """Cells per square unit; 0.82 is that of the unit law."""
    lloyd: tuple[int, ...] = (0, 2)
    """Lloyd steps."""
    steps: tuple[int, ...] = (500, 2000)
    """Steps after which runs are looked at; isotropic rules at twice the first instead of the first."""
    size: int = 60
    """Units on a side of each substrate."""
    meshes: int = 3
    runs: int = 2
    """Runs on each mesh."""
    seed: int = 7100
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/operators_density"


def mesh(size: float, density: float, lloyd_steps: int, seed: int) -> Data:
    """A torus of such cells."""
    chosen = None if density == USUAL else density
    return substrate("voronoi", size, seed=seed, lloyd_steps=lloyd_steps, density=chosen)


def named(density: float, lloyd_steps: int) -> str:
    """What a sort of meshes is called."""
    return f"{density:g}" + (f", Lloyd {lloyd_steps}" if lloyd_steps else "")


def one_rule(subject: Subject, meshes: dict[str, list[Data]], config: Config) -> tuple[dict[str, Any], Image.Image]:
    """Every run of a rule, and the median one at the first moment on the first mesh of every sort as a picture."""
    square = substrate("square", config.size)
    meter = Meter(subject, square, config.steps)
    first = meter.steps[0]
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    strips = Strips(subject, scale=2.0, window=lambda topology: window(topology, OWN_SIDE))
    grown = subject.grow(square, 1, meter.steps[:1], config.seed)[first]
    tiles: list[tuple[Data, Tensor, str]] = [(square, grown[0], f"{subject.name}\nsquares, step {first}")]
    for name, topologies in meshes.items():
        found[name] = {str(step): [] for step in meter.steps}
        for number, topology in enumerate(topologies):
            states = subject.grow(topology, config.runs, meter.steps, config.seed)
            for step, now in states.items():
                found[name][str(step)].append(meter(now, topology, step))
            if number == 0:
                errors = found[name][str(first)][0]["error"]
                chosen = median_run(errors)
                tiles.append((topology, states[first][chosen], f"{name}\n{errors[chosen]:.4f}"))
    kind = "upright" if meter.upright else "isotropic"
    return {"kind": kind, "empty": meter.empty, "meshes": found}, strips(tiles, columns=len(tiles))


def laplacian_of(topology: Data) -> dict[str, float]:
    """What the perceived Laplacian does: its highest and lowest eigenvalue, and what it takes of a cell's own value."""
    read, reader = topology["stencil_index"].numpy()
    weight, number = topology["stencil_weight"].double().numpy(), len(topology["pos"])
    own = np.bincount(reader, weight, number)
    whole = sp.csr_array((weight, (reader, read)), shape=(number, number)) - sp.diags_array(own)
    start = np.random.default_rng(0).standard_normal(number)
    lowest = _farthest(whole, start)
    shifted = _farthest(whole - lowest * sp.eye_array(number), start)
    return {
        "own": round(float(own.mean()), 2),
        "highest": round(shifted + lowest, 3),
        "lowest": round(lowest, 1),
        "reads": round(len(weight) / number, 1),
        "neighbours": round(topology.num_edges / number, 1),
    }


def _farthest(matrix: sp.sparray, start: np.ndarray) -> float:
    """The eigenvalue farthest from 0."""
    return float(np.real(np.asarray(eigs(matrix, k=1, which="LM", return_eigenvectors=False, v0=start))[0]))


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    sorts = [(density, lloyd) for lloyd in config.lloyd for density in config.densities]
    meshes = {
        named(*sort): [mesh(config.size, *sort, config.seed + number) for number in range(1, config.meshes + 1)]
        for sort in sorts
    }
    waves = {named(*sort): laplacian_of(mesh(WAVES, *sort, config.seed)) for sort in sorts}
    rules, pictures = {}, []
    for subject in result.progress(subjects_of(config, "upright"), "rule"):
        rules[subject.name], picture = one_rule(subject, meshes, config)
        pictures.append(picture)
        result.record({"rules": rules, "waves": waves})
    result.figure(montage(pictures, columns=1, pad=2))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Medians with the worst, fates at the last moment, and the Laplacians."""
    sorts = list(metrics["waves"])
    made = {}
    for kind in ("upright", "isotropic"):
        rows, ends = [], []
        for name, rule in metrics["rules"].items():
            if rule["kind"] != kind:
                continue
            for step in rule["empty"]:
                row = [f"`{name}`", f"{int(step):,}"]
                for sort in sorts:
                    errors = [error for one in rule["meshes"][sort][step] for error in one["error"]]
                    row.append(f"{median(errors):.4f} ({max(errors):.4f})")
                rows.append(row)
            last = max(rule["empty"], key=int)
            row = [f"`{name}`", f"{int(last):,}"]
            for sort in sorts:
                counts = [one["fates"] for one in rule["meshes"][sort][last]]
                fates = {fate: sum(count.get(fate, 0) for count in counts) for fate in FATES}
                row.append(rate(fates["whole"], sum(fates.values())))
            ends.append(row)
        if rows:
            made[kind] = Table(["rule", "step", *sorts], rows)
            made[f"{kind}_whole"] = Table(["rule", "step", *sorts], ends)
    heads = {
        "neighbours": "neighbours",
        "reads": "cells read",
        "own": "of the own value",
        "lowest": "lowest eigenvalue",
        "highest": "highest",
    }
    made["waves"] = Table(
        ["cells a square unit", *heads.values()],
        [[sort, *(f"{found[key]:g}" for key in heads)] for sort, found in metrics["waves"].items()],
    )
    return made


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
