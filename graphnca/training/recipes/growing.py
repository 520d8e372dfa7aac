"""Growing NCA: a picture from a single cell, upright (Mordvintsev et al. 2020)."""

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ...losses import PixelLoss
from ...rasterizers import NearestCell
from ...seeds import point_seed
from ..config import TrainingConfig
from ..objectives import last_state
from ..pool_policy import PoolPolicy
from ..rollout_damage import RolloutDamage
from ..schedules import MultiStep
from ..worlds import World

REGIMES = {
    "naive": PoolPolicy(size=8, fresh=True),
    "persistent": PoolPolicy(size=1024, seed_always_until=0, seed_every=1, damage_every=0, rank=True),
    "regenerating": PoolPolicy(size=1024, seed_always_until=0, seed_every=1, damage_every=1, damage_count=3, rank=True),
    "hardened": PoolPolicy(size=1024, seed_always_until=0, seed_every=1, damage_every=1, damage_count=3, rank=True),
}
"""Growing NCA's three experiments, and damage over time (ours, for damage that is repeated while a pattern regrows)."""
STEPS = (64, 96)  # of a rollout, as published
WOUND_EVERY = 20  # steps between two wounds in the hardened regime
HARDENED_STEPS = (96, 128)  # of a rollout: wounds as many as in 64 to 95 steps, and time to heal the last ones
WOUND_REST = 40  # steps at the end without wounds; without them the rule learns to look right soon, not to heal
RATE = 2e-3  # Adam's, as published
MILESTONE = 2000  # iteration from which on it is a tenth, as published


def growing_config(
    regime: str,
    iterations: int,
    *,
    milestone: int = MILESTONE,
    rate: float = RATE,
    batch_size: int = 8,
    steps: tuple[int, int] | None = None,
    wounds: tuple[int, int] | None = None,
    num_sheets: int = 1,
    seed: int = 0,
    snapshot_every: int = 0,
    checkpoint_seconds: float = 240.0,
) -> TrainingConfig:
    """The numbers of one of the four regimes.

    Args:
        regime: One of `REGIMES`.
        iterations: How many.
        milestone: From which on the rate is a tenth.
        rate: Adam's.
        batch_size: Samples of an iteration.
        steps: Of a rollout, the upper bound not included; by default the regime's.
        wounds: Steps between two wounds of half a batch within a rollout, and steps at its end without any; by default
            the regime's, which are none but in the hardened one.
        num_sheets: Among how many substrates the pool is divided.
        seed: Of all random numbers.
        snapshot_every: Iterations between two averaged rules that are kept; 0: none.
        checkpoint_seconds: Between two checkpoints.

    Raises:
        ValueError: If there is no such regime, or the batch does not fit it.
    """
    if regime not in REGIMES:
        raise ValueError(f"`regime` must be one of {sorted(REGIMES)}, got {regime!r}.")
    policy, hardened = REGIMES[regime], regime == "hardened"
    every, rest = wounds or ((WOUND_EVERY, WOUND_REST) if hardened else (0, 0))
    return TrainingConfig(
        iterations=iterations,
        batch_size=batch_size,
        steps=steps or (HARDENED_STEPS if hardened else STEPS),
        rollout_damage=RolloutDamage(every, batch_size // 2, rest) if every else None,
        schedule=MultiStep(rate, (milestone,)),
        pool=replace(policy, size=max(batch_size, policy.size // num_sheets)),
        seed=seed,
        snapshot_every=snapshot_every,
        checkpoint_seconds=checkpoint_seconds,
    )


def growing_world(
    topology: Data, target: Float[Tensor, "4 h w"], raster: NearestCell, num_channels: int = 16, name: str = ""
) -> World:
    """A single cell that is to become the target: the mean squared error of RGBA of the last state.

    Args:
        topology: The substrate, on the device of the training.
        target: Premultiplied RGBA.
        raster: What the pattern is seen through, of the target's size, around the seed.
        num_channels: State channels.
        name: For pictures and messages.
    """
    loss = PixelLoss(target, rasterizer=raster).to(topology["pos"].device)
    return World(topology, point_seed(topology, num_channels), last_state(loss), loss, name)
