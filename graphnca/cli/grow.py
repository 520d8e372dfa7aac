"""`graphnca grow`: a rule on a substrate, as a picture and an animation."""

import argparse
import math
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from ..damage import erase
from ..drawing import save_animation, save_image
from ..drawing.animation import video_writer
from ..engine.rollout import rollout
from ..evaluation.material import bake
from ..evaluation.named import read_subject
from ..evaluation.subject import Subject
from ..layers.life import ALPHA
from ..suggestions import suggestion
from . import substrates, surfaces
from .cards import RULE_HELP
from .errors import CommandError, UsageError
from .numbers import CELLS_AT_MOST, LARGEST_SIDE, SEEDS, degrees, share, whole
from .outputs import check_file_at
from .plane_scene import CUTS, PICTURE, SIDES, PlaneScene
from .printable import printable
from .substrates import name_of_substrate, read_substrate
from .surface_scene import AXES, SurfaceScene
from .surfaces import is_mesh, is_surface, read_surface

FRAMES = 60  # of an animation, about
FPS = 15.0
VIEW = (0.0, 15.0)  # degrees
REST = 15  # times that the last frame is shown, so that it can be looked at
PICTURES = (".png", ".jpg")
VIDEO = ".mp4"
ANIMATIONS = (".webp", ".gif", VIDEO)
BAKED = ".glb"
MESHES = (BAKED, ".ply")
DESCRIPTION = "Grows a rule on a substrate, from the seed that it was trained for, and draws it."
EXAMPLE = """examples:
  graphnca grow isonca-lizard-any --substrate voronoi
  graphnca grow growing-lizard --substrate hex --damage 200:left --steps 400
  graphnca grow runs/mine/rule.safetensors --substrate my_cells.pt --out pictures/mine
  graphnca grow growing-butterfly --angle 45 --out turned.png
  graphnca grow growing-butterfly --substrate sphere --cells 9500
  graphnca grow texture-interlaced --substrate bunny.ply --cells 20000 --out bunny.glb --bake 1024"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("rule", metavar="RULE", help=RULE_HELP)
    parser.add_argument(
        "--substrate", default="square", metavar="KIND|FILE", help=f"{substrates.HELP}; {surfaces.HELP} [square]"
    )
    parser.add_argument(
        "--size", type=whole(4, LARGEST_SIDE), help="units on a side of the substrate [as in training, or 72]"
    )
    parser.add_argument(
        "--cells", type=whole(1, CELLS_AT_MOST), help=f"on a surface in space, about [{surfaces.CELLS}]"
    )
    parser.add_argument("--open", action="store_true", help="a bounded domain with borders, not a torus")
    substrates.add_operators(parser)
    parser.add_argument("--steps", type=whole(0), help="how many [as many as the rule needs, by its card; 500]")
    parser.add_argument("--seed", type=whole(0, SEEDS), default=0, help="of the run, and of a Voronoi mesh [0]")
    parser.add_argument(
        "--damage",
        action="append",
        default=[],
        metavar="STEP[:CUT]",
        help=f"cut away a part after so many steps; again for another. CUT is {', '.join(SIDES)} (a half), middle "
        "(a hole), or disk (anywhere) [left]",
    )
    parser.add_argument("--angle", type=degrees, metavar="DEGREES", help="turn what the cells perceive (upright rules)")
    parser.add_argument("--fire-rate", type=share, metavar="SHARE", help="of the cells that act in a step [the rule's]")
    parser.add_argument("--genome", metavar="NAME", help="which of the rule's genomes the seed carries [the first]")
    parser.add_argument("--model", metavar="NAME", help="which model of a published atlas of textures [the first]")
    parser.add_argument("--every", type=whole(1), help=f"steps between two frames [about {FRAMES} frames]")
    parser.add_argument("--scale", type=whole(1), help=f"pixels a unit of length [a picture of about {PICTURE}]")
    parser.add_argument(
        "--view",
        type=degrees,
        nargs=2,
        default=VIEW,
        metavar=("AZIMUTH", "ELEVATION"),
        help=f"degrees by which the viewer of a surface has walked round it and has risen [{VIEW[0]:g} {VIEW[1]:g}]",
    )
    parser.add_argument("--up", choices=[*AXES], default="y", help="which axis of a surface is upwards [y]")
    parser.add_argument(
        "--turn", type=degrees, metavar="DEGREES", help="by which an animated surface turns [360 for a texture, or 0]"
    )
    parser.add_argument(
        "--bake",
        type=whole(1, LARGEST_SIDE),
        metavar="PIXELS",
        help=f"lay a texture of so many pixels a side on the mesh of a {BAKED}, beside it as .png too [colours at "
        "vertices]",
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        help="where to: a name ending in .png is a picture, in .webp, .gif or .mp4 an animation, in .glb or .ply a "
        "surface as a mesh with colours, without ending it is both, .png and .webp [RULE-SUBSTRATE]",
    )


def run(given: argparse.Namespace) -> None:
    """Grows and draws."""
    subject = read_subject(given.rule, model=given.model)
    given.steps = subject.usual_steps if given.steps is None else given.steps
    cuts = [read_damage(text, given.steps) for text in given.damage]
    if given.angle is not None and not subject.rule.perception.uses_gradient:
        raise UsageError(f"--angle turns the gradients that a rule perceives, and {subject.name} perceives none.")
    files = output_files(given.out or f"{subject.name}-{name_of_substrate(given.substrate)}")
    for path in files:
        check_file_at(path)
        if path.suffix.lower() == VIDEO:
            video_writer()
    scene = scene_of(subject, given)
    if unfit := [path.name for path in files if path.suffix.lower() in MESHES and not isinstance(scene, SurfaceScene)]:
        raise UsageError(f"--out {unfit[0]} is for a surface in space, and {given.substrate} lies in the plane.")
    if given.bake and not (len(files) == 1 and files[0].suffix.lower() == BAKED):
        raise UsageError(f"--bake is for a surface in space with an --out that ends in {BAKED}.")
    start = subject.seed(scene.topology, genome=given.genome, at=scene.seed_at)

    every = given.every or max(1, given.steps // FRAMES)
    shown = {*range(0, given.steps + 1, every), given.steps}
    animated = any(path.suffix.lower() in ANIMATIONS for path in files)
    canvases = iter(scene.canvases(len({*shown, *(step for step, _ in cuts)})) if animated else ())
    frames, state = [], start
    with tqdm(total=given.steps, unit="step", disable=None, leave=False) as bar:
        for step, state in growth(subject, start, scene, shown, cuts, given):
            bar.update(step - bar.n)
            frames += [subject.picture(canvas, state) for canvas in islice(canvases, 1)]
    print(printable(f"{subject.name} on {given.substrate}: {summary(subject, state, given.steps)}."))
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in ANIMATIONS:
            save_animation(path, [*frames, *frames[-1:] * REST], fps=FPS)
        elif path.suffix.lower() in MESHES:
            write_mesh(path, subject, state, scene.topology, given)
        else:
            save_image(path, subject.picture(scene.canvas, state))
        print(f"wrote {path}")


def write_mesh(path: Path, subject: Subject, state: Tensor, topology: Data, given: argparse.Namespace) -> None:
    """A surface as a mesh with colours at its vertices, or with a texture on the mesh that the cells lie on.

    Raises:
        CommandError: If no texture can be laid on that mesh, or what lays it out is not installed.
    """
    if not given.bake:
        subject.save_surface(path, state, topology)
        return
    mesh = given.substrate if is_mesh(given.substrate) else None
    try:
        _, *pictures = bake(subject, path, state, topology, given.bake, mesh=mesh)
    except (ImportError, ValueError) as error:
        raise CommandError(f"no texture can be made: {error}") from error
    for picture in pictures:
        print(f"wrote {picture}")


def scene_of(subject: Subject, given: argparse.Namespace) -> PlaneScene | SurfaceScene:
    """The substrate that was asked for, and how it is seen.

    Raises:
        UsageError: If there is none such.
        CommandError: If a file holds none.
    """
    if is_surface(given.substrate):
        cells = given.cells or surfaces.CELLS
        topology = read_surface(given.substrate, cells, seed=given.seed, operators=given.operators)
    else:
        size = given.size or subject.usual_size
        options = {"seed": given.seed, "operators": given.operators, "density": given.density}
        topology = read_substrate(given.substrate, size, periodic=not given.open, **options)
    if "frame" in topology:
        return SurfaceScene(topology, subject, given)
    if given.cells:
        raise UsageError(
            f"--cells is for surfaces in space, and {given.substrate} lies in the plane: --size is its side."
        )
    return PlaneScene(topology, given)


def growth(
    subject: Subject,
    state: Tensor,
    scene: PlaneScene | SurfaceScene,
    shown: Iterable[int],
    cuts: Iterable[tuple[int, str]],
    given: argparse.Namespace,
) -> Iterator[tuple[int, Tensor]]:
    """Yields (step, state) at every step to be shown, and at every cut, after it; nothing is kept."""
    generator = torch.Generator().manual_seed(given.seed)
    angle = None if given.angle is None else math.radians(given.angle)
    cuts_at: dict[int, list[str]] = {}
    for step, cut in cuts:
        cuts_at.setdefault(step, []).append(cut)
    now = 0
    for stop in sorted({*shown, *cuts_at}):
        with torch.no_grad():
            state = rollout(
                subject.rule,
                state,
                scene.topology,
                stop - now,
                generator=generator,
                angle=angle,
                fire_rate=given.fire_rate,
            )
        for cut in cuts_at.get(stop, []):
            state = erase(state, scene.cut(cut, generator))
        now = stop
        yield stop, state


def read_damage(text: str, steps: int) -> tuple[int, str]:
    """The step and the name of a cut, from STEP or STEP:CUT.

    Raises:
        UsageError: If the step lies outside of the run, or there is no such cut.
    """
    step, _, cut = text.partition(":")
    cut = cut or CUTS[0]
    if cut not in CUTS:
        raise UsageError(f"--damage knows no cut {cut!r}: expected one of {', '.join(CUTS)}.{suggestion(cut, CUTS)}")
    if not step.isdecimal() or int(step) > steps:
        raise UsageError(
            f"--damage expects STEP or STEP:CUT with a step from 0 to {steps} (--steps), for example "
            f"{steps // 2}:{cut}; got {text!r}."
        )
    return int(step), cut


def output_files(out: str) -> list[Path]:
    """The picture, the animation or both that `--out` asks for.

    Raises:
        UsageError: If the ending is that of neither.
    """
    path = Path(out)
    if path.name in ("", "..") or out.endswith(("/", os.sep)):
        raise UsageError(f"--out must name a file, and {out!r} is a folder: {Path(out, 'NAME')} writes into it.")
    ending = path.suffix.lower()
    if ending in (*PICTURES, *ANIMATIONS, *MESHES):
        return [path]
    if ending and ending[1:].isalpha():
        raise UsageError(
            f"--out must end in {', '.join(PICTURES)} (a picture), {', '.join(ANIMATIONS)} (an animation) or "
            f"{', '.join(MESHES)} (a surface), or have no ending for both of the first, got {out!r}."
        )
    return [path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.webp")]


def summary(subject: Subject, state: Tensor, steps: int) -> str:
    """What became of a run, in words."""
    done = f"{len(state):,} cells, {steps:,} steps"
    if not bool(state.isfinite().all()):
        return f"{done}; it exploded, the state is not finite any more"
    largest = float(state.abs().max())
    if largest >= subject.exploded_at:
        return f"{done}; it exploded, the state reaches {largest:.3g}"
    if subject.is_texture:
        return f"{done}, states up to {largest:.2f}"
    alive = int((state[:, ALPHA] > subject.rule.alive_threshold).sum())
    return f"{done}, {alive:,} cells alive" if alive else f"{done}; no cell is alive any more"
