r"""Trains a rule to grow a shell chamber by chamber, at any scale and angle (gnomonic growth, Studying Growth).

    python experiments/studying_growth/shell_training.py --scale 12 --cells 2304 --steps 40 61 \
        --out runs/growing-shell-small
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-small/rule.safetensors \
        --out runs/growing-shell-full
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-full/rule.safetensors --first 1 \
        --good 0.5 --iterations 1500 --rate 1.5e-3 --out runs/growing-shell-own
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-own/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --iterations 700 --rate 1e-3 --out runs/growing-shell-nine
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-nine/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 300 --rate 1e-3 \
        --out runs/growing-shell-batch
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-batch/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 1200 --rate 1e-3 \
        --out runs/growing-shell-1200
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-1200/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 2400 --rate 1e-3 \
        --out runs/growing-shell-2400
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-2400/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 2400 --rate 1e-3 \
        --out runs/growing-shell

Small shells first, which cost a third; then larger ones; then all shells begin with no chamber of their own and go on
with what the rule itself has grown, as they will when they are measured: the second stage alone ends with good single
chambers, whose errors add up over eight. Then there is a ninth chamber, because the last one is met least and was too
small, and in the end a larger batch, twice. (The shipped rule's first two stages were stopped early, as its card
says.)

A sample is a shell of its own scale, angle and number of chambers. Its last chamber is mature (only the hidden channels
may change), the older ones are frozen, and all other cells are free: nothing but the shell itself says where the next
chamber belongs, how large it is and where it ends. The loss is the squared error of RGBA over the free cells,
divided by the number of cells that the chamber should have, so that small chambers count as much as large ones.

A chamber has two rollouts of 64 to 96 steps, with the loss at the end of both, so that it is there in time and stays.
When it is good (loss below `--good`), the sample goes on with what it has grown, hidden channels included: the new
chamber becomes mature, the mature one frozen, and the next has to grow, until there are eight. Otherwise, and after the
eighth, a newly drawn shell takes its place, with fewer chambers than `--first` and empty hidden channels.

The rule perceives no direction (state, Laplacian and gradient norm), so what it learns at one angle holds at all; with
a Sobel pair it learns three times as slowly. Gradients are normalised per tensor, Adam follows a cosine; the saved rule
is the running average of the parameters. The folder holds `checkpoint.pt`, from which a killed run goes on, `pool.png`,
`loss.png`, and at last `rule.safetensors`. About 0.2 s an iteration on one core.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from graphnca.layers import NCAConv
from graphnca.results.training import train_from_command_line
from graphnca.targets.chambers import CHAMBERS
from graphnca.training import (
    Cosine,
    Processes,
    Renewal,
    Training,
    TrainingConfig,
    Warmup,
    World,
    load_checkpoint,
    save_checkpoint,
)
from graphnca.training.config import describe
from graphnca.training.distributed import ALONE
from graphnca.training.nursery import ShellPolicy, asked_of_each_shell
from graphnca.training.recipes import Recipe, Sampler
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus

GAINS = {"gradient": 1 / 8, "gradient_norm": 1 / 8, "laplacian": 1 / 4}  # so that all bands have about one size
WARM_UP = 100  # iterations
LOWEST = 0.02  # of the rate, at the end of the cosine


@dataclass(frozen=True, kw_only=True)
class ShellRecipe(Recipe):
    """A shell, chamber by chamber."""

    iterations: int = 4000
    pool_size: int = 64
    """Shells that are grown side by side."""
    cells: int = 5184
    """Of the torus."""
    scale: float = 19.6
    """Largest radius of the outer wall at the beginning; with eight chambers it is twice that."""
    steps: tuple[int, int] = (64, 97)
    """Steps of a rollout; the upper bound is not included."""
    good: float = 0.25
    """Loss below which the next chamber may build on this one; of an empty chamber it is about 2."""
    chambers: int = CHAMBERS
    """After which a shell makes room; the last ones are met least, so one more than are wanted."""
    first: int = CHAMBERS
    """Newly drawn shells have fewer chambers than this; 1: what is learnt is to go on with one's own work."""
    num_channels: int = 16
    """State channels of an untrained rule."""
    hidden_size: int = 128
    """Width of its update network."""
    perception: tuple[str, ...] = ("identity", "laplacian", "gradient_norm")
    """Filters; these three have no frame, so what is learnt at one angle holds at every one."""
    rate: float = 2e-3
    out: str = "runs/growing-shell"

    @property
    def shape(self) -> tuple[int, int]:
        """A square."""
        return round(self.cells**0.5), round(self.cells**0.5)

    def untrained(self) -> NCAConv:
        """A rule of Growing NCA's architecture but for what it perceives."""
        gains = {name: GAINS[name] for name in self.perception if name in GAINS}
        options = {"life_mask": "pre_post", "hidden_init": "glorot", "gains": gains}
        return NCAConv(self.num_channels, self.hidden_size, self.perception, **options)  # type: ignore[arg-type]

    def config(self) -> TrainingConfig:
        """The numbers."""
        return self.config_of(
            steps=self.steps,
            schedule=Warmup(Cosine(self.rate, LOWEST * self.rate, self.iterations), WARM_UP),
            pool=ShellPolicy(self.pool_size, self.scale, self.good, self.chambers, self.first),
        )

    def worlds(
        self,
        rule: NCAConv,
        substrates: Substrates,
        generator: torch.Generator,  # noqa: ARG002
    ) -> tuple[list[World], Renewal | None]:
        """A torus of squares; what is asked of a shell, its policy knows."""
        topology, _ = substrates("square", np.random.default_rng(self.seed))

        empty = torch.zeros(len(topology["pos"]), rule.num_channels)
        return [World(topology, empty, asked_of_each_shell, asked_of_each_shell, record=())], None

    def training(self, sampler: Sampler, processes: Processes = ALONE, rule: NCAConv | None = None) -> Training:
        """The training; a checkpoint of before, when this was a loop of its own, is brought into the common form."""
        training = super().training(sampler, processes, rule)
        path = training.checkpoint_path
        if processes.is_first and path.exists() and "nursery" in (old := load_checkpoint(path)):
            pools = [old.pop("nursery")]
            state = {"architecture": training.rule.config, "repairs": training.repairs, "pools": pools, **old}
            save_checkpoint(path, state)
        return training

    def card(self) -> dict[str, Any]:
        """What it grows, and where; `chambers` in the configuration says that it starts from no seed."""
        configuration = {**describe(self.config()), "chambers": self.chambers}
        return {"target": "shell", **super().card(), "configuration": configuration}


if __name__ == "__main__":
    train_from_command_line(ShellRecipe, __doc__, sampled_torus)
