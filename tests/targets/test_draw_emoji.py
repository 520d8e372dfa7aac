import hashlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from graphnca.targets import target_names
from graphnca.targets.draw_emoji import CODE_POINTS, FONT, draw_emoji
from graphnca.targets.load import DRAWINGS, EMOJI

FONT_SHA256 = "e5899ed38b8ed83e08bd3ac5de09791e9d19d288333a796de1d35ad17396f1ec"  # version 2.042


def has_the_font() -> bool:
    return FONT.is_file() and hashlib.sha256(FONT.read_bytes()).hexdigest() == FONT_SHA256


needs_font = pytest.mark.skipif(not has_the_font(), reason=f"Noto Color Emoji 2.042 is not at {FONT}")


def test_what_the_script_draws_and_our_own_drawings_are_what_is_shipped() -> None:
    assert sorted([*CODE_POINTS, *DRAWINGS]) == target_names()


def test_the_licence_lies_beside_the_pictures() -> None:
    text = (EMOJI / "LICENSE").read_text(encoding="utf-8")
    assert "Copyright" in text
    assert "SIL OPEN FONT LICENSE Version 1.1" in text


@needs_font
@pytest.mark.parametrize("name", sorted(CODE_POINTS))
def test_the_font_gives_the_shipped_picture(name: str) -> None:
    drawn = draw_emoji(CODE_POINTS[name])
    with Image.open(EMOJI / f"{name}.png") as shipped:
        assert shipped.mode == "RGBA"
        assert shipped.size == (128, 128)
        difference = ImageChops.difference(drawn.convert("RGBa"), shipped.convert("RGBa"))
    assert difference.getbbox(alpha_only=False) is None


@needs_font
def test_a_character_that_draws_nothing() -> None:
    with pytest.raises(ValueError, match=r"got U\+0020, which draws nothing"):
        draw_emoji(0x20)


def test_missing_font(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="apt install fonts-noto-color-emoji"):
        draw_emoji(CODE_POINTS["lizard"], tmp_path / "NotoColorEmoji.ttf")
