"""Icons and photographs made by code, for `anyones_pictures.py`: no rule was trained, and nothing tuned, on them."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

SIDE = 128  # pixels


def house() -> Image.Image:
    """A flat icon in four colours, transparent around it."""
    image = Image.new("RGBA", (SIDE, SIDE))
    pen = ImageDraw.Draw(image)
    pen.rectangle((24, 58, 104, 118), (232, 196, 120, 255))
    pen.polygon([(12, 60), (64, 12), (116, 60)], (178, 58, 52, 255))
    pen.rectangle((54, 80, 76, 118), (96, 62, 40, 255))
    pen.rectangle((84, 72, 98, 88), (120, 180, 220, 255))
    return image


def power() -> Image.Image:
    """A thin mark of one colour on white, without transparency: an open ring and a stroke."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(image)
    pen.arc((20, 24, 108, 112), -55, 235, (30, 90, 200), 7)
    pen.line((64, 12, 64, 64), (30, 90, 200), 7)
    return image


def ghost() -> Image.Image:
    """Pixel art, 10x10 pixels."""
    rows = (
        "..cccccc..",
        ".cccccccc.",
        "cccccccccc",
        "cwwccwwccc",
        "cwkccwkccc",
        "cwwccwwccc",
        "cccccccccc",
        "cccccccccc",
    )
    rows = (*rows, "cccccccccc", "cc.ccc.ccc")
    colours = {".": (0, 0, 0, 0), "c": (90, 200, 210, 255), "w": (255, 255, 255, 255), "k": (20, 20, 60, 255)}
    return Image.fromarray(np.array([[colours[letter] for letter in row] for row in rows], dtype=np.uint8), mode="RGBA")


def spheres() -> Image.Image:
    """Three shaded balls on a table, a photograph of 96x72 pixels."""
    y, x = np.mgrid[:72, :96].astype(float)
    image = np.stack([90 + 0.6 * y, 80 + 0.5 * y, 70 + 0.4 * y], -1)
    for cx, cy, radius, colour in (
        (28, 40, 19, (200, 60, 50)),
        (58, 32, 14, (60, 140, 70)),
        (72, 54, 12, (70, 90, 190)),
    ):
        inside = (x - cx) ** 2 + (y - cy) ** 2 < radius**2
        light = np.clip(1.25 - np.hypot(x - cx + radius / 3, y - cy + radius / 3) / (1.3 * radius), 0.15, 1.2)
        image[inside] = (light[..., None] * np.array(colour, dtype=float))[inside]
    return _photograph(image, 1)


def night() -> Image.Image:
    """The moon over mountains and water, 80x80 pixels."""
    y, x = np.mgrid[:80, :80].astype(float)
    image = np.stack([15 + 0.5 * y, 20 + 0.7 * y, 60 + 1.0 * y], -1)
    image[(x - 54) ** 2 + (y - 20) ** 2 < 81] = (240, 235, 205)
    ridge = 44 - 10 * np.abs(np.sin(x / 11)) - 5 * np.sin(x / 5 + 1)
    image[(y > ridge) & (y < 56)] = (25, 30, 45)
    glitter = (y >= 56) & (np.abs(x - 54) < 4 + (y - 56) / 3) & (np.sin(1.7 * y + 0.3 * x) > 0)
    image[glitter] = (190, 190, 180)
    return _photograph(image, 2)


def leaf() -> Image.Image:
    """A leaf that lies on gravel, 72x90 pixels."""
    y, x = np.mgrid[:90, :72].astype(float)
    grain = np.random.default_rng(3).normal(size=(90, 72))
    image = np.stack([150 + 18 * grain, 145 + 18 * grain, 138 + 18 * grain], -1)
    along, across = (y - 45) / 36, (x - 36 - 4 * np.sin(y / 16)) / 22
    blade = np.abs(across) < 1 - along**2
    green = 1 - 0.5 * np.abs(across) + 0.12 * np.sin(14 * (along + np.abs(across)))
    image[blade] = (green[..., None] * np.array([90.0, 150.0, 60.0]))[blade]
    image[blade & (np.abs(across) < 0.06)] = (190, 200, 130)
    return _photograph(image, 4)


def _photograph(image: np.ndarray, seed: int) -> Image.Image:
    """With a little of a camera's noise."""
    noise = np.random.default_rng(seed).normal(scale=3.0, size=image.shape)
    return Image.fromarray(np.clip(image + noise, 0, 255).astype(np.uint8))


DRAWN: dict[str, Callable[[], Image.Image]] = {
    "house": house,
    "power": power,
    "ghost": ghost,
    "spheres": spheres,
    "night": night,
    "leaf": leaf,
}
