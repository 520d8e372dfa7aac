"""Light on a relief."""

import numpy as np
import pytest

from graphnca.templates.canvas import FINENESS, Canvas
from graphnca.templates.relief import LIGHT, SKY, SUN, Relief

CANVAS = Canvas(32, 0)
WHITE, MATT = np.ones((*CANVAS.x.shape, 3)), np.ones_like(CANVAS.x)


def of(height: np.ndarray, roughness: float = 1.0) -> Relief:
    return Relief(WHITE, height, roughness * MATT)


def test_flat_ground_is_lit_by_sky_and_sun() -> None:
    lit = of(np.zeros_like(CANVAS.x)).lit()
    np.testing.assert_allclose(lit, SKY + SUN * LIGHT[2])


def test_a_slope_obeys_the_law_of_the_cosine() -> None:
    """A wave so long and low that nothing stands in the sun, and so wide that it is its own surroundings."""
    turn = 2 * np.pi / CANVAS.size
    height = 0.5 * np.sin(turn * CANVAS.x)
    lit = of(height).lit()[..., 0]
    slope = 0.5 * turn * np.cos(turn * CANVAS.x)
    normal = np.stack([-slope, 0 * slope, np.ones_like(slope)]) / np.hypot(slope, 1)
    np.testing.assert_allclose(lit, SKY + SUN * np.tensordot(LIGHT, normal, 1), atol=0.03)
    assert lit[:, np.argmax(slope[0])].mean() > lit[:, np.argmin(slope[0])].mean() + 0.05, "light is from the left"


def test_a_wall_throws_its_shadow_away_from_the_light() -> None:
    height = np.where(np.abs(CANVAS.y - 16) < 2, 4.0, 0.0)
    shaded = of(height)._in_sun()[:, 0]
    below, above = ((16 + side * 4) * FINENESS for side in (1, -1))
    assert shaded[below] == 0 and shaded[above] == 1
    far = (16 + 2 + 8) * FINENESS  # a wall of 4 pixels casts 4 * 0.62 / 0.6 downwards
    assert shaded[far] == 1


@pytest.mark.parametrize(("roughness", "glints"), [(1.0, False), (0.05, True)])
def test_what_is_smooth_glints(roughness: float, glints: bool) -> None:
    ball = 6 * np.sqrt(np.clip(1 - ((CANVAS.x - 16) ** 2 + (CANVAS.y - 16) ** 2) / 100, 0, 1))
    lit = of(ball, roughness).lit()
    assert (lit.max() > SKY * 1.2 + SUN + 0.1) == glints


def test_hollows_see_less_of_the_sky() -> None:
    height = 3.0 - 3.0 * np.exp(-((CANVAS.x - 16) ** 2 + (CANVAS.y - 16) ** 2) / 8)
    sky = of(height)._sky()
    assert sky[16 * FINENESS, 16 * FINENESS] < 0.9 < sky[0, 0]
