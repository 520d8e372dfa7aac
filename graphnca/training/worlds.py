"""What a rule is trained on: one world, or several at once, some of them replaced by new ones on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from scipy.spatial import KDTree
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import at_least, check_fields, checked
from ..places import centre_of
from ..pool import SamplePool
from ..rasterizers.locate import CellLocator
from .genome import Genome
from .objectives import Loss, Objective


@dataclass(frozen=True)
class World:
    """A substrate with what is to grow on it. A rule trained on several worlds learns from one of them an iteration."""

    topology: Data
    """The substrate."""
    seed: Tensor
    """The state `(N, C)` that growth starts from."""
    objective: Objective
    """What is minimised, and the loss of the last states (see `graphnca.training.objectives`)."""
    loss: Loss
    """The same loss of states alone, one value per sample: ranks pool entries that have none yet."""
    name: str = ""
    """For pictures and messages."""
    share: float = 1.0
    """How often the world is drawn, relative to the others."""
    genome: Genome | None = None
    """What the seed's cells carry, trained with the rule; several worlds may share one."""

    damage: Callable[[Tensor, torch.Generator], Tensor] | None = None
    """What befalls the rows that the pool policy damages: states `(r, N, C)` before and after; None: random disks."""
    steps: tuple[int, int] | None = None
    """Steps of a rollout, the upper bound not included, where they are others than the training's."""
    record: tuple[int, ...] = (1,)
    """Numbers of steps after which the objective needs the states, beside the last ones."""

    def __post_init__(self) -> None:
        check_fields(self)
        cells = len(self.topology["pos"])
        if self.seed.dim() != 2 or len(self.seed) != cells:
            raise ValueError(f"`seed` must have a row for each of the {cells} cells, got {tuple(self.seed.shape)}.")
        if not self.share > 0:
            raise ValueError(f"`share` must be positive, got {self.share!r}.")
        if self.steps is not None and not 1 <= self.steps[0] < self.steps[1]:
            raise ValueError(f"`steps` must be a range of at least one positive number, got {self.steps}.")
        at_least(0, record=min(self.record, default=0))

    def start(self) -> Tensor:
        """The state that growth starts from: the seed, with its genome as it is now, differentiable in that."""
        return self.seed if self.genome is None else self.genome(self.seed)


@dataclass(frozen=True)
class Renewal:
    """Worlds that are replaced in the course of a training, so that a rule learns to live on cells it has never seen.

    Every `every` iterations the next of the `slots` gets a new world: its pool goes along, every cell of the new
    substrate in the state of the cell that was nearest to its place in the old one.
    """

    make: Callable[[int], World]
    """World number 1, 2, ...: always the same for the same number, or a run that is resumed would go another way."""
    slots: Sequence[int]
    """Which of the training's worlds are replaced, one after another."""
    every: int = 25

    def __post_init__(self) -> None:
        check_fields(self)
        if not self.slots or self.every < 1:
            raise ValueError(
                f"`slots` must name at least one world and `every` be at least 1, got {self.slots} and {self.every}."
            )

    def due(self, iteration: int) -> tuple[int, int] | None:
        """The slot and the number of the world that comes into it before an iteration, if one does."""
        number, rest = divmod(iteration, self.every)
        return (self.slots[(number - 1) % len(self.slots)], number) if number and not rest else None

    def present(self, iteration: int) -> dict[int, int]:
        """The number of the world in every slot after so many iterations; those not yet replaced are left out."""
        last = (iteration - 1) // self.every if iteration else 0  # the one due before this iteration is yet to come
        numbers = range(max(1, last - len(self.slots) + 1), last + 1)
        return {self.slots[(number - 1) % len(self.slots)]: number for number in numbers}


@checked
def carried_over(states: Float[Tensor, "b n c"], old: Data, new: Data) -> Float[Tensor, "b m c"]:
    """States on another substrate: each cell as the one at its place was, the middles of both lying together.

    What lies outside of a bounded domain is empty. On surfaces in space, which must be of one shape, a cell's place is
    that in space.

    Raises:
        ValueError: If one lies in the plane, and the other is a surface in space.
    """
    if ("frame" in old) != ("frame" in new):
        raise ValueError("`new` must lie in the plane if `old` does, and be a surface in space if that is one.")
    if "frame" in new:
        cells = torch.from_numpy(KDTree(old["pos"].cpu().numpy()).query(new["pos"].cpu().numpy())[1])
        return states[:, cells.to(states.device)]
    places = (new["pos"][:, :2] - centre_of(new) + centre_of(old)).double().cpu().numpy()
    locator = CellLocator(old)
    cells = torch.from_numpy(locator.nearest(places)[1][:, 0]).to(states.device)
    inside = torch.from_numpy(locator.inside(places)).to(states.device)
    return states[:, cells] * inside[:, None]


class Worlds:
    """The worlds of a training, each with its pool.

    Args:
        worlds: At least one.
        make_pool: What a new world's pool is.
        renewal: Which of them are replaced, when, and by what.

    Raises:
        ValueError: If there is no world, they differ in channels, a share is not positive, a slot does not exist, or
            two genomes have one name.
    """

    def __init__(
        self, worlds: Sequence[World], make_pool: Callable[[World], SamplePool], renewal: Renewal | None = None
    ) -> None:
        if not worlds or len({world.seed.shape[-1] for world in worlds}) > 1:
            channels = [world.seed.shape[-1] for world in worlds]
            raise ValueError(f"`worlds` must be one or several of as many channels each, got {channels}.")
        if renewal is not None and any(slot not in range(len(worlds)) for slot in renewal.slots):
            raise ValueError(f"`slots` must number some of the {len(worlds)} worlds, got {list(renewal.slots)}.")
        genomes = {id(world.genome): world.genome for world in worlds if world.genome is not None}.values()
        self.genomes = {genome.name: genome for genome in genomes}
        if len(self.genomes) < len(genomes):
            raise ValueError(f"`genome` must have another name in each, got {[genome.name for genome in genomes]}.")
        self.worlds = list(worlds)
        self.make_pool = make_pool
        self.pools = [make_pool(world) for world in worlds]
        self.shares = torch.tensor([world.share for world in worlds], dtype=torch.float64)
        self.renewal = renewal

    def __len__(self) -> int:
        """How many there are at a time."""
        return len(self.worlds)

    def draw(self, generator: torch.Generator) -> int:
        """The number of a world, by the shares; a single one takes no random number."""
        return 0 if len(self) == 1 else int(torch.multinomial(self.shares, 1, generator=generator))

    def renew(self, iteration: int) -> None:
        """Replaces the world that is due before an iteration.

        Raises:
            ValueError: If the new one has a genome that none of the first worlds had: nobody trains it.
        """
        due = None if self.renewal is None else self.renewal.due(iteration)
        if self.renewal is not None and due is not None:
            slot, number = due
            old, new = self.worlds[slot], self.renewal.make(number)
            if new.genome is not None and self.genomes.get(new.genome.name) is not new.genome:
                raise ValueError(f"`make` must give genomes of the first worlds, got a new one, {new.genome.name!r}.")
            pool = self.make_pool(new)
            pool.states = carried_over(self.pools[slot].states, old.topology, new.topology)
            self.worlds[slot], self.pools[slot] = new, pool

    def load_state_dict(self, pools: Sequence[dict[str, Any]], iteration: int) -> None:
        """Restores the worlds as they are after so many iterations, and their pools (`SamplePool.state_dict`).

        Raises:
            ValueError: If there are more or fewer pools than worlds, or one is of another shape.
        """
        if len(pools) != len(self):
            raise ValueError(f"`pools` must be {len(self)}, one for each world, got {len(pools)}.")
        if self.renewal is not None:
            for slot, number in self.renewal.present(iteration).items():
                self.worlds[slot] = self.renewal.make(number)
                self.pools[slot] = self.make_pool(self.worlds[slot])
        for pool, state in zip(self.pools, pools, strict=True):
            pool.load_state_dict(state)
