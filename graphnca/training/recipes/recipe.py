"""What every recipe has in common: its options, and how they become a training."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from ...layers import NCAConv
from ...rules import describe_rule, load_rule
from ..config import TrainingConfig
from ..distributed import ALONE, Processes, joined_processes, own_generator
from ..film import PoolFilm
from ..loop import Training
from ..progress import pool_pictures, run_and_save
from ..sampled_environments import sampled_environments
from ..worlds import Renewal, World

Place = TypeVar("Place")
Number = TypeVar("Number", int, float)

CELLS, UNITS = "cells", "units"  # what the shape of a substrate is counted in


@runtime_checkable
class Sampler(Protocol):
    """Draws a substrate; whoever trains brings one, such as `topologies.sampled_substrate`."""

    def __call__(
        self,
        kind: str,
        shape: tuple[int, int],
        rng: np.random.Generator,
        *,
        counted: str,
        gain_noise: float,
        upright: bool = False,
    ) -> tuple[Data, float]:
        """A substrate and its gain.

        Args:
            kind: Of cells.
            shape: Height and width.
            rng: All random numbers.
            counted: Whether the shape is one of units, or says how many cells there are (as on squares).
            gain_noise: How far the gain, a factor of the Laplacian weights, may be off 1.
            upright: Whether patterns are to grow upright; on a surface frames are then carried from `seeded_cell`.
        """
        ...


Substrates = Callable[[str, np.random.Generator], tuple[Data, float]]
"""A kind and random numbers -> a substrate for the recipe on the training's device, and its gain."""


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """A training as it can be asked for.

    Every field is an option, of `graphnca train` and of the scripts of `experiments/` (`graphnca.results.options`).
    """

    iterations: int = 8000
    """How many; those of all substrates together."""
    batch_size: int = 8
    """Samples of an iteration."""
    rate: float = 1e-3
    """Adam's learning rate, at its highest."""
    precision: str = "float32"
    """Type of the update network's products: float32 or bfloat16, which some processors compute faster."""
    start: str = ""
    """A rule to go on from, by name or path; empty: from nothing."""
    snapshot_every: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    checkpoint_seconds: float = 240.0
    """Between two checkpoints."""
    minutes: float = 0.0
    """That it may take, over all its starts; 0: as many as it needs."""
    patience: int = 0
    """It ends when its loss, at the last learning rate, has not fallen in so many iterations; 0: never."""
    device: str = "cpu"
    """cpu or cuda."""
    seed: int = 0
    """Of all random numbers."""
    threads: int = 0
    """Threads of this process; 0: as they are."""
    out: str = "runs/rule"
    """Folder of checkpoint, pictures and rule."""

    rgb_offset: ClassVar[float | None] = None
    """What is added to the first three channels to show them; None: they are RGBA."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Height and width of the substrates."""

    @property
    def shown(self) -> Tensor | None:
        """The picture that stands beside what grows, (C, H, W); None: there is none."""
        return None

    @abstractmethod
    def untrained(self) -> NCAConv:
        """A rule to begin with."""

    @abstractmethod
    def config(self) -> TrainingConfig:
        """The numbers.

        Raises:
            ValueError: If one is out of range.
        """

    @abstractmethod
    def worlds(
        self, rule: NCAConv, substrates: Substrates, generator: torch.Generator
    ) -> tuple[list[World], Renewal | None]:
        """What the rule lives in.

        Args:
            rule: The rule.
            substrates: Gives them.
            generator: The training's random numbers, for losses that draw some.
        """

    def card(self) -> dict[str, Any]:
        """What the rule's card says of it; here where it was trained."""
        height, width = self.shape
        return {"substrate": f"torus of {height}x{width} units: square"}

    def rule(self) -> NCAConv:
        """The rule to go on from."""
        return load_rule(self.start) if self.start else self.untrained()

    def config_of(self, **numbers: Any) -> TrainingConfig:
        """A configuration of a recipe's own numbers, and the options that all have."""
        options = {
            "iterations": self.iterations,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "snapshot_every": self.snapshot_every,
            "checkpoint_seconds": self.checkpoint_seconds,
            "minutes": self.minutes,
            "patience": self.patience,
            "precision": self.precision,
        }
        return TrainingConfig(**options | numbers)

    def sample(self, sampler: Sampler, kind: str, rng: np.random.Generator) -> tuple[Data, float]:
        """A substrate of a kind: of as many cells as there are pixels in the shape."""
        return sampler(kind, self.shape, rng, counted=CELLS, gain_noise=0.0)

    def training(self, sampler: Sampler, processes: Processes = ALONE, rule: NCAConv | None = None) -> Training:
        """The training, before its first iteration.

        Args:
            sampler: Brings the substrates.
            processes: Those that share it.
            rule: To go on from, instead of what `start` says.
        """

        def substrates(kind: str, rng: np.random.Generator) -> tuple[Data, float]:
            topology, gain = self.sample(sampler, kind, rng)
            return topology.to(str(processes.device)), gain

        torch.manual_seed(self.seed)  # draws an untrained rule
        rule = rule or self.rule()
        generator = own_generator(self.seed, processes.rank)
        worlds, renewal = self.worlds(rule, substrates, generator)
        pictures = pool_pictures(Path(self.out).name, self.rgb_offset, self.shown)
        rule, config = rule.to(processes.device), self.config()
        film = PoolFilm(self.out, config.iterations, self.rgb_offset)
        return Training(rule, worlds, config, self.out, pictures, renewal, processes, generator, film=film)

    def train(
        self, sampler: Sampler, command: str, *, rule: NCAConv | None = None, card: Mapping[str, Any] | None = None
    ) -> Path:
        """Trains or resumes; returns the path of the rule, which the first process writes.

        Args:
            sampler: Brings the substrates.
            command: The command line, for the rule's card.
            rule: To go on from, instead of what `start` says.
            card: What else its card is to say.
        """
        if self.threads:
            torch.set_num_threads(self.threads)
        with joined_processes(self.device) as processes:
            training = self.training(sampler, processes, rule)
            before = describe_rule(self.start)["card"] if self.start and rule is None else None
            path = run_and_save(training, command, {**self.card(), "started from": before, **(card or {})})
            if processes.is_first:
                print(f"The rule is at {path}.")
        return path


@dataclass(frozen=True, kw_only=True)
class SubstratesRecipe(Recipe):
    """A recipe for any kinds of cells, several of which take turns.

    Attributes:
        summary: What `graphnca train --help` says of it.
    """

    summary: ClassVar[str] = ""

    substrate: tuple[str, ...] = ("square",)
    """What to train on: square, hex, voronoi, sphere, torus, bunny, or the file of a mesh; one that is named twice is
    drawn twice as often."""
    renew_every: int = 0
    """Iterations between two new substrates, each taking the place of the oldest; 0: those of the beginning stay."""

    def shortened(self) -> "SubstratesRecipe":
        """The recipe with what is published for its own number of iterations in proportion to fewer."""
        return self

    @abstractmethod
    def world(self, kind: str, topology: Data, gain: float, rule: NCAConv, generator: torch.Generator) -> World:
        """What the rule lives in on a substrate."""

    def worlds(
        self, rule: NCAConv, substrates: Substrates, generator: torch.Generator
    ) -> tuple[list[World], Renewal | None]:
        """One of each kind, replaced in turn."""

        def make(kind: str, rng: np.random.Generator) -> World:
            return self.world(kind, *substrates(kind, rng), rule, generator)

        return sampled_environments(self.substrate, make, every=self.renew_every, seed=self.seed)

    def card(self) -> dict[str, Any]:
        """Where it was trained."""
        height, width = self.shape
        return {
            "substrate": f"{height}x{width} units: {','.join(Path(kind).name for kind in self.substrate)}",
            "iterations between two new substrates": self.renew_every,
        }


def pair(name: str, values: tuple[Number, ...]) -> tuple[Number, Number]:
    """An option of two numbers.

    Raises:
        ValueError: If there are more or fewer.
    """
    if len(values) != 2:
        raise ValueError(f"`{name}` must be two numbers, got {' '.join(map(str, values))!r}.")
    return values[0], values[1]
