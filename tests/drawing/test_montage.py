import numpy as np
import pytest
from PIL import Image

from graphnca.drawing import montage

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200)]


def tiles(count: int, size: tuple[int, int] = (60, 40)) -> list[Image.Image]:
    return [Image.new("RGB", size, COLOURS[number]) for number in range(count)]


def boxes(canvas: Image.Image) -> list[tuple[int, int, int, int]]:
    pixels = np.asarray(canvas)
    found = []
    for colour in COLOURS:
        rows, columns = np.nonzero((pixels == colour).all(-1))
        if rows.size:
            found.append((int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
    return found


def test_tiles_stand_in_rows_without_overlap() -> None:
    canvas = montage(tiles(5), columns=2, pad=10)
    assert canvas.size == (60 * 2 + 30, 40 * 3 + 40)
    corners = [(10, 10), (80, 10), (10, 60), (80, 60), (10, 110)]
    assert boxes(canvas) == [(x, y, x + 60, y + 40) for x, y in corners]


def test_default_is_one_row_up_to_five_and_a_square_beyond() -> None:
    assert len({box[1] for box in boxes(montage(tiles(5)))}) == 1
    assert montage(tiles(5) + tiles(4), pad=0).size == (180, 120)


def test_captions_stand_below_their_tiles_and_the_title_above() -> None:
    plain = montage(tiles(2), pad=10)
    canvas = montage(tiles(2), pad=10, captions=["left", ""], title="both")
    assert canvas.height > plain.height + 30
    pixels = np.asarray(canvas)
    left, right = boxes(canvas)
    assert left[1] > 20
    assert (pixels[: left[1]] < 100).any()
    assert (pixels[left[3] :, : left[2]] < 100).any()
    assert (pixels[right[3] :, right[0] :] == 255).all()


def test_long_captions_are_broken_so_that_tiles_keep_their_places() -> None:
    text = "a caption that is much longer than its tile is wide"
    assert boxes(montage(tiles(2), captions=[text, "b"])) == boxes(montage(tiles(2), captions=["a", "b"]))
    assert montage(tiles(2), captions=[text, "b"]).height > montage(tiles(2), captions=["a", "b"]).height


def test_tiles_of_different_sizes_stand_in_the_middle_of_their_place() -> None:
    canvas = montage([tiles(1)[0], tiles(2, (20, 20))[1]], columns=1, pad=10)
    assert boxes(canvas) == [(10, 10, 70, 50), (30, 60, 50, 80)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"captions": ["one"]}, "`captions` must have one text for each of 2 images, got 1"),
        ({"columns": 0}, "`columns` must be at least 1"),
        ({"pad": -1}, "`pad` must not be negative"),
        ({"font_size": 0}, "`font_size` must be at least 1"),
        ({"images": []}, "`images` must have at least one"),
        ({"background": "greenish"}, "`background` must be a colour"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        montage(**{"images": tiles(2), **arguments})
