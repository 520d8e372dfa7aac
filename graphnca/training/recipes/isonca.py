"""Growing Isotropic NCA: a picture from a single cell, in any orientation (Mordvintsev et al. 2022)."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ...losses import RotationInvariantLoss
from ...rasterizers import NearestCell
from ...seeds import point_seed
from ..config import TrainingConfig
from ..objectives import grown_and_still
from ..pool_policy import PoolPolicy
from ..schedules import Cosine, Warmup
from ..worlds import World

AUXILIARY = "binary,axis:3"  # extra target channels with their weights: head and tail part early (ours)
POOL = 256  # states in training at a time, on all sheets together, as published
POOL_MULTIPLE = 8  # each sheet's part is one, so that several processes can share it
SEED_EVERY = 4  # iterations between two seeds in the batch, once there are not always some
WARM_UP = 300  # iterations; with them 1e-3 is stable
LOWEST_RATE = 1e-5  # at the end of the cosine


def isonca_config(
    iterations: int,
    *,
    stop: int = 0,
    rate: float = 1e-3,
    batch_size: int = 8,
    reseed_worst: bool = True,
    seed_until: int = 3000,
    num_sheets: int = 1,
    precision: str = "float32",
    seed: int = 0,
    snapshot_every: int = 0,
    checkpoint_seconds: float = 240.0,
) -> TrainingConfig:
    """The published numbers, with one cosine in place of 25 triangles, and the seed in place of a batch's worst.

    Args:
        iterations: How many, as the rate falls.
        stop: Iteration to stop at all the same; 0: at the end.
        rate: Adam's, at its highest.
        batch_size: Samples of an iteration.
        reseed_worst: Whether the seed replaces the worst of a batch, or a random one (as published).
        seed_until: Iteration before which every batch gets a seed, and from then on every fourth.
        num_sheets: Among how many substrates the pool is divided.
        precision: Type of the update network's products: float32 or bfloat16.
        seed: Of all random numbers.
        snapshot_every: Iterations between two averaged rules that are kept; 0: none.
        checkpoint_seconds: Between two checkpoints.

    Raises:
        ValueError: If a number is out of range.
    """
    return TrainingConfig(
        iterations=stop or iterations,
        batch_size=batch_size,
        schedule=Warmup(Cosine(rate, LOWEST_RATE, iterations), WARM_UP),
        pool=PoolPolicy(
            -(-POOL // num_sheets // POOL_MULTIPLE) * POOL_MULTIPLE,
            seed_always_until=seed_until,
            seed_every=SEED_EVERY,
            rank=reseed_worst,
        ),
        precision=precision,
        seed=seed,
        snapshot_every=snapshot_every,
        checkpoint_seconds=checkpoint_seconds,
    )


def isonca_world(
    topology: Data, target: Float[Tensor, "c h w"], weights: Sequence[float], raster: NearestCell, name: str = ""
) -> World:
    """A single cell that is to become the target in any orientation, to stay it, and to stay still.

    Args:
        topology: The substrate, on the device of the training.
        target: Premultiplied RGBA, and the auxiliary channels (`graphnca.targets.with_auxiliary`).
        weights: Of the channels' squared errors.
        raster: What the pattern is seen through, of the target's size, around the seed.
        name: For pictures and messages.
    """
    loss = RotationInvariantLoss(target, channel_weights=weights, rasterizer=raster).to(topology["pos"].device)
    return World(topology, point_seed(topology), grown_and_still(loss), loss, name)
