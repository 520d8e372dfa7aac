"""The rules and the grown patterns that are measured."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca import load_rule, rollout
from graphnca.evaluation.published_loss import target_with_auxiliary
from graphnca.importers import load_published
from graphnca.layers import NCAConv
from graphnca.layers.life import alive_mask
from graphnca.models import growing_nca
from graphnca.rules import shipped_rules
from graphnca.seeds import point_seed

from .config import Config

STILL = 1e-4  # spread of an output layer that leaves a pattern as it is for some hundred steps


@dataclass(frozen=True)
class Pattern:
    """A rule with states that it has grown, and what they are in words."""

    rule: NCAConv
    states: Float[Tensor, "b n c"]
    words: str
    mature: float
    """Share of the cells whose alpha is above the threshold,"""
    alive: float
    """and of those that the life mask lets live: mature ones and their neighbours."""


def named_rule(name: str, device: str) -> NCAConv:
    """A shipped rule by name, any other by its file; in training mode, in which no step is taken twice."""
    rule = load_published(name) if name.endswith((".json", ".npz")) else load_rule(name)
    return rule.to(device).train()


def target_for(config: Config) -> Float[Tensor, "c h w"]:
    """The lizard with its auxiliary channels, two thirds of the substrate wide."""
    size, padding = config.side * 2 // 3, config.side // 6
    return target_with_auxiliary("lizard", "binary,axis:3", size=size, padding=padding).to(config.device)


def isonca_pattern(topology: Data, config: Config, batch: int | None = None) -> Pattern:
    """Lizards of the IsoNCA rule, grown on a substrate from the seed in its middle."""
    rule = named_rule(config.rule, config.device)
    states = _grow(rule, topology, config, config.batch if batch is None else batch)
    return _pattern(rule, states, topology, f"{config.grown} steps of `{config.rule}`")


def growing_pattern(topology: Data, config: Config) -> Pattern:
    """Patterns of a trained Growing NCA where there is one, else lizards under a rule that leaves them as they are."""
    name = config.growing or next(filter(_is_growing, shipped_rules()), "")
    if name:
        rule = named_rule(name, config.device)
        states = _grow(rule, topology, config, config.batch)
        return _pattern(rule, states, topology, f"{config.grown} steps of `{name}`")
    torch.manual_seed(0)
    rule = growing_nca().to(config.device)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=STILL)
    states = isonca_pattern(topology, config).states
    return _pattern(rule, states, topology, f"{config.grown} steps of `{config.rule}`, held by an untrained rule")


def _is_growing(name: str) -> bool:
    kind = ("num_channels", "hidden_size", "perception", "life_mask", "output_bias")
    found, wanted = load_rule(name).config, growing_nca().config
    return all(found[key] == wanted[key] for key in kind)


@torch.no_grad()
def _grow(rule: NCAConv, topology: Data, config: Config, batch: int) -> Tensor:
    seeds = point_seed(topology, rule.num_channels).to(config.device).repeat(batch, 1, 1)
    return rollout(rule, seeds, topology, config.grown, generator=torch.Generator().manual_seed(0))


def _pattern(rule: NCAConv, states: Tensor, topology: Data, words: str) -> Pattern:
    mature = (states[..., 3] > rule.alive_threshold).float().mean().item()
    alive = alive_mask(states, topology["edge_index"], rule.alive_threshold).float().mean().item()
    return Pattern(rule, states, f"{words}: {alive:.0%} of the cells alive ({mature:.0%} mature)", mature, alive)
