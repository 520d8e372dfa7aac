"""A texture followed for thousands of steps: its loss, how much of it moves, and how long it remembers."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ..engine.rollout import trajectory
from .runs import Runs
from .scores import bounded
from .subject import Subject
from .texture_meter import TextureMeter

LAGS = (1, 3, 10, 30, 100, 300, 1000, 3000, 9000)  # steps from the first picture that memory is counted from
SHOWN = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)  # shares of the run at which the strip shows it
FRAMES, FRAME_EVERY = 18, 50  # of the animation, and steps between two of them


@runtime_checkable
class Lengths(Runs, Protocol):
    """How long, and how often it is looked at."""

    @property
    def every(self) -> int:
        """Steps between two measurements."""
        ...

    @property
    def settled(self) -> int:
        """Step from which memory and motion are measured, a multiple of `every`."""
        ...


@dataclass
class Course:
    """The runs on one substrate."""

    moments: list[int] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)
    """By moment, then by run."""
    changes: list[list[float]] = field(default_factory=list)
    """Likewise."""
    memory: dict[int, list[float]] = field(default_factory=dict)
    """By steps between, then by run."""
    largest: float = 0.0
    shown: dict[int, Tensor] = field(default_factory=dict)
    """The first run's state at the moments of the strip."""
    moving: list[Tensor] = field(default_factory=list)
    """The first run's states, every `FRAME_EVERY` steps from `settled` on."""


def correlation(first: Float[Tensor, "*b n c"], second: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b"]:
    """Of two pictures of a substrate, over cells and channels, each channel less its mean; 0 if one is flat."""
    a, b = (picture - picture.mean(-2, keepdim=True) for picture in (first.double(), second.double()))
    norms = (a.square().sum((-2, -1)) * b.square().sum((-2, -1))).sqrt()
    return torch.where(norms > 1e-12, (a * b).sum((-2, -1)) / norms.clamp_min(1e-12), 0.0)


@torch.no_grad()
def followed(texture: Subject, topology: Data, meter: TextureMeter, config: Lengths) -> Course:
    """Runs a rule from its seed and takes the numbers on the way."""
    course = Course()
    view = texture.view(topology, size=config.size)
    states = texture.seed(topology).expand(config.runs, -1, -1)
    generator = torch.Generator().manual_seed(config.seed)
    strip = {round(share * config.steps) for share in SHOWN}
    lags = {config.settled + lag: lag for lag in LAGS if config.settled + lag <= config.steps}
    frames = {config.settled + FRAME_EVERY * number for number in range(FRAMES)}
    before: Tensor | None = None
    for start in range(0, config.steps, config.every):
        end = min(start + config.every, config.steps)
        span = range(start + 1, end + 1)
        wanted = {step - start for step in (*strip, *lags, *frames, end - 1, end) if step in span}
        piece = trajectory(
            texture.rule, states, topology, end - start, record=wanted, regularisers=False, generator=generator
        )
        states = piece.final
        for step, state in sorted((start + offset, bounded(state)) for offset, state in piece.states.items()):
            visible = state[..., :3]
            if step in strip:
                course.shown[step] = state[0].clone()
            if step in frames:
                course.moving.append(state[0].clone())
            if step == config.settled:
                before = visible.clone()
            if step in lags and before is not None:
                course.memory[lags[step]] = correlation(visible, before).tolist()
        last, previous = (bounded(piece.states[offset]) for offset in (end - start, end - start - 1))
        course.moments.append(end)
        course.losses.append(meter(texture.images(last, view)).tolist())
        change = (last - previous)[..., :3].abs().mean((-2, -1))
        course.changes.append(change.tolist())
        course.largest = max(course.largest, float(last.abs().max()))
    return course


def numbers_of(course: Course, topology: Data) -> dict[str, Any]:
    """What `metrics.json` holds of a substrate."""
    return {
        "cells": topology.num_nodes,
        "moments": course.moments,
        "median loss": [round(median(values), 1) for values in course.losses],
        "losses": [[round(value, 1) for value in values] for values in course.losses],
        "median change": [round(median(values), 5) for values in course.changes],
        "memory": {str(lag): round(median(values), 3) for lag, values in course.memory.items()},
        "largest": round(course.largest, 2),
    }
