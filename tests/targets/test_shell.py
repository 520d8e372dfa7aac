"""The shell's laws: one curve at every scale and angle, chambers in geometric progression."""

import math

import pytest
import torch
from torch import Tensor

from graphnca.regions import FROZEN, GROWING, MATURE
from graphnca.targets import Shell
from graphnca.targets.shell import BULGE, CHAMBER_ANGLE, CHAMBER_AREA, WHORL

SHELL = Shell(7.0, 0.4, (3.0, -2.0))


def plane(reach: float = 20.0, side: int = 41) -> Tensor:
    """Points all around the pole, the pole itself left out."""
    steps = torch.linspace(-reach, reach, side, dtype=torch.float64) + 0.013
    return torch.cartesian_prod(steps, steps) + torch.tensor(SHELL.pole, dtype=torch.float64)


def turned(pos: Tensor, angle: float, factor: float) -> Tensor:
    """Points turned about the pole, from x towards y, and moved away from it."""
    pole = torch.tensor(SHELL.pole, dtype=pos.dtype)
    cos, sin = math.cos(angle), math.sin(angle)
    return pole + factor * (pos - pole) @ torch.tensor([[cos, sin], [-sin, cos]], dtype=pos.dtype)


def same_place(one: tuple[Tensor, Tensor], two: tuple[Tensor, Tensor]) -> None:
    """On the wall itself, rounding decides between the two sides; there both are right."""
    inside = (one[1] > 1e-6) & (one[1] < 1 - 1e-6)
    assert inside.float().mean() > 0.99
    for first, second in zip(one, two, strict=True):
        torch.testing.assert_close(second[inside], first[inside], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("angle", "factor"), [(0.0, 1.7), (2.1, 1.0), (-1.3, 0.6)])
def test_a_scaled_and_turned_shell_is_the_same_picture(angle: float, factor: float) -> None:
    other = Shell(SHELL.scale * factor, SHELL.angle + angle, SHELL.pole)
    same_place(SHELL.coordinates(plane()), other.coordinates(turned(plane(), angle, factor)))


@pytest.mark.parametrize("chambers", [1, 3, -2])
def test_growing_is_turning_and_scaling(chambers: int) -> None:
    """The gnomonic law: a chamber further on, everything is one chamber less."""
    along, across = SHELL.coordinates(plane())
    same_place((along - chambers, across), SHELL.after(chambers).coordinates(plane()))
    assert SHELL.after(8).scale == pytest.approx(2 * SHELL.scale)
    assert SHELL.after(2 * math.pi / CHAMBER_ANGLE).scale == pytest.approx(WHORL * SHELL.scale)


def test_the_outer_wall_is_where_the_next_turn_has_its_inner_one() -> None:
    angles = torch.linspace(0, 6, 50, dtype=torch.float64)
    radius = SHELL.scale * WHORL ** (angles / (2 * math.pi))
    wall = torch.stack([torch.cos(angles + SHELL.angle), torch.sin(angles + SHELL.angle)], 1)
    for factor, expected in ((1 - 1e-9, 1.0), (1 + 1e-9, 0.0)):
        pos = factor * radius[:, None] * wall + torch.tensor(SHELL.pole, dtype=torch.float64)
        torch.testing.assert_close(SHELL.coordinates(pos)[1], torch.full_like(angles, expected), atol=1e-6, rtol=0)


def test_a_front_meets_the_outer_wall_where_it_should_and_hangs_back_in_the_middle() -> None:
    front = torch.tensor([math.cos(SHELL.angle), math.sin(SHELL.angle)], dtype=torch.float64)
    pole = torch.tensor(SHELL.pole, dtype=torch.float64)
    outer = SHELL.coordinates(pole + (SHELL.scale - 1e-9) * front)[0]
    middle = SHELL.coordinates(pole + SHELL.scale * WHORL**-0.5 * front)
    assert float(outer) == pytest.approx(0, abs=1e-6)
    assert float(middle[1]) == pytest.approx(0.5)
    assert float(middle[0]) == pytest.approx(BULGE)


def test_areas_are_those_of_the_drawing_and_grow_geometrically() -> None:
    step = 0.02
    ticks = torch.arange(-16, 16, step, dtype=torch.float64) + step / 2
    along = SHELL.coordinates(torch.cartesian_prod(ticks, ticks) + torch.tensor(SHELL.pole, dtype=torch.float64))[0]
    for number in (-3, 0, 1, 4):
        counted = float(((along >= number - 1) & (along < number)).sum()) * step**2
        assert SHELL.chamber_area(number) == pytest.approx(counted, rel=2e-3)
    ratios = [SHELL.chamber_area(number + 1) / SHELL.chamber_area(number) for number in range(8)]
    assert ratios == pytest.approx([CHAMBER_AREA] * 8)
    assert math.prod(ratios) == pytest.approx(4)


def test_every_cell_belongs_to_one_region() -> None:
    along = SHELL.coordinates(plane())[0]
    regions, image = SHELL.regions(plane(), 2), SHELL.image(plane(), 2)
    assert torch.equal(regions == GROWING, along >= 2)
    assert torch.equal(regions == MATURE, (along >= 1) & (along < 2))
    assert torch.equal(regions == FROZEN, along < 1)
    assert torch.equal(image[:, 3], (regions != GROWING).double())
    assert not image[regions == GROWING].any()
    assert image.min() >= 0
    assert image.max() <= 1


def test_the_colour_is_the_mean_over_a_cell() -> None:
    """Of the nine points of a cell of side 3, drawn one by one."""
    pos = plane(12, 9)
    fine = [SHELL.image(pos + torch.tensor([x, y]), math.inf, samples=1) for x in (-1.0, 0, 1) for y in (-1.0, 0, 1)]
    torch.testing.assert_close(SHELL.image(pos, math.inf, cell=3.0), torch.stack(fine).mean(0))


def test_a_centred_shell_lies_in_the_middle() -> None:
    for angle in (0.0, 1.0, 4.0):
        shell = Shell(10.0, angle).centred((5.0, 6.0), 3)
        alive = plane(25, 301)[shell.coordinates(plane(25, 301))[0] < 3]
        middle = (alive.amin(0) + alive.amax(0)) / 2
        assert middle.tolist() == pytest.approx([5.0, 6.0], abs=0.35)
