"""A training with its pool as a film: the batch before and after each rollout, damage and all (Growing NCA).

    python experiments/growing/pool_film.py                        # a regenerating lizard
    python experiments/growing/pool_film.py --regime persistent

In the article's second experiment the pool fills with ever better lizards, in its third the worst of a batch is
replaced by the seed and the three best lose a disk, and grow it again. Every training of this library keeps small
pictures of that and makes `pool.webp` of them in its folder (`graphnca.training.PoolFilm`); here is one, of a small
lizard. Upper row: the batch as it starts, the seed in front, the damaged ones last. Lower row: what the rollout has
made of each. Expect blots at first, then lizards that are mended within 64 to 95 steps, better and better.

The training takes some minutes, once; one that was stopped goes on.

Written to `--out`:
    figure.webp     some pictures of the film, below each other
    animation.webp  the film
    metrics.json    the loss over the training, means of equal parts
    tables.json     the same
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from graphnca.drawing import montage
from graphnca.results.figures import spread
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.results.training import trained
from graphnca.training import PoolFilm, load_checkpoint
from graphnca.training.recipes import GrowingRecipe
from topologies import sampled_torus

SHOWN = 8  # pictures in the figure
PARTS = 8  # of the training, whose losses are averaged


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    target: str = "lizard"
    """Name of an emoji or path of a picture."""
    regime: str = "regenerating"
    """naive, persistent or regenerating."""
    iterations: int = 1600
    """Of the training."""
    size: int = 24
    """Pixels of the target; the article has 40."""
    padding: int = 8
    """Empty pixels around it."""
    seed: int = 0
    """Of the training."""
    out: str = "out/pool_film"


def main(config: Config, result: Result) -> None:
    """Trains, and shows the film."""
    recipe = GrowingRecipe(
        target=config.target,
        regime=config.regime,
        iterations=config.iterations,
        milestones=(max(1, 3 * config.iterations // 4),),
        size=config.size,
        padding=config.padding,
        snapshot_every=0,
        seed=config.seed,
        out=str(Path(config.out) / "run"),
    )
    folder = trained(recipe, sampled_torus)
    history = load_checkpoint(folder / "checkpoint.pt")["history"]
    parts = [part for part in history.tensor_split(PARTS) if len(part)]
    ends = torch.tensor([len(part) for part in parts]).cumsum(0).tolist()
    # nan where all samples of a batch were lost
    losses = [float(part.nanmean().nan_to_num()) for part in parts]
    result.record({"losses": dict(zip(map(str, ends), losses, strict=True))})
    frames = PoolFilm(folder, config.iterations).frames()
    result.figure(montage(spread(frames, SHOWN), columns=2, pad=6))
    result.animation(frames, fps=6)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The mean loss of each part of the training."""
    rows = [[f"{int(iteration):,}", f"{loss:.4f}"] for iteration, loss in metrics["losses"].items()]
    return {"losses": Table(["up to iteration", "mean squared error of the batch"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
