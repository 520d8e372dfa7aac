from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graphnca.drawing import save_image, to_picture, to_rgb
from graphnca.drawing.images import INVISIBLE


def test_image_over_white_is_one_minus_alpha_plus_rgb() -> None:
    image = torch.rand(4, 5, 6)
    image[:3] *= image[3]
    expected = (255 * (1 - image[3] + image[:3])).round().movedim(0, -1)
    np.testing.assert_array_equal(to_rgb(image), expected.numpy().astype(np.uint8))


def test_three_channels_are_rgb_and_more_than_four_are_ignored() -> None:
    image = torch.rand(6, 5, 7)
    np.testing.assert_array_equal(to_rgb(image[:3]), (255 * image[:3]).round().movedim(0, -1).numpy())
    np.testing.assert_array_equal(to_rgb(image), to_rgb(image[:4]))


def test_texture_offset() -> None:
    np.testing.assert_array_equal(to_rgb(torch.full((5, 1, 1), 0.3), offset=0.5), np.full((1, 1, 3), 204))


@pytest.mark.parametrize("shape", [(2, 4, 4), (4, 4), (1, 4, 4, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises((ValueError, TypeError)):
        to_rgb(torch.zeros(shape))


def test_every_form_of_a_picture_is_the_same_picture() -> None:
    bytes_ = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    tensor = torch.from_numpy(bytes_).movedim(-1, 0) / 255.0
    forms = [bytes_, tensor, Image.fromarray(bytes_), torch.cat([tensor, torch.ones(1, 4, 5)])]
    for form in forms:
        np.testing.assert_array_equal(np.asarray(to_picture(form)), bytes_)


def test_a_transparent_picture_lies_over_white() -> None:
    picture = to_picture(Image.new("RGBA", (2, 2), (0, 0, 0, 0)))
    assert picture.mode == "RGB"
    assert (np.asarray(picture) == 255).all()


def test_scale_makes_squares_of_pixels() -> None:
    image = torch.rand(3, 4, 5)
    big = np.asarray(to_picture(image, scale=3))
    np.testing.assert_array_equal(big, to_rgb(image).repeat(3, 0).repeat(3, 1))
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="`scale` must be a positive whole number"):
            to_picture(image, scale=wrong)


def test_saved_image_is_read_back(tmp_path: Path) -> None:
    image = torch.rand(3, 4, 5)
    save_image(tmp_path / "image.png", image, scale=2)
    save_image(tmp_path / "image.png", image)  # replaces it
    with Image.open(tmp_path / "image.png") as read:
        np.testing.assert_array_equal(np.asarray(read.convert("RGB")), to_rgb(image))
    assert [file.name for file in tmp_path.iterdir()] == ["image.png"]


def grey_and_red(levels: int) -> np.ndarray:
    """A drawing of `levels` squared colours."""
    steps = np.linspace(0, 255, levels).astype(np.uint8)
    return np.stack(np.broadcast_arrays(steps[:, None], steps[None], 90), axis=-1).astype(np.uint8)


def saved(path: Path, image: np.ndarray | Image.Image) -> tuple[np.ndarray, str]:
    save_image(path, image)
    with Image.open(path) as read:
        return np.asarray(read.convert("RGB")), read.mode


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_up_to_256_colours_are_kept_exactly(tmp_path: Path, name: str) -> None:
    few = grey_and_red(16).repeat(8, 0).repeat(8, 1)
    np.testing.assert_array_equal(saved(tmp_path / name, few)[0], few)
    first = (tmp_path / name).read_bytes()
    save_image(tmp_path / name, few)
    assert (tmp_path / name).read_bytes() == first


def test_a_png_gets_a_palette_only_where_nobody_sees_it(tmp_path: Path) -> None:
    few = grey_and_red(15).repeat(4, 0).repeat(4, 1)
    nearly = few ^ np.random.default_rng(0).integers(0, 2, few.shape, dtype=np.uint8)  # far more than 256 colours
    shown, mode = saved(tmp_path / "nearly.png", nearly)
    assert mode == "P"
    assert np.sqrt(np.square(shown.astype(float) - nearly).mean()) <= INVISIBLE
    colourful = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    shown, mode = saved(tmp_path / "colourful.png", colourful)
    assert mode == "RGB"
    np.testing.assert_array_equal(shown, colourful)


def test_a_webp_of_a_texture_is_close_and_much_smaller_than_lossless(tmp_path: Path) -> None:
    waves = np.sin(np.arange(128) / 5)[:, None] * np.cos(np.arange(128) / 7)[None]
    noise = np.random.default_rng(0).normal(0, 6, (128, 128, 3))
    texture = (120 + 90 * waves[..., None] + noise).clip(0, 255).astype(np.uint8)
    shown, _ = saved(tmp_path / "texture.webp", texture)
    assert np.abs(shown.astype(int) - texture).mean() < 6
    save_image(tmp_path / "texture.png", texture)
    assert (tmp_path / "texture.webp").stat().st_size < 0.5 * (tmp_path / "texture.png").stat().st_size


def test_saving_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`path` must end in an image suffix"):
        save_image(tmp_path / "image.xyz", torch.rand(3, 4, 5))
    with pytest.raises(FileNotFoundError, match="`path` must lie in an existing folder"):
        save_image(tmp_path / "none" / "image.png", torch.rand(3, 4, 5))
