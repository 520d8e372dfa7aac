"""One training iteration of each published rule on a square torus, against the dense programs."""

from collections.abc import Callable

import torch
from torch import Tensor

from graphnca import rollout, trajectory
from graphnca.evaluation.dense_program import (
    DenseNCA,
    Padding,
    as_images,
    dense_rollout,
    dense_trajectory,
    measured_step,
)
from graphnca.evaluation.timing import Program
from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss, RotationInvariantLoss
from graphnca.models import texture_nca
from graphnca.rasterizers import NearestCell
from graphnca.results.section import Claim, Section, at_least, at_most, short
from topologies import square_grid

from .comparison import Comparison, Outcome, compare
from .config import Config
from .patterns import STILL, growing_pattern, isonca_pattern, target_for

DENSE, COMPILED = "dense conv2d", "dense conv2d, compiled"
DENSE_HALF, COMPILED_HALF = "dense conv2d, bfloat16", "dense conv2d, compiled, bfloat16"
GRAPH, GRAPH_HALF = "graphnca", "graphnca, bfloat16"


def isonca_comparison(config: Config, side: int | None = None, batch: int | None = None) -> Comparison:
    """IsoNCA with its published loss terms; on a larger torus, the loss sees the middle as large as the target."""
    side, batch = side or config.side, batch or config.batch
    topology = square_grid(side, side).to(config.device)
    pattern = isonca_pattern(topology, config, batch)
    rule, states = pattern.rule, pattern.states
    target = target_for(config)
    loss = RotationInvariantLoss(target).to(config.device)
    raster = NearestCell(topology).to(config.device)
    edge = (side - target.shape[-1]) // 2
    middle = slice(edge, edge + target.shape[-1])
    dense, images = DenseNCA(rule), as_images(states, side, side)

    def finish(first: Tensor, last: Tensor, overflow: Tensor, change: Tensor) -> None:
        ends = torch.stack([first, last])[..., middle, middle]
        (loss(ends).mean() + overflow.sum() + 10 * change.mean()).backward()

    def by_convolution(step: Callable = measured_step, half: bool = False) -> None:
        dense.zero_grad()
        with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
            result = dense_trajectory(dense, images, config.steps, step)
        finish(*result)

    def on_graph(precision: torch.dtype | None = None) -> None:
        rule.zero_grad()
        grown = trajectory(rule, states, topology, config.steps, record=(1,), precision=precision)
        finish(raster(grown.states[1]), raster(grown.final), grown.overflow, grown.change)

    programs = _programs(by_convolution, on_graph, measured_step, config, half=True)
    work = f"IsoNCA, {side}x{side} torus, batch {batch}, {config.steps} steps forward and backward; {pattern.words}."
    return Comparison("IsoNCA, one training iteration", work, programs, compiled=(COMPILED, COMPILED_HALF))


def growing_comparison(config: Config) -> Comparison:
    """Growing NCA: Sobel pair, 48-128-16, life mask before and after the step, squared error of the last state."""
    side = config.side
    topology = square_grid(side, side).to(config.device)
    pattern = growing_pattern(topology, config)
    loss = PixelLoss(target_for(config)[:4])
    raster = NearestCell(topology).to(config.device)

    programs = _plain_comparison(
        pattern.rule,
        pattern.states,
        (side, side),
        lambda states, precision: rollout(pattern.rule, states, topology, config.steps, precision=precision),
        lambda images: loss(images[:, :4]).mean(),
        raster,
        "zero",
        config.steps,
        config,
    )
    work = (
        f"Growing NCA, {side}x{side} torus, batch {config.batch}, {config.steps} steps forward and backward; "
        f"{pattern.words}. The dense program pads with zeros, as published, which is faster than to wrap round."
    )
    return Comparison("Growing NCA, one training iteration", work, programs, compiled=(COMPILED,))


def texture_comparison(config: Config) -> Comparison:
    """A texture rule: every cell lives, a fixed half of the work is saved by firing alone."""
    side, batch = config.texture_side, config.texture_batch
    topology = square_grid(side, side).to(config.device)
    torch.manual_seed(0)
    rule = texture_nca().to(config.device)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=STILL)
    states = 0.2 * torch.rand(batch, side * side, rule.num_channels, device=config.device) - 0.1

    programs = _plain_comparison(
        rule,
        states,
        (side, side),
        lambda states, precision: rollout(rule, states, topology, config.texture_steps, precision=precision),
        lambda images: images.square().mean(),
        NearestCell(topology).to(config.device),
        "circular",
        config.texture_steps,
        config,
        half=True,
    )
    work = (
        f"Texture rule (48-96-12), {side}x{side} torus, batch {batch}, {config.texture_steps} steps forward and "
        "backward from noise; every cell lives, half of them fire. The loss is the last state's mean square."
    )
    return Comparison("Texture rule, one training iteration", work, programs, compiled=(COMPILED, COMPILED_HALF))


def _plain_comparison(
    rule: NCAConv,
    states: Tensor,
    size: tuple[int, int],
    run: Callable[[Tensor, torch.dtype | None], Tensor],
    loss: Callable[[Tensor], Tensor],
    raster: NearestCell,
    padding: Padding,
    steps: int,
    config: Config,
    half: bool = False,
) -> dict[str, Program]:
    """The programs of a rule whose loss sees the last state alone."""
    dense, images = DenseNCA(rule, padding), as_images(states, *size)

    def by_convolution(step: Callable = DenseNCA.forward, half: bool = False) -> None:
        dense.zero_grad()
        with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
            final = dense_rollout(dense, images, steps, step)
        loss(final).backward()

    def on_graph(precision: torch.dtype | None = None) -> None:
        rule.zero_grad()
        loss(raster(run(states, precision))).backward()

    return _programs(by_convolution, on_graph, DenseNCA.forward, config, half)


def _programs(
    by_convolution: Callable, on_graph: Callable, step: Callable, config: Config, half: bool = False
) -> dict[str, Program]:
    """The dense program as it is and compiled, and the graph; each on request also with products in bfloat16."""
    programs: dict[str, Program] = {DENSE: by_convolution}
    compiled = torch.compile(step) if config.compile else step
    if config.compile:
        programs[COMPILED] = lambda: by_convolution(compiled)
    if half:
        programs[DENSE_HALF] = lambda: by_convolution(step, True)
    if half and config.compile:
        programs[COMPILED_HALF] = lambda: by_convolution(compiled, True)
    programs[GRAPH] = on_graph
    if half:
        programs[GRAPH_HALF] = lambda: on_graph(torch.bfloat16)
    return programs


def isonca(config: Config) -> Section:
    """IsoNCA's iteration, and what was promised of it."""
    outcome = compare("isonca", isonca_comparison(config), config)
    claims = [at_least("IsoNCA training iteration, against dense `conv2d`", 15, outcome.faster(GRAPH), "x faster")]
    if config.memory:
        claims.append(at_most("the same, memory", 0.125, outcome.leaner(GRAPH), " of the dense"))
    claims += _promised(outcome, "IsoNCA", ((GRAPH_HALF, DENSE, 35), (GRAPH_HALF, COMPILED_HALF, 11)))
    if config.device != "cpu" and COMPILED in outcome.times:
        claims = [at_least("on this GPU, against compiled `conv2d`", 1, outcome.faster(GRAPH, COMPILED), "x faster")]
    return against_dense(outcome, claims)


def growing(config: Config) -> Section:
    """Growing NCA's iteration."""
    outcome = compare("growing", growing_comparison(config), config)
    goal = at_least("Growing NCA training iteration, against dense `conv2d`", 10, outcome.faster(GRAPH), "x faster")
    return against_dense(outcome, [goal])


def texture(config: Config) -> Section:
    """The texture rule's iteration."""
    outcome = compare("texture", texture_comparison(config), config)
    goal = at_least("texture training iteration, all cells alive, against dense", 2, outcome.faster(GRAPH), "x faster")
    pairs = ((GRAPH, COMPILED, 6), (GRAPH_HALF, COMPILED_HALF, 4))
    return against_dense(outcome, [goal, *_promised(outcome, "texture", pairs)])


def _promised(outcome: Outcome, kind: str, pairs: tuple[tuple[str, str, float], ...]) -> list[Claim]:
    """What is promised of one program beside another, where both ran."""
    return [
        at_least(f"{kind} iteration, `{name}` against `{base}`", goal, outcome.faster(name, base), "x faster")
        for name, base, goal in pairs
        if base in outcome.times
    ]


def wide_comparison(config: Config) -> Comparison:
    """One lizard on a large torus: for the GPU, where the dense program's memory is at hand."""
    return isonca_comparison(config, side=config.wide_side, batch=1)


def wide(config: Config) -> Section:
    """The iteration on the large torus."""
    outcome = compare("wide", wide_comparison(config), config)
    base = COMPILED if COMPILED in outcome.times else DENSE
    measure = f"{config.wide_side}x{config.wide_side} with a grown pattern, against compiled `conv2d`"
    return against_dense(outcome, [at_least(measure, 3, outcome.faster(GRAPH, base), "x faster")])


def against_dense(outcome: Outcome, claims: list[Claim]) -> Section:
    """The table of a comparison: seconds, and memory where it was measured."""
    header = ["program", "seconds", "faster"] + (["MB", "memory"] if outcome.megabytes else [])
    rows = []
    for name, seconds in outcome.times.items():
        row = [name, short(seconds), f"{short(outcome.faster(name))}x"]
        if outcome.megabytes:
            row += [f"{outcome.megabytes[name]:,.0f}", f"{outcome.leaner(name):.3f}"]
        rows.append(row)
    return Section(outcome.comparison.title, outcome.setting, header, rows, outcome.numbers, claims)
