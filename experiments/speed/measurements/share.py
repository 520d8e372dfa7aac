"""Where a training iteration's time goes: the rollout and its gradient, and everything else."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

import torch
from tqdm import tqdm

from graphnca import Trajectory, trajectory
from graphnca.evaluation.intervals import below, median_interval
from graphnca.losses import RotationInvariantLoss
from graphnca.rasterizers import NearestCell
from graphnca.results.section import Claim, Section, short
from graphnca.seeds import point_seed
from graphnca.training import PoolPolicy, Training, TrainingConfig, World, grown_and_still, loop
from graphnca.training.objectives import Evaluation
from topologies import square_grid

from .config import Config
from .patterns import isonca_pattern, target_for

PARTS = ("rollout", "objective: raster, loss", "its gradient", "the rollout's gradient", "pool, Adam, guard, log")
BESIDES = (PARTS[1], PARTS[2], PARTS[4])  # all that is not rollout
GOAL = 5.0  # per cent: its share of an iteration


class _Mark(torch.autograd.Function):
    """The identity, which notes when the gradient comes back to it: then the loss is done with."""

    @staticmethod
    def forward(ctx: Any, note: Callable[[], None], *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.note = note
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        ctx.note()
        return (None, *gradients)


def iteration_of(config: Config, folder: str) -> Training:
    """IsoNCA's training with a pool of lizards grown before, as it stands after some thousand iterations."""
    topology = square_grid(config.side, config.side).to(config.device)
    pattern = isonca_pattern(topology, config)
    loss = RotationInvariantLoss(target_for(config), rasterizer=NearestCell(topology)).to(config.device)
    policy = PoolPolicy(size=config.pool, seed_always_until=0, rank=True)
    steps = (config.steps, config.steps + 1)
    numbers = TrainingConfig(batch_size=config.batch, steps=steps, pool=policy)
    seed = point_seed(topology).to(config.device)
    training = Training(pattern.rule, World(topology, seed, grown_and_still(loss), loss), numbers, folder)
    pool = training.worlds.pools[0]
    pool.states.copy_(pattern.states.repeat(-(-config.pool // config.batch), 1, 1)[: config.pool])
    with torch.no_grad():  # entries are ranked by the loss they had when they were last committed
        pool.losses.copy_(loss(pool.states))
    return training


def timed_iteration(training: Training) -> dict[str, float]:
    """Seconds of each part of one iteration."""
    moments: dict[str, float] = {}

    def note(name: str) -> None:
        moments[name] = perf_counter()

    def watched(*arguments: Any, **options: Any) -> Trajectory:
        note("rollout begins")
        result = trajectory(*arguments, **options)
        note("rollout ends")
        tensors = (result.final, result.overflow, result.change, *result.states.values())
        final, overflow, change, *states = _Mark.apply(lambda: note("loss's gradient ends"), *tensors)  # type: ignore[misc]
        return Trajectory(final, dict(zip(result.states, states, strict=True)), overflow, change)

    worlds = training.worlds.worlds
    objective = worlds[0].objective

    def watched_objective(result: Trajectory) -> Evaluation:
        note("objective begins")
        value = objective(result)
        note("objective ends")
        return value

    hooks = [
        parameter.register_post_accumulate_grad_hook(lambda _: note("gradient ends"))
        for parameter in training.rule.parameters()
    ]
    watched_world = replace(worlds[0], objective=watched_objective)
    with patch.object(loop, "trajectory", watched), patch.object(training.worlds, "worlds", [watched_world]):
        began = perf_counter()
        training.step()
        whole = perf_counter() - began
    for hook in hooks:
        hook.remove()
    intervals = {
        PARTS[0]: ("rollout begins", "rollout ends"),
        PARTS[1]: ("objective begins", "objective ends"),
        PARTS[2]: ("objective ends", "loss's gradient ends"),
        PARTS[3]: ("loss's gradient ends", "gradient ends"),
    }
    parts = {name: moments[end] - moments[begin] for name, (begin, end) in intervals.items()}
    return {**parts, PARTS[4]: whole - sum(parts.values())}


def share(config: Config) -> Section:
    """Milliseconds of each part, and the share of all that is not rollout."""
    with tempfile.TemporaryDirectory() as folder:
        training = iteration_of(config, folder)
        repeats = 3 * config.repeats
        runs = [timed_iteration(training) for _ in tqdm(range(1 + repeats), desc="parts of an iteration", unit="run")]
    taken = {name: median(run[name] for run in runs[1:]) for name in PARTS}
    whole = sum(taken.values())
    rows = [[name, short(seconds * 1e3), f"{seconds / whole:.1%}"] for name, seconds in taken.items()]
    rows.append(["all", short(whole * 1e3), "100 %"])
    setting = (
        f"`Training.step`, IsoNCA, {config.side}x{config.side} torus, batch {config.batch}, {config.steps} steps, "
        f"ranked pool of {config.pool} grown lizards; medians of {repeats} iterations."
    )
    shares = [100 * sum(run[name] for name in BESIDES) / sum(run.values()) for run in runs[1:]]
    low, high = median_interval(shares)
    claims = [
        Claim(
            "rasterizer, loss, pool and logging, share of a training iteration",
            f"at most {GOAL:g} %",
            f"{short(median(shares))} % ({short(low)} to {short(high)})",
            below((low, high), GOAL) == "yes",
        ),
    ]
    return Section("Parts of an iteration", setting, ["part", "ms", "share"], rows, {"runs": runs[1:]}, claims)
