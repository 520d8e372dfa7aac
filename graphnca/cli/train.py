"""`graphnca train`: a rule for a picture or a texture, by the published recipes."""

import argparse
import json
import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from ..atomic_file import write_atomically
from ..evaluation.named import IN_FOLDER, read_subject
from ..evaluation.subject import Subject
from ..layers import NCAConv
from ..training import joined_processes, run_and_save
from ..training.recipes import RECIPES, REGIMES
from .errors import UsageError
from .numbers import LARGEST_SIDE, SEEDS, THREADS, rate, whole
from .recipes import recipe_of
from .substrates import HELP, read_substrate

SETTINGS = "training.json"  # in the folder of a training: what it was asked for, so that it goes on only as it began
MAY_CHANGE = {"iterations", "threads", "out", "device", "run", "verb", "traceback"}  # from one start to the next
MESHES = (1_000_000, 2**31)  # seeds of training meshes; results are measured on meshes of small seeds
DESCRIPTION = "Trains a rule by one of the published recipes.\n\nkinds:\n" + "\n".join(
    f"  {name:<9}{kind.summary}" for name, kind in RECIPES.items()
)
EXAMPLE = f"""examples:
  graphnca train heart
  graphnca train my_picture.png --kind growing --regime persistent
  graphnca train lizard --substrate square hex voronoi --iterations 20000
  graphnca train dotted --kind texture --features filter-bank
  graphnca train heart --size 20 --iterations 1500      # a small one

The folder fills with pool.png (what the rule grows now), loss.png, checkpoint.pt and, at the end,
{IN_FOLDER}. Stop it with ctrl-c; the same command goes on from its last checkpoint."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="the name of an emoji, or a picture with a transparent background; of a texture, the name of a template, "
        "or any picture",
    )
    parser.add_argument("--kind", choices=list(RECIPES), default="isonca", help="the recipe [isonca]")
    parser.add_argument(
        "--substrate",
        nargs="+",
        default=["square"],
        metavar="KIND|FILE",
        help=f"cells to train on: {HELP}; several take turns, and of random cells there are new ones all the time "
        "[square]",
    )
    parser.add_argument(
        "--size", type=whole(4, LARGEST_SIDE), help="pixels of the picture's longer side; units of a texture"
    )
    parser.add_argument(
        "--padding", type=whole(0, LARGEST_SIDE), help="empty pixels around the picture [in the recipe's proportion]"
    )
    parser.add_argument("--iterations", type=whole(1), help="how many")
    parser.add_argument("--batch-size", type=whole(1), help="samples of an iteration [the recipe's]")
    parser.add_argument("--rate", type=rate, help="Adam's learning rate [the recipe's]")
    parser.add_argument("--regime", choices=list(REGIMES), help="of growing: what a sample suffers [regenerating]")
    parser.add_argument("--features", metavar="NAME|FILE", help="of a texture: vgg16, filter-bank, or weights [vgg16]")
    parser.add_argument("--start", metavar="RULE", help="a rule to go on from [an untrained one]")
    parser.add_argument("--seed", type=whole(0, SEEDS), default=0, help="of all random numbers [0]")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="[cpu]")
    parser.add_argument("--threads", type=whole(1, THREADS), help="of this process [all cores]")
    parser.add_argument("--out", metavar="FOLDER", help="[runs/TARGET-KIND]")


def run(given: argparse.Namespace) -> None:
    """Trains, or goes on."""
    if given.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda needs a GPU that PyTorch can use, and there is none here.")
    folder = Path(given.out or f"runs/{Path(given.target).stem}-{given.kind}")
    check_folder(folder, given)
    recipe = recipe_of(given, folder)
    if given.threads:
        torch.set_num_threads(given.threads)
    rule = before = None
    if given.start is not None:
        subject = read_subject(given.start)
        check_start(subject, recipe.untrained())
        rule, before = subject.rule, subject.card
    substrate = ", ".join(given.substrate)
    with joined_processes(given.device) as processes:
        training = recipe.training(sampled, processes, rule)
        side = max(recipe.shape)
        own = {"substrate": f"{side}x{side} units: {substrate}", "started from": before}
        with training.lock if processes.is_first else nullcontext():
            if processes.is_first:
                check_folder(folder, given)  # once more: now nobody else can begin there
                write_atomically(folder / SETTINGS, (json.dumps(settings(given), indent=2) + "\n").encode())
                print(f"{given.target}, {given.kind}: {recipe.iterations:,} iterations on {substrate}, into {folder}")
            path = run_and_save(training, command(given), recipe.card() | own)
    if processes.is_first:
        print(f"wrote {path}")
        print(f"see it with: graphnca grow {shlex.quote(str(folder))}")


def sampled(
    kind: str,
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    counted: str,  # noqa: ARG001 (a file has the shape that it has)
    gain_noise: float,  # noqa: ARG001
) -> tuple[Data, float]:
    """A substrate of a kind, about as many units across as the longer side of the shape, or the one in a file."""
    return read_substrate(kind, max(shape), seed=int(rng.integers(*MESHES))), 1.0


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
    different = [
        f"{name} {before.get(name)!r}, not {now.get(name)!r}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    if different:
        raise UsageError(f"{folder} holds a training with {'; '.join(different)}. {advice}")


def check_start(subject: Subject, untrained: NCAConv) -> None:
    """Whether a rule can be trained on by a recipe.

    Raises:
        UsageError: If it is of another kind than the recipe's own.
    """
    if (subject.rule.life_mask is None) != (untrained.life_mask is None):
        raise UsageError(
            f"--start: {subject.name} is {'' if subject.is_texture else 'not '}a texture; choose another --kind."
        )
    if subject.rule.perception.uses_gradient != untrained.perception.uses_gradient:
        raise UsageError(
            f"--start: {subject.name} perceives {', '.join(subject.rule.perception.filters)}, and the recipe is for "
            f"rules that perceive {', '.join(untrained.perception.filters)}; choose another --kind."
        )
    if subject.rule.num_channels != untrained.num_channels:
        raise UsageError(
            f"--start: {subject.name} has {subject.rule.num_channels} channels, and the recipe is for "
            f"{untrained.num_channels}."
        )


def command(given: argparse.Namespace) -> str:
    """The command line, for the rule's card; of a file its name alone, which is all that means something elsewhere."""
    words = ["graphnca", "train", Path(given.target).name if Path(given.target).is_absolute() else given.target]
    for name, value in vars(given).items():
        if name in {*MAY_CHANGE, "target"} - {"iterations"} or value is None:
            continue
        values = value if isinstance(value, list) else [value]
        words += [
            f"--{name.replace('_', '-')}",
            *(Path(str(one)).name if Path(str(one)).is_absolute() else str(one) for one in values),
        ]
    return shlex.join(words)
