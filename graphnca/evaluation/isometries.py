"""Patterns from structured seeds that are turned and mirrored: how exactly a pattern follows its seed."""

import math
from dataclasses import asdict, dataclass
from statistics import mean, median, pstdev
from typing import Any

from torch import Tensor
from torch_geometric.data import Data

from ..losses import RotationInvariantLoss
from ..seeds import StructuredSeed
from .scores import ALIVE, EXPLODED, bounded, raster
from .upright import (
    Landing,
    UprightLoss,
    landing,
    painted,
    pattern_angles,
    straight_place,
    upright,
    wrapped,
)

LOSSES = ("plain", "smoothed", "as landed")
"""Ways to compare: smoothed is blurred first, and "as landed" also turned to where the seed's cells truly lie."""
SWEEP = range(0, 360, 5)  # degrees at which it is checked where the seed lands


@dataclass(frozen=True)
class Isometry:
    """A seed's orientation: mirrored left to right, if it is, and then turned clockwise."""

    degrees: int
    mirror: bool = False

    @property
    def angle(self) -> float:
        """In radians."""
        return math.radians(self.degrees)

    @property
    def name(self) -> str:
        """For captions and tables."""
        return f"{'mirrored, ' if self.mirror else ''}{self.degrees}°"


UNTURNED = Isometry(0)
TURNS = tuple(Isometry(degrees) for degrees in range(0, 360, 30))
ODD = Isometry(77)  # an angle that no lattice has
MIRRORED = tuple(Isometry(degrees, mirror=True) for degrees in (0, 45, 90, 200, 270))
ISOMETRIES = (*TURNS, ODD, *MIRRORED)


def turned_seed(seed: StructuredSeed, topology: Data, isometry: Isometry, num_channels: int = 16) -> Tensor:
    """The state that an isometry starts from, put where the cells leave it straight."""
    place = straight_place(seed, topology, angle=isometry.angle, mirror=isometry.mirror)
    return seed.state(topology, num_channels, angle=isometry.angle, mirror=isometry.mirror, at=place)


def measured_on(states: dict[int, Tensor], topology: Data, seed: StructuredSeed, loss: UprightLoss) -> dict[str, Any]:
    """Losses of every isometry at every step, the angle it took at the last, and where its seed landed."""
    height, width = loss.target.shape[-2:]
    last = max(states)
    orientation = RotationInvariantLoss(loss.target)
    rows, floors = [], []
    for number, isometry in enumerate(ISOMETRIES):
        place = straight_place(seed, topology, angle=isometry.angle, mirror=isometry.mirror)
        turned = upright(topology, height, width, angle=isometry.angle, mirror=isometry.mirror, centre=place)
        landed = landing(seed, topology, angle=isometry.angle, mirror=isometry.mirror, at=place)
        angle = isometry.angle + landed.turn
        as_landed = upright(topology, height, width, angle=angle, mirror=isometry.mirror, centre=landed.centre)
        steps = {}
        for step, batch in states.items():
            images = turned(bounded(batch[:, number]))
            steps[str(step)] = {
                "plain": rounded(median(loss.plain(images).tolist())),
                "smoothed": rounded(median(loss.smoothed(images).tolist())),
                "as landed": rounded(median(loss.smoothed(as_landed(bounded(batch[:, number]))).tolist())),
            }
        perfect = turned(
            painted(loss.target, topology, angle=isometry.angle, mirror=isometry.mirror, centre=place)[None]
        )
        floors.append((float(loss.plain(perfect)), float(loss.smoothed(perfect))))
        final = bounded(states[last][:, number])
        angles, mirrored = pattern_angles(raster(topology, height, width, centre=place)(final), orientation)
        rows.append(
            {
                "isometry": isometry.name,
                **asdict(isometry),
                "steps": steps,
                "degrees beyond the seed": [round(d, 2) for d in wrapped(angles - isometry.angle).rad2deg().tolist()],
                "degrees the seed landed beyond": round(math.degrees(landed.turn), 2),
                "chirality right": int((mirrored == isometry.mirror).sum()),
                "exploded": int((final.abs().amax((-2, -1)) >= EXPLODED).sum()),
                "died": int(((final[..., 3] > ALIVE).sum(-1) == 0).sum()),
            }
        )
    return {
        "cells": topology.num_nodes,
        "unturned": rows[ISOMETRIES.index(UNTURNED)]["steps"],
        "worst": {str(step): worst_ratios(rows, str(step)) for step in states},
        "angles": angle_summary(rows),
        "a perfect pattern": {
            "plain": rounded(max(plain for plain, _ in floors)),
            "smoothed": rounded(max(smoothed for _, smoothed in floors)),
        },
        "landing": landing_summary(seed, topology),
        "isometries": rows,
    }


def worst_ratios(rows: list[dict[str, Any]], step: str) -> dict[str, dict[str, float]]:
    """The largest loss among the turns, the odd angle and the reflections, over that of the seed not turned."""
    worst = {}
    for group, members in (("turned", TURNS), ("odd angle", (ODD,)), ("mirrored", MIRRORED)):
        worst[group] = {}
        for kind in LOSSES:
            unturned = rows[ISOMETRIES.index(UNTURNED)]["steps"][step][kind]
            losses = [rows[ISOMETRIES.index(isometry)]["steps"][step][kind] for isometry in members]
            worst[group][kind] = round(max(losses) / max(unturned, 1e-3), 2)
    return worst


def angle_summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The pattern's angle minus the seed's, and minus that of the cells which the seed took, over all runs."""
    beyond = [degrees for row in rows for degrees in row["degrees beyond the seed"]]
    landed = [d - row["degrees the seed landed beyond"] for row in rows for d in row["degrees beyond the seed"]]
    return {
        "runs": len(beyond),
        "chirality right": sum(row["chirality right"] for row in rows),
        "mean": round(mean(beyond), 2),
        "spread": round(pstdev(beyond), 2),
        "largest": round(max(map(abs, beyond)), 2),
        "mean, to the cells": round(mean(landed), 2),
        "spread, to the cells": round(pstdev(landed), 2),
    }


def landing_summary(seed: StructuredSeed, topology: Data) -> dict[str, Any]:
    """What taking the nearest cells does to a seed in the middle, and where it is put, over all orientations."""
    orientations = [(math.radians(degrees), mirror) for mirror in (False, True) for degrees in SWEEP]
    summary: dict[str, Any] = {"orientations": len(orientations)}
    for name in ("in the middle", "where put"):
        landings: list[Landing] = []
        for angle, mirror in orientations:
            place = None if name == "in the middle" else straight_place(seed, topology, angle=angle, mirror=mirror)
            landings.append(landing(seed, topology, angle=angle, mirror=mirror, at=place))
        distances = [distance for here in landings for distance in here.distances]
        turns = [math.degrees(here.turn) for here in landings]
        summary[name] = {
            "with two points on one cell": sum(len(set(here.cells)) < len(here.cells) for here in landings),
            "distance to the cell, rms": rms(distances),
            "turn, rms": rms(turns),
            "turn, largest": round(max(map(abs, turns)), 2),
        }
    return summary


def rms(values: list[float]) -> float:
    """The root of the mean square."""
    return round(math.sqrt(mean(value * value for value in values)), 2)


def rounded(value: float) -> float:
    """Three decimals: what the report keeps of a loss."""
    return round(value, 3)
