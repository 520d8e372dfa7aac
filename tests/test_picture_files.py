import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphnca.picture_files import read_picture
from graphnca.targets import load_target
from graphnca.templates import load_template

RAMP = np.linspace(0, 1, 256 * 4).reshape(16, 64)  # every byte four times


def test_grey_of_16_bits_and_floats_are_scaled(tmp_path: Path) -> None:
    expected = np.rint(RAMP * 255)
    Image.fromarray(np.rint(RAMP * 65535).astype(np.uint16)).save(tmp_path / "16.png")
    Image.fromarray(np.rint(RAMP * 65535).astype(np.int32)).save(tmp_path / "32.tiff")
    Image.fromarray(RAMP.astype(np.float32)).save(tmp_path / "float.tiff")
    for name in ("16.png", "32.tiff", "float.tiff"):
        image = read_picture(tmp_path / name)
        assert image.mode == "RGB"
        assert np.abs(np.asarray(image) - expected[..., None]).max() <= 1  # a step where two roundings differ
        assert abs(float(load_template(tmp_path / name, 64).mean()) - 0.5) < 0.01


def test_numbers_out_of_range_are_refused(tmp_path: Path) -> None:
    for number, name in enumerate(
        [np.float32(1.5), np.float32(np.nan), np.float32(-0.1), np.int32(70000), np.int32(-1)]
    ):
        path = tmp_path / f"{number}.tiff"
        pixels = np.zeros((16, 16), name.dtype)
        pixels[3, 3] = name
        Image.fromarray(pixels).save(path)
        with pytest.raises(
            ValueError, match=r"Pillow cannot read: its pixels must be numbers from 0 to (1|65535), got"
        ):
            load_template(path)


def test_a_transparent_colour_of_16_bits(tmp_path: Path) -> None:
    pixels = np.full((8, 8), 40000, np.uint16)
    pixels[:4] = 1234
    Image.fromarray(pixels).save(tmp_path / "16.png", transparency=1234)
    assert load_target(tmp_path / "16.png", size=8, padding=0)[3].sum(1).tolist() == [0.0] * 4 + [8.0] * 4


# What is stored of a picture with a marked corner (upper left, when it is upright), for each of EXIF's eight cases.
STORED = {1: np.array, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud}
STORED |= {5: lambda a: a.swapaxes(0, 1), 6: np.rot90, 7: lambda a: np.rot90(a.swapaxes(0, 1), 2)}
STORED |= {8: lambda a: np.rot90(a, -1)}


@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((20, 32, 3), np.uint8)
    upright[:10, :10] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    Image.fromarray(stored).save(tmp_path / "photo.png", exif=exif)
    assert np.array_equal(np.asarray(read_picture(tmp_path / "photo.png")), upright)
    assert load_template(tmp_path / "photo.png", 32).shape == (3, 20, 32)


def claiming(path: Path, width: int, height: int) -> Path:
    """A PNG of a few bytes with a right head and next to no pixels."""
    parts = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0), b"IDAT" + zlib.compress(b""), b"IEND")
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


@pytest.mark.parametrize("side", [10_000, 100_000])  # Pillow warns of the first and refuses the second
def test_more_pixels_than_pillow_trusts_are_one_clear_error(tmp_path: Path, side: int) -> None:
    path = claiming(tmp_path / "bomb.png", side, side)
    for load in (load_target, load_template):
        with pytest.raises(ValueError, match=r"`name_or_path` must be .* is too large: .* exceeds limit"):
            load(path)


def test_of_an_animation_the_first_picture_is_taken_with_a_word(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (16, 16), (value, 0, 0, 255)) for value in (10, 200, 90)]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.warns(UserWarning, match=r"moving\.webp holds 3 pictures; the first is taken"):
        template = load_template(tmp_path / "moving.webp", 16)
    assert float(template[0, 0, 0]) == pytest.approx(10 / 255)


@pytest.mark.parametrize("ending", ["png", "gif", "jpg", "webp", "tiff", "bmp"])
def test_any_damage_is_one_clear_error_or_none(tmp_path: Path, ending: str) -> None:
    generator = np.random.default_rng(0)
    Image.fromarray(generator.integers(0, 256, (20, 20, 3), np.uint8)).save(tmp_path / f"whole.{ending}")
    whole, path = (tmp_path / f"whole.{ending}").read_bytes(), tmp_path / f"damaged.{ending}"
    for place in range(0, min(len(whole), 600), 2):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(damaged)
        try:
            read_picture(path)
        except ValueError as error:
            assert "`name_or_path` must be an image file" in str(error)
        except UserWarning:  # Pillow's, an error in these tests
            pass
