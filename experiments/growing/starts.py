"""How soon a picture is recognised in a training that begins with nothing, or with a rule that grows another one.

    python experiments/growing/starts.py                 # six short trainings, ten minutes of one core
    python experiments/growing/starts.py --picture fish --iterations 100 1000

The recipe that `graphnca train` takes for a picture, on pictures that no shipped rule grows. The running average of
each rule is grown from a single cell after so many iterations, by the measure of the command's own verdict: squared
error of RGBA at step 500, where it lies, as a share of an empty substrate's; a picture is recognisable at a tenth.

Expect a rule that has learnt to live, to last and to heal with another picture to be recognisable many times sooner
than one that must learn that first.

Written to `--out`:
    figure.webp     the pictures, and what each training grows
    metrics.json    every error
    tables.json     a row a start and picture
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from torch import Tensor

from graphnca.drawing import montage, to_picture
from graphnca.evaluation.drift import error_where_it_lies
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import raster
from graphnca.evaluation.verdict import GROWN, RECOGNISABLE, RUN_SEED, RUNS
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.training import Training
from graphnca.training.recipes import GrowingRecipe
from topologies import sampled_torus

NOTHING = "nothing"
SCALE = 2  # pixels a unit


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    picture: tuple[str, ...] = ("snail", "mushroom", "fish")
    """What is to grow."""
    start: tuple[str, ...] = (NOTHING, "growing-lizard")
    """Rules to go on from; `nothing`: an untrained one."""
    iterations: tuple[int, ...] = (50, 100, 200, 300)
    """When the rules are looked at; the last number is that of a training."""
    size: int = GrowingRecipe.size
    """Pixels of a picture's longer side."""
    precision: str = "float32"
    """Type of the update network's products."""
    planned: int = 8000
    """Iterations of the training whose beginning this is, for its learning rates."""
    steps: int = GROWN
    """Of a run."""
    seed: int = 0
    """Of the trainings."""
    out: str = "out/starts"


def looked_at(training: Training, target: Tensor, steps: int) -> tuple[float, Tensor]:
    """The error of the median run of a training's rule, and the first run's state."""
    world = training.worlds.worlds[0]
    rule = training.averaged_rule().eval()
    states = grow(rule, world.topology, RUNS, (steps,), RUN_SEED, start=world.start())[steps]
    errors, _ = error_where_it_lies(states, world.topology, target)
    return median((errors / target.square().mean()).tolist()), states[0]


def begun(picture: str, start: str, config: Config) -> tuple[dict[str, Any], list[Tensor]]:
    """The first iterations of a training: its errors and repairs, and what it grew each time it was looked at."""
    recipe = GrowingRecipe(
        target=picture,
        size=config.size,
        padding=GrowingRecipe.usual_padding(config.size),
        start="" if start == NOTHING else start,
        iterations=config.planned,
        precision=config.precision,
        seed=config.seed,
        snapshot_every=0,
        out=str(Path(config.out) / f"{picture}-{start}"),
    )
    training = recipe.shortened().training(sampled_torus)
    errors, images = {}, []
    view = raster(training.worlds.worlds[0].topology, *recipe.image.shape[-2:])
    for moment in sorted(config.iterations):
        while training.iteration < moment:
            training.step()
        errors[str(moment)], state = looked_at(training, recipe.image, config.steps)
        images.append(to_picture(view(state[:, :4]), scale=SCALE))
    return {"picture": picture, "start": start, "errors": errors, "replaced": dict(training.repairs)}, images


def main(config: Config, result: Result) -> None:
    """Trains, measures and draws."""
    found, tiles, captions = [], [], []
    for picture in config.picture:
        for start in result.progress(config.start, picture):
            one, images = begun(picture, start, config)
            found.append(one)
            tiles += images
            captions += [f"{picture}, {start}: {moment}" for moment in one["errors"]]
            result.record({"trainings": found})
    result.figure(montage(tiles, captions=captions, columns=len(config.iterations), pad=6))


def tables(metrics: Any) -> dict[str, Table]:
    """A row a start and picture; and the medians over the pictures."""
    moments = [str(moment) for moment in sorted(metrics["config"]["iterations"])]
    trainings = metrics["trainings"]
    header = [f"after {moment} iterations" for moment in moments]
    rows = [
        [one["picture"], one["start"], *(f"{one['errors'][moment]:,.1%}" for moment in moments)] for one in trainings
    ]
    middle = []
    for start in dict.fromkeys(one["start"] for one in trainings):
        columns = [[one["errors"][moment] for one in trainings if one["start"] == start] for moment in moments]
        middle.append([start, *(f"{median(column):,.1%}" for column in columns)])
    caption = (
        f"Errors at step {metrics['config']['steps']} in shares of an empty substrate's, median of {RUNS} runs; a "
        f"picture is recognisable at {RECOGNISABLE:.0%}."
    )
    return {
        "pictures": Table(["picture", "begun with", *header], rows, caption),
        "starts": Table(["begun with", *header], middle, f"Medians of {len(rows) // len(middle)} pictures. {caption}"),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
