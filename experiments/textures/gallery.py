"""Every shipped texture beside its template, on three kinds of cells and on a sphere; of a material its maps too.

    python experiments/textures/gallery.py                                # ten seconds a rule
    python experiments/textures/gallery.py --rule texture-cobbled texture-gravel

Each rule starts from cells that are all alike, on a square torus, a hexagonal one, a Voronoi mesh and a sphere. One
that was trained with `--maps` carries height and roughness in channels of their own, with which `graphnca grow --bake`
makes a material: they stand below its colours, beside those of the template. One run each; nothing is measured here
(`grids.py` does).

Written to `--out`:
    figure.webp     template and runs
    metrics.json    the rules, and the maps they carry
"""

from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from graphnca.drawing import SurfaceCanvas, montage, to_picture
from graphnca.evaluation.material import HEIGHT, ROUGHNESS
from graphnca.evaluation.named import read_subject, shipped_subjects
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import Strips
from graphnca.results.options import OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.templates import load_material, load_template
from topologies import sphere, substrates

MAPS = {HEIGHT: 3, ROUGHNESS: 4}  # channels of a template's material
COLOURS = "colours"
ACROSS = 2  # rules side by side


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, Options):
    """What the command line can change."""

    steps: int = 1000
    cells: int = 12_000
    """Of the sphere, about."""
    pixels: int = 96
    """Of a picture's side."""
    meshes: int = 1
    runs: int = 1
    seed: int = 6700
    """Of the runs; mesh and sphere have the number after it."""
    out: str = "out/texture_gallery"


def template_of(subject: Subject, part: str, config: Config) -> Image.Image:
    """A piece of the template as large as the substrates, or of one of its maps."""
    if part == COLOURS:
        image = load_template(subject.goal)[:, : config.size, : config.size]
    else:
        image = load_material(subject.goal, config.size)[MAPS[part]].expand(3, -1, -1)
    return to_picture(image).resize((config.pixels, config.pixels), Image.Resampling.LANCZOS)


def seen(subject: Subject, state: Tensor, part: str) -> Tensor:
    """A state whose colours show its colours, or one of its maps in grey."""
    if part == COLOURS:
        return state
    grey = state.clone()
    grey[..., :3] = state[..., subject.card[part], None]
    return grey


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    ball = sphere(config.cells, seed=config.seed + 1)
    surface = SurfaceCanvas(ball, config.pixels)
    rows: list[list[Image.Image]] = []
    names: list[str] = []
    maps: dict[str, list[str]] = {}
    for rule in result.progress(config.rule or shipped_subjects("texture"), "rule"):
        subject = read_subject(rule)
        strips = Strips(
            subject, scale=config.pixels / config.size, window=(0.0, 0.0, float(config.size), float(config.size))
        )
        states = {
            name: subject.grow(topology, config.runs, (config.steps,), config.seed)[config.steps][0]
            for name, topology in {**topologies, "sphere": ball}.items()
        }
        maps[subject.name] = [part for part in MAPS if part in subject.card]
        for part in (COLOURS, *maps[subject.name]):
            pictures = [
                subject.picture(
                    surface if name == "sphere" else strips.canvas(topologies[name]), seen(subject, state, part)
                )
                for name, state in states.items()
            ]
            rows.append([template_of(subject, part, config), *pictures])
            names.append(subject.name.removeprefix("texture-") if part == COLOURS else part)
    result.record({"maps": maps, "steps": config.steps})
    kinds = [name.split()[0] for name in topologies]
    captions = [caption for name in names for caption in (name, *kinds, "sphere")]
    tiles = [tile for row in rows for tile in row]
    result.figure(montage(tiles, captions=captions, columns=ACROSS * len(rows[0]), pad=4, font_size=11))


if __name__ == "__main__":
    run(main, Config, __doc__)
