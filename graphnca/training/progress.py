"""What a training leaves to be looked at: pictures on the way, at the end the rule and what is known of the run."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..arguments import checked
from ..drawing import draw_curves, montage, save_image
from ..rasterizers import NearestCell
from ..rules import save_rule
from .config import describe
from .hardware import machine
from .loop import Training
from .worlds import World

RULE = "rule.safetensors"  # in the folder of a training
SHOWN = 8  # states of the pool, at the end


@checked
def pool_pictures(title: str, offset: float | None = None) -> Callable[[Path, World, Tensor, list[float]], None]:
    """Draws the states last committed, one picture for each kind of world, and the curve of the loss.

    The first four channels are shown as premultiplied RGBA; with an offset, the first three plus that number as RGB.
    """

    def draw(folder: Path, world: World, states: Tensor, history: list[float]) -> None:
        raster = NearestCell(world.topology)
        tiles = list(raster(states[..., :4]) if offset is None else raster(states[..., :3]) + offset)
        name = "-".join(["pool", *Path(world.name).stem.split()[:1]])
        save_image(folder / f"{name}.png", montage(tiles, columns=4, pad=4), scale=3)
        if any(map(math.isfinite, history)):
            save_image(folder / "loss.png", draw_curves({"loss": history}, smooth=50, x_label="iteration", title=title))

    return draw


@checked
def run_and_save(training: Training, command: str, card: Mapping[str, Any]) -> Path:
    """Trains or resumes; returns the path of the rule, which the first process writes with what is known of the run.

    Args:
        training: What is to be trained.
        command: The command line, for the card.
        card: What else is known.

    Raises:
        KeyboardInterrupt: With what the same command will do.
    """
    try:
        training.run()
    except KeyboardInterrupt:
        kept = "goes on from its last checkpoint" if training.checkpoint_path.exists() else "starts anew"
        raise KeyboardInterrupt(f"Stopped at iteration {training.iteration:,}; the same command {kept}.") from None
    path = training.folder / RULE
    if training.processes.is_first:
        if training.draw is not None:
            states = training.worlds.pools[0].states[:SHOWN]
            training.draw(training.folder, training.worlds.worlds[0], states, training.history)
        known = {
            "trained by": command,
            "configuration": describe(training.config),
            "iterations": training.iteration,
            "hours": round(training.seconds / 3600, 2),
            "machine": machine(),
            "processes": training.processes.size,
            "samples replaced by the guard": training.repairs,
        }
        save_rule(training.averaged_rule(), path, {**known, **card}, genomes=training.averaged_genomes())
    return path
