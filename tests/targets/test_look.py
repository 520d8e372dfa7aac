"""What is seen in a picture before anything is trained on it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from graphnca.targets import load_target, look_at
from graphnca.targets.look import auxiliary_of

RED, WHITE = (200, 30, 30), (255, 255, 255)


def saved(image: Image.Image, path: Path) -> str:
    image.save(path)
    return str(path)


def test_the_background_of_an_opaque_picture_is_what_hangs_together_with_its_border(tmp_path: Path) -> None:
    """White within the shape stays."""
    image = Image.new("RGB", (60, 60), WHITE)
    pen = ImageDraw.Draw(image)
    pen.rectangle((10, 10, 49, 49), RED)
    pen.rectangle((25, 25, 34, 34), WHITE)
    looked = look_at(saved(image, tmp_path / "a.png"))
    pixels = np.asarray(looked.picture)
    assert pixels.shape == (40, 40, 4) and pixels[20, 20].tolist() == [*WHITE, 255]
    assert (pixels[..., 3] == 255).all() and "#ffffff, is cut away" in looked.sentences[0]


def test_a_named_background_is_cut_and_a_kept_one_stays(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40), (0, 0, 255))
    image.paste(RED, (20, 10, 40, 30))
    image.paste((0, 255, 0), (0, 0, 60, 5))
    path = saved(image, tmp_path / "a.png")
    assert look_at(path, background="keep").picture.size == (60, 40)
    assert look_at(path, background="#00ff00").picture.size == (60, 35)
    with pytest.raises(ValueError, match="`background` must be a colour or 'keep', got 'blueish'"):
        look_at(path, background="blueish")


def test_a_photograph_is_kept_whole_with_round_corners(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    looked = look_at(saved(Image.fromarray(noise), tmp_path / "a.png"))
    alpha = np.asarray(looked.picture)[..., 3]
    assert looked.picture.size == (64, 48) and alpha[0, 0] == 0 and alpha[24, 32] == 255
    assert "photograph" in looked.sentences[0]
    assert load_target(looked.picture, size=40).shape == (4, 54, 64)


def test_every_pixel_of_an_icon_becomes_a_square_of_cells(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8))
    for place in ((0, 0), (7, 7), (3, 4), (4, 4)):
        image.putpixel(place, (*RED, 255))
    looked = look_at(saved(image, tmp_path / "a.png"))
    assert looked.size == 40
    target = looked.target(40, 0)
    assert float((target[3] == 1).sum()) == 4 * 25 and target[3, :5, :5].all()
    assert float(target[3, target[3] < 1].max()) < 0.35, "the hairs that join its parts"


@pytest.mark.parametrize(("box", "size"), [((4, 40, 124, 60), 64), ((4, 4, 124, 124), None)])
def test_a_long_picture_grows_larger(box: tuple[int, int, int, int], size: int | None, tmp_path: Path) -> None:
    image = Image.new("RGBA", (128, 128))
    image.paste((*RED, 255), box)
    assert look_at(saved(image, tmp_path / "a.png")).size == size


def test_what_is_drawn_in_thin_lines_grows_larger_and_the_seed_lies_on_it(tmp_path: Path) -> None:
    image = Image.new("RGBA", (128, 128))
    ImageDraw.Draw(image).ellipse((4, 4, 124, 124), outline=(*RED, 255), width=4)
    looked = look_at(saved(image, tmp_path / "a.png"))
    size = looked.size or 40
    assert size > 40 and "thin lines" in looked.sentences[0]
    column, row = (size // 2 + round((part - 0.5) * size) for part in looked.seed_at)
    assert float(looked.target(size, 0)[3, row - 1 : row + 2, column - 1 : column + 2].amax()) > 0.1


def test_auxiliary_channels_are_those_that_a_shape_has() -> None:
    rows, columns = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing="ij")

    def shape(mask: torch.Tensor) -> torch.Tensor:
        return mask.float().expand(4, -1, -1).clone()

    assert auxiliary_of(shape(rows.square() + columns.square() < 150)) == "radial4"
    assert auxiliary_of(shape((rows.abs() < 4) & (columns > -18) & (columns < 9))) == "binary,axis:3"
    corner = (rows.abs() < 15) & (columns.abs() < 15) & ~((rows < 0) & (columns < 0))
    assert auxiliary_of(shape(corner)) in ("binary", "binary,axis:3")


def test_ours_are_taken_as_they_are() -> None:
    looked = look_at("heart")
    torch.testing.assert_close(looked.target(40, 16), load_target("heart", size=40, padding=16), rtol=0, atol=0)
    assert looked.sentences == ()


def test_an_empty_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a picture that shows something"):
        look_at(saved(Image.new("RGB", (20, 20), WHITE), tmp_path / "a.png"))
