"""How long an iteration will take once the pattern has grown, measured before the first."""

from time import perf_counter

import torch

from ..engine.rollout import trajectory
from ..layers.life import ALPHA
from .loop import Training

PROBES = 2  # iterations that are timed, after one that warms up
SURPLUS = 1.5  # cells alive, in times of the picture's own: patterns overgrow while they are learnt


def seconds_of_iteration(training: Training, area: float) -> float:
    """Seconds of an iteration, in which nothing is learnt and no random number of the training's is drawn.

    Args:
        training: Before its first iteration.
        area: Square units of what it is to grow.
    """
    config, world = training.config, training.worlds.worlds[0]
    pos = world.topology["pos"]
    away = (pos - pos[world.start()[:, ALPHA].argmax()]).norm(dim=1)
    cells = min(len(pos), max(1, round(SURPLUS * area / float(world.topology["area"].mean()))))
    states = world.start().detach().clone()
    states[away.argsort()[:cells], ALPHA] = 1.0
    batch = states.expand(training.share.count, -1, -1)
    generator = torch.Generator().manual_seed(0)
    durations = []
    for _ in range(1 + PROBES):
        started = perf_counter()
        result = trajectory(
            training.rule,
            batch,
            world.topology,
            sum(config.steps) // 2,
            record=world.record,
            generator=generator,
            precision=getattr(torch, config.precision),
        )
        world.objective(result).share(config.batch_size).backward()
        training.optimizer.zero_grad(set_to_none=True)
        durations.append(perf_counter() - started)
    return min(durations[1:])
