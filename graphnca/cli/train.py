"""`graphnca train`: a rule for a picture or a texture, by the published recipes."""

import argparse
import io
import json
import shlex
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from ..atomic_file import write_atomically
from ..evaluation.named import IN_FOLDER
from ..targets import Looked
from ..training import Training, joined_processes, run_and_save
from ..training.recipes import RECIPES, REGIMES, PictureRecipe, SubstratesRecipe
from ..training.recipes.cuts import CUTS
from ..training.recipes.picture import seeded_cell
from ..training.speed_probe import seconds_of_iteration
from .errors import UsageError
from .judge import judge_of
from .numbers import LARGEST_SIDE, SEEDS, THREADS, minutes, rate, whole
from .outputs import check_folder_at
from .recipes import MINUTES, PICTURE, kind_of, kind_of_rule, recipe_of
from .starts import UNTRAINED, USUAL_START, check_start, started_from, usual_start
from .substrates import HELP, read_substrate
from .surfaces import MESHES, NAMES, cells_on, is_surface, read_surface, upright_frames
from .watch import watched

SETTINGS = "training.json"  # in the folder of a training: what it was asked for, so that it goes on only as it began
PLANNED = "planned iterations"  # there: as many as its minutes allow, decided once
MAY_CHANGE = {"iterations", "minutes", "threads", "out", "device", "watch", "run", "verb", "traceback"}
"""From one start to the next."""
FEWEST = 200  # iterations that are planned, however short the time
DESCRIPTION = "Trains a rule by one of the published recipes.\n\nkinds:\n" + "\n".join(
    f"  {name:<9}{kind.summary}" for name, kind in RECIPES.items()
)
EXAMPLE = f"""examples:
  graphnca train my_picture.png --watch
  graphnca train my_photograph.jpg --background keep --minutes 60
  graphnca train heart --kind isonca --iterations 8000
  graphnca train lizard --substrate square hex voronoi --iterations 20000
  graphnca train dotted --kind texture --features filter-bank
  graphnca train cobbled --maps --features filter-bank  # a material
  graphnca train glassy --motion 0 -0.125               # bubbles that rise
  graphnca train lizard --substrate square sphere
  graphnca train heart --size 20 --iterations 1500      # a small one

The folder holds, from the first minute on:
  pool-KIND.png    the picture, and what the rule grows now on each kind of cells
  loss.png         the loss
  {IN_FOLDER} the rule of the moment: `graphnca grow FOLDER` shows it, at any time
  checkpoint.pt    all that is needed to go on
  {PICTURE}, {SETTINGS}   the picture as it was seen, and what was asked for
Stop it with ctrl-c: it saves, and the same command goes on, to the same bits."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="the name of an emoji, or any picture; of a texture, the name of a template, or any picture",
    )
    parser.add_argument(
        "--kind", choices=list(RECIPES), help="the recipe [growing for a picture, texture for a template's name]"
    )
    parser.add_argument(
        "--minutes", type=minutes, help=f"that it may take in all [{MINUTES:g}, unless --iterations are given]"
    )
    parser.add_argument("--watch", action="store_true", help="open a page that shows how it grows")
    parser.add_argument(
        "--background",
        metavar="COLOUR",
        help="of a picture without transparency: a colour that is cut away, or keep [the colour of its border, if it "
        "has one]",
    )
    parser.add_argument(
        "--substrate",
        nargs="+",
        default=["square"],
        metavar="KIND|FILE",
        help=f"cells to train on: {HELP}; {NAMES}; several take turns, and of random cells in the plane there are new "
        "ones all the time [square]",
    )
    parser.add_argument(
        "--size", type=whole(4, LARGEST_SIDE), help="pixels of the picture's longer side; units of a texture"
    )
    parser.add_argument(
        "--padding", type=whole(0, LARGEST_SIDE), help="empty pixels around the picture [in the recipe's proportion]"
    )
    parser.add_argument(
        "--iterations",
        type=whole(1),
        help="how many [the recipe's, or as many as the minutes allow; less if the loss falls no more]",
    )
    parser.add_argument("--batch-size", type=whole(1), help="samples of an iteration [the recipe's]")
    parser.add_argument("--rate", type=rate, help="Adam's learning rate [the recipe's]")
    parser.add_argument("--regime", choices=list(REGIMES), help="of growing: what a sample suffers [regenerating]")
    parser.add_argument(
        "--cut",
        nargs="+",
        choices=CUTS,
        help="of growing: what a sample loses that is to heal; either, if both [disks]",
    )
    parser.add_argument("--features", metavar="NAME|FILE", help="of a texture: vgg16, filter-bank, or weights [vgg16]")
    parser.add_argument(
        "--maps",
        action="store_true",
        default=None,
        help="of a texture that is drawn with depth: its height and roughness too, for `grow --bake`",
    )
    parser.add_argument(
        "--motion",
        nargs=2,
        type=float,
        metavar=("RIGHT", "DOWN"),
        help="of a texture: units that it is to move in a step, such as 0 -0.125 [0 0: none is asked for]",
    )
    parser.add_argument(
        "--start",
        metavar="RULE",
        help=f"a rule to go on from, or {UNTRAINED} [{USUAL_START} for growing, else {UNTRAINED}]",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="of what is multiplied; some processors are faster in bfloat16 [float32]",
    )
    parser.add_argument("--seed", type=whole(0, SEEDS), default=0, help="of all random numbers [0]")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="[cpu]")
    parser.add_argument("--threads", type=whole(1, THREADS), help="of this process [all cores]")
    parser.add_argument("--out", metavar="FOLDER", help="[runs/TARGET-KIND]")


def run(given: argparse.Namespace) -> None:
    """Trains, or goes on."""
    if given.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda needs a GPU that PyTorch can use, and there is none here.")
    start = started_from(given.start)
    given.kind = given.kind or (kind_of(given.target) if start is None else kind_of_rule(start))
    given.start = given.start or usual_start(given.kind, given.regime)
    start = start or started_from(given.start)
    folder = Path(given.out or f"runs/{Path(given.target).stem}-{given.kind}")
    check_folder_at(folder)
    check_folder(folder, given)
    recipe, looked = recipe_of(given, folder)
    if given.threads:
        torch.set_num_threads(given.threads)
    rule = before = None
    if start is not None:
        check_start(start, recipe.untrained())
        rule, before = start.rule, start.card
    substrate = ", ".join(given.substrate)
    with joined_processes(given.device) as processes:
        training = recipe.training(sampled, processes, rule)
        with training.lock if processes.is_first else nullcontext():
            planned = processes.agree(plan(given, folder, recipe, training))
            if planned:
                lock = training.lock
                recipe = with_iterations(recipe, planned)
                training = recipe.training(sampled, processes, rule)
                training.lock = lock
            if processes.is_first:
                check_folder(folder, given)  # once more: now nobody else can begin there
                begin(given, folder, looked, planned)
                time = f", at most {recipe.minutes:g} minutes" if recipe.minutes else ""
                what = f"{given.target}, {given.kind}: {recipe.iterations:,} iterations on {substrate}{time}"
                print(f"{what}, into {folder}", flush=True)
            side = max(recipe.shape)
            own = {"substrate": f"{side}x{side} units: {substrate}", "started from": before}
            with watched(folder, training) if given.watch and processes.is_first else nullcontext():
                path = run_and_save(training, command(given), recipe.card() | own, judge_of(recipe, training))
    if processes.is_first:
        print(f"wrote {path}")
        print(f"see it with: graphnca grow {shlex.quote(str(folder))}")


def plan(given: argparse.Namespace, folder: Path, recipe: SubstratesRecipe, training: Training) -> int:
    """How many iterations its minutes allow, as it was decided when it began; 0: what the recipe says.

    So a training that is killed and goes on is the same one, however fast the machine is then.
    """
    if given.iterations is not None or not isinstance(recipe, PictureRecipe) or not training.processes.is_first:
        return 0
    if training.checkpoint_path.exists():
        return int(json.loads((folder / SETTINGS).read_text(encoding="utf-8")).get(PLANNED, 0))
    area = float((recipe.image[3] > training.rule.alive_threshold).sum())
    possible = int(recipe.minutes * 60 / seconds_of_iteration(training, area))
    return max(FEWEST, min(recipe.iterations, possible))


def with_iterations(recipe: SubstratesRecipe, iterations: int) -> SubstratesRecipe:
    """The recipe with its schedule in proportion to so many."""
    shorter = replace(recipe, iterations=iterations).shortened()
    if isinstance(shorter, PictureRecipe) and isinstance(recipe, PictureRecipe):
        return shorter.of_image(recipe.image)
    return shorter


def begin(given: argparse.Namespace, folder: Path, looked: Looked | None, planned: int) -> None:
    """Writes what was asked for, and the picture as it was seen; says what that was."""
    plan = {PLANNED: planned} if planned else {}
    write_atomically(folder / SETTINGS, (json.dumps(settings(given) | plan, indent=2) + "\n").encode())
    if looked is None:
        return
    if Path(given.target).is_file():
        picture = io.BytesIO()
        looked.picture.save(picture, "PNG")
        write_atomically(folder / PICTURE, picture.getvalue())
    for sentence in looked.sentences:
        print(f"{given.target}: {sentence}.")


def sampled(
    kind: str,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    counted: str,  # noqa: ARG001 (a file has the shape that it has)
    gain_noise: float,  # noqa: ARG001
    upright: bool = False,
) -> tuple[Data, float]:
    """A substrate of a kind, about as many units across as the longer side of the shape, or the one in a file.

    A surface in space has the area of that square, and for patterns that grow upright the frames that they need.
    """
    seed = int(rng.integers(*MESHES))
    if not is_surface(kind):
        return read_substrate(kind, max(shape), seed=seed), 1.0
    topology = read_surface(kind, cells_on(max(shape)), seed=seed)
    return upright_frames(topology, seeded_cell(topology)) if upright else topology, 1.0


def settings(given: argparse.Namespace) -> dict[str, Any]:
    """What a training was asked for, but for what may change from one start to the next."""
    return {name: value for name, value in vars(given).items() if name not in MAY_CHANGE}


def check_folder(folder: Path, given: argparse.Namespace) -> None:
    """Whether a training may begin in a folder, or go on.

    Raises:
        UsageError: If another one did.
    """
    if not (folder / "checkpoint.pt").exists():
        return
    advice = "Give another folder with --out, or delete this one."
    if not (folder / SETTINGS).is_file():
        raise UsageError(f"{folder} holds a training that another program began. {advice}")
    try:
        before = dict(json.loads((folder / SETTINGS).read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"{folder / SETTINGS} is damaged ({error}). {advice}") from error
    now = settings(given)
    before.pop(PLANNED, None)
    before["start"] = before.get("start") or UNTRAINED  # where nothing was said, it once began so
    different = [
        f"{name} {before.get(name)!r}, not {now.get(name)!r}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    if different:
        raise UsageError(f"{folder} holds a training with {'; '.join(different)}. {advice}")


def command(given: argparse.Namespace) -> str:
    """The command line, for the rule's card; of a file its name alone, which is all that means something elsewhere."""
    words = ["graphnca", "train", Path(given.target).name if Path(given.target).is_absolute() else given.target]
    for name, value in vars(given).items():
        if name in {*MAY_CHANGE, "target"} - {"iterations", "minutes"} or value is None:
            continue
        values = value if isinstance(value, list) else [] if value is True else [value]
        words += [
            f"--{name.replace('_', '-')}",
            *(Path(str(one)).name if Path(str(one)).is_absolute() else str(one) for one in values),
        ]
    return shlex.join(words)
