"""A page that shows the pictures of a training as they are drawn."""

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..atomic_file import write_atomically
from ..training import Training

PAGE = "watch.html"  # in the folder of a training
SECONDS = 3.0  # between two pictures; drawing one takes a tenth of that
TEMPLATE = """<!doctype html>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font-family: sans-serif; margin: 2rem; }}
img {{ display: block; margin: 1rem 0; max-width: 100%; }}
</style>
<h1>{title}</h1>
{images}
<script>
setInterval(() => document.querySelectorAll("img").forEach((image) => {{
  const next = new Image();
  next.onload = () => {{ image.src = next.src; }};
  next.src = image.dataset.file + "?" + Date.now();
}}), {milliseconds:.0f});
</script>
"""


@contextmanager
def watched(folder: Path, training: Training) -> Iterator[None]:
    """Opens the page in a browser; while entered, the training draws its pictures as often as the page looks."""
    kinds = dict.fromkeys(Path(world.name).stem.split()[0] for world in training.worlds.worlds)
    files = [*(f"pool-{kind}.png" for kind in kinds), "loss.png"]
    images = "\n".join(f'<img data-file="{file}" src="{file}" alt="">' for file in files)
    page = TEMPLATE.format(title=folder.name, images=images, milliseconds=1000 * SECONDS)
    write_atomically(folder / PAGE, page.encode())
    training.config = replace(training.config, picture_seconds=SECONDS)
    address = (folder / PAGE).resolve().as_uri()
    print(f"watch it at {address}" if webbrowser.open(address) else f"no browser could be opened here; open {address}")
    yield
