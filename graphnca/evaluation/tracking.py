"""Runs that are followed for thousands of steps: where a pattern is, how it lies, what it scores, whether it lives."""

import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from ..engine.rollout import trajectory
from ..losses import RotationInvariantLoss
from ..rasterizers import NearestCell
from .fates import Look, counted, looks, motion
from .form import OwnForm
from .motion import centroid, followed, rate, unwrapped
from .period import SHORTEST, dominant_period
from .scores import ALIVE, bounded, lost, raster, seeded_position

PIECE = 50  # steps whose states are in memory at once
AROUND = [(0, 0), *((x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y)]  # units
FARTHEST = 20  # units that a pattern is looked for from where it was
BLOCK = 8  # units between the middles of two rasters that pictures are cut from
SHOWN = 7  # moments in the strip
PERIODS = ("period of living cells", "period of change", "slow period of living cells")


@runtime_checkable
class Lengths(Protocol):
    """What a configuration says of such runs, in steps."""

    @property
    def runs(self) -> int:
        """How many."""
        ...

    @property
    def steps(self) -> int:
        """Length of a run, a multiple of `every`."""
        ...

    @property
    def every(self) -> int:
        """Steps between two recordings, a multiple of 50."""
        ...

    @property
    def settled(self) -> int:
        """Step from which drift and rotation are measured."""
        ...

    @property
    def dense(self) -> int:
        """Last steps that are looked at one by one for a period, a multiple of `every`; 0: none."""
        ...

    @property
    def seed(self) -> int:
        """Of the firing."""
        ...


@dataclass
class Recording:
    """What is kept of the runs on one substrate, by moment, then by run."""

    moments: list[int] = field(default_factory=list)
    numbers: list[dict[str, list[float]]] = field(default_factory=list)
    """Loss around the seed, loss where the pattern is, living cells, largest |state|."""
    centroids: list[Tensor] = field(default_factory=list)
    """(runs, 2), NaN where nothing lives."""
    landscapes: list[Tensor] = field(default_factory=list)
    """(runs, 2, A): the loss over all orientations, where the pattern is."""
    living: list[Tensor] = field(default_factory=list)
    """(runs,) living cells after each of the last steps."""
    living_slowly: list[Tensor] = field(default_factory=list)
    """(runs,) living cells after every `PIECE` steps from `settled` on."""
    changes: list[Tensor] = field(default_factory=list)
    """(runs,) mean squared change in each of the last steps."""
    lost: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Runs that died or exploded: which of the two, and the moment by which it was seen."""
    ends: list[Look] = field(default_factory=list)
    """Of the runs, after the last step."""
    shown: list[tuple[int, Tensor]] = field(default_factory=list)
    """Moments of the strip, with the state (N, C) of the first run."""


class Observer:
    """Takes the numbers of the runs on one substrate, following each pattern over the substrate.

    Where a pattern is, is where its loss is least: from the place before, a whole unit at a time, or where it was
    seeded if that is better.
    """

    def __init__(self, pattern: Any, topology: Data, runs: int) -> None:
        self.pattern, self.topology = pattern, topology
        self.angles = RotationInvariantLoss(pattern.orientation.target)  # its angles close, so they can be followed
        self.seeded = seeded_position(topology)
        self.places = [(0, 0)] * runs  # units from the seed
        self.rasters: dict[tuple[int, int], NearestCell] = {}

    def images(self, state: Tensor, places: list[tuple[int, int]]) -> Tensor:
        """One picture (C, H, W) around each of some places, at most a unit from the first."""
        channels, height, width = self.angles.target.shape
        x0, y0 = (BLOCK * round(number / BLOCK) for number in places[0])
        margin = BLOCK // 2 + 1
        if (x0, y0) not in self.rasters:
            centre = (self.seeded[0] + x0, self.seeded[1] + y0)
            size = (height + 2 * margin, width + 2 * margin)
            self.rasters[x0, y0] = raster(self.topology, *size, centre=centre)
        image = self.rasters[x0, y0](state[:, :channels])
        corners = [(margin + x - x0, margin + y - y0) for x, y in places]
        return torch.stack([image[:, y : y + height, x : x + width] for x, y in corners])

    def follow(self, run: int, state: Tensor) -> Tensor:
        """The picture of a run where it is."""
        for _ in range(FARTHEST):
            x, y = self.places[run]
            around = [(x + dx, y + dy) for dx, dy in AROUND]
            losses = self.pattern.loss(self.images(state, around))
            best = int(losses.argmin())
            if not losses[best] < losses[0]:
                break
            self.places[run] = around[best]
        image, seeded = (self.images(state, [place]) for place in (self.places[run], (0, 0)))
        if self.pattern.loss(seeded) < self.pattern.loss(image):
            self.places[run], image = (0, 0), seeded
        return image[0]

    def look(self, states: Tensor, moment: int, recording: Recording) -> None:
        """Records the states `(runs, N, C)` of one moment."""
        states = bounded(states)
        centres = centroid(states, self.topology)
        images = torch.stack([self.follow(run, state) for run, state in enumerate(states)])
        seeded = torch.stack([self.images(state, [(0, 0)])[0] for state in states])
        recording.moments.append(moment)
        recording.centroids.append(centres)
        recording.landscapes.append(self.angles.landscape(images))
        recording.numbers.append(
            {
                "loss around the seed": self.pattern.loss(seeded).tolist(),
                "loss": self.pattern.loss(images).tolist(),
                "alive": (states[..., 3] > ALIVE).sum(-1).tolist(),
                "largest": states.abs().amax((-2, -1)).tolist(),
            }
        )


@torch.no_grad()
def followed_runs(pattern: Any, topology: Data, config: Lengths, own: OwnForm) -> Recording:
    """Several runs on one substrate, in pieces; a run that died or exploded is stopped, its state set to zero.

    Args:
        pattern: The rule, a `Subject`.
        topology: The substrate.
        config: How many, and how long.
        own: What the rule grows on squares.
    """
    recording, observer = Recording(), Observer(pattern, topology, config.runs)
    states = pattern.seed(topology).expand(config.runs, -1, -1)
    generator = torch.Generator().manual_seed(config.seed)
    shown = {round(config.steps * number / (SHOWN - 1) / config.every) * config.every for number in range(1, SHOWN)}
    shown.add(config.every)
    for moment in range(0, config.steps, config.every):
        dense = moment >= config.steps - config.dense
        for number in range(config.every // PIECE):
            record = range(PIECE + 1) if dense else ()
            piece = trajectory(
                pattern.rule, states, topology, PIECE, record=record, regularisers=False, generator=generator
            )
            states = piece.final
            if dense:
                course = torch.stack([piece.states[step] for step in range(PIECE + 1)])
                recording.changes += list(course.diff(dim=0).square().mean((-2, -1)))
                recording.living += list((course[1:, ..., 3] > ALIVE).sum(-1))
            if moment + number * PIECE >= config.settled:
                recording.living_slowly.append((states[..., 3] > ALIVE).sum(-1))
        now = moment + config.every
        gone = lost(states)
        for run in range(config.runs):
            if run not in recording.lost and gone[run]:
                recording.lost[run] = (gone[run], now)
        states = torch.where(torch.tensor([bool(word) for word in gone])[:, None, None], 0.0, states)
        observer.look(states, now, recording)
        if now in shown:
            recording.shown.append((now, states[0].clone()))
    recording.ends = looks(states, topology, own)
    return recording


def course_of(recording: Recording, topology: Data, config: Lengths, own: OwnForm) -> list[dict[str, Any]]:
    """One entry a run: its fate, how it moved, and its curves. Of a run that was lost, only the curves until then."""
    moments = torch.tensor(recording.moments, dtype=torch.float64)
    settled = moments >= config.settled
    time = moments[settled] / 1000
    centroids = torch.stack(recording.centroids).double()
    landscapes = torch.stack(recording.landscapes).double()[settled]
    entries = []
    for run in range(config.runs):
        numbers = {name: [entry[name][run] for entry in recording.numbers] for name in recording.numbers[0]}
        fate, when = recording.lost.get(run, ("", None))
        entry: dict[str, Any] = {"run": run}
        if when is None:
            path = unwrapped(centroids[:, run], topology)
            angles, mirrored = followed(landscapes[:, run])
            sense = -1.0 if bool(mirrored) else 1.0
            away = (path[settled] - path[settled][0]).norm(dim=-1)
            turned = sense * (angles - angles[0]).rad2deg()
            entry |= {
                "fate": recording.ends[run].fate(own),
                "motion": motion(float(away[-1]), float(turned[-1])),
                "form": round(recording.ends[run].form, 3),
                "area": round(recording.ends[run].area, 3),
                "loss": round(numbers["loss"][-1], 2),
                "loss around the seed": round(numbers["loss around the seed"][-1], 2),
                "mirrored": bool(mirrored),
                "drift": round(float(rate(time, path[settled]).norm()), 3),
                "moved": round(float(away[-1]), 2),
                "rotation": round(math.degrees(sense * float(rate(time, angles))), 2),
                "turned": round(float(turned[-1]), 1),
                "period of living cells": period_of(recording.living, run),
                "period of change": period_of(recording.changes, run),
                "slow period of living cells": period_of(recording.living_slowly, run, PIECE),
                "away": [round(float(value), 2) for value in away],
                "angle": [round(float(value), 1) for value in turned],
            }
        else:
            entry |= {"fate": fate, "lost by step": when}
        kept = len(moments) if when is None else recording.moments.index(when)
        for name, digits in (("loss", 2), ("loss around the seed", 2), ("alive", 0), ("largest", 2)):
            entry[f"{name} over time"] = [round(value, digits or None) for value in numbers[name][:kept]]
        entries.append(entry)
    return entries


def period_of(series: list[Tensor], run: int, steps: int = 1) -> dict[str, float] | None:
    """The period of one run's fluctuation, recorded every so many steps; none in a recording too short for one."""
    if len(series) < SHORTEST:
        return None
    found = dominant_period(np.array([float(values[run]) for values in series]))
    return found and {"steps": round(steps * found.steps, 2), "strength": round(found.strength, 1)}


def summary(entries: list[dict[str, Any]], topology: Data) -> dict[str, Any]:
    """The numbers of one substrate in short, above its runs; medians are None where every run was lost."""
    stayed = [entry for entry in entries if "drift" in entry]
    periods = [entry[name] for entry in stayed for name in PERIODS]

    def middle(name: str, digits: int) -> float | None:
        return round(median(entry[name] for entry in stayed), digits) if stayed else None

    return {
        "cells": topology.num_nodes,
        "fates": counted([entry["fate"] for entry in entries]),
        "motions": dict(Counter(entry["motion"] for entry in entries if entry["fate"] == "whole")),
        "median loss": middle("loss", 2),
        "median loss around the seed": middle("loss around the seed", 2),
        "median drift": middle("drift", 3),
        "median rotation": middle("rotation", 2),
        "largest |state|": max((max(entry["largest over time"]) for entry in stayed), default=None),
        "series with a period": sum(period is not None for period in periods),
        "series": len(periods),
        "runs": entries,
    }


def check(config: Lengths) -> None:
    """Raises ValueError unless the recordings divide the run."""
    for name, value, unit, least in (
        ("every", config.every, PIECE, PIECE),
        ("steps", config.steps, config.every, config.every),
        ("dense", config.dense, config.every, SHORTEST if config.dense else 0),
    ):
        if value % unit or value < least:
            raise ValueError(f"`{name}` must be a multiple of {unit}, at least {least}, got {value}.")
    if config.settled > config.steps - config.every:
        raise ValueError(
            f"`settled` must be at most {config.steps - config.every}, so that two recordings follow, "
            f"got {config.settled}."
        )
