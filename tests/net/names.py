"""What the net calls by names of the library and of the scripts; these may change, and then this file does.

Each function does here what it did when the values were recorded: the net's keys and values stay.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.damage import erase as erase
from graphnca.layers import NCAConv
from graphnca.rules import STRUCTURED_SEEDS as STRUCTURED_SEEDS
from graphnca.rules import describe_rule, load_genomes, starting_state
from graphnca.targets import Shell
from graphnca.training.recipes import RECIPES, Recipe
from topologies import STENCIL_FIELDS, sampled_torus

sys.path.append(str(Path(__file__).parents[2] / "experiments" / "studying_growth"))  # its scripts share modules


def starts(name: str, rule: NCAConv, topology: Data) -> dict[str, tuple[Tensor, dict[str, Tensor]]]:
    """What a shipped rule starts from, by genome ("" for rules without), and the options that it needs."""
    if name == "growing-shell":  # goes on from a drawn shell while regions freeze
        pos, (width, height) = topology["pos"], topology["extent"].view(-1).tolist()
        shell = Shell(10.0, 0.7).centred((width / 2, height / 2), 8)
        x = torch.zeros(len(pos), rule.num_channels)
        x[:, :4] = shell.image(pos, 0)
        return {"": (x, {"regions": shell.regions(pos, 0)})}
    card, genomes = describe_rule(name)["card"], load_genomes(name) or {"": None}
    return {key: (starting_state(rule, topology, card, genome=genome), {}) for key, genome in genomes.items()}


def layer_steps(rule: NCAConv, x: Tensor, topology: Data, count: int, seed: int) -> Tensor:
    """Steps of the layer itself."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        edges = (topology.edge_index, topology.edge_weight, topology.edge_attr)
        stencil = {name: topology[name] for name in STENCIL_FIELDS if name in topology}
        x = rule(x, *edges, **stencil, generator=generator)
    return x


@contextlib.contextmanager
def patch_engine() -> Iterator[None]:
    """Rollouts inside take the engine of plain PyTorch that accelerators use."""
    os.environ["GRAPHNCA_ENGINE"] = "patches"
    try:
        yield
    finally:
        del os.environ["GRAPHNCA_ENGINE"]


SMALL = {"size": 12, "padding": 3, "iterations": 3, "batch_size": 4}
MESHES = {"substrate": ("square", "hex", "voronoi", "voronoi"), "renew_every": 1}
TEXTURE = {"iterations": 3, "batch_size": 2, "pool_size": 8, "features": "filter-bank", "size": 64, "steps": (8, 16)}
TRAININGS: dict[str, tuple[str, dict[str, Any]]] = {
    "isonca": ("isonca", SMALL),
    "isonca, going on": ("isonca", SMALL | {"start": "isonca-lizard", "rank": False, "seed_always_until": 0}),
    "isonca, meshes": ("isonca", SMALL | MESHES | {"gain_noise": 0.15, "auxiliary": "binary,radial4"}),
    **{
        f"growing, {regime}": ("growing", SMALL | {"regime": regime, "start": "growing-lizard"})
        for regime in ("naive", "persistent", "regenerating", "hardened")
    },
    "growing, untrained": ("growing", SMALL | {"num_channels": 8, "hidden_size": 24}),
    "growing, meshes": ("growing", SMALL | MESHES | {"start": "growing-lizard", "rollout_damage": (20, 20)}),
    "texture": ("texture", TEXTURE | {"template": "dotted"}),
    "texture, meshes": ("texture", TEXTURE | MESHES | {"template": "banded", "start": "texture-banded"}),
    "texture, gram": ("texture", TEXTURE | {"template": "dotted", "start": "texture-dotted", "statistic": "gram"}),
    "texture, noise": ("texture", TEXTURE | {"template": "bubbly", "start": "texture-bubbly", "damage_every": 1}),
    "texture, 8 bits": ("texture", TEXTURE | {"template": "dotted", "start": "texture-dotted", "eight_bits": True}),
    "structured": (
        "isonca.structured_training",
        SMALL | {"size": 40, "start": "isonca-lizard-3point", "batch_size": 2},
    ),
    "structured, orientations": (
        "isonca.structured_training",
        SMALL | MESHES | {"size": 40, "orientations": 2, "start": "isonca-lizard-3point", "gain_noise": 0.1},
    ),
    "shell": (
        "studying_growth.shell_training",
        {"iterations": 3, "batch_size": 2, "pool_size": 4, "cells": 900, "scale": 8.0, "steps": (12, 20)}
        | {"start": "growing-shell", "first": 1, "good": 5.0},
    ),
    "shell, untrained": (
        "studying_growth.shell_training",
        {"iterations": 3, "batch_size": 2, "pool_size": 4, "cells": 900, "scale": 8.0},
    ),
    "newt": (
        "studying_growth.newt_training",
        {"size": 24, "padding": 4, "iterations": 3, "pool_size": 8, "start": "growing-newt"},
    ),
    "speciation": ("studying_growth.speciation_training", SMALL | {"pool_size": 8, "start": "growing-flowers"}),
    "large": ("studying_growth.large_training", SMALL | {"size": 20, "batch_size": 2, "num_channels": 12}),
    "feature": ("textures.feature_training", TEXTURE | {"neuron": "1_2", "start": "feature-conv3_3_2"}),
    "feature, 8 bits": (
        "textures.feature_training",
        TEXTURE | {"neuron": "0_2", "start": "feature-conv3_3_2", "eight_bits": True, "substrate": ("hex",)},
    ),
}
"""By key: the recipe, by name or by its script, and its options, as small as still runs all of its own code."""
COMMANDS = {
    "isonca": "train lizard --kind isonca --size 12",
    "growing": "train butterfly --kind growing --size 12 --regime persistent --substrate square hex",
    "texture": "train dotted --kind texture --features filter-bank",
}
"""By key: a training of the command line."""


def train(recipe: str, options: dict[str, Any], folder: Path) -> None:
    """Runs a recipe's training; it leaves `checkpoint.pt` and `rule.safetensors` in the folder."""
    kind: Any = RECIPES.get(recipe)
    if kind is None:
        kind = next(
            value
            for value in vars(import_module(recipe)).values()
            if isinstance(value, type) and value.__module__ == recipe and issubclass(value, Recipe)
        )
    kind(**options, out=str(folder)).train(sampled_torus, "")


def train_by_command(command: str, folder: Path) -> None:
    """Runs a training of the command line for three iterations; it leaves the same."""
    from graphnca.cli import main

    main([*command.split(), "--iterations", "3", "--out", str(folder)])
