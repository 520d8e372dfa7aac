"""What a training leaves to be looked at: pictures on the way, the rule of the moment, and what is known of the run."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from ..arguments import checked
from ..drawing import SurfaceCanvas, draw_curves, montage, save_image, to_picture
from ..layers import NCAConv
from ..rasterizers import NearestCell
from ..rules import describe_rule, save_rule
from .config import describe
from .hardware import machine
from .loop import Training
from .narration import duration
from .stop_signals import StoppedError
from .worlds import World

RULE = "rule.safetensors"  # in the folder of a training
SHOWN = 8  # states of the pool, at the end
SCALE = 3  # pixels a unit
RECOGNISED = "recognised"  # in the card: from when on the picture is
UNFINISHED = "unfinished"  # in the card of a rule whose training has not ended: where it stands


@checked
def pool_pictures(
    title: str, offset: float | None = None, target: Tensor | None = None
) -> Callable[[Path, World, Tensor, list[float]], None]:
    """Draws the states last committed, one picture for each kind of world, and the curve of the loss.

    The first four channels are shown as premultiplied RGBA; with an offset, the first three plus that number as RGB. A
    target `(C, H, W)` stands beside them.
    """

    def draw(folder: Path, world: World, states: Tensor, history: list[float]) -> None:
        if "frame" in world.topology:
            canvas = SurfaceCanvas(world.topology, round(SCALE * float(world.topology["area"].sum()) ** 0.5))
            pool = montage([canvas.draw(state, offset=offset) for state in states.cpu()], columns=4, pad=4)
        else:
            raster = NearestCell(world.topology)
            tiles = list(raster(states[..., :4]) if offset is None else raster(states[..., :3]) + offset)
            pool = to_picture(montage(tiles, columns=4, pad=4), scale=SCALE)
        if target is not None:
            beside = [to_picture(target, scale=SCALE), pool]
            pool = montage(beside, captions=["the target", f"what grows at iteration {len(history):,}"])
        name = "-".join(["pool", *Path(world.name).stem.split()[:1]])
        save_image(folder / f"{name}.png", pool)
        if any(map(math.isfinite, history)):
            save_image(folder / "loss.png", draw_curves({"loss": history}, smooth=50, x_label="iteration", title=title))

    return draw


@runtime_checkable
class Judge(Protocol):
    """Looks at the rules of a training, each with its card."""

    def recognises(self, rule: NCAConv, card: Mapping[str, Any]) -> bool:
        """Whether what the rule of the moment grows can be recognised; asked after every checkpoint until it is so."""
        ...

    def verdict(self, rule: NCAConv, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is to be in the card of the last rule."""
        ...


@checked
def run_and_save(training: Training, command: str, card: Mapping[str, Any], judge: Judge | None = None) -> Path:
    """Trains or resumes; returns the path of the rule, which the first process writes with what is known of the run.

    The rule of the moment is there from the first checkpoint on; its card then says where the training stands, and at
    which checkpoint one first recognised what it is to grow.

    Args:
        training: What is to be trained.
        command: The command line, for the card.
        card: What else is known.
        judge: Asked by the first process; what it says goes into the card.

    Raises:
        KeyboardInterrupt: With what the same command will do.
    """
    path = training.folder / RULE
    seen: dict[str, Any] = {}
    if judge is not None and path.is_file() and training.checkpoint_path.is_file():
        before = describe_rule(path)["card"]
        seen |= {RECOGNISED: before[RECOGNISED]} if RECOGNISED in before else {}

    def keep(more: Mapping[str, Any]) -> None:
        known = {
            "trained by": command,
            "configuration": describe(training.config),
            "iterations": training.iteration,
            "hours": round(training.seconds / 3600, 2),
            "machine": machine(),
            "processes": training.processes.size,
            "samples replaced by the guard": training.repairs,
        }
        save_rule(
            training.averaged_rule(), path, {**known, **card, **seen, **more}, genomes=training.averaged_genomes()
        )

    def kept() -> None:
        if judge is not None and not seen and judge.recognises(training.averaged_rule(), card):
            time = duration(training.seconds)
            seen[RECOGNISED] = {"iteration": training.iteration, "minutes": round(training.seconds / 60, 1)}
            print(f"iteration {training.iteration:,}, after {time}: the picture can be recognised.", flush=True)
        keep({UNFINISHED: f"iteration {training.iteration:,} of {training.config.iterations:,}"})

    training.kept = kept
    try:
        training.run()
    except KeyboardInterrupt as stop:
        then = "goes on from its last checkpoint" if training.checkpoint_path.exists() else "starts anew"
        sentence = f"Stopped at iteration {training.iteration:,}; the same command {then}."
        if isinstance(stop, StoppedError):
            raise StoppedError(stop.signal, sentence) from None
        raise KeyboardInterrupt(sentence) from None
    if training.processes.is_first:
        if training.draw is not None:
            states = training.worlds.pools[0].states[:SHOWN]
            training.draw(training.folder, training.worlds.worlds[0], states, training.history)
        if training.film is not None:
            training.film.write()
        ended = {"ended early": training.ended} if training.ended else {}
        keep(ended)
        if judge is not None:
            keep({**ended, **judge.verdict(training.averaged_rule(), card)})
    return path
