"""Draw the shipped emoji from a Noto Color Emoji font: `python -m graphnca.targets.draw_emoji`.

The PNG files in `emoji/` were drawn once by this script from Debian's package fonts-noto-color-emoji 2.042-0+deb12u1,
the art that the IsoNCA paper trained on. The font holds one bitmap of 136x128 pixels per emoji, at one size; four empty
columns on either side are cut off, which leaves the 128x128 pictures of Noto's own repository.
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT = Path(
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
)  # Debian and Ubuntu: apt install fonts-noto-color-emoji
BITMAP_SIZE = 109  # the only size in the font's CBDT table, in pixels per em
BITMAP_SHAPE = (136, 128)  # width, height of each bitmap
MARGIN = 4  # empty columns on the left and on the right

CODE_POINTS = {
    "blossom": 0x1F33C,
    "bone": 0x1F9B4,
    "butterfly": 0x1F98B,
    "dancer": 0x1F483,
    "explosion": 0x1F4A5,
    "eye": 0x1F441,
    "fish": 0x1F420,
    "grin": 0x1F600,
    "heart": 0x2764,
    "ladybug": 0x1F41E,
    "lizard": 0x1F98E,
    "mushroom": 0x1F344,
    "rose": 0x1F339,
    "shell": 0x1F41A,
    "snail": 0x1F40C,
    "spiderweb": 0x1F578,
    "star": 0x2B50,
    "tulip": 0x1F337,
}


def draw_emoji(code_point: int, font: Path = FONT) -> Image.Image:
    """Return the emoji's 128x128 RGBA bitmap (straight alpha).

    Raises:
        FileNotFoundError: `font` is missing.
        ValueError: the font has no picture for `code_point`.
    """
    if not font.is_file():
        raise FileNotFoundError(f"`font` {font} does not exist; `apt install fonts-noto-color-emoji` provides it.")
    image = Image.new("RGBA", BITMAP_SHAPE, (0, 0, 0, 0))
    typeface = ImageFont.truetype(str(font), size=BITMAP_SIZE)
    left, top, _, _ = typeface.getbbox(chr(code_point))
    ImageDraw.Draw(image).text((-left, -top), chr(code_point), font=typeface, embedded_color=True)
    image = image.crop((MARGIN, 0, BITMAP_SHAPE[0] - MARGIN, BITMAP_SHAPE[1]))
    if image.getchannel("A").getextrema()[1] == 0:
        raise ValueError(f"`code_point` must be an emoji of the font, got U+{code_point:04X}, which draws nothing.")
    return image


def main() -> None:
    """Draw every emoji of CODE_POINTS."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--font", type=Path, default=FONT)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("emoji"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, code_point in CODE_POINTS.items():
        draw_emoji(code_point, arguments.font).save(arguments.out / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
