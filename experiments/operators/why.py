"""Why stencils fitted to the square grid's kernels carry rules to other cells: waves, opponents, and separate causes.

    python experiments/operators/why.py                      # two minutes
    python experiments/operators/why.py --atlas models.json --meshes 1 --runs 2 --out out/operators_why_textures

A cell of a random mesh can see in many ways (`ways.py`): along one ring under the noise-gain law, through a fit to the
square grid's kernels, through moving least squares of the differential operators (GMLS), or through eight virtual
pixels that are interpolated. Each way is asked what it makes of plane waves, of noise and of low polynomials, on a mesh
and for every cell (`plane_waves.py`). Then the same rules grow on the same meshes in every way:

    upright patterns    mean squared error of RGBA to what the rule itself shows on squares, at step 500: around the
                        seed, and where the pattern lies (meshes push patterns about)
    isotropic ones      loss in shares of an empty substrate's, at step 1,000
    published textures  distance of their patches to the nearest of three runs on squares, in shares of a flat image's

The controls change one property of the one ring's operators alone, and so say which of them matters.

Expect the fitted stencils near the square grid's answers and everything else far from them at short waves; upright
patterns right where the spread of the gradient from cell to cell is small *and* its gain is right.

Written to `--out`:
    figure.webp     answers to plane waves, mean and spread; below, one mesh seen in every way: the median run
    metrics.json    answers, properties, and the numbers of every run
    tables.json     the same as medians, opponents and controls apart
"""

from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from PIL import Image
from plane_waves import SQUARE_NOISE, Answers, of_square_on_average, spectrum
from torch import Tensor
from torch_geometric.data import Data
from ways import CONTROLS, OPPONENTS, WAYS, Torus, seeing

from graphnca.evaluation.drift import error_where_it_lies
from graphnca.evaluation.named import atlas_models, read_subject
from graphnca.evaluation.pixel_error import own_error, own_patterns
from graphnca.evaluation.scores import rounded, window
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.evaluation.upright import painted
from graphnca.features import Patches
from graphnca.results.figures import Strips, curves, median_run
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import square_grid, substrate

WHAT = ("Laplacian", "gradient")
STEPS = {"upright": "steps", "isotropic": "isotropic_steps", "texture": "texture_steps"}
SHOWN = ("one ring", "averaged", "GMLS, width 0.8", "virtual pixels")  # in the curves, beside the square grid
LENGTHS = tuple(np.round(np.arange(0.2, 3.01, 0.2), 1).tolist())  # wave numbers of the curves
WRITTEN = (0.6, 1.0, 1.4, 2.0)  # of the tables
SIDE = 56.0  # units that a picture shows
OWN_RUNS = 3  # of a texture on squares
FARTHEST = 3  # units by which a pattern is moved to where it fits best
LIKE = 0.1  # of a flat image's distance: a texture that is nearer is itself
ERROR, LIES, MOVED = "errors", "errors where it lies", "units moved"
SQUARES, FLOOR = "squares again", "the pattern drawn on the mesh"

Numbers = dict[str, list[float]]


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: tuple[str, ...] = (
        "growing-lizard",
        "growing-butterfly",
        "growing-newt",
        "growing-bone",
        "growing-lizard-any",
        "isonca-lizard",
    )
    """Upright and isotropic rules; not with an atlas."""
    atlas: str = ""
    """A published atlas of textures, to measure its models in place of rules."""
    model: tuple[str, ...] = ()
    """Models of the atlas, by name; empty: all."""
    meshes: int = 4
    """Voronoi meshes."""
    runs: int = 6
    """Runs on each."""
    size: int = 57
    """Units along a side of the meshes."""
    texture_size: int = 64
    """Of those that textures cover."""
    spectrum_size: int = 28
    """Of the one whose eigenvalues are computed."""
    steps: int = 500
    """After which upright patterns are measured."""
    isotropic_steps: int = 1000
    """After which isotropic ones are."""
    texture_steps: int = 1500
    """After which textures are."""
    seed: int = 6400
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/operators_why"


def answers(config: Config) -> dict[str, Any]:
    """What every way makes of waves, noise and polynomials on the first mesh, and its Laplacian's eigenvalues."""
    torus, small = (
        Torus.of(substrate("voronoi", size, seed=config.seed + 1)) for size in (config.size, config.spectrum_size)
    )
    found: dict[str, Any] = {}
    for name, way in WAYS.items():
        index, coefficients = way(torus)
        asked = Answers(torus.topology, index, coefficients)
        lengths = sorted({*WRITTEN, *(LENGTHS if name in (*SHOWN, "fitted") else ())})
        index, on_small = way(small)
        found[name] = {
            "waves": {str(length): _four(asked.to_waves(length)) for length in lengths},
            **_four(asked.properties()),
            "spectrum": _four(spectrum(index, on_small.weight, small.num_cells)),
        }
    return found


class Measure:
    """How a rule is measured, and what it is compared with; a texture by its patches."""

    def __init__(self, subject: Subject, config: Config) -> None:
        self.subject, self.runs, self.seed = subject, config.runs, config.seed
        self.size = config.texture_size if subject.is_texture else config.size
        self.steps = config.isotropic_steps
        self.square = square_grid(self.size, self.size)
        if subject.is_texture:
            self.steps = config.texture_steps
            states = subject.grow(self.square, OWN_RUNS, [self.steps], self.seed - 1)[self.steps]
            self.meters = [TextureMeter(Patches(), picture) for picture in self._pictures(states, self.square)]
        elif subject.is_upright:
            self.steps = config.steps
            self.pattern = own_patterns(subject.rule, self.square, [self.steps])[self.steps]

    def __call__(self, topology: Data) -> tuple[Numbers, Tensor]:
        """The numbers of every run, and its last state."""
        states = self.subject.grow(topology, self.runs, [self.steps], self.seed)[self.steps]
        return self.numbers(states, topology), states

    def numbers(self, states: Tensor, topology: Data) -> Numbers:
        """The error of each state; of an upright one also where it lies, and by how many units it has moved."""
        if self.subject.is_texture:
            pictures = self._pictures(states, topology)
            shares = zip(*(meter.shares(pictures).tolist() for meter in self.meters), strict=True)
            return {ERROR: [round(min(one), 4) for one in shares]}
        if not self.subject.is_upright:
            return {ERROR: [row["relative"] for row in self.subject.measure(states, topology)]}
        lies, moved = error_where_it_lies(states, topology, self.pattern, reach=FARTHEST)
        return {
            ERROR: rounded(own_error(states, topology, self.pattern), 5),
            LIES: rounded(lies, 5),
            MOVED: rounded(moved, 2),
        }

    def floor(self, topology: Data) -> Numbers:
        """Of the pattern that squares show, drawn on other cells; of an upright one alone."""
        if self.subject.is_texture or not self.subject.is_upright:
            return {}
        return self.numbers(painted(self.pattern, topology)[None], topology)

    def _pictures(self, states: Tensor, topology: Data) -> Tensor:
        return self.subject.images(states, self.subject.view(topology, size=self.size)).clamp(0, 1)


def one_rule(subject: Subject, config: Config) -> tuple[dict[str, Numbers], Image.Image]:
    """The numbers of a rule in every way, all runs on all meshes, and a picture of the median runs on the first."""
    measure, perception = Measure(subject, config), subject.rule.perception
    seeds = range(config.seed + 1, config.seed + 1 + config.meshes)
    tori = [Torus.of(substrate("voronoi", measure.size, seed=seed)) for seed in seeds]
    on_squares, states = measure(measure.square)
    found = {SQUARES: on_squares}
    shown = [(measure.square, states[median_run(on_squares[ERROR])], "squares")]
    for number, torus in enumerate(tori):
        _add(found, FLOOR, measure.floor(torus.topology))
        known: dict[bytes, Numbers] = {}  # ways that are the same for what this rule perceives
        for name, way in WAYS.items():
            index, coefficients = way(torus)
            seen = [coefficients.gradient] if perception.uses_gradient else []
            seen += [coefficients.weight] if not perception.uses_gradient or subject.is_texture else []
            key = b"".join(part.tobytes() for part in (index, *seen))
            topology = seeing(torus.topology, (index, coefficients))
            if key not in known:
                known[key], states = measure(topology)
                if number == 0:
                    shown.append((topology, states[median_run(known[key][ERROR])], name))
            _add(found, name, known[key])
    whole = None if subject.is_texture else lambda topology: window(topology, min(SIDE, measure.size))
    strips = Strips(subject, scale=1.0 if subject.is_texture else 1.75, window=whole)
    return found, strips(shown, columns=8, title=subject.name)


def _add(found: dict[str, Numbers], name: str, numbers: Numbers) -> None:
    for what, values in numbers.items():
        found.setdefault(name, {}).setdefault(what, []).extend(values)


def main(config: Config, result: Result) -> None:
    """Answers first, then rule by rule; or the models of an atlas."""
    pictures = []
    if config.atlas:
        names = atlas_models(Path(config.atlas))
        if not names or set(config.model) - set(names):
            expected = f"models of the atlas, {' '.join(names)}" if names else "none without a published atlas"
            raise SystemExit(f"--model: expected {expected}, got {' '.join(config.model) or config.atlas}.")
        subjects = [read_subject(config.atlas, model=name) for name in config.model or names]
    else:
        subjects = [read_subject(name) for name in config.rule]
        result.record({"answers": answers(config)})
        pictures.append(draw_answers(result.metrics["answers"]))
    rules = {}
    for subject in result.progress(subjects, "rule"):
        kind = "texture" if subject.is_texture else "upright" if subject.is_upright else "isotropic"
        found, picture = one_rule(subject, config)
        rules[subject.name] = {"kind": kind, "ways": found}
        pictures.append(picture)
    result.record({"rules": rules})
    result.figure(*pictures)


def draw_answers(found: dict[str, Any]) -> Image.Image:
    """The mean answers and their spread, against the wave number."""
    square = np.array([of_square_on_average(length) for length in LENGTHS])
    plots: dict[str, dict[str, Any]] = {}
    for column, what in enumerate(WHAT):
        for title, key, own in (
            (f"{what}, mean", what, square[:, column]),
            (f"{what}, spread over cells", f"spread of {what}", 0 * square[:, column]),
        ):
            lines = {name: [found[name]["waves"][str(length)][key] for length in LENGTHS] for name in SHOWN}
            plots[title] = {name: (LENGTHS, line) for name, line in {"square grid": own, **lines}.items()}
    return curves(plots, columns=2, size=(520, 300), x_label="wave number, radians per unit")


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Answers to waves, other properties, and the errors of opponents and controls."""
    config, made = metrics["config"], {}
    if "answers" in metrics:
        found = metrics["answers"]
        made = {f"{what.lower()}_waves": _waves(found, what, column) for column, what in enumerate(WHAT)}
        made["properties"] = _properties(found)
    for kind, words in (
        ("upright", "Mean squared error of RGBA to the rule's own pattern on squares"),
        ("isotropic", "Loss in shares of an empty substrate's"),
        ("texture", "Distance of patches to the nearest of three runs on squares, in shares of a flat image's"),
    ):
        rules = {name: entry["ways"] for name, entry in metrics["rules"].items() if entry["kind"] == kind}
        if rules:
            meshes, runs = config["meshes"], config["meshes"] * config["runs"]
            runs = f"medians of {runs} runs on {meshes} meshes, the worst in brackets"
            caption = f"{words} at step {config[STEPS[kind]]:,}; {runs}."
            shown = _of_textures if kind == "texture" else _of_patterns
            made[f"{kind}_opponents"] = shown(rules, (SQUARES, FLOOR, *OPPONENTS), caption)
            made[f"{kind}_controls"] = shown(rules, ("one ring", *CONTROLS, "averaged"), caption)
    return made


def _waves(found: dict[str, Any], what: str, column: int) -> Table:
    header = ["wave number", "square grid", *(name for name in OPPONENTS)]
    rows = []
    for length in WRITTEN:
        asked = [found[name]["waves"][str(length)] for name in OPPONENTS]
        cells = [f"{one[what]:.2f} ({one[f'spread of {what}']:.2f})" for one in asked]
        rows.append([length, f"{of_square_on_average(length)[column]:.2f}", *cells])
    return Table(header, rows, "Mean over cells and directions; in brackets the root mean square from cell to cell.")


def _properties(found: dict[str, Any]) -> Table:
    rows = [["square grid", *("0.00",) * 5, *(f"{noise:.3g}" for noise in SQUARE_NOISE), "-16.0"]]
    for name, one in found.items():
        at = one["waves"]["1.0"]
        numbers = [at["error of gradient"], at["error of Laplacian"], one["first order"]]
        numbers += [one["second order of Laplacian"], one["second order of gradient"]]
        noise = f"{one['noise of gradient']:.3f}", f"{one['noise of Laplacian']:.0f}"
        rows.append([name, *(f"{number:.2f}" for number in numbers), *noise, f"{one['spectrum']['lowest']:.1f}"])
    header = ["way", "gradient off at wave number 1", "Laplacian off there", "Laplacian of linear fields"]
    header += ["Laplacian's error on quadratic fields", "gradient of quadratic fields"]
    return Table([*header, "gradient's noise gain", "Laplacian's", "lowest eigenvalue"], rows)


def _of_patterns(rules: dict[str, dict[str, Numbers]], ways: tuple[str, ...], caption: str) -> Table:
    upright = all(LIES in of_rule["one ring"] for of_rule in rules.values())
    rows = []
    for way in ways:
        found = [of_rule[way] for of_rule in rules.values() if way in of_rule]
        if not found:
            continue
        row = [way, *(_median_and_worst(one[ERROR], 4 if upright else 3) for one in found)]
        if upright:
            row += [f"{_geometric([median(one[what]) for one in found]):.4f}" for what in (ERROR, LIES)]
            row.append(f"{mean(mean(one[MOVED]) for one in found):.1f}")
        rows.append(row)
    last = ["geometric mean", "where they lie", "units moved"] if upright else []
    return Table(["way", *(f"`{name}`" for name in rules), *last], rows, caption)


def _of_textures(rules: dict[str, dict[str, Numbers]], ways: tuple[str, ...], caption: str) -> Table:
    ways = tuple(way for way in ways if way != FLOOR)
    rows = [[f"`{name}`", *(_median_and_worst(found[way][ERROR], 3) for way in ways)] for name, found in rules.items()]
    near = [sum(median(found[way][ERROR]) < LIKE for found in rules.values()) for way in ways]
    last = [f"nearer than {LIKE}", *(f"{count} of {len(rules)}" for count in near)]
    return Table(["model", *ways], [*rows, last], caption)


def _median_and_worst(errors: list[float], digits: int) -> str:
    return f"{median(errors):.{digits}f} ({max(errors):.{digits}f})"


def _geometric(values: list[float]) -> float:
    return exp(mean(log(max(value, 1e-6)) for value in values))


def _four(entries: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in entries.items()}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
