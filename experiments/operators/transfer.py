"""Rules trained on squares, at home on other cells: one ring of neighbours against operators fitted to the kernel.

    python experiments/operators/transfer.py --threads 1            # forty minutes on one core
    python experiments/operators/transfer.py --rule growing-lizard isonca-heart
    python experiments/operators/transfer.py --rule ex3_butterfly.json

Each rule, unchanged, grows on hexagons and on twelve Voronoi meshes that no training has seen, three runs on each, with
every choice of operators (`topologies.OPERATORS`): one ring of neighbours under the noise-gain law, operators fitted to
the square grid's kernel averaged over all directions, and the default, whose gradient is fitted to the kernel in the
cell's own frame. The cells and the seeds are the same for all.

Rules that perceive a direction are measured by the mean squared difference of RGBA to what the same rule shows on the
square torus after as many steps, on 56x56 pixels around the seed, as it stands and moved by whole units to where it
fits best: meshes push patterns about. Isotropic ones have their loss as a share of an empty substrate's (RGBA, a closed
ring around the seed). What became of the runs says `graphnca.evaluation.fates`. Expect half of one ring's error on
meshes.

Written to `--out`:
    figure.webp     the median run of every rule on squares, hexagons and a mesh, with one ring and fitted
    metrics.json    every run
    tables.json     medians with the worst run, by operators; fates on meshes
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from meter import Meter
from PIL import Image
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
from topologies import OPERATORS, by_kind, substrate_of_cells, substrates, with_operators

SHOWN = ("one_ring", "fitted")
WORDS = {"one_ring": "one ring", "averaged": "averaged", "fitted": "fitted"}
CELLS = {"hex": "hexagons", "voronoi": "meshes"}


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, Options):
    """What the command line can change."""

    steps: tuple[int, ...] = (500, 2000, 5000)
    """Steps after which runs are looked at; isotropic rules at twice the first instead of the first."""
    cells: int = 5184
    """Cells of each substrate, about."""
    meshes: int = 12
    runs: int = 3
    """Runs on each mesh; on hexagons as many as on all meshes."""
    seed: int = 7000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/operators_transfer"


def one_rule(subject: Subject, topologies: dict[str, Data], config: Config) -> tuple[dict[str, Any], Image.Image]:
    """Every run of a rule with every choice of operators, and the median ones at the first moment as pictures."""
    meter = Meter(subject, substrate_of_cells("square", config.cells), config.steps)
    entries: dict[str, dict[str, Any]] = {operators: {} for operators in OPERATORS}
    shown: dict[tuple[str, str], tuple[Data, Tensor, list[float]]] = {}
    for name, plain in topologies.items():
        runs = config.runs * (config.meshes if name == "hex" else 1)
        for operators in OPERATORS:
            topology = with_operators(plain, operators)
            states = subject.grow(topology, runs, meter.steps, config.seed)
            entry = {str(step): meter(now, topology, step) for step, now in states.items()}
            entries[operators][name] = entry
            kind = name.split()[0]
            shown.setdefault((operators, kind), (topology, states[meter.steps[0]], entry[str(meter.steps[0])]["error"]))
    strips = Strips(subject, scale=2.0, window=lambda topology: window(topology, OWN_SIDE))
    square = substrate_of_cells("square", config.cells)
    grown = subject.grow(square, 1, meter.steps[:1], config.seed)[meter.steps[0]]
    tiles = [(square, grown[0], f"{subject.name}\nsquares, step {meter.steps[0]}")]
    for operators in SHOWN:
        for (how, kind), (topology, states, errors) in shown.items():
            if how == operators:
                chosen = median_run(errors)
                tiles.append((topology, states[chosen], f"{CELLS[kind]}, {WORDS[operators]}\n{errors[chosen]:.4f}"))
    kind = "upright" if meter.upright else "isotropic"
    return {"kind": kind, "empty": meter.empty, "operators": entries}, strips(tiles, columns=len(tiles))


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    topologies = substrates(("hex", "voronoi"), config.cells, meshes=config.meshes, seed=config.seed)
    kinds = ("upright",) if config.rule else ("upright", "isotropic")
    subjects = [subject for kind in kinds for subject in subjects_of(config, kind)]
    rules, pictures = {}, []
    for subject in result.progress(subjects, "rule"):
        rules[subject.name], picture = one_rule(subject, topologies, config)
        pictures.append(picture)
        result.record({"rules": rules})
    result.figure(montage(pictures, columns=1, pad=2))


def gathered(entry: dict[str, Any], step: str, what: str) -> dict[str, list[Any]]:
    """The values of all runs on each kind of cells."""
    found = by_kind({name: moment[step][what] for name, moment in entry.items() if what in moment[step]})
    return {kind: [value for values in lists for value in values] for kind, lists in found.items()}


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Medians (and the worst) on hexagons and meshes at every moment; fates on meshes at the last one."""
    made = {}
    for kind in ("upright", "isotropic"):
        rows, lost = [], []
        for name, rule in metrics["rules"].items():
            if rule["kind"] != kind:
                continue
            for step in rule["empty"]:
                row = [f"`{name}`", f"{int(step):,}"]
                for cells in CELLS:
                    for operators in WORDS:
                        values = gathered(rule["operators"][operators], step, "error").get(cells)
                        row.append(f"{median(values):.4f} ({max(values):.4f})" if values else "")
                if kind == "upright":
                    row += [
                        f"{median(gathered(rule['operators'][operators], step, 'moved')['voronoi']):.4f}"
                        for operators in SHOWN
                    ]
                rows.append(row)
            last = max(rule["empty"], key=int)
            row = [f"`{name}`", f"{int(last):,}"]
            for operators in WORDS:
                meshes = [entry[last]["fates"] for name, entry in rule["operators"][operators].items() if name != "hex"]
                ends = {fate: sum(found.get(fate, 0) for found in meshes) for fate in FATES}
                others = [f"{number} {fate}" for fate, number in ends.items() if number and fate != "whole"]
                row += [rate(ends["whole"], sum(ends.values())), ", ".join(others)]
            lost.append(row)
        columns = [f"{cells}, {how}" for cells in CELLS.values() for how in WORDS.values()]
        columns += [f"meshes, {WORDS[how]}, moved to fit" for how in SHOWN] if kind == "upright" else []
        if rows:
            made[kind] = Table(["rule", "step", *columns], rows)
            heads = [part for how in WORDS.values() for part in (f"whole, {how}", f"the others, {how}")]
            made[f"{kind}_fates"] = Table(["rule", "step", *heads], lost)
    return made


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
