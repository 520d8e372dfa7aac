"""The published textures of an atlas, as they were made: what each shows on squares, and what it does on other cells.

    python experiments/textures/published.py models.json --thumbnails thumbnails.jpg   # a minute or two a model
    python experiments/textures/published.py models.json --substrate square            # squares alone

The rules of Self-Organising Textures (Niklasson et al. 2021) were trained on a square torus, in 8 bits; their demo has
a thumbnail of each. Here each is read as it was made and grows from cells that are all alike for 1,500 steps, on
tori of 128x128 units: squares, hexagons, random meshes, and hexagons that see by the demo's own kernels. Its pictures
are compared by their patches, 11x11 pixels wherever they lie, with the thumbnails (sliced transport, in shares of the
distance of an image in the thumbnail's mean colour), and with the nearest of three other runs on squares. A model is
right where its own thumbnail is the nearest of all; the other goal is a tenth of a flat image's distance. Nothing is
trained, chosen or changed.

`--thumbnails` is a picture of all of them in rows, in the atlas's order, 128x128 pixels each; without it the runs on
squares are all there is to compare with.

Written to `--out`:
    figure.webp     a row for each model: its thumbnail, and the median run on each substrate
    metrics.json    distances of every run, and which thumbnails are the nearest
    tables.json     the distances; how many are right, and near, on each substrate
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation.demo_hexagons import demo_hexagons
from graphnca.evaluation.named import atlas_models, read_subject
from graphnca.evaluation.scores import lost
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.evaluation.thumbnails import Thumbnails
from graphnca.features import Patches
from graphnca.results.figures import median_run
from graphnca.results.options import OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import substrates

NEAR = 0.1  # of a flat image's distance
OWN_RUNS = 3  # on squares, that every run is compared with


@dataclass(frozen=True, kw_only=True)
class Config(OnTextures, Options):
    """What the command line can change."""

    atlas: str
    """A published atlas of textures."""
    thumbnails: str = ""
    """A picture of what each model is to show, in rows; empty: none."""
    size: int = 128
    """Units along a side of the substrates, as published."""
    steps: int = 1500
    """Steps after which runs are measured."""
    runs: int = 3
    seed: int = 5000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/published_textures"


def measured(
    subject: Subject, topology: Data, own: list[TextureMeter], thumbnails: Thumbnails | None, config: Config
) -> tuple[dict[str, Any], Tensor]:
    """Distances of the runs on a substrate, and the last state of the median one."""
    states = subject.grow(topology, config.runs, [config.steps], config.seed)[config.steps]
    images = subject.images(states, subject.view(topology, size=config.size)).clamp(0, 1)
    others = [[round(share, 4) for share in meter.shares(images).tolist()] for meter in own]
    entry: dict[str, Any] = {"to the nearest run on squares": [min(shares) for shares in zip(*others, strict=True)]}
    if thumbnails is not None:
        entry["to its thumbnail"] = [round(share, 4) for share in thumbnails.shares(subject.name, images).tolist()]
        entry["nearest thumbnails"] = thumbnails.nearest(images)
    entry["exploded"] = lost(states).count("exploded")
    return entry, states[median_run(entry.get("to its thumbnail", entry["to the nearest run on squares"]))]


def one_model(
    name: str, topologies: dict[str, Data], thumbnails: Thumbnails | None, config: Config
) -> tuple[dict[str, Any], dict[str, Image.Image]]:
    """The numbers of one model on all substrates, and its pictures."""
    subject = read_subject(config.atlas, model=name)
    square = topologies["square"]
    states = subject.grow(square, OWN_RUNS, [config.steps], config.seed - 1)[config.steps]
    own = subject.images(states, subject.view(square, size=config.size)).clamp(0, 1)
    meters = [TextureMeter(Patches(), picture) for picture in own]
    entries, pictures = {}, {} if thumbnails is None else {"thumbnail": thumbnails.pictures[name]}
    for place, topology in topologies.items():
        entries[place], state = measured(subject, topology, meters, thumbnails, config)
        pictures[place] = subject.picture(CellCanvas(topology, scale=1.0), state)
    return entries, pictures


def main(config: Config, result: Result) -> None:
    """Model by model."""
    if "square" not in config.substrate:
        raise SystemExit(f"--substrate: expected square among them, got {' '.join(config.substrate)}.")
    names = list(atlas_models(Path(config.atlas)))
    if not names:
        raise SystemExit(f"{config.atlas} is no published atlas of textures.")
    thumbnails = Thumbnails.read(names, config.thumbnails) if config.thumbnails else None
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    if "hex" in topologies:
        topologies["hex, the demo's kernels"] = demo_hexagons(topologies["hex"])
    models, tiles, captions = {}, [], []
    for name in result.progress(names, "model"):
        models[name], pictures = one_model(name, topologies, thumbnails, config)
        tiles += pictures.values()
        captions += [f"{name}, thumbnail" if place == "thumbnail" else place for place in pictures]
    result.record({"features": Patches().description, "models": models})
    result.figure(montage(tiles, captions=captions, columns=len(tiles) // len(names), pad=4, font_size=11))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The distances of every model; and how many of them are right and near on each substrate."""
    models, runs = metrics["models"], metrics["config"]["runs"]
    places = list(next(iter(models.values())))
    compared = "to its thumbnail" in models[next(iter(models))][places[0]]
    rows = []
    for name, entries in models.items():
        row = [f"`{name}`"]
        for entry in entries.values():
            if compared:
                row.append(f"{median(entry['to its thumbnail']):.3f} ({entry['nearest thumbnails'].count(name)})")
            row.append(f"{median(entry['to the nearest run on squares']):.3f}")
        rows.append(row)
    kinds = ["to its thumbnail", "to squares"] if compared else ["to squares"]
    header = ["model", *(f"{place}: {kind}" for place in places for kind in kinds)]
    step = metrics["config"]["steps"]
    caption = f"Distance of patches, in shares of a flat image's, at step {step:,}; medians of {runs} runs"
    caption += "; in brackets, how many of them are nearest to the model's own thumbnail." if compared else "."
    return {"distances": Table(header, rows, caption), "counts": _counts(metrics, places, compared)}


def _counts(metrics: dict[str, Any], places: list[str], compared: bool) -> Table:
    models, rows = metrics["models"], []
    for place in places:
        entries = {name: of_model[place] for name, of_model in models.items()}
        row = [place]
        if compared:
            right = [
                name for name, entry in entries.items() if 2 * entry["nearest thumbnails"].count(name) > _runs(entry)
            ]
            near = [name for name in right if median(entries[name]["to its thumbnail"]) < NEAR]
            row += [f"{len(right)} of {len(models)}", f"{len(near)} of {len(models)}"]
        like = sum(median(entry["to the nearest run on squares"]) < NEAR for entry in entries.values())
        exploded = sum(entry["exploded"] for entry in entries.values())
        rows.append([*row, f"{like} of {len(models)}", str(exploded)])
    goals = ["its own thumbnail is the nearest", f"and nearer than {NEAR}"] if compared else []
    return Table(["substrate", *goals, f"nearer than {NEAR} to runs on squares", "runs that exploded"], rows)


def _runs(entry: dict[str, Any]) -> int:
    return len(entry["nearest thumbnails"])


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
