"""What becomes of every shipped rule: 500, 5,000 and 20,000 steps on squares, hexagons and Voronoi meshes.

    python experiments/fates.py --threads 1                         # a good hour on one core; go on with the same
    python experiments/fates.py --rule growing-bone --runs 40
    python experiments/fates.py --readings experiments/fates.json   # beside it what an eye says of thirty states

Twenty runs of each rule on each kind of cells, those on meshes over four of them; of a rule with several genomes, each.
One definition says what has become of a run (`graphnca.evaluation.fates`, `texture_fates` for textures): area, bodies
and parts are compared with what the same rule grows on squares. What is whole stands, drifts or turns from one look to
the next; a texture moves if less than half of it is where it was (correlation of the colours). Rates come with their
95 % interval (Clopper and Pearson). A rule that starts from no seed is left out.

What one rule did on one kind of cells is kept in `--out`/measured as soon as it is known, and not run again: begin a
new folder when the code has changed.

Thirty of the final states, drawn by a seed before anything ran, are shown beside what their rule grows on squares,
without a word. Who looks at them writes a word for each into a file as `--readings` expects it, {"RULE, KIND, RUN":
"whole"}; then a table says where both agree. Expect 27 of 30.

Written to `--out`:
    figure.webp     the thirty states, each beside its rule's own pattern
    metrics.json    every run; which states are shown
    tables.json     fates of every pattern, and of all on each kind of cells; the same of textures; both readings
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.atomic_file import write_atomically
from graphnca.drawing import CellCanvas, montage, to_picture
from graphnca.evaluation.fates import FATES, between, counted, looks, motion
from graphnca.evaluation.form import own_form
from graphnca.evaluation.intervals import rate
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.persistence import correlation
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_fates import TEXTURE_FATES, counted_textures, own_texture
from graphnca.results.options import FeatureOptions, OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.rules import shipped_rules
from topologies import KINDS, substrates

STAYS = 0.5  # correlation of a texture's colours at two looks, above which it stands
TILE = 120  # pixels on a side of a state that is shown
COLUMNS = 10


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, FeatureOptions, Options):
    """What the command line can change."""

    substrate: tuple[str, ...] = ("square", "hex", "voronoi")
    """Kinds of cells."""
    meshes: int = 4
    """Voronoi meshes, over which the runs on that kind are spread evenly."""
    runs: int = 20
    """Runs of a rule on each kind."""
    steps: tuple[int, ...] = (500, 5000, 20_000)
    """Steps at which they are looked at."""
    size: int = 0
    """Units along a side of the substrates; 0: those of the rule's training."""
    features: str = "filter-bank"
    """What sees the pictures of textures: vgg16, filter-bank, or the path of a file of weights."""
    shown: int = 30
    """Final states that are shown."""
    readings: str = ""
    """File of what an eye says of them."""
    seed: int = 7000
    """Of the runs and of what is shown; the meshes have the numbers after it. Held out: nothing is chosen by it."""
    out: str = "out/fates"


def subjects(config: Config) -> tuple[dict[str, Subject], dict[str, str]]:
    """What is measured, by name, one for each genome; and what is left out, with the reason."""
    found, left_out = {}, {}
    for name in config.rule or shipped_rules():
        subject = read_subject(name, model=config.model or None, goal=config.target)
        species = subject.species if len(subject.genomes) > 1 else {"": subject}
        for genome, one in species.items():
            key = f"{subject.name} ({genome})" if genome else subject.name
            try:
                one.seed(substrates(("square",), size=config.size or one.usual_size)["square"])
            except ValueError as error:
                left_out[key] = str(error)
            else:
                found[key] = one
    return found, left_out


def measured(subject: Subject, kind: str, config: Config) -> tuple[dict[str, Any], Tensor]:
    """Every run of a rule on one kind of cells, and the RGBA of the final states, one run after the other."""
    size = config.size or subject.usual_size
    square = substrates(("square",), size=size)["square"]
    topologies = substrates((kind,), size=size, meshes=config.meshes, seed=config.seed)
    each = -(-config.runs // len(topologies))
    measure = textures if subject.is_texture else patterns
    entries, finals = zip(
        *(measure(subject, topology, square, each, config) for topology in topologies.values()), strict=True
    )
    merged = {
        key: {step: [value for entry in entries for value in entry[key][step]] for step in entries[0][key]}
        for key in entries[0]
        if isinstance(entries[0][key], dict)
    }
    alike = {key: value for key, value in entries[0].items() if key not in merged}
    cells = max(len(states[0]) for states in finals)
    padded = [torch.nn.functional.pad(states, (0, 0, 0, cells - states.shape[1])) for states in finals]
    return {"substrates": list(topologies), "runs on each": each, **alike, **merged}, torch.cat(padded)


def patterns(
    subject: Subject, topology: Data, square: Data, runs: int, config: Config
) -> tuple[dict[str, Any], Tensor]:
    """Fates and motion of a pattern on one substrate."""
    own = own_form(subject, square)
    states = subject.grow(topology, runs, config.steps, config.seed)
    found = {step: looks(states[step], topology, own) for step in config.steps}
    entry: dict[str, Any] = {"own area": own.area, "own spread": round(own.spread, 4), "bound": round(own.bound, 4)}
    entry["fates"] = {str(step): [look.fate(own) for look in row] for step, row in found.items()}
    for name in ("form", "area", "crumbs"):
        entry[name] = {str(step): [round(getattr(look, name), 4) for look in row] for step, row in found.items()}
    entry |= {"moved": {}, "turned": {}, "motion": {}}
    for before, after in zip(config.steps, config.steps[1:], strict=False):
        ways = [between(*pair, topology) for pair in zip(found[before], found[after], strict=True)]
        entry["moved"][str(after)] = [round(moved, 2) for moved, _ in ways]
        entry["turned"][str(after)] = [round(turned, 1) for _, turned in ways]
        entry["motion"][str(after)] = [motion(*way) for way in ways]
    return entry, bounded(states[max(config.steps)])[..., :4].half()


def textures(
    subject: Subject, topology: Data, square: Data, runs: int, config: Config
) -> tuple[dict[str, Any], Tensor]:
    """Fates and motion of a texture on one substrate."""
    size = config.size or subject.usual_size
    own = own_texture(subject, square, config.load_features(), size=size)
    states = subject.grow(topology, runs, config.steps, config.seed)
    found = {step: own.fates(subject, states[step], topology) for step in config.steps}
    entry: dict[str, Any] = {"own spread": round(own.spread, 4), "bound": round(own.bound, 4)}
    entry["fates"] = {str(step): [fate for fate, _ in row] for step, row in found.items()}
    entry["form"] = {str(step): [round(distance, 4) for _, distance in row] for step, row in found.items()}
    entry["motion"] = {}
    for before, after in zip(config.steps, config.steps[1:], strict=False):
        stays = correlation(bounded(states[before])[..., :3], bounded(states[after])[..., :3]).tolist()
        entry["motion"][str(after)] = ["stands" if value > STAYS else "moves" for value in stays]
    return entry, bounded(states[max(config.steps)])[..., :4].half()


def weights_of(subject: Subject) -> str:
    """What tells a rule from the one that had its name before: a digest of its numbers."""
    tensors = [*subject.rule.state_dict().values(), *subject.genomes.values()]
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def kept(subject: Subject, name: str, kind: str, config: Config) -> tuple[dict[str, Any], Tensor]:
    """What a rule did on a kind of cells: as it is kept, or measured now and kept."""
    asked = {key: value for key, value in asdict(config).items() if key in ("meshes", "runs", "steps", "size", "seed")}
    asked = json.loads(json.dumps(asked)) | {"rule": weights_of(subject)}
    path = Path(config.out) / "measured" / f"{name}, {kind}.pt"
    if path.is_file():
        before = torch.load(path, weights_only=True)
        if before["asked"] == asked:
            return before["entry"], before["finals"]
    entry, finals = measured(subject, kind, config)
    buffer = BytesIO()
    torch.save({"asked": asked, "entry": entry, "finals": finals}, buffer)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())
    return entry, finals


def drawn(names: list[str], config: Config) -> list[str]:
    """Which final states are shown: known before anything has run."""
    every = [
        f"{name}, {kind}, {number}" for name in names for kind in config.substrate for number in range(config.runs)
    ]
    return random.Random(config.seed).sample(every, min(config.shown, len(every)))


def pair(subject: Subject, kind: str, run: int, finals: Tensor, config: Config) -> list[Image.Image]:
    """A rule's own pattern on squares, and the final state of a run."""
    size = config.size or subject.usual_size
    topologies = list(substrates((kind,), size=size, meshes=config.meshes, seed=config.seed).values())
    square = substrates(("square",), size=size)["square"]
    if subject.is_texture:
        own = own_texture(subject, square, config.load_features(), size=size).meter.template
    else:
        own = own_form(subject, square).picture
    each = -(-config.runs // len(topologies))
    topology = topologies[run // each]
    canvas = CellCanvas(topology, scale=TILE / float(topology["extent"].max()))
    state = finals[run, : topology.num_nodes].float()
    return [
        to_picture(own).resize((TILE, TILE), Image.Resampling.BILINEAR),
        subject.picture(canvas, state).resize((TILE, TILE)),
    ]


def figure(found: dict[str, Subject], shown: list[str], finals: dict[str, Tensor], config: Config) -> Image.Image:
    """The states that are shown, numbered, each beside its rule's own pattern."""
    tiles, captions = [], []
    for number, key in enumerate(shown, start=1):
        name, kind, run = key.rsplit(", ", 2)
        tiles += pair(found[name], kind, int(run), finals[f"{name}, {kind}"], config)
        captions += [f"{number}: its own", f"{number}"]
    return montage(tiles, captions=captions, columns=COLUMNS, pad=6, font_size=11)


def main(config: Config, result: Result) -> None:
    """Runs what is not yet known, and shows thirty states."""
    unknown = set(config.substrate) - set(KINDS)
    if unknown or not config.steps:
        raise SystemExit(f"--substrate: expected kinds out of {', '.join(KINDS)}, got {', '.join(config.substrate)}.")
    found, left_out = subjects(config)
    shown = drawn(list(found), config)
    readings = json.loads(Path(config.readings).read_text(encoding="utf-8")) if config.readings else {}
    entries: dict[str, dict[str, Any]] = {name: {} for name in found}
    finals = {}
    for kind, name in result.progress([(kind, name) for kind in config.substrate for name in found], "rule"):
        entries[name][kind], finals[f"{name}, {kind}"] = kept(found[name], name, kind, config)
    last = str(max(config.steps))
    said = {}
    for key in shown:
        name, kind, number = key.rsplit(", ", 2)
        said[key] = {"fate": entries[name][kind]["fates"][last][int(number)], "by eye": readings.get(key, "")}
    result.record({"left out": left_out, "rules": entries, "shown": said})
    result.figure(figure(found, shown, finals, config))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Fates of every rule on every kind of cells, of all of a sort together, and where an eye agrees."""
    patterns = {name: kinds for name, kinds in metrics["rules"].items() if "area" in next(iter(kinds.values()))}
    others = {name: kinds for name, kinds in metrics["rules"].items() if name not in patterns}
    found = {}
    if patterns:
        found |= {"fates": by_rule(patterns, metrics, counted), "kinds": by_kind(patterns, metrics)}
    if others:
        found |= {"textures": by_rule(others, metrics, counted_textures), "texture_kinds": by_kind(others, metrics)}
    if any(of["by eye"] for of in metrics["shown"].values()):
        found["readings"] = confusion(metrics["shown"])
    return found


def by_rule(rules: dict[str, Any], metrics: dict[str, Any], count: Callable[[list[str]], dict[str, int]]) -> Table:
    """Runs that are whole, what became of the others, and how the whole ones move."""
    rows = []
    for name, kinds in rules.items():
        for kind, entry in kinds.items():
            cells = []
            for fates in entry["fates"].values():
                others = [f"{number} {fate}" for fate, number in count(fates).items() if fate != "whole"]
                cells.append("; ".join([rate(fates.count("whole"), len(fates)), *others]))
            rows.append([name, kind, *cells, moves(entry)])
    header = ["rule", "cells", *moments(metrics), "of the whole ones, to the last look"]
    return Table(header, rows, "Runs that are whole, with the interval of their rate; what became of the others.")


def by_kind(rules: dict[str, Any], metrics: dict[str, Any]) -> Table:
    """Runs of all rules that are whole, on each kind of cells."""
    rows = []
    for kind in metrics["config"]["substrate"]:
        columns = zip(*(kinds[kind]["fates"].values() for kinds in rules.values()), strict=True)
        fates = [[word for words in column for word in words] for column in columns]
        rows.append([kind, *(rate(words.count("whole"), len(words)) for words in fates)])
    return Table(["cells", *moments(metrics)], rows)


def moments(metrics: dict[str, Any]) -> list[str]:
    """The columns of the looks."""
    return [f"whole at {step:,}" for step in metrics["config"]["steps"]]


def moves(entry: dict[str, Any]) -> str:
    """How those move that are whole in the end."""
    if not entry["motion"]:
        return ""
    last = list(entry["motion"])[-1]
    words = Counter(
        word for word, fate in zip(entry["motion"][last], entry["fates"][last], strict=True) if fate == "whole"
    )
    return ", ".join(f"{count} {word}" for word, count in sorted(words.items()))


def confusion(shown: dict[str, dict[str, str]]) -> Table:
    """Rows: what the definition says; columns: what an eye says."""
    pairs = Counter((of["fate"], of["by eye"]) for of in shown.values() if of["by eye"])
    words = list(dict.fromkeys((*FATES, *TEXTURE_FATES)))
    rows = [word for word in words if any(fate == word for fate, _ in pairs)]
    columns = [word for word in words if any(eye == word for _, eye in pairs)]
    agree, number = sum(count for (fate, eye), count in pairs.items() if fate == eye), sum(pairs.values())
    table = [[row, *(pairs[row, column] for column in columns)] for row in rows]
    return Table(
        ["by definition", *(f"{word} by eye" for word in columns)], table, f"They agree on {agree} of {number}."
    )


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
