"""Every shipped rule on five surfaces in space, untouched; and where stripes must fail.

    python experiments/surfaces/gallery.py --threads 1        # ten minutes on one core
    python experiments/surfaces/gallery.py --rule texture-banded growing-newt

A sphere, a torus, a bunny, a knotted tube and a rounded cube of about as many cells. Patterns grow from the cell that
is nearest to the viewer, with frames carried from there; textures have the smoothest field. A pattern that is larger
than a part of a surface (the knot's tube) wraps round it.

On a surface whose Euler characteristic is not 0, any field of directions has singularities, whose indices sum to that
number (Poincare and Hopf): stripes that follow the frames end there. The table counts the places at which the frames of
neighbours differ by more than 60 degrees, each once, however many cells; none are needed on a torus or a knot.

Written to `--out`:
    figure.webp     every rule on every surface
    animation.webp  the last texture on the bunny, turning
    metrics.json    living area, largest number and what is lost of every run
    tables.json     what became of the runs, by rule; the places where directions are singular
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapes import EULER, SHAPES
from torch_geometric.data import Data

from graphnca.drawing import SurfaceCanvas, montage, turntable
from graphnca.evaluation.named import read_subjects, shipped_subjects
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE, EXPLODED, bounded, lost
from graphnca.evaluation.subject import Subject
from graphnca.places import nearest_cells
from graphnca.rasterizers import Camera
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import with_frames

FAR = 1e3  # units: the cell nearest to a point so far towards the viewer is the foremost
SINGULAR = 60.0  # degrees between the frames of two neighbours that no smooth field has
FRAMES = 30  # of the turntable


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ()
    """Shipped rules; empty: all of them."""
    cells: int = 8000
    """Of each surface, about."""
    steps: int = 500
    """Of patterns; isotropic rules and textures take twice as many."""
    pixels: int = 112
    """Of a picture's side."""
    seed: int = 4200
    out: str = "out/surfaces_gallery"


CAMERA = Camera(azimuth=math.radians(-20), elevation=math.radians(20))


class Scene:
    """A surface as it is looked at, with its two fields of frames."""

    def __init__(self, smooth: Data, pixels: int) -> None:
        right, _, towards = CAMERA.axes.tolist()
        self.seed_at = int(nearest_cells(smooth, FAR * torch.tensor([towards]))[0])
        self.smooth = smooth
        self.carried = with_frames(with_frames(smooth, tuple(right)), self.seed_at)
        self.canvas = SurfaceCanvas(smooth, pixels, camera=CAMERA)

    def of(self, subject: Subject) -> Data:
        """The surface with the frames that a rule needs."""
        return self.carried if subject.is_upright and not subject.is_texture else self.smooth


def singular_places(topology: Data) -> int:
    """Connected places in which the frames of neighbours differ by more than a smooth field's."""
    neighbour, cell = topology["edge_index"].numpy()
    vectors = topology["edge_attr"].double()
    angle = torch.atan2(vectors[:, 1], vectors[:, 0]).numpy()
    n = topology.num_nodes
    back = np.searchsorted(cell * n + neighbour, neighbour * n + cell)
    turn = np.abs((angle - angle[back]) % (2 * np.pi) - np.pi)  # an edge has opposite directions in equal frames
    far = turn > math.radians(SINGULAR)
    graph = coo_array((np.ones(int(far.sum())), (neighbour[far], cell[far])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    return len(np.unique(label[cell[far]]))


def grown(subject: Subject, scene: Scene, config: Config) -> torch.Tensor:
    """One run: (1, N, C)."""
    topology = scene.of(subject)
    start = subject.seed(topology, at=None if subject.is_texture else scene.seed_at)
    steps = config.steps if subject.is_upright and not subject.is_texture else 2 * config.steps
    return grow(subject.rule, topology, 1, (steps,), config.seed, start=start)[steps]


def main(config: Config, result: Result) -> None:
    """Rule by rule on all surfaces."""
    kinds = ("upright", "isotropic", "texture")
    names = config.rule or tuple(name for kind in kinds for name in shipped_subjects(kind))
    textures = set(shipped_subjects("texture"))
    subjects = [read_subjects([name], "texture" if name in textures else "upright")[0] for name in names]
    scenes = {name: Scene(build(config.cells, config.seed), config.pixels) for name, build in SHAPES.items()}
    pictures, runs, last = [], {}, None
    for subject in result.progress(subjects, "rule"):
        runs[subject.name], strip = {}, []
        for name, scene in scenes.items():
            states = grown(subject, scene, config)
            area = float(((states[0, :, 3] > ALIVE) * scene.smooth["area"]).sum())
            entry: dict[str, Any] = {"largest": round(float(bounded(states).abs().max()), 2)}
            if subject.is_texture:
                entry["lost"] = "" if entry["largest"] < EXPLODED else "exploded"
                last = (subject, states[0]) if name == "bunny" else last
            else:
                entry |= {"living area": round(area, 1), "lost": lost(states)[0]}
            runs[subject.name][name] = entry
            strip.append(subject.picture(scene.canvas, states[0]))
        pictures.append(montage(strip, title=subject.name, pad=1, font_size=11))
        result.record({"runs": runs})
    result.figure(montage(pictures, columns=2, pad=4))
    result.record(
        {
            "singular": {
                name: {"euler": EULER[name], "places": singular_places(scene.smooth)} for name, scene in scenes.items()
            }
        }
    )
    if last is not None:
        subject, state = last
        canvases = turntable(scenes["bunny"].smooth, CAMERA, FRAMES, height=240)
        result.animation((subject.picture(canvas, state) for canvas in canvases), fps=12)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """By rule, the living area on every surface, or what was lost; and singular places."""
    rows = [
        [f"`{rule}`", *(found[name]["lost"] or f"{found[name].get('living area', 'covered')}" for name in found)]
        for rule, found in metrics["runs"].items()
    ]
    singular = [[name, entry["euler"], entry["places"]] for name, entry in metrics["singular"].items()]
    return {
        "runs": Table(["rule", *SHAPES], rows, "Living area in square units, or what became of the run."),
        "singular": Table(["surface", "Euler characteristic", "singular places of the smoothest frames"], singular),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
