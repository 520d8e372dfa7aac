from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graphnca.targets import load_target, target_names


def save(path: Path, image: Image.Image) -> Path:
    image.save(path)
    return path


def half_covered(width: int, height: int, alpha: int = 128) -> Image.Image:
    """Left half red with the given alpha, right half empty."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[:, : width // 2] = [255, 0, 0, alpha]
    return Image.fromarray(pixels)


@pytest.mark.parametrize("name", target_names())
def test_shipped_targets_are_premultiplied_and_padded(name: str) -> None:
    target = load_target(name)
    assert target.shape == (4, 72, 72)
    assert target.dtype == torch.float32
    assert target.min() == 0
    assert target.max() <= 1
    assert (target[:3] <= target[3:]).all()
    assert target[3].max() == 1
    framed = target.clone()
    framed[:, 12:-12, 12:-12] = 0
    assert not framed.any()
    assert target[3].sum() > 200


def test_the_works_targets_are_among_the_shipped() -> None:
    works = {"lizard", "spiderweb", "heart", "dancer", "rose", "blossom", "tulip", "bone", "shell", "butterfly", "fish"}
    assert works <= set(target_names())


@pytest.mark.parametrize(("size", "padding"), [(48, 12), (40, 16), (40, 8), (128, 0)])
def test_size_and_padding(size: int, padding: int) -> None:
    assert load_target("lizard", size=size, padding=padding).shape == (4, size + 2 * padding, size + 2 * padding)


def test_a_pixel_is_its_colour_times_its_alpha(tmp_path: Path) -> None:
    target = load_target(save(tmp_path / "half.png", half_covered(8, 8)), size=8, padding=1)
    torch.testing.assert_close(target[:, 4, 2], torch.tensor([1, 0, 0, 1]) * (128 / 255))
    assert not target[:, 4, 7].any()


def test_row_zero_is_on_top(tmp_path: Path) -> None:
    pixels = np.zeros((6, 6, 4), np.uint8)
    pixels[0, 1] = 255
    target = load_target(save(tmp_path / "dot.png", Image.fromarray(pixels)), size=6, padding=0)
    assert target[3].nonzero().tolist() == [[0, 1]]


@pytest.mark.parametrize("scale", [1, 3])
def test_the_longer_side_becomes_the_size(tmp_path: Path, scale: int) -> None:
    path = save(tmp_path / "wide.png", half_covered(40 * scale // 2, 20 * scale // 2))
    assert load_target(path, size=24, padding=2).shape == (4, 16, 28)
    assert load_target(str(path), size=24, padding=2).shape == (4, 16, 28)


def test_resizing_is_antialiased(tmp_path: Path) -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[::2] = 255
    target = load_target(save(tmp_path / "stripes.png", Image.fromarray(pixels)), size=8, padding=0)
    torch.testing.assert_close(target, torch.full((4, 8, 8), 0.5), atol=0.05, rtol=0)


def test_palette_images_with_a_transparent_colour_are_read(tmp_path: Path) -> None:
    image = Image.fromarray((np.arange(64).reshape(8, 8) > 30).astype(np.uint8), mode="L").convert("P")
    image.save(tmp_path / "palette.png", transparency=0)
    assert load_target(tmp_path / "palette.png", size=8, padding=0)[3].sum() == 33


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"one of \['blossom', .*'lizard'.*got 'lizzard'"):
        load_target("lizzard")


@pytest.mark.parametrize("path", ["nowhere/cat.png", "cat.png", Path("nowhere") / "cat"])
def test_missing_file(path: str | Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"name_or_path.*does not exist"):
        load_target(path)


def test_image_without_alpha(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"without one: make its background transparent"):
        load_target(save(tmp_path / "photo.png", Image.new("RGB", (8, 8))))


def test_opaque_image(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"opaque everywhere: make its background transparent"):
        load_target(save(tmp_path / "photo.png", Image.new("RGBA", (8, 8), (1, 2, 3, 255))))


def test_empty_image(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="transparent everywhere"):
        load_target(save(tmp_path / "nothing.png", Image.new("RGBA", (8, 8))))


def test_file_that_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ValueError, match="Pillow cannot read"):
        load_target(tmp_path / "notes.txt")


def test_image_cut_short(tmp_path: Path) -> None:
    whole = save(tmp_path / "whole.png", half_covered(64, 64)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="Pillow cannot read"):
        load_target(tmp_path / "cut.png")


def test_sizes_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"`size` must be at least 1 pixel, got 0"):
        load_target("lizard", size=0)
    with pytest.raises(ValueError, match=r"`padding` must be 0 or more pixels, got -1"):
        load_target("lizard", padding=-1)


def test_on_a_pixel_the_middle_of_the_image_is_the_middle_of_a_pixel(tmp_path: Path) -> None:
    """A disc: its centroid lies in the middle of the one in the middle of 17x17 pixels; it is as large as without."""
    y, x = np.mgrid[:64, :64] - 31.5
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[..., 3] *= np.hypot(x, y) < 24
    path = save(tmp_path / "disc.png", Image.fromarray(pixels))
    between, on = (load_target(path, size=16, padding=2, on_pixel=on_pixel)[3] for on_pixel in (False, True))
    assert between.shape == (20, 20)
    assert on.shape == (21, 21)
    for alpha, middle in ((between, 9.5), (on, 10.0)):
        centroid = [(alpha.sum(1 - axis) * torch.arange(len(alpha))).sum() / alpha.sum() for axis in (0, 1)]
        assert centroid == pytest.approx([middle, middle], abs=1e-3)
    assert float(on.sum()) == pytest.approx(float(between.sum()), rel=0.01)


def test_on_a_pixel_sides_that_differ_keep_their_proportions(tmp_path: Path) -> None:
    path = save(tmp_path / "half.png", half_covered(40, 20))
    assert load_target(path, size=8, padding=1, on_pixel=True).shape == (4, 4 + 1 + 2, 8 + 1 + 2)
