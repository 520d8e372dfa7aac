"""What docs/surfaces.md says of surfaces in space: rules run on them as they are; what needs the plane says so."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from graphnca import load_rule, rollout, trajectory
from graphnca.drawing import CellCanvas
from graphnca.engine import ENGINES
from graphnca.engine.choice import SWITCH
from graphnca.engine.native import load_library
from graphnca.layers import NCAConv, neighbourhood
from graphnca.rasterizers import Barycentric, NearestCell
from graphnca.seeds import point_seed
from topologies import (
    check_topology,
    icosphere,
    load_topology,
    save_topology,
    sphere,
    surface_from_points,
    surface_mesh,
    torus,
    voronoi_mesh,
    with_frames,
)
from topologies.operators import put_stencil, stencil
from topologies.rings import reads_in_plane
from topologies.surfaces.icosahedron import icosphere_mesh
from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.perceived import perceived

MakeRule = Callable[..., NCAConv]


def somewhere(topology: Data, channels: int, seed: int = 0) -> torch.Tensor:
    """A patch of random states, all else empty."""
    x = torch.zeros(topology.num_nodes, channels, dtype=topology["pos"].dtype)
    near = (topology["pos"] - topology["pos"][7]).norm(dim=1) < 3.5
    x[near] = torch.rand(int(near.sum()), channels, generator=torch.Generator().manual_seed(seed)).to(x)
    return x


def test_a_file_restores_a_surface_to_the_bit_and_a_batch_holds_several(tmp_path) -> None:
    ball = sphere(300)
    save_topology(ball, tmp_path / "sphere.safetensors")
    restored = load_topology(tmp_path / "sphere.safetensors")
    assert set(restored.keys()) == set(ball.keys())
    assert all(torch.equal(value, ball[name]) for name, value in restored.items())
    check_topology(Batch.from_data_list([ball, icosphere(2), torus(300)]))


@pytest.mark.parametrize("perception", ["sobel", "laplacian", "isonca"])
@pytest.mark.parametrize("engine", [engine.name for engine in ENGINES])
def test_every_engine_equals_the_layer(engine: str, perception: str, monkeypatch, random_rule: MakeRule) -> None:
    if engine == "native" and load_library() is None:
        pytest.skip("there is no C++ compiler on this machine")
    ball = sphere(300)
    for name in ("pos", *neighbourhood(ball)):
        if ball[name].is_floating_point():
            ball[name] = ball[name].double()
    rule = random_rule(8, 16, perception, fire_rate=1.0).double()
    found = []
    for steps in ("layer", engine):
        rule.zero_grad()
        x = somewhere(ball, 8).requires_grad_()
        if steps == "layer":
            after = x
            for _ in range(6):
                after = rule(after, **neighbourhood(ball))
        else:
            monkeypatch.setenv(SWITCH, engine)
            try:
                after = trajectory(rule, x, ball, 6).final
            except ValueError as error:
                pytest.skip(str(error))
        after.square().sum().backward()
        found.append([after.detach(), x.grad, *(parameter.grad for parameter in rule.parameters())])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_on_a_flat_patch_in_space_a_rule_grows_what_it_grows_in_the_plane() -> None:
    """To 1e-5 after 100 steps, in float64 throughout: rounding positions to float32 is in the sixth digit of a
    coefficient, and a pattern makes 1e-3 of that."""
    planar = voronoi_mesh(64, 64, seed=1, periodic=False)
    flat, edges, n = planar["pos"].double().numpy(), planar["edge_index"].numpy(), planar.num_nodes
    extent = planar["extent"][0].double().numpy()
    x, y = np.array([math.cos(0.7), 0, math.sin(0.7)]), np.array([0.0, -1.0, 0.0])
    pos, normal, frame = flat @ np.stack([x, y]) + 3, np.tile(np.cross(y, x), (n, 1)), np.tile(x, (n, 1))
    vectors, weights = flat[edges[0]] - flat[edges[1]], planar["edge_weight"].double().numpy()
    seen = {
        "plane": stencil(
            "fitted", edges, vectors, weights, reads_in_plane(flat, edges, vectors, extent, periodic=False), n
        ),
        "space": perceived("fitted", pos, normal, frame, edges, logarithmic_map(pos, normal, frame, edges), weights),
    }
    rule = load_rule("growing-lizard").double()
    rule.fire_rate = 1.0
    grown = {}
    for where, (index, coefficients) in seen.items():
        topology = planar.clone()
        for name in ("pos", "edge_attr", "edge_weight"):
            topology[name] = topology[name].double()
        topology = put_stencil(topology, index, coefficients)
        with torch.no_grad():
            grown[where] = rollout(rule, point_seed(planar, 16).double(), topology, 100)
    assert int((grown["plane"][:, 3] > 0.1).sum()) > 300
    torch.testing.assert_close(grown["space"], grown["plane"], atol=1e-5, rtol=0)


def test_a_rule_without_gradients_does_not_see_the_frames(random_rule: MakeRule) -> None:
    rule = random_rule(8, 16, "isonca", life_mask="pre", output_bias=False)
    ball = sphere(300)
    states = []
    for topology in (ball, with_frames(ball, (0.1, 0.2, 1.0)), with_frames(ball, 5)):
        with torch.no_grad():
            states.append(rollout(rule, somewhere(ball, 8), topology, 30, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(states[0], states[1]) and torch.equal(states[0], states[2])


def turned_and_turned_back() -> tuple[torch.Tensor, torch.Tensor]:
    """A lizard after 100 steps, and one on frames turned at random, whose rule turns what it perceives back."""
    ball = sphere(1500, operators="averaged")
    dtype = ball["pos"].dtype
    turns = 2 * math.pi * torch.rand(ball.num_nodes, generator=torch.Generator().manual_seed(0), dtype=dtype)
    other = with_frames(ball, turns, operators="averaged")
    rule = load_rule("growing-lizard").to(dtype)
    rule.fire_rate = 1.0
    seed = point_seed(ball, 16).to(dtype)
    with torch.no_grad():
        return rollout(rule, seed, ball, 100), rollout(rule, seed, other, 100, angle=turns)


def test_turning_all_frames_and_the_rule_back_changes_nothing(unrounded: None) -> None:
    plain, turned = turned_and_turned_back()
    assert int((plain[:, 3] > 0.1).sum()) > 100
    torch.testing.assert_close(turned, plain, atol=1e-11, rtol=0)


def test_in_float32_it_changes_what_a_lizard_makes_of_rounding() -> None:
    """Sixteen times a difference in the seed after 100 steps, of 1e-7 here and of what each step adds."""
    plain, turned = turned_and_turned_back()
    torch.testing.assert_close(turned, plain, atol=1e-4, rtol=0)


def test_a_mirrored_surface_has_the_mirrored_state_of_an_isotropic_rule(unrounded: None, random_rule: MakeRule) -> None:
    points = torus(400)["pos"].double().numpy()
    normals = torus(400)["normal"].double().numpy()
    mirror = np.array([-1.0, 1.0, 1.0])
    rule = random_rule(8, 16, "isonca", fire_rate=1.0, life_mask="pre", output_bias=False).double()
    one, other = surface_from_points(points, normals), surface_from_points(points * mirror, normals * mirror)
    assert torch.equal(one["stencil_index"], other["stencil_index"])
    with torch.no_grad():
        states = [rollout(rule, somewhere(one, 8), topology, 30) for topology in (one, other)]
    torch.testing.assert_close(*states, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("see", [NearestCell, Barycentric, CellCanvas])
def test_what_sees_the_plane_says_so(see, as_released) -> None:
    with pytest.raises(ValueError, match="plane"):
        see(sphere(300))


def test_a_rule_that_is_trained_on_squares_grows_on_a_sphere() -> None:
    ball = with_frames(sphere(5000), 40)
    rule = load_rule("growing-lizard")
    with torch.no_grad():
        x = rollout(rule, point_seed(ball, 16, at=40), ball, 300, generator=torch.Generator().manual_seed(0))
    assert 350 < int((x[:, 3] > 0.1).sum()) < 550  # 440 on squares, times 0.82 cells a unit


def test_no_texture_explodes_from_the_border_of_an_open_surface() -> None:
    vertices, faces = icosphere_mesh(4)
    cap = surface_mesh((vertices, faces[vertices[faces][:, :, 2].min(1) > 0.1]), 3000)
    rule = load_rule("texture-interlaced")
    with torch.no_grad():
        x = rollout(rule, torch.zeros(cap.num_nodes, 12), cap, 300, generator=torch.Generator().manual_seed(0))
    assert 0.3 < float(x.abs().max()) < 2
