"""The numbers of a training."""

import math
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

from ..arguments import at_least, check_fields, finite
from .guard import BEYOND_RECOVERY
from .pool_policy import Policy, PoolPolicy
from .rollout_damage import RolloutDamage
from .schedules import Schedule, Triangular2

PRECISIONS = ("float32", "bfloat16", "float64")


@dataclass(frozen=True)
class TrainingConfig:
    """The numbers of a training; the defaults are IsoNCA's.

    Raises:
        ValueError: If a number is out of range, or batch and pool do not fit each other.
    """

    iterations: int = 50_000
    batch_size: int = 8
    """Samples of an iteration, of all processes together."""
    steps: tuple[int, int] = (64, 96)
    """Steps of a rollout, drawn anew each iteration; the upper bound is not included."""
    rollout_damage: RolloutDamage | None = None
    """What befalls samples while they grow; None: nothing."""
    schedule: Schedule = field(default_factory=Triangular2)
    pool: Policy = field(default_factory=PoolPolicy)
    """What the pool holds, and what happens to a sample between the pool and the rollout."""
    average_decay: float = 0.995
    weight_decay: float = 0.0
    """Factor of the parameters that Adam adds to their gradients (Studying Growth: 3e-5)."""
    explosion: float = BEYOND_RECOVERY
    """|x| beyond which a sample is given up and replaced by the seed. Many hidden channels may need more room."""
    precision: str = "float32"
    """Type of the update network's products: float32, bfloat16, or float64 for a rule in it."""
    seed: int = 0
    checkpoint_seconds: float = 240.0
    picture_seconds: float = 60.0
    minutes: float = 0.0
    """That it may take, over all its starts; 0: as many as it needs."""
    patience: int = 0
    """It ends when its loss, at the last learning rate, has not fallen in so many iterations; 0: never."""
    snapshot_every: int = 0
    """Every so many iterations the averaged rule is saved into `snapshots/`; 0: never."""

    def __post_init__(self) -> None:
        check_fields(self)
        at_least(1, iterations=self.iterations)
        at_least(0, weight_decay=self.weight_decay, snapshot_every=self.snapshot_every, seed=self.seed)
        at_least(0, minutes=self.minutes, patience=self.patience)
        finite(checkpoint_seconds=self.checkpoint_seconds, picture_seconds=self.picture_seconds)
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"`average_decay` must be at least 0 and below 1, got {self.average_decay!r}.")
        for iteration in (0, self.iterations - 1):
            rate = self.schedule(iteration)
            if not (isinstance(rate, float | int) and 0 <= rate < math.inf):
                raise ValueError(
                    f"`schedule` must give a rate that is finite and not negative, got {rate!r} at iteration "
                    f"{iteration}."
                )
        if self.precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {PRECISIONS}, got {self.precision!r}.")
        if not 0 < self.explosion < math.inf:
            raise ValueError(f"`explosion` must be positive and finite, got {self.explosion}.")
        if not 1 <= self.steps[0] < self.steps[1]:
            raise ValueError(f"`steps` must be a range of at least one positive number, got {self.steps}.")
        self.pool.check(self.batch_size)
        if self.rollout_damage is not None and self.rollout_damage.count > self.batch_size:
            raise ValueError(
                f"`rollout_damage` must damage at most the {self.batch_size} samples of a batch, got a count of "
                f"{self.rollout_damage.count}."
            )


def describe(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as plain data, for a rule's card."""
    plain = asdict(config)
    plain["schedule"] = repr(config.schedule)
    return plain if is_dataclass(config.pool) else {**plain, "pool": repr(config.pool)}
