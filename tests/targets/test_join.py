"""Pictures in several parts."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from graphnca.targets import look_at
from graphnca.targets.join import AROUND, join_parts

RED, BLUE = (200, 30, 30, 255), (30, 30, 200, 255)


def drawn(boxes: dict[tuple[int, int, int, int], tuple[int, ...]], size: int = 80) -> Image.Image:
    image = Image.new("RGBA", (size, size))
    for box, colour in boxes.items():
        ImageDraw.Draw(image).rectangle(box, colour)
    return image


def bodies(alpha: np.ndarray) -> int:
    labels = np.zeros(alpha.shape, dtype=int)
    return int(ndimage.label(alpha > 0.1, AROUND, output=labels))


@pytest.mark.parametrize("extent", [80, 160, 37])
def test_parts_are_joined_and_nothing_else_is_changed(extent: int, tmp_path: Path) -> None:
    boxes = {(0, 0, 20, 20): RED, (60, 10, 79, 30): BLUE, (30, 60, 60, 79): BLUE}
    image = drawn(boxes).resize((extent, extent), Image.Resampling.NEAREST)
    image.save(tmp_path / "parts.png")
    looked = look_at(tmp_path / "parts.png")
    assert any("in 3 parts" in sentence for sentence in looked.sentences)
    target = looked.target(40, 2).numpy()
    assert bodies(target[3]) == 1
    before, after = np.asarray(image), np.asarray(looked.picture)
    np.testing.assert_array_equal(after[before[..., 3] > 0], before[before[..., 3] > 0])
    hair = after[(before[..., 3] == 0) & (after[..., 3] > 0)]
    assert 0 < len(hair) < 0.08 * extent**2 and hair[:, 3].max() < 0.35 * 255, "hardly to be seen"


def test_the_hair_is_between_the_nearest_places_in_the_mean_of_their_colours() -> None:
    image = drawn({(0, 0, 9, 39): RED, (30, 30, 39, 39): BLUE}, 40)
    joined, hairs = join_parts(image, np.asarray(image)[..., 3] > 0)
    assert hairs == 1
    added = np.asarray(joined)[10:, 10:30, 3].max(1)
    assert (added[:15] == 0).all() and added[20:].max() > 60
    middle = np.asarray(joined)[30:40, 20].astype(int)
    np.testing.assert_allclose(middle[middle[:, 3].argmax(), :3], [115, 30, 115], atol=1)


@pytest.mark.parametrize("gap", [2, 3])
def test_what_lies_close_is_one_part(gap: int) -> None:
    image = drawn({(0, 0, 9, 39): RED, (10 + gap, 0, 39, 39): BLUE}, 40)
    joined, hairs = join_parts(image, np.asarray(image)[..., 3] > 0)
    assert hairs == (gap > 2) and (joined is image) == (gap <= 2)


def test_sparks_stay_apart() -> None:
    image = drawn({(0, 0, 20, 20): RED, (36, 36, 38, 38): BLUE}, 40)
    assert join_parts(image, np.asarray(image)[..., 3] > 0) == (image, 0)


def test_a_ring_is_joined_where_both_its_ends_are_as_far() -> None:
    """And not where it is nearest: one way round, its end would be reached only after twice as many steps."""
    image = Image.new("RGBA", (41, 41))
    ImageDraw.Draw(image).arc((2, 2, 38, 38), 300, 240, BLUE, 3)  # open above
    ImageDraw.Draw(image).rectangle((19, 3, 21, 22), RED)
    joined, _ = join_parts(image, np.asarray(image)[..., 3] > 0)
    added = (np.asarray(joined)[..., 3] > 0) & (np.asarray(image)[..., 3] == 0)
    rows, columns = np.nonzero(added)
    assert rows.min() > 20 and np.abs(columns - 20).max() <= 2
