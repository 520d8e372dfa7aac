from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from graphnca.templates import DEEPEST, load_material, load_template, material_names, template_names

PHOTOGRAPH = "gravel"
DRAWN = [name for name in template_names() if name != PHOTOGRAPH]


def roughness(image: Tensor) -> float:
    """Mean difference between neighbouring pixels."""
    return float((image[:, 1:] - image[:, :-1]).abs().mean() + (image[..., 1:] - image[..., :-1]).abs().mean())


def test_the_templates_are_there() -> None:
    assert template_names() == [
        "banded", "bubbly", "chequered", "cobbled", "dotted", "furry", "glassy", "gravel", "interlaced", "scaly",
        "woven",
    ]  # fmt: skip


def largest_seam(image: Tensor) -> float:
    """The step over an edge as a share of the largest step between two other rows or columns."""
    shares = []
    for axis in (1, 2):
        steps = (image - image.roll(1, axis)).abs().mean(dim=(0, 3 - axis))  # the first is that over the edge
        shares.append(float(steps[0] / steps[1:].max()))
    return max(shares)


@pytest.mark.parametrize("size", [16, 64, 77])
@pytest.mark.parametrize("name", template_names())
def test_a_template_is_a_picture(name: str, size: int) -> None:
    template = load_template(name, size)
    assert template.shape == (3, size, size)
    assert template.dtype == torch.float32
    assert template.min() >= 0
    assert template.max() <= 1
    torch.testing.assert_close(load_template(name, size), template, rtol=0, atol=0)


@pytest.mark.parametrize("name", DRAWN)
def test_a_template_has_colour_and_contrast(name: str) -> None:
    template = load_template(name)
    assert template.shape == (3, 128, 128)
    assert template.std((1, 2)).min() > 0.08
    assert (template.amax(0) - template.amin(0)).mean() > 0.1


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("name", DRAWN)
def test_a_template_tiles(name: str, size: int) -> None:
    assert largest_seam(load_template(name, size)) < 1.05


def test_the_photograph_is_grey_and_has_contrast() -> None:
    """As it lies in the package: 128 pixels, of which a smaller one is made."""
    photograph = load_template(PHOTOGRAPH)
    assert photograph.shape == (3, 128, 128)
    assert photograph.std((1, 2)).min() > 0.08 and (photograph.amax(0) - photograph.amin(0)).mean() < 0.1
    smaller = torch.nn.functional.avg_pool2d(photograph, 2)
    assert (load_template(PHOTOGRAPH, 64) - smaller).abs().mean() < 0.03


def test_the_check_for_tiling_sees_a_seam() -> None:
    assert largest_seam(load_template("bubbly", 128)[:, :100, :100]) > 1.05


@pytest.mark.parametrize("name", DRAWN)
def test_features_have_the_same_size_whatever_the_templates(name: str) -> None:
    assert roughness(load_template(name, 64)) == pytest.approx(roughness(load_template(name, 128)), rel=0.12)


@pytest.mark.parametrize("name", DRAWN)
def test_there_is_no_detail_that_a_mesh_cannot_show(name: str) -> None:
    """Almost all of the variance is in waves longer than 3 pixels."""
    template = load_template(name).double()
    spectrum = torch.fft.fft2(template - template.mean((1, 2), keepdim=True)).abs().square().sum(0)
    cycles = torch.fft.fftfreq(128, dtype=torch.double)
    fine = torch.hypot(cycles[:, None], cycles[None]) > 1 / 3
    assert spectrum[fine].sum() / spectrum.sum() < 0.04


def test_drawings_differ() -> None:
    templates = [load_template(name, 32) for name in template_names()]
    for first in range(len(templates)):
        for second in range(first):
            assert (templates[first] - templates[second]).abs().mean() > 0.05


def test_an_image_is_resized_and_keeps_its_proportions(tmp_path: Path) -> None:
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20] = [255, 0, 51]
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    template = load_template(tmp_path / "wide.png", 64)
    assert template.shape == (3, 32, 64)
    torch.testing.assert_close(template[:, 16, 4], torch.tensor([1.0, 0.0, 0.2]))
    torch.testing.assert_close(template[:, 16, 60], torch.zeros(3))
    assert torch.equal(load_template(str(tmp_path / "wide.png"), 64), template)


def test_what_is_transparent_is_laid_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (load_template(tmp_path / "clear.png", 20) == 1).all()


def test_a_grey_image_is_read_in_three_equal_channels(tmp_path: Path) -> None:
    Image.new("L", (20, 20), 51).save(tmp_path / "grey.png")
    torch.testing.assert_close(load_template(tmp_path / "grey.png", 20), torch.full((3, 20, 20), 0.2))


def test_unknown_names_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`name_or_path` must be one of \['banded', .* got 'striped'"):
        load_template("striped")
    with pytest.raises(FileNotFoundError, match=r"`name_or_path` .* does not exist"):
        load_template(tmp_path / "absent.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"`name_or_path` must be an image file, got .*text.png"):
        load_template(tmp_path / "text.png")


@pytest.mark.parametrize("size", [0, 15, -3])
def test_a_size_that_shows_no_texture_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=rf"`size` must be at least 16 pixels, got {size}"):
        load_template("banded", size)


@pytest.mark.parametrize("name", material_names())
def test_a_material_is_its_template_with_a_height_and_a_roughness(name: str) -> None:
    material = load_material(name, 64)
    assert material.shape == (5, 64, 64) and material.dtype == torch.float32
    torch.testing.assert_close(material[:3], load_template(name, 64), rtol=0, atol=0)
    assert material.min() >= 0 and material.max() <= 1
    assert (material[3] == 1).sum() < 5, "hardly anything is cut off"
    assert material[3].std() * DEEPEST > 0.3


@pytest.mark.parametrize("name", ["banded", "striped"])
def test_a_flat_template_is_no_material(name: str) -> None:
    with pytest.raises(ValueError, match=rf"`name` must be one of \['cobbled', .* got '{name}'"):
        load_material(name)
    with pytest.raises(ValueError, match="`size` must be at least 16 pixels, got 15"):
        load_material("scaly", 15)
