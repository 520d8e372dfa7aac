"""Self-Organising Textures: a sheet covered with a texture, from nothing (Niklasson et al. 2021, revision of 2022)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch_geometric.data import Data

from ...damage import random_disks, scramble
from ...losses import OverflowLoss, TextureLoss
from ..config import TrainingConfig
from ..guard import EXPLODED
from ..objectives import last_state_in_bounds
from ..pool_policy import PoolPolicy
from ..schedules import MultiStep
from ..worlds import World

RGB_OFFSET = 0.5  # rgb = state + 0.5, as published
STEPS = (32, 96)  # of a rollout, as published
RATE = 1e-3  # Adam's, as published
MILESTONES = (1000, 2000)  # iterations from which on it is 0.3 of what it was, as published
FACTOR = 0.3
POOL = 256  # states in training at a time, on all sheets together, as published
SEED_EVERY = 8  # iterations between two seeds in the batch, as published
EXPLOSION = 50.0  # |x| of a lost sample where there is noise: short of it, a rule learns from states that run away
BOUND = 1.0  # states beyond it overflow, as published


def texture_config(
    iterations: int,
    *,
    milestones: Sequence[int] = MILESTONES,
    rate: float = RATE,
    batch_size: int = 4,
    pool: int = POOL,
    steps: tuple[int, int] = STEPS,
    noise_every: int = 0,
    num_sheets: int = 1,
    seed: int = 0,
    snapshot_every: int = 0,
    checkpoint_seconds: float = 240.0,
) -> TrainingConfig:
    """The published numbers.

    Args:
        iterations: How many.
        milestones: From which on the rate is 0.3 of what it was.
        rate: Adam's.
        batch_size: Samples of an iteration.
        pool: States kept, of all substrates together.
        steps: Of a rollout, the upper bound not included.
        noise_every: Iterations between two in which a sample has a disk of noise; 0, as published: never. A rule that
            has not seen noise may explode from it.
        num_sheets: Among how many substrates the pool is divided.
        seed: Of all random numbers.
        snapshot_every: Iterations between two averaged rules that are kept; 0: none.
        checkpoint_seconds: Between two checkpoints.

    Raises:
        ValueError: If a number is out of range.
    """
    return TrainingConfig(
        iterations=iterations,
        batch_size=batch_size,
        steps=steps,
        schedule=MultiStep(rate, tuple(milestones), FACTOR),
        pool=PoolPolicy(
            size=max(batch_size, pool // num_sheets),
            seed_always_until=0,
            seed_every=SEED_EVERY,
            damage_every=noise_every,
        ),
        explosion=EXPLOSION if noise_every else EXPLODED,
        seed=seed,
        snapshot_every=snapshot_every,
        checkpoint_seconds=checkpoint_seconds,
    )


def texture_world(topology: Data, loss: TextureLoss, num_channels: int = 12, name: str = "") -> World:
    """Cells that are all alike, and are to look like the template while their states stay within +-1.

    Samples that the pool policy damages have a random disk filled with noise within +-1.

    Args:
        topology: The substrate, on the device of the training.
        loss: Of states; its rasterizer shows the substrate.
        num_channels: State channels.
        name: For pictures and messages.
    """
    seed = torch.zeros(len(topology["pos"]), num_channels, device=topology["pos"].device)

    def damage(states: Tensor, generator: torch.Generator) -> Tensor:
        disks = random_disks(topology, len(states), generator=generator)
        return scramble(states, disks, BOUND, generator=generator)

    objective = last_state_in_bounds(loss, OverflowLoss(BOUND, power=1))
    return World(topology, seed, objective, loss, name, damage=damage)
