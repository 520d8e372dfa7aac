"""What every training script does around its loop: pictures on the way, and at the end the rule with its card."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from protocol.machine import machine
from protocol.report import command
from torch import Tensor

from graphnca import load_rule, save_rule
from graphnca.drawing import draw_curves, montage, save_image
from graphnca.layers import NCAConv
from graphnca.models import isonca
from graphnca.rasterizers import NearestCell
from graphnca.rules import describe_rule
from graphnca.training import Training, World
from graphnca.training.loop import describe


def starting_rule(start: str) -> tuple[NCAConv, dict[str, Any] | None]:
    """A rule to go on from with its card, or for an empty name an untrained one."""
    return (load_rule(start), describe_rule(start)["card"]) if start else (isonca(), None)


def pictures(title: str, offset: float | None = None) -> Callable[[Path, World, Tensor, list[float]], None]:
    """Draws the states last committed, one picture for each kind of world, and the curve of the loss.

    The first four channels are shown as premultiplied RGBA; with an offset, the first three plus that number as RGB.
    """

    def draw(folder: Path, world: World, states: Tensor, history: list[float]) -> None:
        raster = NearestCell(world.topology)
        tiles = list(raster(states[..., :4]) if offset is None else raster(states[..., :3]) + offset)
        name = "-".join(["pool", *world.name.split()[:1]])
        save_image(folder / f"{name}.png", montage(tiles, columns=4, pad=4), scale=3)
        save_image(folder / "loss.png", draw_curves({"loss": history}, smooth=50, x_label="iteration", title=title))

    return draw


def run(training: Training, card: dict[str, Any]) -> Path:
    """Trains or resumes; returns the path of the rule, which the first process writes with what is known of the run."""
    training.run()
    path = training.folder / "rule.safetensors"
    if training.processes.is_first:
        save_rule(
            training.averaged_rule(),
            path,
            {
                "trained by": command(),
                "configuration": describe(training.config),
                "iterations": training.iteration,
                "hours": round(training.seconds / 3600, 2),
                "machine": machine(),
                "processes": training.processes.size,
                "samples replaced by the guard": training.repairs,
                **card,
            },
            genomes=training.averaged_genomes(),
        )
        print(f"The rule is at {path}.")
    return path


def set_up(threads: int, seed: int) -> None:
    """Threads of this process (0: as they are) and PyTorch's own seed, by which an untrained rule is drawn."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
