"""What the statistics of a texture loss add to the time of its features and of the rollout."""

import tempfile
from collections.abc import Callable
from time import perf_counter, process_time
from typing import get_args

import torch
from torch import Tensor, nn

from graphnca import trajectory
from graphnca.evaluation.timing import Program, in_turns, medians
from graphnca.features import VGG16, FilterBank
from graphnca.features.vgg import Statistic
from graphnca.losses import OverflowLoss, TextureLoss
from graphnca.models import texture_nca
from graphnca.rasterizers import NearestCell
from graphnca.results.section import Claim, Section, at_most, short
from graphnca.training import MultiStep, PoolPolicy, Training, TrainingConfig, World, last_state_in_bounds
from topologies import square_grid

from .config import Config
from .patterns import STILL

BOUND = 1.0  # of the published overflow term
SMALLEST = 16  # pixels that the deepest layer of VGG-16 needs
RATE = 1e-3  # of the published schedule; too few iterations are timed for it to matter


def iteration_of(
    side: int, statistic: Statistic, features: nn.Module, config: Config, folder: str
) -> tuple[Training, TextureLoss]:
    """A texture rule in training as published, but for its size, and the loss it minimises."""
    topology = square_grid(side, side).to(config.device)
    torch.manual_seed(0)
    rule = texture_nca().to(config.device)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=STILL)
    template = torch.rand(3, side, side, device=config.device)
    loss = TextureLoss(features, template, statistic, rasterizer=NearestCell(topology)).to(config.device)
    numbers = TrainingConfig(
        batch_size=config.texture_batch,
        steps=(config.texture_steps, config.texture_steps + 1),
        schedule=MultiStep(RATE, (), 1.0),
        pool=PoolPolicy(size=2 * config.texture_batch, seed_always_until=0, seed_every=8, damage_every=0),
    )
    seed = torch.zeros(side * side, rule.num_channels, device=config.device)
    world = World(topology, seed, last_state_in_bounds(loss, OverflowLoss(BOUND, power=1)), loss)
    training = Training(rule, world, numbers, folder)
    pool = training.worlds.pools[0]
    pool.states.copy_(0.2 * torch.rand(pool.states.shape, generator=torch.Generator().manual_seed(0)) - 0.1)
    return training, loss


def programs_of(training: Training, loss: TextureLoss, side: int) -> dict[str, Program]:
    """The whole iteration; its rollout alone; its features alone. The last two with their gradients."""
    config, world = training.config, training.worlds.worlds[0]
    states = training.worlds.pools[0].states[: config.batch_size].clone()
    images = torch.rand(config.batch_size, 3, side, side, device=states.device)
    with torch.no_grad():  # a gradient for each map, lying in memory as the map does
        gradients = [torch.randn_like(maps) for maps in loss.features(images)]
    raster: Callable[[Tensor], Tensor] = loss.rasterizer  # type: ignore[assignment]

    def rollout_alone() -> None:
        training.optimizer.zero_grad(set_to_none=True)
        grown = trajectory(training.rule, states, world.topology, config.steps[0], record=(1,))
        raster(grown.final[..., :3]).sum().backward()

    def features_alone() -> None:
        torch.autograd.backward(loss.features(images.clone().requires_grad_()), gradients)

    return {"iteration": training.step, "rollout": rollout_alone, "features": features_alone}


def texture_loss(config: Config) -> Section:
    """Seconds of a texture training's iteration beside those of its features and its rollout, each measured alone."""
    modules: dict[str, nn.Module] = {"VGG-16": VGG16.untrained(), "filter bank": FilterBank()}
    sides = sorted({max(SMALLEST, config.texture_side // 2), config.texture_side})
    on_cpu = config.device == "cpu"
    header = ["features", "statistic", "torus", "features, s", "rollout, s", "iteration, s", "iteration / both"]
    rows: list[list[str]] = []
    numbers: dict[str, dict[str, list[float]]] = {}
    worst = dict.fromkeys(modules, 0.0)
    for name, features in modules.items():
        for statistic in get_args(Statistic):
            for side in sides:
                with tempfile.TemporaryDirectory() as folder:
                    training, loss = iteration_of(side, statistic, features.to(config.device), config, folder)
                    label = f"{name}, {statistic}, {side}x{side}"
                    runs, _ = in_turns(
                        programs_of(training, loss, side),
                        config.repeats,
                        device=config.device,
                        title=label,
                        clock=process_time if on_cpu else perf_counter,
                    )
                taken = medians(runs)
                ratio = taken["iteration"] / (taken["features"] + taken["rollout"])
                worst[name] = max(worst[name], ratio)
                numbers[label] = runs
                seconds = [short(taken[part]) for part in ("features", "rollout", "iteration")]
                rows.append([name, statistic, f"{side}x{side}", *seconds, f"{ratio:.2f}"])
    setting = (
        f"`Training.step` with `TextureLoss`, batch {config.texture_batch}, {config.texture_steps} steps, template as "
        "large as the torus; VGG-16 with random weights, whose values do not change the time. Features and rollout "
        f"each alone, with its gradient.{' Processor seconds, of all threads together.' if on_cpu else ''}"
    )
    claims: list[Claim] = [
        at_most("texture training iteration, against VGG-16's features and the rollout", 1.2, worst["VGG-16"], "x")
    ]
    return Section("Parts of a texture training's iteration", setting, header, rows, {"runs": numbers}, claims)
