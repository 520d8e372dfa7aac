"""The direction of gradients, and by how much a picture is turned."""

import math

import numpy as np
import pytest
import torch

from graphnca.evaluation.orientation import BINS, LEAST, Gradients, turn_between, wrapped_degrees
from graphnca.templates import load_template


def waves(degrees: float, size: int = 64, *, crossed: bool = False) -> torch.Tensor:
    """Sharp stripes that vary along a direction, so many degrees from x towards y; or the same crossed by others."""
    y, x = torch.meshgrid(*[torch.arange(size, dtype=torch.float32)] * 2, indexing="ij")
    along = x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees))
    across = y * math.cos(math.radians(degrees)) - x * math.sin(math.radians(degrees))
    picture = (along * 2 * math.pi / 11).sin()
    return (picture * (across * 2 * math.pi / 11).sin() if crossed else picture).expand(3, -1, -1)


@pytest.mark.parametrize("degrees", [-150.0, -20.0, 0.0, 35.0, 90.0])
def test_the_angle_of_a_slope_runs_from_x_towards_y(degrees: float) -> None:
    y, x = torch.meshgrid(*[torch.arange(32, dtype=torch.float32)] * 2, indexing="ij")
    slope = x * math.cos(math.radians(degrees)) + y * math.sin(math.radians(degrees))
    inner = slice(8, 24)
    found = Gradients.of(slope.expand(3, -1, -1), wraps=False).within(inner, inner)
    np.testing.assert_allclose(np.degrees(found.angle), degrees, atol=1e-4)
    np.testing.assert_allclose(found.size, 1.0, atol=1e-3)


@pytest.mark.parametrize("degrees", [-60.0, 10.0, 45.0, 90.0])
def test_stripes_have_turned_by_what_they_were_turned_by(degrees: float) -> None:
    first, second = (Gradients.of(waves(angle), wraps=False) for angle in (20.0, 20.0 + degrees))
    assert first.symmetry() == second.symmetry() == 2
    found = turn_between(first.histogram(2), second.histogram(2), 2)
    assert wrapped_degrees(found - degrees, 2) == pytest.approx(0, abs=1.5)
    assert turn_between(second.histogram(2), first.histogram(2), 2) == pytest.approx(-found, abs=0.5)


def test_what_has_four_directions_is_compared_by_quarters() -> None:
    first, second = (Gradients.of(waves(angle, crossed=True), wraps=False) for angle in (0.0, 30.0))
    assert first.symmetry() == second.symmetry() == 4
    assert turn_between(first.histogram(4), second.histogram(4), 4) == pytest.approx(30, abs=1.5)


def test_gradients_seen_in_turned_frames_are_turned_back() -> None:
    field = np.full((64, 64), math.radians(25.0))
    first, second = (Gradients.of(waves(angle), wraps=False) for angle in (0.0, 25.0))
    seen = second.relative_to(field)
    assert turn_between(first.histogram(2), seen.histogram(2), 2) == pytest.approx(0, abs=1.5)


def test_a_histogram_counts_all_and_an_even_picture_none() -> None:
    assert Gradients.of(waves(10.0)).histogram(2).sum() == pytest.approx(1)
    even = Gradients.of(torch.zeros(3, 16, 16))
    np.testing.assert_allclose(even.histogram(4), 1 / BINS)
    assert even.anisotropy(2) == 0


def test_angles_wrap_into_half_a_part_each_way() -> None:
    assert [wrapped_degrees(angle, 2) for angle in (0, 89, 90, 91, -91, 360)] == [0, 89, -90, -89, 89, 0]
    assert wrapped_degrees(46, 4) == -44


@pytest.mark.parametrize(
    ("name", "oriented"),
    [("banded", True), ("chequered", True), ("interlaced", True), ("dotted", False), ("bubbly", False)],
)
def test_the_templates_fall_on_either_side_of_the_criterion(name: str, oriented: bool) -> None:
    found = Gradients.of(load_template(name, 128))
    assert (found.anisotropy(found.symmetry()) >= LEAST) == oriented
