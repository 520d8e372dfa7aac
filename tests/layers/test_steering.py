"""Steered gradients: what they see does not depend on the substrate's frames, and turns with the plane."""

from collections.abc import Callable

import pytest
import torch
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.layers import NCAConv, in_8_bits, in_fixed_point, neighbourhood
from graphnca.layers.arithmetic import ARITHMETICS
from topologies import hex_grid, sphere, square_grid, voronoi_mesh, with_frames

MakeRule = Callable[..., NCAConv]
PERCEPTION = ("identity", "steered_gradient", "laplacian")
GAINS = {"steered_gradient": 1 / 8, "laplacian": 1 / 4}


@pytest.fixture
def rule(random_rule: MakeRule) -> NCAConv:
    return random_rule(8, 16, PERCEPTION, gains=GAINS, fire_rate=1.0, std=0.2)


def patch(topology: Data, channels: int = 8) -> torch.Tensor:
    """A disk of random states, in the middle of nothing."""
    x = torch.zeros(len(topology["pos"]), channels)
    near = (topology["pos"] - topology["pos"][len(x) // 2]).norm(dim=1) < 3.5
    x[near] = torch.rand(int(near.sum()), channels, generator=torch.Generator().manual_seed(0))
    return x


@torch.no_grad()
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turning_the_plane_turns_the_state_to_the_bit(quarters: int, rule: NCAConv) -> None:
    """On squares in fixed point, where no sum depends on an order; and mirrored, it is no mirror image."""
    rule, grid = in_fixed_point(rule), square_grid(16, 16)
    start = patch(grid).view(16, 16, 8)
    grown = rollout(rule, start.flatten(0, 1), grid, 20).view(16, 16, 8)
    turned = rollout(rule, start.rot90(quarters).flatten(0, 1), grid, 20).view(16, 16, 8)
    assert grown.ne(0).any(-1).sum() > 100
    assert torch.equal(turned, grown.rot90(quarters))
    mirrored = rollout(rule, start.flip(0).flatten(0, 1), grid, 20).view(16, 16, 8)
    assert (mirrored - grown.flip(0)).abs().max() > 0.1


@torch.no_grad()
@pytest.mark.parametrize("kind", ["square", "hex", "voronoi", "sphere"])
@pytest.mark.parametrize("convert", [lambda rule: rule, in_8_bits])
def test_the_angle_of_a_cells_frame_changes_nothing(
    kind: str, convert: Callable[[NCAConv], NCAConv], rule: NCAConv
) -> None:
    cells = {
        "square": lambda: square_grid(16, 16),
        "hex": lambda: hex_grid(16, 16),
        "voronoi": lambda: voronoi_mesh(16, 16),
        "sphere": lambda: sphere(300),
    }[kind]()
    reads, x = convert(rule), patch(cells)
    angle = 6.3 * torch.rand(len(x), generator=torch.Generator().manual_seed(1))
    one, other = (reads.perceive(x, **neighbourhood(cells), angle=turn) for turn in (None, angle))
    levels = ARITHMETICS[reads.arithmetic].levels
    assert one[:, 8:24].abs().max() > 0.3
    torch.testing.assert_close(other, one, atol=1e-5 if levels == 1 else 1.01 / levels, rtol=1e-5)


@torch.no_grad()
def test_with_averaged_operators_frames_at_random_change_no_state(random_rule: MakeRule) -> None:
    """Over a hundred steps, to what float32 rounds."""
    ball = sphere(800, operators="averaged")
    angles = 6.3 * torch.rand(len(ball["pos"]), generator=torch.Generator().manual_seed(2))
    other = with_frames(ball, angles, operators="averaged")
    assert (other["frame"] * ball["frame"]).sum(1).min() < -0.9
    rule = random_rule(8, 16, PERCEPTION, gains=GAINS, fire_rate=1.0, life_mask=None, std=0.01)
    start = torch.randn(len(angles), 8, generator=torch.Generator().manual_seed(3))
    one, two = (rollout(rule, start, cells, 100) for cells in (ball, other))
    assert (one - start).abs().mean() > 0.1
    torch.testing.assert_close(two, one, atol=1e-5, rtol=1e-5)
