"""A MkDocs hook for the pages of results: each begins with its picture and a sentence, and the gallery shows them all.

A page of results says in its head what is seen:

    picture: results/NAME/animation.webp     # its picture, in docs/
    crop: 0 0 1 0.3                          # of a still one, what is shown first: left, top, right, bottom as shares
    thumb: 0 0 0.5 0.2                       # what the gallery shows of it while it stands still; if not that
    sees: "What one sees, in a sentence."

`<!-- gallery -->` becomes a grid of them by the subjects of the navigation. Where less motion is asked
for, nothing moves.
"""

import html
from pathlib import Path
from typing import Any

from mkdocs.utils import get_relative_url
from PIL import Image

MARK = "<!-- gallery -->"
FOLDER = "gallery"  # of the still pictures, in the site
HEAD, GRID = 900, 480  # pixels of a picture at the head of a page, and of one in the grid

_results: dict[str, Any] = {}  # the pages of results, by their file's name


def is_moving(meta: dict[str, Any]) -> bool:
    """Whether a page's picture moves."""
    return meta["picture"].endswith("animation.webp")


def still(picture: Path, crop: str | None, largest: int) -> Image.Image:
    """A picture as it stands: of an animation a later moment; cropped, and at most so many pixels wide."""
    with Image.open(picture) as opened:
        frames = getattr(opened, "n_frames", 1)
        if frames > 1:
            opened.seek(frames * 3 // 4)
        image = opened.convert("RGB")
    if crop:
        left, top, right, bottom = (float(share) for share in crop.split())
        width, height = image.size
        image = image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))
    image.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    return image


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Return the page's HTML with its picture and sentence behind the heading, if it is a page of results."""
    if "sees" not in page.meta:
        return content
    name = Path(page.file.src_uri).stem
    _results[name] = page
    heading, rest = content.split("</h1>", 1)
    picture = _picture(page.meta, name, page.url, "head")
    return f'{heading}</h1>\n{picture}\n<p class="sees">{page.meta["sees"]}</p>\n{rest}'


def on_post_page(output: str, page: Any, config: Any, **_: Any) -> str:
    """Return the gallery's page with its grid, for which all other pages must have been read."""
    if MARK not in output:
        return output
    part = next(item for item in config["nav"] if "Gallery" in item)["Gallery"]
    return output.replace(MARK, "\n".join(_subject(*entry, page.url) for item in part[1:] for entry in item.items()))


def on_post_build(config: Any, **_: Any) -> None:
    """Writes the still pictures."""
    folder = Path(config["site_dir"]) / FOLDER
    folder.mkdir(exist_ok=True)
    for name, page in _results.items():
        picture = Path(config["docs_dir"]) / page.meta["picture"]
        crop = page.meta.get("crop")
        for place, part, largest in (("head", crop, HEAD), ("grid", page.meta.get("thumb", crop), GRID)):
            still(picture, part, largest).save(folder / f"{name}-{place}.webp", quality=80, method=4)


def _picture(meta: dict[str, Any], name: str, address: str, place: str) -> str:
    quiet = get_relative_url(f"{FOLDER}/{name}-{place}.webp", address)
    text = html.escape(meta["sees"])
    if not is_moving(meta):
        return f'<p><img alt="{text}" src="{quiet}"></p>'
    moving = get_relative_url(meta["picture"], address)
    return (
        f'<p><picture><source media="(prefers-reduced-motion: reduce)" srcset="{quiet}">'
        f'<img alt="{text}" src="{moving}"></picture></p>'
    )


def _subject(title: str, entries: list[dict[str, str]], address: str) -> str:
    cards = [_card(name, Path(file).stem, address) for entry in entries for name, file in entry.items()]
    anchor = title.lower().replace(" ", "-").replace(",", "")
    return f'<h2 id="{anchor}">{title}</h2>\n<div class="gallery">\n' + "\n".join(cards) + "\n</div>"


def _card(title: str, name: str, address: str) -> str:
    page = _results[name]
    quiet = get_relative_url(f"{FOLDER}/{name}-grid.webp", address)
    moving = get_relative_url(page.meta["picture"], address)
    images = f'<img class="moving" alt="" loading="lazy" src="{moving}">' if is_moving(page.meta) else ""
    images += f'<img class="still" alt="" loading="lazy" src="{quiet}">'
    return (
        f'<a href="{get_relative_url(page.url, address)}"><span class="thumb">{images}</span>'
        f'<b>{html.escape(title)}</b><span class="says">{page.meta["sees"]}</span></a>'
    )
