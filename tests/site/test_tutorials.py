"""The tutorials run, and are good notebooks; what the hook makes of them."""

import json
from pathlib import Path

import pytest
from hooks import tutorials
from PIL import Image

PAGES = sorted((Path(__file__).parents[2] / "docs/tutorials").glob("*.md"))


@pytest.mark.slow
@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_tutorial_runs_and_shows_something(page: Path) -> None:
    cells = tutorials.cells_of(page.read_text("utf-8"))
    tutorials.run(cells, page.name)
    assert any("<img " in shown for cell in cells for shown in cell.shown)
    made = json.loads(tutorials.notebook(cells))
    assert made["nbformat"] == 4 and len(made["cells"]) == len(cells)
    assert all(bool(entry.get("outputs")) == bool(cell.shown) for entry, cell in zip(made["cells"], cells, strict=True))


def test_blocks_share_their_names_and_show_what_they_print_and_end_with() -> None:
    cells = tutorials.cells_of("# A\n\n```python\nx = 3\nprint(x < 4)\n```\n\ntext\n\n```python\nx + 1\n```\n")
    tutorials.run(cells, "a")
    assert [cell.is_code for cell in cells] == [False, True, False, True]
    assert [cell.shown for cell in cells if cell.is_code] == [
        ["<pre><code>True\n</code></pre>"],
        ["<pre><code>4</code></pre>"],
    ]


def test_a_block_that_fails_ends_the_build_and_is_shown() -> None:
    with pytest.raises(RuntimeError, match=r"bad.md: this block fails with ZeroDivisionError.*\n1 / 0"):
        tutorials.run(tutorials.cells_of("```python\n1 / 0\n```\n"), "bad.md")


def test_several_pictures_are_an_animation_that_can_stand_still() -> None:
    pictures = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    assert tutorials.as_html(pictures[0]).startswith("<img ")
    assert '<source media="(prefers-reduced-motion: reduce)"' in tutorials.as_html(pictures)


def test_a_tutorial_gets_its_outputs_and_a_notebook(tmp_path: Path) -> None:
    class Page:
        class file:
            src_uri = "tutorials/new.md"

    found = tutorials.on_page_markdown("# New\n\n```python\n2 * 3\n```\n\nend\n", Page)
    assert 'href="../new.ipynb"' in found and "<pre><code>6</code></pre>" in found and found.endswith("end\n")
    (tmp_path / tutorials.FOLDER).mkdir()
    tutorials.on_post_build({"site_dir": str(tmp_path)})
    assert json.loads((tmp_path / "tutorials/new.ipynb").read_text())["cells"][1]["source"] == "2 * 3"
