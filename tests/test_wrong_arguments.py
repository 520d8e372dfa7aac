"""No public function answers a wrong argument with an error from inside: the argument is named, or it is accepted.

Each function is called rightly once, and then with one argument after another replaced by what a user may plausibly
pass in its place.

    python tests/test_wrong_arguments.py      # prints how many were tried, and what went wrong
"""

import contextlib
import itertools
import json
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Batch, Data

import graphnca.damage
import graphnca.drawing
import graphnca.features
import graphnca.geodesics
import graphnca.graft
import graphnca.importers
import graphnca.layers
import graphnca.losses
import graphnca.models
import graphnca.places
import graphnca.playground
import graphnca.pool
import graphnca.rasterizers
import graphnca.rules
import graphnca.seeds
import graphnca.targets
import graphnca.templates
import graphnca.training
import topologies
from topologies import icosphere, square_grid
from topologies.surfaces.icosahedron import icosphere_mesh

GRID, BALL = square_grid(6, 6), icosphere(1)
STATE, STATES = torch.rand(36, 8), torch.rand(3, 36, 8)
MASK, PICTURE = torch.rand(36) > 0.5, torch.rand(4, 8, 8)
RULE = graphnca.layers.NCAConv(8, 8)
EIGHT_BITS = graphnca.layers.in_8_bits(RULE)
BANK = graphnca.features.FilterBank(1, 2)
SEED = graphnca.seeds.StructuredSeed(*graphnca.seeds.ring(3))


GRAPH = nx.grid_2d_graph(4, 4)
nx.set_node_attributes(GRAPH, {node: node for node in GRAPH}, "pos")


def loss(states: Tensor) -> Tensor:
    return states.square().mean((-2, -1))


WORLD = graphnca.training.World(GRID, STATE, graphnca.training.last_state(loss), loss)
CONFIG = graphnca.training.TrainingConfig(iterations=1, batch_size=1, pool=graphnca.training.PoolPolicy(size=2))
POOL = graphnca.pool.SamplePool(STATE, 4)

WRONG: list[Any] = [
    None, "8", "", b"x", True, -1, 0, 2.5, float("nan"), float("inf"), 2**70, [], {}, object(), (1, 2, 3), len,
    torch.zeros(3), torch.zeros(2, 5, 7, 9), torch.zeros(36, 8, dtype=torch.int64), torch.full((36, 8), float("nan")),
    torch.zeros(0), np.zeros((2, 2)), Data(), Batch.from_data_list([GRID, GRID]), Image.new("RGB", (2, 2)), ["a", 1],
]  # fmt: skip
BARE = torch.rand(len(BALL["pos"]), 8)
SHADED = {
    "topology": BALL,
    "height": 6,
    "width": 6,
    "camera": None,
    "scale": 1.0,
    "background": "white",
    "body": "white",
    "shaded": True,
    "interpolation": "nearest",
    "samples": 1,
}


RIGHT: dict[Callable[..., Any], dict[str, Any]] = {
    graphnca.places.centre_of: {"topology": GRID},
    graphnca.places.nearest_cells: {"topology": GRID, "positions": torch.zeros(2, 2)},
    graphnca.places.point_in_plane: {"topology": GRID, "place": (1.0, 2.0)},
    graphnca.places.cell_at: {"topology": GRID, "place": (1.0, 2.0)},
    graphnca.geodesics.unrolled: {"topology": BALL, "cell": 3, "reach": 2.0},
    graphnca.seeds.point_seed: {"topology": GRID, "num_channels": 8, "at": (1.0, 2.0)},
    graphnca.seeds.with_genome: {"seed": STATE, "genome": torch.zeros(4)},
    graphnca.seeds.ring: {"num_points": 3, "radius": 2.0},
    graphnca.seeds.structured_seed: {
        "topology": GRID,
        "num_channels": 8,
        "points": [(0.0, 0.0), (2.0, 0.0)],
        "colours": [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)],
        "angle": 0.5,
        "mirror": True,
        "at": (1.0, 2.0),
    },
    graphnca.seeds.StructuredSeed: {"points": torch.zeros(2, 2), "colours": torch.zeros(2, 3)},
    SEED.recoloured: {"point": 0, "like": 1},
    SEED.swapped: {"point": 0, "other": 1},
    SEED.moved: {"point": 0, "by": (1.0, 1.0)},
    SEED.removed: {"point": 0},
    graphnca.damage.random_disks: {
        "topology": GRID,
        "count": 2,
        "generator": None,
        "half_width": 2.0,
        "centre": (1, 1),
    },
    graphnca.damage.disks: {"topology": GRID, "centres": torch.zeros(2, 2), "radii": torch.ones(2)},
    graphnca.damage.half_space: {"topology": BALL, "point": (0.0, 0.0, 0.0), "direction": (0.0, 0.0, 1.0)},
    graphnca.damage.half_plane: {"topology": GRID, "centre": (1.0, 1.0), "angle": 0.5},
    graphnca.damage.quadrant: {"topology": GRID, "centre": (1.0, 1.0), "angle": 0.5},
    graphnca.damage.square: {"topology": GRID, "centre": (1.0, 1.0), "side": 2.0},
    graphnca.damage.random_cells: {"topology": GRID, "count": 2, "share": 0.5, "generator": None},
    graphnca.damage.erase: {"x": STATES, "mask": MASK},
    graphnca.damage.scramble: {"x": STATES, "mask": MASK, "bound": 1.0, "generator": None},
    graphnca.pool.SamplePool: {"seed": STATE, "size": 4},
    POOL.sample: {"batch_size": 2, "generator": None, "replace": False},
    POOL.commit: {"sample": POOL.sample(2), "states": STATES[:2], "losses": torch.zeros(2)},
    graphnca.pool.part_of_pool: {"state": POOL.state_dict(), "number": 0, "count": 2},
    graphnca.pool.join_pools: {"parts": [POOL.state_dict()]},
    graphnca.graft.graft: {"x": STATES, "topology": GRID, "tissue": MASK, "shift": (1.0, 0.0), "donor": None},
    graphnca.models.feature_nca: {"num_channels": 8, "hidden_size": 8},
    graphnca.models.growing_nca: {"num_channels": 8, "hidden_size": 8},
    graphnca.models.isonca: {"num_channels": 8, "hidden_size": 8},
    graphnca.models.texture_nca: {"num_channels": 8, "hidden_size": 8},
    graphnca.layers.in_8_bits: {"rule": RULE, "gain": 12.0},
    graphnca.layers.in_fixed_point: {"rule": RULE},
    graphnca.layers.in_float: {"rule": RULE},
    graphnca.layers.Perception: {"filters": "sobel", "gains": {"gradient": 1.0}},
    graphnca.layers.UpdateRule: {
        "perception_size": 8,
        "hidden_size": 8,
        "num_channels": 4,
        "hidden_bias": True,
        "output_bias": True,
        "hidden_init": "uniform",
        "weight_steps": None,
    },
    **{
        raster: {
            "topology": GRID,
            "height": 6,
            "width": 6,
            "origin": (0.0, 0.0),
            "centre": None,
            "scale": 1.0,
            "angle": 0.0,
            "mirror": False,
            "samples": 1,
        }
        for raster in (graphnca.rasterizers.NearestCell, graphnca.rasterizers.Barycentric)
    },
    graphnca.rasterizers.Camera: {"azimuth": 0.5, "elevation": 0.5, "up": (0.0, 1.0, 0.0), "distance": None},
    graphnca.rasterizers.SurfaceView: {
        "topology": BALL,
        "height": 6,
        "width": 6,
        "camera": None,
        "scale": 1.0,
        "interpolation": "barycentric",
        "samples": 1,
    },
    graphnca.rasterizers.TangentPatch: {
        "topology": BALL,
        "height": 6,
        "width": 6,
        "at": 3,
        "scale": 1.0,
        "angle": 0.5,
        "mirror": False,
        "interpolation": "nearest",
        "samples": 1,
    },
    graphnca.losses.PixelLoss: {"target": PICTURE, "rasterizer": None},
    graphnca.losses.OverflowLoss: {"bound": 1.0, "power": 2},
    graphnca.losses.RotationInvariantLoss: {
        "target": PICTURE,
        "variant": "closed",
        "mirror": True,
        "sharpen": True,
        "channel_weights": [1.0] * 4,
        "rasterizer": None,
    },
    graphnca.losses.TextureLoss: {
        "features": BANK,
        "template": torch.rand(3, 32, 32),
        "statistic": "gram",
        "rasterizer": None,
        "offset": 0.5,
        "num_directions": 4,
        "generator": None,
        "balanced": False,
    },
    graphnca.losses.ActivationLoss: {
        "features": BANK,
        "layer": 0,
        "channel": 0,
        "rasterizer": None,
        "offset": 0.5,
        "overflow_weight": 1.0,
    },
    graphnca.importers.load_published: {"path": "nothing.json", "model": 0},
    graphnca.importers.load_growing_demo: {"path": "nothing.json"},
    graphnca.importers.load_isonca_demo: {"path": "nothing.json"},
    graphnca.importers.load_texture_demo: {"path": "nothing.json", "model": 0, "quantised": True},
    graphnca.importers.load_texture_pytorch: {"path": "nothing.npz"},
    graphnca.importers.texture_demo_names: {"path": "nothing.json"},
    graphnca.rules.load_rule: {"name_or_path": "isonca-heart", "device": "cpu"},
    graphnca.rules.load_genomes: {"name_or_path": "isonca-heart"},
    graphnca.rules.describe_rule: {"name_or_path": "isonca-heart"},
    graphnca.rules.save_rule: {"rule": RULE, "path": "r.safetensors", "card": {}, "genomes": {"a": torch.zeros(4)}},
    graphnca.rules.export_quantised: {"rule": EIGHT_BITS},
    graphnca.rules.import_quantised: {"content": graphnca.rules.export_quantised(EIGHT_BITS)},
    graphnca.rules.starting_state: {
        "rule": RULE,
        "topology": GRID,
        "card": {},
        "genome": torch.zeros(4),
        "at": (1.0, 1.0),
    },
    graphnca.drawing.to_rgb: {"image": PICTURE, "offset": None},
    graphnca.drawing.to_picture: {"image": PICTURE, "scale": 2},
    graphnca.drawing.save_image: {"path": "p.png", "image": PICTURE, "scale": 2},
    graphnca.drawing.save_animation: {"path": "p.webp", "frames": [PICTURE, PICTURE], "fps": 10.0, "loop": True},
    graphnca.drawing.montage: {
        "images": [PICTURE, PICTURE],
        "captions": ["a", "b"],
        "columns": 2,
        "title": "t",
        "pad": 2,
        "font_size": 12,
        "background": "white",
    },
    graphnca.drawing.draw_curves: {
        "series": {"a": [1.0, 2.0, 3.0]},
        "size": (400, 300),
        "log_x": False,
        "log_y": False,
        "dots": False,
        "smooth": 1,
        "x_label": "x",
        "y_label": "y",
        "title": "t",
        "font_size": 12,
    },
    graphnca.drawing.CellCanvas: {
        "topology": GRID,
        "scale": 2.0,
        "centres": False,
        "window": None,
        "edge_colour": None,
        "edge_width": 1.0,
        "background": "white",
        "samples": 1,
    },
    graphnca.drawing.draw_cells: {
        "states": STATE,
        "topology": GRID,
        "scale": 2.0,
        "centres": False,
        "window": None,
        "edge_colour": None,
        "edge_width": 1.0,
        "background": "white",
        "channel": None,
        "offset": None,
        "limit": None,
    },
    graphnca.drawing.SurfaceCanvas: SHADED,
    graphnca.drawing.SurfaceCanvas(BALL, 6).draw: {"states": BARE, "channel": None, "offset": 0.5, "limit": None},
    graphnca.drawing.draw_surface: {"states": BARE, **SHADED, "channel": None, "offset": None, "limit": None},
    graphnca.drawing.turntable: {"topology": BALL, "camera": graphnca.rasterizers.Camera(), "count": 2, "turns": 1.0},
    graphnca.drawing.save_surface: {
        "path": "p.ply",
        "states": BARE,
        "topology": BALL,
        "channel": None,
        "offset": None,
        "limit": None,
        "body": "white",
    },
    graphnca.drawing.CellCanvas(GRID, scale=2.0).draw: {"states": STATE, "channel": 0, "offset": None, "limit": None},
    graphnca.targets.load_target: {"name_or_path": "heart", "size": 8, "padding": 1, "on_pixel": False},
    graphnca.targets.turn_target: {"target": PICTURE, "angle": 0.5, "mirror": False, "about": (1.0, 1.0)},
    graphnca.targets.auxiliary_channels: {"auxiliary": "binary,axis:3"},
    graphnca.targets.with_auxiliary: {"target": PICTURE, "auxiliary": "binary"},
    graphnca.targets.binary_channel: {"target": PICTURE},
    graphnca.targets.axis_channel: {"target": PICTURE},
    graphnca.targets.side_channel: {"target": PICTURE},
    graphnca.targets.radial_channel: {"target": PICTURE, "mode": 2},
    graphnca.templates.load_template: {"name_or_path": "dotted", "size": 32},
    graphnca.features.FilterBank: {"scales": 1, "orientations": 2},
    graphnca.features.load_features: {"name_or_path": "filter-bank", "precision": "float32"},
    graphnca.features.load_inception: {"path": "nothing.pb", "pre_relu": True},
    graphnca.playground.pack_rule: {"rule": RULE, "name": "r", "card": {}, "weights": "float32"},
    graphnca.playground.pack_topology: {"topology": GRID, "directions": True},
    graphnca.playground.pack_container: {"content": {"a": 1}},
    graphnca.playground.export_page: {
        "rules": [RULE],
        "topologies": {"square": GRID},
        "path": "p.html",
        "title": "t",
        "names": ["a"],
        "seeds": [None],
        "cards": [{}],
        "weights": "float32",
        "settings": None,
    },
    graphnca.training.Triangular2: {"low": 1e-5, "high": 1e-3, "half_cycle": 10},
    graphnca.training.MultiStep: {"rate": 1e-3, "milestones": (10,), "factor": 0.1},
    graphnca.training.Cosine: {"high": 1e-3, "low": 1e-5, "iterations": 10},
    graphnca.training.Warmup: {"schedule": graphnca.training.Cosine(1e-3, 1e-5, 10), "iterations": 10},
    graphnca.training.PoolPolicy: {
        "size": 4,
        "seed_always_until": 0,
        "seed_every": 1,
        "damage_every": 0,
        "damage_count": 0,
        "fresh": False,
        "rank": False,
    },
    graphnca.training.TrainingConfig: {field: getattr(CONFIG, field) for field in CONFIG.__dataclass_fields__},
    graphnca.training.RolloutDamage: {"every": 2, "count": 1, "rest": 0},
    graphnca.training.Genome: {"name": "a", "num_channels": 8, "generator": None},
    graphnca.training.ParameterAverage: {"module": RULE, "decay": 0.5},
    graphnca.training.Renewal: {"make": lambda number: WORLD, "slots": [0], "every": 2},
    graphnca.training.World: {
        "topology": GRID,
        "seed": STATE,
        "objective": WORLD.objective,
        "loss": loss,
        "name": "a",
        "share": 1.0,
        "genome": None,
        "damage": None,
        "steps": (1, 2),
        "record": (1,),
    },
    graphnca.training.Training: {
        "rule": RULE,
        "worlds": WORLD,
        "config": CONFIG,
        "folder": "run",
        "draw": None,
        "renewal": None,
        "generator": None,
    },
    graphnca.training.examine: {"states": STATES, "alive_threshold": 0.1, "limit": 6.0},
    graphnca.training.last_state: {"loss": loss},
    graphnca.training.last_state_in_bounds: {"loss": loss, "overflow": loss},
    graphnca.training.grown_and_still: {"loss": loss, "first_step": True},
    graphnca.training.pool_pictures: {"title": "t", "offset": None},
    graphnca.training.load_checkpoint: {"path": "nothing.pt"},
    graphnca.training.save_checkpoint: {"path": "c.pt", "state": {}},
    graphnca.training.sampled_environments: {"kinds": ["a"], "make": lambda kind, rng: WORLD, "every": 1, "seed": 0},
    graphnca.training.carried_over: {"states": STATES, "old": GRID, "new": GRID},
    graphnca.layers.NCAConv: {
        "num_channels": 8,
        "hidden_size": 8,
        "perception": "sobel",
        "gains": None,
        "fire_rate": 0.5,
        "fire_per": "cell",
        "life_mask": "pre_post",
        "alive_threshold": 0.1,
        "hidden_bias": True,
        "output_bias": True,
        "hidden_init": "uniform",
        "arithmetic": "float",
        "weight_steps": None,
    },
    graphnca.rollout: {
        "rule": RULE,
        "x": STATES,
        "topology": GRID,
        "num_steps": 2,
        "generator": None,
        "angle": 0.5,
        "fire_rate": 0.5,
        "regions": None,
        "precision": None,
        "interventions": None,
        "checkpoint_every": None,
    },
    graphnca.trajectory: {
        "rule": RULE,
        "x": STATES,
        "topology": GRID,
        "num_steps": 2,
        "record": (1,),
        "regions": None,
        "interventions": None,
        "generator": None,
    },
    topologies.square_grid: {"height": 6, "width": 6, "periodic": True},
    topologies.hex_grid: {"height": 6, "width": 6, "periodic": True, "operators": "fitted"},
    topologies.voronoi_mesh: {
        "height": 8,
        "width": 8,
        "periodic": True,
        "lloyd_steps": 0,
        "seed": 0,
        "operators": "fitted",
    },
    topologies.voronoi_from_points: {
        "points": topologies.voronoi_mesh(8, 8)["pos"],
        "extent": (8.5, 8.5),
        "periodic": True,
        "operators": "fitted",
    },
    topologies.from_networkx: {"graph": GRAPH, "pos": "pos", "operators": "fitted"},
    topologies.graph_positions: {"graph": GRAPH},
    topologies.with_long_range: {"topology": GRID, "count": 2, "share": 0.5, "seed": 0},
    topologies.surface_mesh: {"mesh": icosphere_mesh(1), "cells": 60, "seed": 0, "operators": "fitted"},
    topologies.surface_from_mesh: {"mesh": icosphere_mesh(1), "operators": "fitted"},
    topologies.surface_from_points: {"points": BALL["pos"], "normals": BALL["normal"], "operators": "fitted"},
    topologies.sphere: {"cells": 60, "seed": 0, "operators": "fitted"},
    topologies.icosphere: {"subdivisions": 1, "operators": "fitted"},
    topologies.torus: {"cells": 200, "tube": 0.5, "seed": 0, "operators": "fitted"},
    topologies.with_frames: {"topology": BALL, "field": 3, "anchor": 0, "operators": "fitted", "fading": True},
    topologies.check_topology: {"data": GRID},
    topologies.load_topology: {"path": "nothing.safetensors"},
    topologies.save_topology: {"topology": GRID, "path": "s.safetensors"},
    topologies.substrate: {"kind": "square", "size": 6, "periodic": True},
    topologies.substrate_of_cells: {"kind": "square", "cells": 36, "periodic": True},
    topologies.substrates: {"kinds": ["square"], "cells": 36, "size": None, "meshes": 1, "seed": 0},
    topologies.cells_within: {"kind": "square", "size": 6},
}
"""Public functions, classes and methods, each with a right value for every argument that is tried."""


def answer(function: Callable[..., Any], name: str, value: Any) -> str:
    """What a function says to a wrong value: "accepted", "clear", or the error that came from inside."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**{**RIGHT[function], name: value})
    except OSError:  # the system's own word on a path
        return "clear"
    except Exception as error:
        clear = isinstance(error, TypeError | ValueError) and "`" in str(error)
        return "clear" if clear else f"{type(error).__name__}: {error}"
    return "accepted"


def searched() -> tuple[dict[str, int], list[str]]:
    """How many wrong values were tried and how they were answered, and the calls that met an error from inside."""
    counts, raw = {"functions": len(RIGHT), "arguments": sum(map(len, RIGHT.values())), "accepted": 0, "clear": 0}, []
    for function, right in RIGHT.items():
        for name, value in itertools.product(right, WRONG):
            if callable(value) and callable(right[name]):  # a function of one's own may do anything
                continue
            found = answer(function, name, value)
            if found in counts:
                counts[found] += 1
            else:
                raw.append(f"{function.__qualname__}({name}={value!r:.40}): {found:.120}")
    return counts, raw


@pytest.mark.usefixtures("as_released")
def test_no_wrong_argument_meets_an_error_from_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    counts, raw = searched()
    assert not raw, "\n".join(raw)
    assert counts["clear"] > 7000


@pytest.mark.usefixtures("as_released")
def test_right_arguments_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or, where no file is at hand, that one is looked for."""
    monkeypatch.chdir(tmp_path)
    for function, right in RIGHT.items():
        try:
            function(**right)
        except FileNotFoundError:
            assert "nothing" in str(next(iter(right.values()))), function


def test_the_check_for_errors_from_inside_finds_one() -> None:
    def careless(size: int) -> int:
        return len(size)

    RIGHT[careless] = {"size": 1}
    assert answer(careless, "size", 2).startswith("TypeError: object of type 'int' has no len()")
    del RIGHT[careless]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        found, wrong = searched()
    print(json.dumps({**found, "errors from inside": wrong}))
