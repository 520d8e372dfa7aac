"""A MkDocs hook that runs the tutorials while the site is built, and offers each as a notebook.

A tutorial is a page of docs/tutorials. Its Python blocks run in their order, one program a page, in a folder of their
own; behind each stands what it printed and what its last line was: a picture, a list of pictures (an animation), or any
value. A block that fails ends the build.
"""

import ast
import base64
import contextlib
import html
import io
import json
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
FOLDER = "tutorials"
FRAME = 80  # milliseconds of an animation's picture

_notebooks: dict[str, str] = {}  # what is to be written, by the page's name


@dataclass
class Cell:
    """A piece of a tutorial: text, or a block of code with what it printed and showed, as HTML."""

    source: str
    is_code: bool = False
    shown: list[str] = field(default_factory=list)


def cells_of(text: str) -> list[Cell]:
    """The pieces of a page, in their order, not run."""
    pieces = BLOCK.split(text)
    return [Cell(piece, is_code=number % 2 == 1) for number, piece in enumerate(pieces) if piece.strip()]


def run(cells: list[Cell], name: str) -> None:
    """Runs the code, one program in a folder of its own, and notes what each block printed and showed.

    Raises:
        RuntimeError: If a block fails.
    """
    space: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for cell in filter(lambda cell: cell.is_code, cells):
            printed = io.StringIO()
            try:
                with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                    value = _run_block(cell.source, name, space)
            except Exception as error:
                raise RuntimeError(f"{name}: this block fails with {error!r}:\n{cell.source}") from error
            if printed.getvalue():
                cell.shown.append(f"<pre><code>{html.escape(printed.getvalue())}</code></pre>")
            if value is not None:
                cell.shown.append(as_html(value))


def _run_block(source: str, name: str, space: dict[str, Any]) -> Any:
    tree = ast.parse(source, name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), space)
    return eval(compile(ast.Expression(last.value), name, "eval"), space) if isinstance(last, ast.Expr) else None


def as_html(value: Any) -> str:
    """A picture, an animation of several pictures, or the words that Python has for a value."""
    from PIL import Image

    from graphnca.drawing.animation import webp_animation
    from graphnca.drawing.images import webp_image

    if isinstance(value, Image.Image):
        return f'<img alt="What the code above draws." src="{_inline(webp_image(value))}">'
    if isinstance(value, list) and value and isinstance(value[0], Image.Image):
        still, moving = _inline(webp_image(value[-1])), _inline(webp_animation(value, [FRAME] * len(value)))
        source = f'<source media="(prefers-reduced-motion: reduce)" srcset="{still}">'
        return f'<picture>{source}<img alt="What the code above draws, in motion." src="{moving}"></picture>'
    return f"<pre><code>{html.escape(repr(value))}</code></pre>"


def _inline(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode('ascii')}"


def notebook(cells: list[Cell]) -> str:
    """The cells as a Jupyter notebook of format 4.5, with what the code has shown."""
    entries = []
    for number, cell in enumerate(cells):
        entry: dict[str, Any] = {
            "cell_type": "code" if cell.is_code else "markdown",
            "id": f"cell-{number}",
            "metadata": {},
            "source": cell.source.strip(),
        }
        if cell.is_code:
            outputs = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": it}} for it in cell.shown]
            entry |= {"execution_count": None, "outputs": outputs}
        entries.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": entries, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return a tutorial with what its blocks show, and a link to the notebook behind its heading."""
    path = Path(page.file.src_uri)
    if path.parent.name != FOLDER:
        return markdown
    cells = cells_of(markdown)
    run(cells, path.name)
    _notebooks[path.stem] = notebook(cells)
    heading, rest = cells[0].source.split("\n", 1)
    cells[0].source = (
        f'{heading}\n\n<p><a href="../{path.stem}.ipynb" download>This page as a notebook</a>. '
        f"Its code ran when this site was built.</p>\n{rest}"
    )
    return "\n".join(_written(cell) for cell in cells)


def _written(cell: Cell) -> str:
    if not cell.is_code:
        return cell.source
    shown = "".join(f'<div class="shown">{it}</div>\n\n' for it in cell.shown)
    return f"```python\n{cell.source}```\n\n{shown}"


def on_post_build(config: Any, **_: Any) -> None:
    """Writes the notebooks beside the tutorials."""
    for name, text in _notebooks.items():
        (Path(config["site_dir"]) / FOLDER / f"{name}.ipynb").write_text(text, encoding="utf-8")
