from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graphnca.drawing import save_image, to_picture, to_rgb


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
        np.testing.assert_array_equal(np.asarray(read), to_rgb(image))
    assert [file.name for file in tmp_path.iterdir()] == ["image.png"]


def test_saving_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`path` must end in an image suffix"):
        save_image(tmp_path / "image.xyz", torch.rand(3, 4, 5))
    with pytest.raises(FileNotFoundError, match="`path` must lie in an existing folder"):
        save_image(tmp_path / "none" / "image.png", torch.rand(3, 4, 5))
