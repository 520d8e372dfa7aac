"""What a step costs as the substrate grows, and as the pattern does: graph and dense program on log-log paper."""

from collections.abc import Callable

import torch

from graphnca import rollout
from graphnca.drawing import draw_curves
from graphnca.evaluation.dense_program import DenseNCA, as_images, dense_rollout
from graphnca.evaluation.timing import in_turns, medians
from graphnca.results.section import Section, short
from topologies import square_grid

from .config import Config
from .iteration import GRAPH
from .patterns import isonca_pattern

CONVOLUTION = "conv2d"
RUN, TRAINED = "", ", gradient"
LINES = [program + kind for kind in (TRAINED, RUN) for program in (CONVOLUTION, GRAPH)]
DENSE_LIMIT = 4_000_000  # cells times steps of a dense gradient: about 6 GB


def scaling(config: Config) -> Section:
    """Milliseconds a step of both programs, on two series of substrates."""
    sides = [int(side) for side in config.scaling_sides.split(",")]
    tile = isonca_pattern(square_grid(config.side, config.side).to(config.device), config, 1)
    images = as_images(tile.states, config.side, config.side)
    alive = tile.alive * config.side**2
    programs: dict[str, Callable[[], None]] = {}
    points: dict[str, tuple[float, float]] = {}  # cells and living cells

    def add(series: str, image: torch.Tensor, patterns: int) -> None:
        cells = image.shape[-1] * image.shape[-2]
        topology = square_grid(*image.shape[-2:]).to(config.device)
        for name, program in _programs(tile.rule, topology, image, config.scaling_steps).items():
            if name == CONVOLUTION + TRAINED and cells * config.scaling_steps > DENSE_LIMIT:
                continue
            key = f"{series}/{name}/{cells}/{patterns}"
            programs[key], points[key] = program, (cells, patterns * alive)

    for side in sides:
        image = images.new_zeros(1, images.shape[1], side, side).contiguous(memory_format=torch.channels_last)
        image[..., : config.side, : config.side] = images[..., :side, :side]
        add("cells", image, 1)
    whole = config.scaling_patterns * config.side
    for number in range(1, config.scaling_patterns + 1):
        image = images.new_zeros(1, images.shape[1], whole, whole).contiguous(memory_format=torch.channels_last)
        image[..., : number * config.side, : number * config.side] = images.repeat(1, 1, number, number)
        add("living", image, number**2)

    seconds, _ = in_turns(programs, min(3, config.repeats), device=config.device, title="scaling")
    step = {key: value / config.scaling_steps * 1e3 for key, value in medians(seconds).items()}
    header = ["series", "cells", "alive", *LINES]
    rows = []
    for series, cells, patterns in dict.fromkeys(tuple(key.split("/")[i] for i in (0, 2, 3)) for key in step):
        found = [f"{series}/{name}/{cells}/{patterns}" for name in LINES]
        label = "one pattern, larger tori" if series == "cells" else "one torus, more patterns"
        living = f"{points[found[-1]][1]:,.0f}"
        rows.append([label, f"{int(cells):,}", living, *(short(step[key]) if key in step else "" for key in found)])
    setting = (
        f"Milliseconds a step in rollouts of {config.scaling_steps} steps, batch 1, on square tori; lizards of "
        f"`{config.rule}` side by side. Gradient: forward and backward, the loss is the last state's mean square; left "
        "out where the dense program would need more than 6 GB."
    )
    plots = [_plot(series, step, points) for series in ("cells", "living")]
    return Section("Cost against cells and living cells", setting, header, rows, {"ms": step}, [], plots)


def _programs(rule: torch.nn.Module, topology, image: torch.Tensor, steps: int) -> dict[str, Callable[[], None]]:
    dense = DenseNCA(rule)  # type: ignore[arg-type]
    states = image.permute(0, 2, 3, 1).flatten(1, 2).contiguous()

    def program(run: Callable[[], torch.Tensor], gradient: bool) -> Callable[[], None]:
        def timed() -> None:
            dense.zero_grad()
            rule.zero_grad()
            with torch.set_grad_enabled(gradient):
                final = run()
            if gradient:
                final.square().mean().backward()

        return timed

    runs = {
        CONVOLUTION: lambda: dense_rollout(dense, image, steps),
        GRAPH: lambda: rollout(rule, states, topology, steps),  # type: ignore[arg-type]
    }
    kinds = {RUN: False, TRAINED: True}
    return {name + kind: program(run, kinds[kind]) for name, run in runs.items() for kind in kinds}


def _plot(series: str, step: dict[str, float], points: dict[str, tuple[float, float]]):
    axis = ("cells", "living").index(series)
    lines = {}
    for name in LINES:
        keys = [key for key in step if key.startswith(f"{series}/{name}/")]
        lines[name] = ([points[key][axis] for key in keys], [step[key] for key in keys])
    return draw_curves(
        lines,
        size=(640, 380),
        log_x=True,
        log_y=True,
        dots=True,
        x_label="cells of the torus, one pattern" if series == "cells" else "living cells, one torus",
        y_label="ms a step",
    )
