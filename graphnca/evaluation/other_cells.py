"""A texture on other cells than squares: its losses there, and how far its runs lie from those on the square torus."""

from collections.abc import Iterable
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from .apart import apart, distances
from .scores import bounded
from .subject import Subject
from .texture_meter import TextureMeter, halved

GOAL = 1.25  # times the distance of runs on squares from each other
FINE, COARSE = "median loss", "median loss at 2 units a pixel"


def losses_on(
    texture: Subject, topology: Data, meter: TextureMeter, moments: Iterable[int], *, size: int, runs: int, seed: int
) -> tuple[dict[str, Any], dict[int, Tensor]]:
    """The losses of the runs on one substrate at every moment, and their states there.

    Args:
        texture: Grown from its seed.
        topology: A substrate of `size` x `size` units.
        meter: Made of what the pictures are compared with.
        moments: Steps after which they are measured.
        size: Pixels of the pictures, one a unit.
        runs: How many.
        seed: Of their firing.
    """
    states = texture.grow(topology, runs, tuple(moments), seed)
    view = texture.view(topology, size=size)
    entry: dict[str, Any] = {"cells": topology.num_nodes}
    for moment in moments:
        images = texture.images(states[moment], view)
        losses = [round(value, 1) for value in meter(images).tolist()]
        entry[f"step {moment}"] = {
            FINE: round(median(losses), 1),
            "losses": losses,
            COARSE: round(median(meter.half(halved(images)).tolist()), 4),
            "largest": round(float(bounded(states[moment]).abs().max()), 2),
        }
    return entry, states


def template_on(texture: Subject, topology: Data, meter: TextureMeter, size: int) -> float:
    """The median loss of the template's four corners as the cells of a substrate can show them."""
    height, width = meter.template.shape[1:]
    view = texture.view(topology, size=size)
    x, y = topology["pos"].floor().long().unbind(-1)
    corners = [(top, left) for top in (0, max(0, height - size)) for left in (0, max(0, width - size))]
    pieces = [meter.template[:, (y + top) % height, (x + left) % width].T for top, left in corners]
    return round(median(meter(view(torch.stack(pieces))).tolist()), 1)


def times_square(entries: dict[str, Any], moment: int, loss: str = FINE) -> dict[str, float]:
    """How many times the median loss on the square torus the others have at a step, at one resolution."""
    key = f"step {moment}"
    square = entries["square"][key][loss]
    return {name: round(entry[key][loss] / square, 3) for name, entry in entries.items() if name != "square"}


def sets_apart(
    texture: Subject, topologies: dict[str, Data], states: dict[str, Tensor], features: nn.Module, size: int
) -> dict[str, Any]:
    """How far the runs on every other substrate lie from those on squares, at one moment (`apart`)."""
    pictures = {name: texture.images(states[name], texture.view(topologies[name], size=size)) for name in topologies}
    among = distances(pictures["square"], pictures["square"], features)
    return {
        name: apart(among, distances(pictures["square"], pictures[name], features), states[name], GOAL)
        for name in topologies
        if name != "square"
    }


def goal_met(sets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """On how many substrates and at how many moments runs lie within 1.25 times the distance of squares."""
    words = [entry["within"] for of_step in sets.values() for entry in of_step.values()]
    return {"at most": GOAL, **{word: words.count(word) for word in ("yes", "open", "no")}}
