"""Patterns moved and turned by what is known."""

import math

import pytest
import torch
from scipy.ndimage import rotate
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.motion import centroid, followed, rate, unwrapped
from graphnca.evaluation.published_loss import target_with_auxiliary
from graphnca.losses import RotationInvariantLoss
from topologies import hex_grid, square_grid, voronoi_mesh

TORI = {"square": square_grid(24, 24), "hex": hex_grid(24, 24), "voronoi": voronoi_mesh(24, 24, seed=1)}


def disk(topology: Data, x: float, y: float, radius: float = 5.0) -> Tensor:
    """A disk of mature cells (N, 4) around a point, over the seams of a torus."""
    offset = topology["pos"] - torch.tensor([x, y])
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    return (offset.norm(dim=-1) < radius).float()[:, None].expand(-1, 4)


@pytest.mark.parametrize("name", TORI)
def test_a_disk_moved_over_the_seams_drifts_as_it_was_moved(name: str) -> None:
    topology = TORI[name]
    moments = torch.arange(30.0)
    velocity = torch.tensor([1.7, -0.9])  # units a moment: twice across in x, once in y
    states = torch.stack([disk(topology, *(torch.tensor([3.0, 3.0]) + t * velocity).tolist()) for t in moments])
    path = unwrapped(centroid(states, topology), topology)
    torch.testing.assert_close(rate(moments, path), velocity, atol=0.02, rtol=0)
    torch.testing.assert_close(path[-1] - path[0], 29 * velocity, atol=0.7, rtol=0)


def test_a_bounded_domain_has_no_seam() -> None:
    topology = square_grid(24, 24, periodic=False)
    states = torch.stack([disk(topology, 4.0, 12.0), disk(topology, 20.0, 12.0)])
    path = unwrapped(centroid(states, topology), topology)
    torch.testing.assert_close(path, torch.tensor([[4.0, 12.0], [20.0, 12.0]]), atol=0.3, rtol=0)


def test_cells_count_by_their_area() -> None:
    mesh = TORI["voronoi"].clone()
    mesh["area"] = torch.where(mesh["pos"][:, 0] < 12, 3.0, 1.0)
    heavy = centroid(disk(mesh, 12.0, 12.0, 6.0), mesh)
    assert float(heavy[0]) < float(centroid(disk(mesh, 12.0, 12.0, 6.0), TORI["voronoi"])[0]) - 0.5


def test_nothing_alive_is_nowhere() -> None:
    states = torch.stack([torch.zeros(576, 4), disk(TORI["square"], 9.0, 9.0)])
    assert centroid(states, TORI["square"]).isnan().any(-1).tolist() == [True, False]


def test_runs_are_separate() -> None:
    states = torch.stack([disk(TORI["hex"], 5.0, 5.0), disk(TORI["hex"], 15.0, 9.0)])
    both = centroid(states, TORI["hex"])
    torch.testing.assert_close(both[1], centroid(states[1], TORI["hex"]))


def test_the_slope_of_a_line_is_its_slope() -> None:
    time = torch.tensor([0.0, 1.0, 3.0, 7.0], dtype=torch.float64)
    values = torch.stack([2 * time + 1, -0.5 * time], -1)
    torch.testing.assert_close(rate(time, values), torch.tensor([2.0, -0.5], dtype=torch.float64))
    with pytest.raises(ValueError, match="at least two"):
        rate(time[:1], values[:1])


def lizard() -> Tensor:
    return target_with_auxiliary("lizard", "binary", size=28, padding=6)


def turned(image: Tensor, degrees: float) -> Tensor:
    """Turned clockwise on the screen, from x towards y: scipy's angle is the other way round."""
    return torch.from_numpy(rotate(image.numpy(), -degrees, axes=(1, 2), reshape=False, order=1))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("speed", [3.0, -11.5])
def test_a_picture_turned_at_a_known_rate_is_followed(speed: float, mirrored: bool) -> None:
    """Over more than a half turn, so the angle passes the end of its circle."""
    picture = lizard()
    loss = RotationInvariantLoss(picture)
    start = picture.flip(1) if mirrored else picture
    moments = torch.arange(20.0)
    images = torch.stack([turned(start, 150.0 + speed * float(moment)) for moment in moments])
    angles, seen = followed(loss.landscape(images))
    assert bool(seen) is mirrored
    assert math.degrees(float(rate(moments, angles))) == pytest.approx(speed, abs=0.1)
    assert math.degrees(float(angles[0])) % 360 == pytest.approx(150, abs=2)


def test_an_ambiguous_target_causes_no_jump() -> None:
    """After the first moment the opposite orientation fits better by a little every other time."""
    num_angles = 228
    angle = torch.arange(num_angles) * 2 * math.pi / num_angles
    landscapes = torch.stack(
        [
            torch.stack(
                [2.0 - (2 * (angle - 0.02 * t)).cos() + 0.1 * (-1) ** t * angle.cos(), torch.full_like(angle, 9)]
            )
            for t in range(1, 12)
        ]
    )
    angles, _ = followed(landscapes)
    assert float(angles.diff().abs().max()) < 0.1


def test_each_run_has_its_own_chirality() -> None:
    picture = lizard()
    landscapes = RotationInvariantLoss(picture).landscape(
        torch.stack([picture, picture.flip(1)]).expand(3, -1, -1, -1, -1)
    )
    angles, mirrored = followed(landscapes)
    assert mirrored.tolist() == [False, True]
    assert float(angles.abs().max()) < 0.02
